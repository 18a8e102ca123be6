"""A match is a clue: no text for people accuses anybody or announces a decision."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipelines.settings import DBT_PROJECT, PROJECT

ACCUSING = re.compile(
    "取消|违规|违法|违纪|非法|骗|冒领|套取|侵占|挪用|虚报|谎报|瞒报|隐瞒|造假|作弊|弄虚|可疑|嫌疑|处罚|惩|追责|追究|"
    "问责|追缴|追回|责令|停发(?!；)|停保|清退|退保|不诚信|失信|举报"
)
"""`工资停发；` of the answers is a wage that ends, not assistance."""

CHINESE = re.compile("[\u4e00-\u9fff]")
SQL_TEXT = re.compile(r"'((?:[^']|'')*)'")


def texts_of(path: Path) -> Iterator[str]:
    """The Chinese texts of a file: cells of a table, quoted texts of a model or of a program."""
    if path.suffix == ".csv":
        table = pl.read_csv(path, infer_schema=False)
        found = [text for column in table for text in column if text]
    elif path.suffix == ".sql":
        found = SQL_TEXT.findall(path.read_text(encoding="utf-8"))
    else:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
    yield from (text for text in found if CHINESE.search(text))


SPEAKING = sorted(
    path
    for path in [
        *(DBT_PROJECT / "seeds").rglob("*.csv"),
        *(DBT_PROJECT / "models").rglob("*.sql"),
        *(PROJECT / "pipelines" / "outreach").glob("*.py"),
        *(PROJECT / "pipelines" / "reporting").glob("*.csv"),
        *(PROJECT / "pipelines" / "reporting").glob("*.py"),
    ]
    if any(texts_of(path))
)


@pytest.mark.parametrize("path", SPEAKING, ids=lambda path: path.name)
def test_no_text_for_people_accuses_or_decides(path):
    assert [text for text in texts_of(path) if ACCUSING.search(text)] == []


def test_the_texts_that_are_looked_at_are_those_people_read():
    names = {path.name for path in SPEAKING}
    assert {
        "rules.csv", "rule_wordings.csv", "outcomes.csv", "int_rules__r01_paid_after_death.sql",
        "wording.py", "how_to.py", "layout.py",
    } <= names  # fmt: skip


@pytest.mark.parametrize("text", ["涉嫌骗保", "建议取消资格", "违规领取"])
def test_an_accusing_text_would_be_found(text):
    assert ACCUSING.search(text)
