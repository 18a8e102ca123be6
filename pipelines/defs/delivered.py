"""Which alerts went out on lists, and from which day on that counts.

What stands on a list is kept below `outbox/going/` before the list goes, as its day may say
something else by the time it was taken. It moves to `outbox/delivered/`, with the day from which
it counts, only for who holds the home: a day that is being judged would else tell of it in a
replay, and not itself. Does not belong here: sending (`defs.sending`), what a delivered list means
for an alert (dbt).
"""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from pipelines.outreach.delivery_ledger import DeliveryLedger, LedgerError, ledger_of
from pipelines.settings import Home, put_in_place, today
from pipelines.warehouse.order_of_days import counts_from, newest_day


def keep_what_goes(
    home: Home, on_date: date, lists: Mapping[str, str], batches: pl.DataFrame
) -> None:
    """Keep which alerts stand on lists that are about to go, and the day on which they go.

    Args:
        home: the home.
        on_date: the day of the lists.
        lists: hash of each workbook, by its batch.
        batches: what stands on the lists of the day, as `contracts.replies.BATCHES`.
    """
    # The clock of a home that is not run day by day is the day of its lists; and no list went out
    # before its day, on which alerts stood first that are new on it.
    is_run_daily = (newest_day(home) or on_date) >= today() - timedelta(days=1)
    delivered_on = max(today(), on_date) if is_run_daily else on_date
    _going(home).mkdir(parents=True, exist_ok=True, mode=0o700)
    for batch_id, sha256 in lists.items():
        stands = batches.filter(pl.col("batch_id") == batch_id).select("alert_id").unique()
        _write(
            stands.sort("alert_id").with_columns(delivered_on=pl.lit(delivered_on)),
            _going(home) / _name(batch_id, sha256),
        )


def forget_what_stayed(home: Home, ledger: DeliveryLedger) -> None:
    """Forget of lists that the server did not take what stood on them; only for who sends."""
    waiting = _waiting(home)
    for file in {*waiting}.difference(_taken(waiting, ledger)):
        file.unlink()


def count_delivered(home: Home) -> None:
    """Let what went out count from the first day that is not judged yet, and what came back not.

    Only for who holds the home, while no day is judged. A ledger that cannot be read stops
    nobody but who sends: what went out waits.
    """
    ledger = ledger_of(home)
    try:
        for file in _taken(_waiting(home), ledger):
            _count(home, file)
        _take_back_returned(home, ledger)
    except LedgerError:
        return


def _count(home: Home, going: Path) -> None:
    place = _counted(home) / going.name
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        first = pl.lit(counts_from(home, date.min))
        counts = pl.max_horizontal("delivered_on", first)
        stood = pl.read_parquet(going).with_columns(counts_from=counts)
        _write(stood, place)
    going.unlink()


def _take_back_returned(home: Home, ledger: DeliveryLedger) -> None:
    """A list that came back was not delivered; a day that was judged before that is known stays."""
    newest = newest_day(home) or date.min
    for row in ledger.bounced():
        file = _counted(home) / _name(row.batch_id, row.sha256)
        if file.exists():
            days = pl.read_parquet(file)["counts_from"].to_list()  # none: a list without alerts
            if all(day > newest for day in days):
                file.unlink()


def _taken(files: Collection[Path], ledger: DeliveryLedger) -> list[Path]:
    """Those whose lists the server took; the ledger is asked once for all of them."""
    rows = ledger.of_batches({file.stem.rpartition("-")[0] for file in files})
    accepted = {_name(row.batch_id, row.sha256) for row in rows if row.state == "accepted"}
    return [file for file in files if file.name in accepted]


def _going(home: Home) -> Path:
    return home.outbox / "going"


def _waiting(home: Home) -> list[Path]:
    return sorted(_going(home).glob("*.parquet"))


def _counted(home: Home) -> Path:
    return home.outbox / "delivered"


def _name(batch_id: str, sha256: str) -> str:
    return f"{batch_id}-{sha256[:8]}.parquet"


def _write(stood: pl.DataFrame, place: Path) -> None:
    unfinished = place.with_suffix(".unfinished")
    stood.write_parquet(unfinished)
    put_in_place(unfinished, place)
