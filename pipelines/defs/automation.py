"""When things run: the daily job, its schedule, what lands later, and how many runs at once."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from pipelines.defs.cut_off import cut_off_run, release_dead_runs
from pipelines.defs.landing import waiting_in_landing
from pipelines.settings import Home, Settings, now
from pipelines.warehouse.order_of_days import missed_days

JOB = "daily_run"
MISSED = "wendu/missed"
"""Tag of the run of a day that was not run when it was its time."""

NEWEST = "wendu/newest"
"""Tag of the run of the newest day there is: offices go by its lists, asked for or not."""

AGAIN = "wendu/again"
"""Tag of the run of a day whose run before it was cut off."""

WATCHED = "wendu/watched"
"""Tag of a run at the command line, which tells itself what became of it."""


OPERATOR, ANALYSTS = ["team:operator"], ["team:analysts"]
BY_EIGHT = dg.FreshnessPolicy.cron(
    deadline_cron="0 8 * * *", lower_bound_delta=timedelta(hours=2), timezone="Asia/Shanghai"
)
"""The morning's run starts at six; what is not there by eight is late. Default of 2026-11-24."""

LOOKS_EVERY_SECONDS = 300


daily_job = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="Departments → lake → warehouse → published, for one day.",
)
"""The whole graph as one job of one day."""


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


@dg.sensor(
    job_name=JOB,
    minimum_interval_seconds=LOOKS_EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def landing(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Run today again when a delivery came, or was mended, after the morning's run.

    And when today's run was cut off: whatever that was, the day goes on.
    """
    home, at = Home(Settings().home), now()
    release_dead_runs(context.instance, home, at)
    cut_off = cut_off_run(context.instance, JOB, at.date())
    if cut_off and WATCHED not in cut_off.tags:
        return dg.RunRequest(
            run_key=f"after {cut_off.run_id}", partition_key=str(at.date()), tags={AGAIN: "yes"}
        )
    if not home.runs.joinpath(f"{at.date()}.json").is_file():
        return dg.SkipReason("Today was not run yet; the morning's run takes what has come.")
    waiting = waiting_in_landing(home, at)
    if not waiting.is_new:
        arriving = ", ".join(waiting.arriving)
        return dg.SkipReason(f"Still arriving: {arriving}." if arriving else "Nothing new came.")
    context.log.info("To be taken: %s", ", ".join(waiting.complete))
    return dg.RunRequest(run_key=waiting.mark, partition_key=str(at.date()))


INSTANCE_SETTINGS = """\
telemetry:
  enabled: false
nux:
  enabled: false
freshness:
  enabled: true
event_log_storage:
  module: pipelines.defs.record
  class: KeptConnectionEventLog
  config:
    base_dir:
      env: DAGSTER_HOME
compute_logs:
  module: dagster.core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
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
"""The orchestrator's own settings, written to `<home>/orchestrator/dagster.yaml`.

Steps print nothing, so that what they print is not kept: that takes four processes a step.
"""
