"""Gate 2 over a folder of published tables: what may go out.

Gate 1 is asked table by table while receiving, with `gate_expectations`; no code of it is here.
"""

from pathlib import Path

import polars as pl

from pipelines.contracts.sources import Expectation
from pipelines.quality.judge import Judge
from pipelines.quality.promises import MartPromise, load_mart_promises, no_citizen_number
from pipelines.quality.verdict import QualityError, Verdict


def judge_marts(judge: Judge, folder: Path) -> dict[str, Verdict]:
    """Judge every promised mart in a folder of `<mart>.parquet`.

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
    asked = {
        mart: judge.submit(_asked_of(promises.get(mart), path), path, mart)
        for mart, path in files.items()
    }
    return {mart: answer.result() for mart, answer in asked.items()}


def _asked_of(promise: MartPromise | None, path: Path) -> tuple[Expectation, ...]:
    schema = pl.read_parquet_schema(path)
    texts = [
        name for name, kind in schema.items() if kind == pl.String() and not name.endswith("_key")
    ]
    promised = promise.expectations if promise else ()
    return (*promised, no_citizen_number(texts)) if texts else tuple(promised)
