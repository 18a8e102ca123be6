"""What a gate answers: counts and reasons, never a value of the data.

The shapes that travel between the judging process, receipts and pages. No judging here.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.settings import WenduError

TABLE_LABEL = "table"


class QualityError(WenduError):
    """The gate could not be asked; nothing was decided."""


@dataclass(frozen=True)
class ExpectationResult:
    """One expectation and what became of it.

    Attributes:
        type: the Great Expectations type.
        subject: column, columns joined by `, `, the label of a query, or `table`.
        severity: `critical`, `warning` or `info`.
        passed: whether the expectation was met; false too where it could not be computed.
        element_count: rows looked at, where the type tells.
        unexpected_count: rows against the expectation, where the type tells.
        reason: why this is expected.
        since: the day from which it is.
        fault: class of the error that kept the expectation from being computed, else nothing.
    """

    type: str
    subject: str
    severity: str
    passed: bool
    element_count: int | None
    unexpected_count: int | None
    reason: str
    since: str
    fault: str | None = None

    @property
    def blocks(self) -> bool:
        """Whether this result alone closes the gate; what could not be computed always does."""
        return not self.passed and (self.severity == "critical" or self.fault is not None)

    def sentence(self) -> str:
        """The failure in one clause, counts only."""
        if self.fault:
            return f"{self.subject}: could not be judged ({self.fault})"
        count = "" if self.unexpected_count is None else f" ({self.unexpected_count} rows)"
        return f"{self.subject}: {self.reason}{count}"


@dataclass(frozen=True)
class Verdict:
    """The answer for one table: passed unless a critical expectation failed."""

    passed: bool
    results: list[ExpectationResult]

    @classmethod
    def of(cls, results: Iterable[ExpectationResult]) -> "Verdict":
        """The verdict that results add up to."""
        listed = list(results)
        return cls(passed=not any(result.blocks for result in listed), results=listed)

    def blocking(self) -> list[ExpectationResult]:
        """The results that closed the gate."""
        return [result for result in self.results if result.blocks]

    def sentence(self) -> str:
        """Why the gate is closed, in one line; empty when it is open."""
        return "; ".join(result.sentence() for result in self.blocking())
