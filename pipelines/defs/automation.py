"""When things run: the daily job, its schedule, and how many runs at once."""

from collections.abc import Iterator

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from pipelines.settings import Home, Settings
from pipelines.warehouse.order_of_days import missed_days

JOB = "daily_run"
MISSED = "wendu/missed"
"""Tag of the run of a day that was not run when it was its time."""


def daily_job(days: dg.PartitionsDefinition) -> UnresolvedAssetJobDefinition:
    """The whole graph as one job of one day."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        partitions_def=days,
        executor_def=dg.in_process_executor,
        description="Departments → lake → warehouse → published, for one day.",
    )


@dg.schedule(
    job_name=JOB,
    cron_schedule="0 6 * * *",
    execution_timezone="Asia/Shanghai",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def every_morning(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """The run of the day that has just begun, at six in the morning, after those missed."""
    today = context.scheduled_execution_time.date()
    for day in missed_days(Home(Settings().home), today):
        key = f"{day} before {today}"
        yield dg.RunRequest(run_key=key, partition_key=str(day), tags={MISSED: "yes"})
    yield dg.RunRequest(run_key=str(today), partition_key=str(today))


INSTANCE_SETTINGS = """\
telemetry:
  enabled: false
event_log_storage:
  module: pipelines.defs.record
  class: KeptConnectionEventLog
  config:
    base_dir:
      env: DAGSTER_HOME
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    max_concurrent_runs: 1
run_monitoring:
  enabled: true
retention:
  schedule:
    purge_after_days: 90
  sensor:
    purge_after_days: 30
"""
"""The orchestrator's own settings, written to `<home>/orchestrator/dagster.yaml`."""
