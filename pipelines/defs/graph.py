"""The whole graph put together for one installation."""

import json
import os

import dagster as dg

from pipelines.defs.automation import INSTANCE_SETTINGS, daily_job, every_morning
from pipelines.defs.departments import DEPARTMENT_ASSETS
from pipelines.defs.installation import Installation
from pipelines.defs.publication import publication_assets
from pipelines.defs.warehouse import warehouse_assets
from pipelines.settings import Home


def build_definitions(installation: Installation) -> dg.Definitions:
    """Assets, checks, job and schedule over the dbt project as it stands."""
    installation.dbt.parse()
    manifest = json.loads(installation.dbt.manifest_path.read_text(encoding="utf-8"))
    return dg.Definitions(
        assets=[*DEPARTMENT_ASSETS, warehouse_assets(manifest), *publication_assets(manifest)],
        jobs=[daily_job],
        schedules=[every_morning],
        resources={"installation": installation},
        executor=dg.in_process_executor,
    )


def prepare_instance(home: Home) -> None:
    """Make the orchestrator's folder below the home and point the orchestrator at it."""
    home.orchestrator.mkdir(parents=True, exist_ok=True)
    settings = home.orchestrator / "dagster.yaml"
    if not settings.exists() or settings.read_text(encoding="utf-8") != INSTANCE_SETTINGS:
        settings.write_text(INSTANCE_SETTINGS, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home.orchestrator)
