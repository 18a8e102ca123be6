"""Gate 2 over a folder of published tables: what may go out.

Gate 1 is asked table by table while receiving, with `gate_expectations`; no code of it is here.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import polars as pl

from pipelines.contracts.sources import Expectation
from pipelines.quality.judge import Judge
from pipelines.quality.promises import MartPromise, load_mart_promises, no_citizen_number
from pipelines.quality.record import replace_text
from pipelines.quality.verdict import ExpectationResult, QualityError, Verdict


def judge_marts(judge: Judge, folder: Path, remembered: Path | None = None) -> dict[str, Verdict]:
    """Judge every promised mart in a folder of `<mart>.parquet`.

    Args:
        judge: asked in its own process.
        folder: the files; all of them are asked together.
        remembered: where passed verdicts are kept by file and expectations, so that the very
            bytes that passed the same questions the day before are not asked again.

    Beside what is promised, no text column of any Parquet file there, promised or not, may hold
    a citizen number. Columns of keys are left out: a promise holds them to the form of a pseudonym.

    Raises:
        QualityError: a promised mart is missing, or a file cannot be read.
    """
    promises = load_mart_promises()
    files = {path.stem: path for path in sorted(folder.glob("*.parquet"))}
    missing = sorted(promises.keys() - files.keys())
    if missing:
        raise QualityError(
            f"Gate 2 misses {', '.join(missing)} in {folder}; "
            "build the models before publishing, or withdraw the promise."
        )
    questions = {mart: _asked_of(promises.get(mart), path) for mart, path in files.items()}
    signs = {mart: _sign(path, questions[mart]) for mart, path in files.items()}
    known = _read_passed(remembered)
    asked = {
        mart: judge.submit(questions[mart], path, mart)
        for mart, path in files.items()
        if signs[mart] not in known
    }
    verdicts = {
        mart: asked[mart].result() if mart in asked else known[signs[mart]] for mart in files
    }
    passed = {signs[mart]: verdict for mart, verdict in verdicts.items() if verdict.passed}
    if remembered is not None:
        replace_text(remembered, json.dumps({sign: asdict(v) for sign, v in passed.items()}))
    return verdicts


def _sign(path: Path, questions: tuple[Expectation, ...]) -> str:
    with path.open("rb") as file:
        bytes_ = hashlib.file_digest(file, "sha256").hexdigest()
    asked = json.dumps([question.model_dump() for question in questions], sort_keys=True)
    return f"{bytes_}-{hashlib.sha256(asked.encode()).hexdigest()}"


def _read_passed(remembered: Path | None) -> dict[str, Verdict]:
    if remembered is None or not remembered.exists():
        return {}
    return {
        sign: Verdict(v["passed"], [ExpectationResult(**result) for result in v["results"]])
        for sign, v in json.loads(remembered.read_text(encoding="utf-8")).items()
    }


def _asked_of(promise: MartPromise | None, path: Path) -> tuple[Expectation, ...]:
    schema = pl.read_parquet_schema(path)
    texts = [
        name for name, kind in schema.items() if kind == pl.String() and not name.endswith("_key")
    ]
    promised = promise.expectations if promise else ()
    return (*promised, no_citizen_number(texts)) if texts else tuple(promised)
