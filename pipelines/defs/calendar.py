"""The days of the graph: one partition a day from the first monitoring day, in the city's time."""

from datetime import date

import dagster as dg

from pipelines.settings import today

FIRST_DAY = date(2024, 4, 30)


def days_of_the_graph(first: date = FIRST_DAY, last: date | None = None) -> dg.PartitionsDefinition:
    """One partition a day from the first monitoring day to today, wider where a run needs it.

    Today is a partition from midnight on: the morning run is of the same day. A run of an earlier
    day, or of one that the machine's clock has not reached, widens the range for itself.
    """
    ahead = 0 if last is None else (last - today()).days
    return dg.DailyPartitionsDefinition(
        start_date=min(first, FIRST_DAY).isoformat(),
        timezone="Asia/Shanghai",
        end_offset=max(0, ahead) + 1,
    )


def day_of(context: dg.AssetExecutionContext) -> date:
    """The day a run is of."""
    return date.fromisoformat(context.partition_key)
