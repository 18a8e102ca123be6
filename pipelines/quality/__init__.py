"""The two gates, *may it come in* and *may it go out*, and the page that shows their answers.

Belongs here: Great Expectations, and only here. Does not belong here: what becomes of a refused
delivery (ingest) or of a refused day (warehouse). Gate 1 asks `gate_expectations(contract)`, which
is more than what a declaration types out; gate 2 is `judge_marts`.
"""

from pipelines.quality.gates import judge_marts
from pipelines.quality.judge import Judge
from pipelines.quality.page import store_results, write_page
from pipelines.quality.promises import (
    MartPromise,
    derived_expectations,
    gate_expectations,
    load_mart_promises,
)
from pipelines.quality.verdict import ExpectationResult, QualityError, Verdict

__all__ = [
    "ExpectationResult",
    "Judge",
    "MartPromise",
    "QualityError",
    "Verdict",
    "derived_expectations",
    "gate_expectations",
    "judge_marts",
    "load_mart_promises",
    "store_results",
    "write_page",
]
