"""What became of a day: outcome, sentences for the operator, seconds of every step.

Kept in `<home>/runs/<date>.json`, whoever started the run. Does not belong here: running days
(`daily_run`), what is published (the graph).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import IntEnum

from dagster._utils.error import SerializableErrorInfo

from pipelines.defs.installation import Installation
from pipelines.ingest import Receipt, load_receipts
from pipelines.ingest.control import sources_of
from pipelines.ingest.freshness import freshness, is_refused
from pipelines.ingest.unread import unread_files
from pipelines.settings import (
    DEPARTMENTS,
    INTERRUPTED_QUERY,
    Home,
    WenduError,
    full_disk_sentence,
    is_full_disk,
    put_in_place,
)
from pipelines.warehouse.holds import held_sentences
from pipelines.warehouse.publication import published_days, published_manifest

STAYS = "its last state stays in use and the rules that need it were not evaluated."


INTERRUPTS = ("KeyboardInterrupt", "DagsterExecutionInterruptedError")
"""An interrupt that comes while a step is at work, and what the orchestrator makes of it."""


class Outcome(IntEnum):
    """What became of a day; the number is the exit code."""

    PUBLISHED = 0
    PUBLISHED_WITH_GAPS = 2
    NOTHING_PUBLISHED = 3


@dataclass(frozen=True)
class DayReport:
    """One day as told to the operator."""

    on_date: date
    outcome: Outcome
    sentences: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def report_of(
    installation: Installation,
    on_date: date,
    is_success: bool,
    failures: Sequence[SerializableErrorInfo | None],
    seconds: Mapping[str, float],
) -> DayReport:
    """The report of a run that has ended.

    Args:
        installation: where it ran.
        on_date: the day it was of.
        is_success: whether all its steps ended well.
        failures: the faults of those that did not.
        seconds: of each step.
    """
    sentences = gaps(installation, on_date)
    if not is_success:
        told = [_told(error, installation.home) for error in failures]
        told_once = list(dict.fromkeys(told + sentences))
        return DayReport(on_date, Outcome.NOTHING_PUBLISHED, told_once, dict(seconds))
    sentences += came_late(installation.home, on_date)
    sentences += held_sentences(installation.home, on_date)
    outcome = Outcome.PUBLISHED_WITH_GAPS if sentences else Outcome.PUBLISHED
    return DayReport(on_date, outcome, sentences, dict(seconds))


def causes_of(error: SerializableErrorInfo | None) -> Iterator[SerializableErrorInfo]:
    """A fault as the orchestrator tells it, and what it came from, the last first."""
    while error is not None:
        yield error
        error = error.cause


def tells_of_interrupt(error: SerializableErrorInfo | None) -> bool:
    """Whether a fault is an interrupt, or was met in the wake of one."""
    while error is not None:
        if error.cls_name in INTERRUPTS or INTERRUPTED_QUERY in error.message:
            return True
        error = error.cause or error.context
    return False


def remember(home: Home, report: DayReport) -> None:
    """Write the report down, whole."""
    home.runs.mkdir(parents=True, exist_ok=True)
    path = home.runs / f"{report.on_date}.json"
    unfinished = path.with_suffix(".unfinished")
    told = asdict(report) | {
        "on_date": report.on_date.isoformat(),
        "outcome": report.outcome.name.lower(),
    }
    unfinished.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    put_in_place(unfinished, path)


def gaps(installation: Installation, on_date: date) -> list[str]:
    """One sentence for each delivery that lies in landing unread, and each department that is late.

    A failed delivery is told until it is mended or taken away, also where later ones were accepted:
    what an append table brought with it came with no other. Only the first one that is accepted
    brings all there is.
    """
    receipts = load_receipts(installation.home, on_date, with_answers=False)
    state = freshness(installation.contracts, receipts, on_date)
    sentences: list[str] = []
    for department in DEPARTMENTS:
        late = state.filter((state["department"] == department) & state["is_late"])
        own = [receipt for receipt in receipts if receipt.department == department]
        sentences += _unread(installation, own)
        has_failed = bool(own) and own[-1].verdict == "failed"
        if not late.height or has_failed:
            continue
        refused = {
            name: table
            for name, table in (own[-1].tables if own else {}).items()
            if name in late["table_name"] and is_refused(table)
        }
        sentences += [
            f"{department}: {table.quarantined} of {table.received} rows of {name} of "
            f"{own[-1].received_on} were refused, too many to judge by the rest; {STAYS}"
            for name, table in refused.items()
        ]
        if missing := [name for name in late["table_name"] if name not in refused]:
            sentences.append(
                f"{department}: nothing accepted of {', '.join(missing)} since "
                f"{late['expected_by'][0]}, when it was expected; {STAYS}"
            )
    return sentences


def came_late(home: Home, on_date: date) -> list[str]:
    """One sentence if deliveries of days before came after the last of those was published.

    Their rows count from now on; the days they are of stand as they were judged. Told once: the
    next day is compared with this one.
    """
    before = [day for day in published_days(home) if day < on_date]
    if not before:
        return []
    told = published_manifest(home, before[-1]).get("sources", [])
    late = [
        source
        for source in sources_of(load_receipts(home, before[-1], with_answers=False))
        if source["verdict"] == "accepted" and source not in told
    ]
    if not late:
        return []
    first = max(late[0]["received_on"], before[0].isoformat())
    named = ", ".join("{department} of {received_on}".format(**source) for source in late)
    return [
        f"Deliveries came after their days had been judged: {named}. They count from now on; "
        f"`wendu run --date {first}` judges that day and those after it with them."
    ]


def _unread(installation: Installation, own: Sequence[Receipt]) -> Iterator[str]:
    """What to do about deliveries of one department that lie in landing unread, in order."""
    accepted_on = [receipt.received_on for receipt in own if receipt.verdict == "accepted"]
    for receipt in own:
        what = f"{receipt.department}, delivery of {receipt.received_on}: "
        folder = installation.home.delivery(receipt.department, receipt.received_on)
        if receipt.verdict == "accepted":
            is_newest = receipt.received_on == accepted_on[-1]
            if names := unread_files(
                installation.home, installation.city, receipt, looks_inside=is_newest
            ):
                yield (
                    f"{what}{', '.join(names)} came after it was accepted and was not read; put "
                    "it into the folder of a later date."
                )
        elif receipt is own[-1]:
            yield what + receipt.message
        elif accepted_on and accepted_on[0] < receipt.received_on and folder.is_dir():
            yield (
                f"{what}{receipt.message}; no later delivery brings what it held: mend it, or, if "
                "it was sent again, take its folder out of landing."
            )


def _told(error: SerializableErrorInfo | None, home: Home) -> str:
    faults = list(causes_of(error))
    if not faults:
        return "A step failed without saying why; run again with --debug."
    if any(is_full_disk(fault.message) for fault in faults):
        return full_disk_sentence(home)
    # What was foreseen says it for people, whatever it came from.
    kinds = _sentence_errors()
    told = next((fault for fault in faults if _kind_of(fault) in kinds), faults[-1])
    if _kind_of(told) == "DagsterAssetCheckFailedError":
        return f"Gate 2 refused what was built; {home.quality / 'index.html'} tells what failed."
    if _kind_of(told) in kinds:
        return told.message.strip().partition(": ")[2]
    return f"A step failed unexpectedly ({_kind_of(told)}); run again with --debug."


def _kind_of(fault: SerializableErrorInfo) -> str:
    return fault.message.strip().partition(": ")[0].rpartition(".")[2]


def _sentence_errors() -> set[str]:
    kinds, waiting = set(), [WenduError]
    while waiting:
        kind = waiting.pop()
        kinds.add(kind.__name__)
        waiting += kind.__subclasses__()
    return kinds
