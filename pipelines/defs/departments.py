"""Departments → lake: one asset per declared table, checked for what came and for when.

A department whose delivery failed keeps its last state: its assets are still reported (as the
state of the shelf), its check says that it failed, and the others and the warehouse go on.
On a missed day no department is asked for what it holds now: that was not received on that day.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any

import dagster as dg

from pipelines.contracts.sources import Contract, contracts_of
from pipelines.defs.automation import BY_EIGHT, MISSED
from pipelines.defs.calendar import day_of
from pipelines.defs.installation import Installation
from pipelines.ingest import Receipt, load_receipts, receive
from pipelines.ingest.freshness import freshness
from pipelines.ingest.receive import landed
from pipelines.settings import DEPARTMENTS

COUNTS = ("received", "accepted", "exact_duplicates", "quarantined", "upserted", "removed")


def shelf_key(contract: Contract) -> dg.AssetKey:
    """Asset of one department table in the lake."""
    return dg.AssetKey(["lake", contract.department, contract.table])


def begin_receiving(installation: Installation, run_id: str, until: date, *, asks: bool) -> None:
    """Begin what the steps of a coming run receive; `asks` as in `receive`."""
    for department in DEPARTMENTS:
        step = _step_of(department)
        if not installation.ahead.has_begun(run_id, step):
            work = _receiving(installation, department, until, asks=asks)
            installation.ahead.begin(run_id, step, work)


def begin_receiving_early(installation: Installation, run_id: str, on_date: date) -> None:
    """Begin to receive what lies in landing of a day while the day before it is published.

    That day tells by its receipts what it was judged with, so no delivery of it, or of a day
    before it, is touched. Where one waits, and where a department is asked for what it holds,
    receiving begins in its turn.
    """
    home = installation.home
    for department in DEPARTMENTS:
        if installation.city.connection(department).is_pulled:
            continue
        if landed(home, department, on_date) == [on_date]:
            work = _receiving(installation, department, on_date, asks=False, since=on_date)
            installation.ahead.begin(run_id, _step_of(department), work)


def _step_of(department: str) -> str:
    return f"receive_{department}"


def _receiving(
    installation: Installation,
    department: str,
    until: date,
    *,
    asks: bool,
    since: date | None = None,
) -> Callable[[], list[Receipt]]:
    return partial(
        receive, installation.home, installation.city, department, until,
        installation.vault, installation.judge, asks=asks, since=since,
    )  # fmt: skip


def department_assets(department: str, days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """The tables of one department, received together because they are delivered together."""
    contracts, step = contracts_of(department), _step_of(department)

    @dg.multi_asset(
        name=step,
        partitions_def=days,
        specs=[
            dg.AssetSpec(
                shelf_key(contract),
                group_name=department,
                kinds={"parquet"},
                owners=[f"team:{department}"],
                freshness_policy=BY_EIGHT,
                description=f"{contract.title.zh} · {contract.title.en} ({contract.mode})",
            )
            for contract in contracts
        ],
        check_specs=[
            dg.AssetCheckSpec(name, asset=shelf_key(contract), description=asks)
            for contract in contracts
            for name, asks in (("gate_1", "May it come in?"), ("in_time", "Did it come in time?"))
        ],
    )
    def receive_department(
        context: dg.AssetExecutionContext, installation: dg.ResourceParam[Installation]
    ) -> Iterator[dg.MaterializeResult]:
        installation.hold()
        until = day_of(context)
        work = _receiving(installation, department, until, asks=MISSED not in context.run.tags)
        receipts = installation.ahead.finish(context.run.run_id, step, work)
        tried = {receipt.received_on for receipt in receipts}
        if set(landed(installation.home, department, until)) - tried:
            receipts += work()  # what came while the day before was published
        known = load_receipts(installation.home, until, with_answers=False)
        state = freshness({(department, c.table): c for c in contracts}, known, until)
        for contract, table in zip(contracts, state.to_dicts(), strict=True):
            yield report(contract, receipts, table)

    return receive_department


def report(
    contract: Contract, receipts: list[Receipt], state: Mapping[str, Any]
) -> dg.MaterializeResult:
    """What became of one table in the deliveries just received, in counts.

    Args:
        contract: the table.
        receipts: of the deliveries.
        state: of the table, a row of `ingest.freshness.FRESHNESS`.
    """
    of_table = [
        receipt.tables[contract.table] for receipt in receipts if contract.table in receipt.tables
    ]
    failed = [receipt for receipt in receipts if receipt.verdict == "failed"]
    metadata: dict[str, dg.MetadataValue] = {
        name: dg.MetadataValue.int(sum(getattr(table, name) for table in of_table))
        for name in COUNTS
    }
    told = " ".join(receipt.message for receipt in receipts if receipt.message)
    if told:
        metadata["message"] = dg.MetadataValue.text(told)
    check = dg.AssetCheckResult(
        check_name="gate_1",
        asset_key=shelf_key(contract),
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"message": told or "accepted"},
    )
    in_time = dg.AssetCheckResult(
        check_name="in_time",
        asset_key=shelf_key(contract),
        passed=not state["is_late"],
        severity=dg.AssetCheckSeverity.WARN,
        metadata={name: str(state[name]) for name in ("freshness", "expected_by", "received_on")},
    )
    return dg.MaterializeResult(
        asset_key=shelf_key(contract), metadata=metadata, check_results=[check, in_time]
    )
