"""What a day is made of, the same for a run, a replay and a corrected view.

Composes the floors below; knows nothing of the orchestrator and of readers.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.defs.installation import Installation
from pipelines.ingest import accepted_deliveries, load_receipts
from pipelines.ingest.control import control_tables, sources_of
from pipelines.outreach.township_lists import write_lists
from pipelines.reporting.bulletin import write_bulletin
from pipelines.settings import POLICY, Home, UsageError, versions
from pipelines.vault import KnownPeople
from pipelines.warehouse import history
from pipelines.warehouse.city_project import rows_of
from pipelines.warehouse.dbt import NodeResult
from pipelines.warehouse.exports import Mart, export_marts
from pipelines.warehouse.kept_codes import with_kept
from pipelines.warehouse.policy import keep_policy
from pipelines.warehouse.publication import Building
from pipelines.warehouse.work_database import open_shelves

EXPORT = "export_marts"
"""The step that `export_what_is_read` belongs to."""

UNREAD = ("fct_entitlements", "fct_payment_reconciliation")
"""Large marts of which neither lists nor bulletin read a row: written while those are."""


def build_day(
    installation: Installation, on_date: date, known_on: date | None = None
) -> list[NodeResult]:
    """Build the warehouse of a day, and keep what it hands on and the policy rows it used.

    Args:
        installation: where; its dbt project brings the policy rows.
        on_date: the day.
        known_on: a later day: what was received until then corrects the day.

    Raises:
        UsageError: the policy rows name no rule of which alerts stand.
    """
    home, contracts = installation.home, installation.contracts
    receipts = load_receipts(home, known_on or on_date, with_answers=False)
    control = control_tables(
        contracts, receipts, installation.city, home, on_date, installation.vault, known_on
    )
    before = with_kept(home, on_date, history.earlier(home, on_date))
    require_rules(before["alerts"], installation.dbt.project)
    accepted = accepted_deliveries(receipts)
    given = open_shelves(home, on_date, contracts, accepted, control | before, known_on)
    policy = keep_policy(home, installation.dbt.project)
    built = installation.dbt.build(on_date, given)
    history.remember(home, on_date, policy)
    return built


def require_rules(standing: pl.DataFrame, project: Path) -> None:
    """Refuse to judge a day without a rule of which alerts stand: nobody could tell of those."""
    file = project / POLICY / "rules.csv"
    named = {row["rule_id"] for row in rows_of(file)}
    if gone := sorted(set(standing["rule_id"]) - named):
        raise UsageError(
            f"{file} does not name {', '.join(gone)} any more, of which alerts stand: put the row "
            "back. A rule that is to be judged no more gets an effective_from that has not come."
        )


def export_what_is_read(home: Home, marts: Iterable[Mart]) -> None:
    """Export those marts of a built day that `write_for_readers` reads."""
    export_marts(home, [mart for mart in marts if mart.name not in UNREAD])


def write_for_readers(
    installation: Installation, on_date: date, known: KnownPeople | None = None
) -> list[Path]:
    """Write what people read of a day beside its exported marts; the lists, the bulletin last.

    Args:
        installation: where.
        on_date: the day.
        known: `Vault.known_people` of the day, where the caller has asked for it already.
    """
    building = Building(installation.home)
    policy = installation.dbt.project / POLICY
    known = known or installation.vault.known_people(until=on_date)
    lists = write_lists(building.parquet, building.day, on_date, known, policy)
    about = description_of(installation, on_date)
    bulletin = write_bulletin(
        building.parquet, building.day, on_date, installation.dbt.project, about
    )
    return [*lists, bulletin]


def description_of(
    installation: Installation, on_date: date, known_on: date | None = None
) -> Mapping[str, Any]:
    """What a manifest says besides hashes: the city, versions, deliveries and days beneath."""
    return {
        "city": installation.city_code,
        "versions": versions(),
        "sources": sources_of(
            load_receipts(installation.home, known_on or on_date, with_answers=False)
        ),
        "stands_on": history.stands_on(installation.home, on_date),
    }
