"""When things run: the daily job, its schedule, and how many runs at once."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

JOB = "daily_run"


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
def every_morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """The run of the day that has just begun, at six in the morning."""
    day = context.scheduled_execution_time.strftime("%Y-%m-%d")
    return dg.RunRequest(run_key=day, partition_key=day)


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
