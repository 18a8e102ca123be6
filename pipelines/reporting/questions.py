"""Worked questions of analysts: one file each, one SELECT on the published warehouse.

Belongs here: reading the files below `dbt_project/analyses/questions/`, finding one by its
number, asking it, and how long it takes. Does not belong here: the questions themselves.
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from pipelines.settings import DBT_PROJECT, UsageError

QUESTIONS = DBT_PROJECT / "analyses" / "questions"
LABELS = {
    "问题": "zh", "Question": "en", "读法": "read_zh", "How to read": "read_en",
    "注意": "caveats_zh", "Caveats": "caveats_en", "公开": "publishing_zh",
    "Publishing": "publishing_en",
}  # fmt: skip
"""What the comment head of every file says, in this order, each on a line of its own."""


@dataclass(frozen=True)
class Question:
    """A question with its number, what its head says by the names in `LABELS`, and its SELECT."""

    number: int
    file: Path
    about: Mapping[str, str]
    select: str


def load_questions(folder: Path = QUESTIONS) -> list[Question]:
    """All questions by number.

    Raises:
        UsageError: a file's name has no number, or its head lacks a line; names the file.
    """
    return [_load(file) for file in sorted(folder.glob("*.sql"))]


def question(number: int, folder: Path = QUESTIONS) -> Question:
    """The question of a number.

    Raises:
        UsageError: there is none.
    """
    found = {question.number: question for question in load_questions(folder)}
    if number not in found:
        raise UsageError(f"There is no question {number}; `wendu questions` lists them.")
    return found[number]


def answer(connection: duckdb.DuckDBPyConnection, asked: Question) -> pl.DataFrame:
    """The answer of one question.

    Raises:
        UsageError: the warehouse cannot answer it, as one of an earlier version may not.
    """
    try:
        return connection.sql(asked.select).pl()
    except duckdb.Error as fault:
        raise UsageError(
            f"Question {asked.number} cannot be answered: {str(fault).splitlines()[0]}"
        ) from fault


def milliseconds(
    connection: duckdb.DuckDBPyConnection, asked: Sequence[Question], times: int = 3
) -> pl.DataFrame:
    """How long each question takes, the best of some times: number, rows, milliseconds."""
    rows = []
    for one in asked:
        spent = []
        for _ in range(times):
            started = time.perf_counter()
            height = answer(connection, one).height
            spent.append(time.perf_counter() - started)
        rows.append((one.number, height, round(min(spent) * 1000, 1), one.about["en"]))
    return pl.DataFrame(rows, schema=["number", "rows", "milliseconds", "question"], orient="row")


def _load(file: Path) -> Question:
    number = re.match(r"(\d+)_", file.name)
    text = file.read_text(encoding="utf-8")
    said = dict(re.findall(r"^-- ([^:\n]+): (.+)$", text, re.MULTILINE))
    if number is None or list(said) != list(LABELS):
        raise UsageError(
            f"{file}: its name begins with a number and its head says {', '.join(LABELS)}, "
            "each on a line of its own."
        )
    about = {LABELS[label]: words for label, words in said.items()}
    return Question(int(number[1]), file, about, text.strip().rstrip(";"))
