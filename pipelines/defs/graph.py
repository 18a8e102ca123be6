"""The whole graph put together for one installation."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from pipelines.defs.automation import INSTANCE_SETTINGS, daily_job, every_morning, landing
from pipelines.defs.calendar import days_of_the_graph
from pipelines.defs.departments import department_assets
from pipelines.defs.installation import Installation
from pipelines.defs.publication import publication_assets
from pipelines.defs.unwatched import unwatched_run_sensors
from pipelines.defs.warehouse import given_specs, warehouse_assets
from pipelines.settings import DEPARTMENTS, Home

EVENTS_AT_ONCE = "500"
"""What a run announces of its assets is written down at once, not asset by asset."""


def build_definitions(
    installation: Installation,
    days: dg.PartitionsDefinition | None = None,
    *,
    closes_after_run: bool = False,
) -> dg.Definitions:
    """Assets, checks, job and schedule over the dbt project as it stands.

    Args:
        installation: where to run.
        days: the days there are; by default all.
        closes_after_run: each run has a process of its own, which ends with it.
    """
    days = days or days_of_the_graph()
    manifest = installation.dbt.manifest
    return dg.Definitions(
        assets=[
            *(department_assets(department, days) for department in DEPARTMENTS),
            *given_specs(manifest),
            warehouse_assets(manifest, days),
            *publication_assets(manifest, days),
        ],
        jobs=[daily_job],
        schedules=[every_morning],
        sensors=[landing, *unwatched_run_sensors()],
        resources={
            "installation": _closed_after_run(installation) if closes_after_run else installation
        },
        executor=dg.in_process_executor,
    )


def _closed_after_run(installation: Installation) -> dg.ResourceDefinition:
    """The installation for a run of the orchestrator's own.

    Its process waits for the judge's before it ends, and holds the home until then.
    """

    @dg.resource
    @contextmanager
    def opened(_: dg.InitResourceContext) -> Iterator[Installation]:
        try:
            yield installation
        finally:
            installation.close()

    return opened


def prepare_instance(home: Home) -> None:
    """Make the orchestrator's folder below the home and point the orchestrator at it."""
    home.orchestrator.mkdir(parents=True, exist_ok=True)
    settings = home.orchestrator / "dagster.yaml"
    if not settings.exists() or settings.read_text(encoding="utf-8") != INSTANCE_SETTINGS:
        settings.write_text(INSTANCE_SETTINGS, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home.orchestrator)
    os.environ["DAGSTER_EVENT_BATCH_SIZE"] = EVENTS_AT_ONCE
