"""The day's workbooks of what departments are to mend, in a place for the operator alone.

Each department's workbook goes to that department by a way of the operator's choice; counts
alone may be told elsewhere. Made anew whenever the day is run. Belongs here: bringing together
what was received, what visits found, and the vault. Does not belong here: which faults are open
(`ingest.open_faults`), what is said of them (`outreach.corrections`).
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from pipelines.contracts.replies import data_errors
from pipelines.contracts.sources import Contract, contracts_of
from pipelines.defs.installation import Installation
from pipelines.ingest import load_receipts
from pipelines.ingest.lake import shelves
from pipelines.ingest.open_faults import OPEN_FAULTS, TOLD_DAYS, open_faults
from pipelines.ingest.receipts import Receipt
from pipelines.outreach.corrections import Corrections, write_corrections
from pipelines.outreach.lines import EVIDENCE
from pipelines.settings import DEPARTMENTS, Home, UsageError, put_in_place
from pipelines.vault import KnownPeople, Vault
from pipelines.warehouse.history import alerts_of
from pipelines.warehouse.publication import published_manifest

UNFINISHED = ".unfinished"

CHANGED = pl.Schema({"source": pl.String(), "key": pl.String(), "changed_on": pl.Date()})
VISITS_TOLD_DAYS = 90
"""How long a department is told of a record that it leaves as it is. Default of 2026-11-24."""

FAILED, MISSING, UNKNOWN = "整次报送未能接收", "本次缺少数据表", "有未约定的列（未使用）"
UNREAD = "有名称未约定的文件或数据表（未读取）"


def write_corrections_of_day(
    installation: Installation, on_date: date, known: KnownPeople | None = None
) -> dict[str, dict[str, int]]:
    """Write a day's workbooks, one per department that has something to mend.

    Args:
        installation: the home, held by the caller; the day was built.
        on_date: the day; what was received until then counts.
        known: `Vault.known_people` of the day, where the caller has asked for it already.

    Returns:
        Counts by department, as `Corrections.counts`.
    """
    home, folder = installation.home, _folder(installation.home, on_date)
    unfinished = folder.with_name(f".{on_date}{UNFINISHED}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    home.corrections.chmod(0o700)
    counts = {}
    for corrections in corrections_of_day(installation, on_date, known):
        if corrections.is_empty:
            continue
        department = corrections.department
        contracts = _tables_of(department)
        write_corrections(unfinished / f"{department}.xlsx", corrections, contracts)
        counts[department] = corrections.counts
    (unfinished / home.correction_counts(on_date).name).write_text(
        json.dumps(counts, indent=1), encoding="utf-8"
    )
    shutil.rmtree(folder, ignore_errors=True)
    put_in_place(unfinished, folder)
    return counts


def corrections_of_day(
    installation: Installation, on_date: date, known: KnownPeople | None = None
) -> list[Corrections]:
    """What each department is asked to mend on a day, the departments in their order."""
    home, vault = installation.home, installation.vault
    receipts = load_receipts(home, on_date, with_answers=False)
    differing = (known or vault.known_people(until=on_date)).differing_names
    visits = _found_by_visits(home, installation.contracts, vault, on_date)
    found = []
    for department in DEPARTMENTS:
        contracts = _tables_of(department)
        own = [receipt for receipt in receipts if receipt.department == department]
        faults = [open_faults(home, table, own, on_date, vault) for table in contracts.values()]
        of_department = pl.col("department") == department
        found.append(
            Corrections(
                department=department,
                on_date=on_date,
                faults=pl.concat([OPEN_FAULTS.to_frame(), *faults]),
                deliveries=_whole_deliveries(own, contracts),
                visits=visits.filter(of_department),
                names=differing.filter(of_department).select("table", "id_no", "name"),
                duplicates=_duplicates(own, on_date),
                told_days=TOLD_DAYS,
            )
        )
    return found


def counts_of_day(home: Home, on_date: date) -> dict[str, dict[str, int]]:
    """What was to be mended on a day, by department, as `write_corrections_of_day` counted it.

    Raises:
        UsageError: the day was not run, or is so old that this is not kept.
    """
    file = home.correction_counts(on_date)
    if not file.is_file():
        if published_manifest(home, on_date):
            raise UsageError(
                f"What was to be corrected on {on_date} is not kept any more "
                "(WENDU_KEEP_RAW_DAYS); what is still open stands in the workbooks of the newest "
                "day."
            )
        raise UsageError(f"{on_date} was not run; run `wendu run --date {on_date}` first.")
    return dict(json.loads(file.read_text(encoding="utf-8")))


def correction_sentences(home: Home, on_date: date) -> list[str]:
    """One sentence per department that has something to mend: counts, and its workbook.

    Raises:
        UsageError: the day was not run.
    """
    return [
        f"To correct by {department}: {_told(counts)} ({_folder(home, on_date) / department}.xlsx)."
        for department, counts in counts_of_day(home, on_date).items()
    ]


def _folder(home: Home, on_date: date) -> Path:
    return home.corrections / on_date.isoformat()


def _told(counts: Mapping[str, int]) -> str:
    faults = f"{counts['open']} faults"
    if counts.get("rows", 0) > counts["open"]:
        faults += f" in {counts['rows']:,} rows"
    parts = [f"{faults}, {counts['new']} of them new, {counts['mended']} mended"]
    parts += [f"{counts[name]} {what}" for name, what in OTHERS.items() if counts[name]]
    return "; ".join(parts)


OTHERS = {
    "deliveries": "remarks on whole deliveries",
    "visits": "records that visits found to be wrong",
    "names": "names that differ from another department's",
}


def _tables_of(department: str) -> dict[str, Contract]:
    return {contract.table: contract for contract in contracts_of(department)}


def _whole_deliveries(
    receipts: Sequence[Receipt], contracts: Mapping[str, Contract]
) -> pl.DataFrame:
    """What the newest delivery as a whole needs; a failure is mended by any later acceptance."""
    schema = {"received_on": pl.Date, "what": pl.String, "told": pl.String}
    rows: list[tuple[date, str, str]] = []
    accepted = [receipt for receipt in receipts if receipt.verdict == "accepted"]
    since = accepted[-1].received_on if accepted else date.min
    rows += [
        (receipt.received_on, FAILED, receipt.message)
        for receipt in receipts
        if receipt.verdict == "failed" and receipt.received_on > since
    ]
    for receipt in accepted[-1:]:
        missing = [
            contract.title.zh
            for table, contract in contracts.items()
            if contract.mode == "snapshot" and table not in receipt.tables
        ]
        if missing:
            rows.append((receipt.received_on, MISSING, "、".join(missing)))
        rows += [
            (receipt.received_on, UNKNOWN, f"{contracts[table].title.zh}：{'、'.join(columns)}")
            for table, counts in receipt.tables.items()
            if (columns := counts.unknown_columns)
        ]
        # A database may hold much that is nobody's business: there it is told only where a table
        # is missing, which may stand in it under another name.
        if receipt.unknown and (receipt.form != "database" or contracts.keys() - receipt.tables):
            rows.append((receipt.received_on, UNREAD, "、".join(receipt.unknown)))
    return pl.DataFrame(rows, schema=schema, orient="row")


def _duplicates(receipts: Sequence[Receipt], on_date: date) -> dict[str, int]:
    return {
        table: counts.exact_duplicates
        for receipt in receipts
        if receipt.received_on == on_date
        for table, counts in receipt.tables.items()
    }


def _found_by_visits(
    home: Home, contracts: Mapping[tuple[str, str], Contract], vault: Vault, on_date: date
) -> pl.DataFrame:
    """The records behind alerts of which a visit said that the data are wrong.

    A department sees its own records under its own keys, and of a value that was worked out from
    several of them nothing but the record.
    """
    declared = [
        f"{department}.{table}.{column}"
        for (department, table), contract in contracts.items()
        for column in contract.columns
    ]
    records = (
        data_errors(home, on_date)
        .join(alerts_of(home, on_date).select("alert_id", "evidence"), on="alert_id")
        .with_columns(pl.col("evidence").str.json_decode(EVIDENCE))
        .explode("evidence", empty_as_null=False, keep_nulls=False)
        .unnest("evidence")
        .with_columns(place=pl.col("source").str.split("."))
        .with_columns(department=pl.col("place").list.get(0), table=pl.col("place").list.get(1))
        .filter(pl.col("department").is_in(DEPARTMENTS))
    )
    records = _still_wrong(home, contracts, records, on_date)
    is_own = pl.format("{}.{}", "source", "field").is_in(declared)
    columns = [
        "department", "table", "key", "field", "value", "visited_on", "received_on", "alert_id",
    ]  # fmt: skip
    return (
        records.with_columns(
            field=pl.when(is_own).then("field").otherwise(pl.lit("")),
            value=pl.when(is_own).then("value").otherwise(pl.lit("")),
        )
        .with_columns(key=_own_keys(records["key"], vault))
        .select(columns)
        .unique()
        .sort(columns)
    )


def _still_wrong(
    home: Home,
    contracts: Mapping[tuple[str, str], Contract],
    records: pl.DataFrame,
    on_date: date,
) -> pl.DataFrame:
    """Records that no delivery after the reply changed, and of which it was told not long ago."""
    young = records.filter(pl.col("received_on") > on_date - timedelta(days=VISITS_TOLD_DAYS))
    changed = [pl.DataFrame(schema=CHANGED)]
    for (department, table), group in young.group_by("department", "table"):
        contract = contracts[str(department), str(table)]
        first = min(group["received_on"])
        for shelf in shelves(home, contract.department, contract.table, on_date, first):
            rows = pl.read_parquet(shelf, hive_partitioning=False)
            keys = rows.select(
                pl.col(name).bin.encode("hex") if kind == pl.Binary else pl.col(name)
                for name, kind in rows.select(contract.lake_key).schema.items()
                if kind in (pl.Binary, pl.String)
            )
            changed += [
                pl.DataFrame(
                    {"source": f"{department}.{table}", "key": keys[name],
                     "changed_on": rows["received_on"]},
                    schema=CHANGED,
                )
                for name in keys.columns
            ]  # fmt: skip
    newest = pl.concat(changed).group_by("source", "key").agg(pl.col("changed_on").max())
    return young.join(newest, on=["source", "key"], how="left").filter(
        pl.col("changed_on").is_null() | (pl.col("changed_on") <= pl.col("received_on"))
    )


def _own_keys(keys: pl.Series, vault: Vault) -> pl.Series:
    """Pseudonyms as the departments' own numbers; numbers of records are their own already."""
    pseudonyms = keys.filter(keys.str.contains("^[0-9a-f]{32}$")).unique()
    asked = pseudonyms.str.decode("hex")
    people, households = vault.people(asked), vault.households(asked)
    own = dict(zip(people["person_key"], people["id_no"], strict=True)) | dict(
        zip(households["household_key"], households["household_no"], strict=True)
    )
    numbers = {key.hex(): number for key, number in own.items() if number}
    return keys.replace(numbers)
