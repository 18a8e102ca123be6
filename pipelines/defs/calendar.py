"""The days of the graph: one partition a day from the first monitoring day, in the city's time."""

from datetime import date

import dagster as dg

DAYS = dg.DailyPartitionsDefinition(start_date="2024-04-30", timezone="Asia/Shanghai", end_offset=1)
"""Today is a partition from midnight on (`end_offset`): the morning run is of the same day."""

DAY_TAG = "wendu/day"
"""Names the day of a run without a partition: before the first, or after the clock's today."""


def day_of(context: dg.AssetExecutionContext) -> date:
    """The day a run is of."""
    if context.has_partition_key:
        return date.fromisoformat(context.partition_key)
    return date.fromisoformat(context.run.tags[DAY_TAG])
