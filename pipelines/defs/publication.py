"""Marts → published: export aside, gate 2, lists and bulletin, then shown all at once.

Last of all, what was kept long enough is deleted, and lists are sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.defs.access import guard, let_read
from pipelines.defs.automation import BY_EIGHT, MISSED, NEWEST, OPERATOR
from pipelines.defs.calendar import day_of
from pipelines.defs.corrections import write_corrections_of_day
from pipelines.defs.installation import Installation
from pipelines.defs.keeping import delete_what_is_old, forget_old_runs
from pipelines.defs.one_day import (
    EXPORT,
    UNREAD,
    description_of,
    export_what_is_read,
    write_for_readers,
)
from pipelines.defs.sending import send_after_run
from pipelines.ingest import load_receipts
from pipelines.quality import Verdict, judge_marts
from pipelines.quality.page import store_results
from pipelines.settings import MailSettings, Settings, now
from pipelines.warehouse.exports import Mart, add_marts, declared_marts, write_database
from pipelines.warehouse.publication import Building, publish, write_manifest
from pipelines.warehouse.views import NameTable, View, declared_name_tables, declared_views

EXPORTED = dg.AssetKey(["publication", "exported_marts"])
LISTS = dg.AssetKey(["publication", "township_lists"])
BULLETIN = dg.AssetKey(["publication", "bulletin"])
CORRECTIONS = dg.AssetKey(["publication", "corrections"])
PUBLISHED = dg.AssetKey(["publication", "published"])
KEPT = dg.AssetKey(["publication", "kept"])
SENT = dg.AssetKey(["publication", "sent"])


@dataclass(frozen=True)
class Made:
    """What was made of a day's exported marts, not yet visible.

    `verdicts` are gate 2's by mart, `to_correct` the counts of each department's faults.
    """

    verdicts: Mapping[str, Verdict]
    lists: Sequence[Path]
    bulletin: Path
    to_correct: Mapping[str, Mapping[str, int]]


def judge_and_write(
    installation: Installation,
    on_date: date,
    marts: Sequence[Mart],
    views: Sequence[View],
    name_tables: Sequence[NameTable],
) -> Made:
    """Judge the marts and pack them into the database, beside what people read of them.

    Lists and pages are plain Python, the rest is not, so that each has a core.
    """
    home = installation.home

    def add_judge_and_pack() -> dict[str, Verdict]:
        add_marts(home, [mart for mart in marts if mart.name in UNREAD])
        installation.once_exported(on_date)
        packed = beside.submit(write_database, home, marts, views, name_tables)
        passed = home.quality / "passed.json"
        verdicts = judge_marts(installation.judge, Building(home).parquet, passed)
        packed.result()
        return verdicts

    with ThreadPoolExecutor() as beside:
        judged = beside.submit(add_judge_and_pack)
        known = installation.vault.known_people(until=on_date)
        *lists, bulletin = write_for_readers(installation, on_date, known)
        to_correct = write_corrections_of_day(installation, on_date, known)
        return Made(judged.result(), lists, bulletin, to_correct)


def _results_of(made: Made) -> Iterator[dg.MaterializeResult]:
    """What was made, as the orchestrator is told of it: counts alone."""
    failed = sorted(mart for mart, verdict in made.verdicts.items() if not verdict.passed)
    check = dg.AssetCheckResult(
        check_name="gate_2", passed=not failed, metadata={"failed_marts": failed}
    )
    to_correct = sum(counts["open"] for counts in made.to_correct.values())
    yield dg.MaterializeResult(
        asset_key=EXPORTED, metadata={"marts": len(made.verdicts)}, check_results=[check]
    )
    yield dg.MaterializeResult(asset_key=LISTS, metadata={"workbooks": len(made.lists)})
    yield dg.MaterializeResult(asset_key=BULLETIN, metadata={"bytes": made.bulletin.stat().st_size})
    yield dg.MaterializeResult(asset_key=CORRECTIONS, metadata={"open": to_correct})


def publication_assets(
    manifest: Mapping[str, Any], days: dg.PartitionsDefinition
) -> list[dg.AssetsDefinition]:
    """The last steps of a day, after the marts of the parsed dbt project."""
    marts = declared_marts(manifest)
    views, name_tables = declared_views(manifest), declared_name_tables(manifest)

    @dg.multi_asset(
        name=EXPORT,
        partitions_def=days,
        specs=[
            dg.AssetSpec(
                EXPORTED,
                deps=[dg.AssetKey(["warehouse", mart.name]) for mart in marts],
                group_name="publication",
                owners=OPERATOR,
                description="Every mart as Parquet and in one database file, not yet visible.",
            ),
            dg.AssetSpec(
                LISTS,
                deps=[dg.AssetKey(["warehouse", "fct_alerts"])],
                group_name="publication",
                owners=OPERATOR,
                description="One workbook per township with its open alerts, not yet visible.",
            ),
            dg.AssetSpec(
                BULLETIN,
                deps=[dg.AssetKey(["warehouse", mart.name]) for mart in marts],
                group_name="publication",
                owners=OPERATOR,
                description="One page on the day, in counts, not yet visible.",
            ),
            dg.AssetSpec(
                CORRECTIONS,
                deps=[dg.AssetKey(["warehouse", "fct_alerts"])],
                group_name="publication",
                owners=OPERATOR,
                description="What each department is asked to mend, for that department alone.",
            ),
        ],
        check_specs=[
            dg.AssetCheckSpec("gate_2", asset=EXPORTED, blocking=True, description="May it go out?")
        ],
    )
    def export_and_judge(
        context: dg.AssetExecutionContext, installation: dg.ResourceParam[Installation]
    ) -> Iterator[dg.MaterializeResult]:
        home, on_date = installation.home, day_of(context)
        export = partial(export_what_is_read, home, marts)
        installation.ahead.finish(context.run.run_id, EXPORT, export)
        made = judge_and_write(installation, on_date, marts, views, name_tables)
        store_results(home, on_date, load_receipts(home, on_date), made.verdicts)
        yield from _results_of(made)

    @dg.asset(
        key=PUBLISHED,
        deps=[EXPORTED, LISTS, BULLETIN, CORRECTIONS],
        partitions_def=days,
        group_name="publication",
        owners=OPERATOR,
        freshness_policy=BY_EIGHT,
        description="What analysts, caseworkers and programs read; replaced all at once.",
    )
    def published(
        context: dg.AssetExecutionContext, installation: dg.ResourceParam[Installation]
    ) -> dg.MaterializeResult:
        home, on_date = installation.home, day_of(context)
        described = write_manifest(home, on_date, description_of(installation, on_date))
        place = publish(home, on_date)
        let_read(place.resolve().parent, installation.analysts_group)
        return dg.MaterializeResult(
            metadata={"place": str(place), "marts": len(described["marts"])}
        )

    @dg.asset(
        key=KEPT,
        deps=[PUBLISHED],
        partitions_def=days,
        group_name="publication",
        owners=OPERATOR,
        description="What was kept long enough is deleted: raw deliveries, old records of runs.",
    )
    def kept(
        context: dg.AssetExecutionContext, installation: dg.ResourceParam[Installation]
    ) -> dg.MaterializeResult:
        guard(installation.home, installation.analysts_group)
        told = delete_what_is_old(installation, day_of(context))
        runs = forget_old_runs(context.instance, now())
        return dg.MaterializeResult(metadata={"told": told, "runs_forgotten": runs})

    @dg.asset(
        key=SENT,
        deps=[PUBLISHED],
        partitions_def=days,
        group_name="publication",
        owners=OPERATOR,
        description="The lists of the day, mailed to their offices where the settings say so.",
    )
    def sent(
        context: dg.AssetExecutionContext, installation: dg.ResourceParam[Installation]
    ) -> dg.MaterializeResult:
        is_past = MISSED in context.run.tags and NEWEST not in context.run.tags
        told = [] if is_past else send_after_run(Settings(), MailSettings(), day_of(context))
        return dg.MaterializeResult(metadata={"told": "\n".join(told)})

    return [export_and_judge, published, kept, sent]
