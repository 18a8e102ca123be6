"""Commands of the operator: days that are run, looked after and proven, and the demo city."""

import signal
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.commands.identities import open_vault
from pipelines.commands.telling import DateOption, JsonOption, as_day, printed, say, steps, told
from pipelines.settings import Home, MailSettings, Settings, UsageError, now, today

FIRST_DEMO_DAY = date(2024, 4, 30)


def run(
    date_: Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD", help="The day to run.")],
    until: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Run all days up to this one.")
    ] = None,
) -> None:
    """Receive, conform, build, judge and publish a day, and every day that is due with it.

    Days that were missed before it are run first, days that stand on it are run again after it
    where it hands on something else; running a day again changes nothing.
    """
    first = as_day(date_)
    last = as_day(until) if until else first
    if last < first:
        raise UsageError(f"--until {last} lies before --date {first}; swap them.")
    raise typer.Exit(run_and_tell(first, last))


def run_and_tell(
    first: date, last: date, make: Callable[[], None] | None = None, *, summary: bool = False
) -> int:
    """Run days, tell each on standard error, and return the exit code of the worst.

    Args:
        first: the first day.
        last: the last day.
        make: makes what the days are run on, while the judge and dbt get ready.
        summary: whether each day's is printed.
    """
    from pipelines.defs.installation import Installation

    MailSettings()  # what is wrong with them is told before anything is done
    installation = Installation.from_settings()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    worst = 0
    try:
        installation.judge  # noqa: B018 - its process imports while this one does something else
        if make:
            installation.hold()
            installation.dbt.warm_up()
            make()
        from pipelines.defs.daily_run import Outcome, run_days
        from pipelines.reporting.summary import render_summary, summarise
        from pipelines.warehouse.publication import current_day

        debug = Settings().debug
        for report in run_days(
            installation, first, last, steps.begin, say, steps.expect, debug=debug
        ):
            for sentence in report.sentences:
                say(sentence)
            spent = sum(report.seconds.values())
            newest = current_day(installation.home)
            is_older = newest is not None and newest > report.on_date
            stays = f"; the warehouse stays at {newest}" if is_older else ""
            told.print(f"{report.on_date}: {report.outcome.name.lower()} in {spent:.1f} s{stays}")
            worst = max(worst, int(report.outcome))
            if summary and report.outcome is not Outcome.NOTHING_PUBLISHED:
                printed.print(
                    render_summary(summarise(installation.home, report.on_date), report.seconds)
                )
    except KeyboardInterrupt:
        told.print("Stopping: what was begun is finished first.")
        raise
    finally:
        installation.close()
    return worst


def status(
    all_: Annotated[bool, typer.Option("--all", help="Everything, in tables.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Whether today is fine, and what to do if not; --all shows days, sources and alerts."""
    from pipelines.reporting.status import five_lines, print_status, status_as_json, status_of
    from pipelines.warehouse.holds import held_now

    home = Home(Settings().home)
    state = status_of(home, held_now(home))
    if as_json:
        print(status_as_json(state))
    elif all_:
        print_status(printed, state)
    else:
        from pipelines.outreach.delivery_ledger import sent_counts

        sent = sent_counts(home, state.published_on) if state.published_on else {}
        for line in five_lines(home, state, today(), sent):
            printed.print(line, markup=False)


def release(
    hold: Annotated[str, typer.Option(help="Name of the hold, as `wendu status` tells it.")],
    by: Annotated[str, typer.Option(help="Who signs.")],
    reason: Annotated[str, typer.Option(help="Why the alerts are believed.")],
) -> None:
    """Sign for what the flood breaker holds; the run of the next day opens it.

    Not while a day is run: that day may be judged without it, and would open it in a replay.
    """
    from pipelines.defs.installation import Installation
    from pipelines.warehouse.holds import held_now, sign

    installation = Installation.from_settings()
    if not held_now(installation.home):  # another home may be meant: nothing is made in this one
        raise UsageError(f"There is no hold {hold}: nothing is held in {installation.home.root}.")
    try:
        installation.hold()
        opened_on = sign(installation.home, hold, by, reason, now())
    finally:
        installation.close()
    printed.print(f"Signed. The run of {opened_on} opens these alerts.")


def replay(
    date_: Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD", help="A published day.")],
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Build all run days before it again, too.")
    ] = False,
    as_corrected: Annotated[
        bool, typer.Option("--as-corrected", help="Judge it with what was received later.")
    ] = False,
    known_on: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="With --as-corrected: until when.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="New folder that gets the rebuilt marts and lists.")
    ] = None,
) -> None:
    """Build a published day again from lake, history and its own policy rows, and compare.

    Exit code 0: byte for byte the same; 1: something differs, and what. Changes nothing that is
    published; --as-corrected writes published/as_corrected/<day>/ and tells which alerts change.
    """
    from pipelines.defs.installation import Installation
    from pipelines.defs.replay import Corrected, Replay, replay_as_corrected
    from pipelines.defs.replay import replay as rebuild

    if known_on and not as_corrected:
        raise UsageError("--known-on goes with --as-corrected.")
    if as_corrected and (from_start or keep):
        raise UsageError("--as-corrected goes neither with --from-start nor with --keep.")
    installation, on_date = Installation.from_settings(), as_day(date_)
    found: Replay | Corrected
    if as_corrected:
        until = as_day(known_on) if known_on else None
        found = replay_as_corrected(installation, on_date, until, steps.begin)
    else:
        found = rebuild(installation, on_date, steps.begin, from_start=from_start, keep=keep)
    for sentence in found.sentences():
        printed.print(sentence, markup=False)
    raise typer.Exit(found.exit_code)


def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the web page.")] = 3000,
    host: Annotated[
        str, typer.Option(help="Address to listen on; the page asks nobody who they are.")
    ] = "127.0.0.1",
) -> None:
    """Open the orchestrator: web page, schedule, sensors and daemon, until it is stopped."""
    from pipelines.defs.serving import serve as serve_until_stopped

    raise typer.Exit(serve_until_stopped(Home(Settings().home), port, host))


def demo(
    scale: Annotated[float, typer.Option(help="1.0 is Liaocheng.")] = 1.0,
    days: Annotated[int, typer.Option(help="How many days from 2024-04-30.", min=1)] = 1,
    seed: Annotated[int, typer.Option(help="Another number, another city.")] = 7,
) -> None:
    """Make the demo city (if missing) and run its days."""
    from pipelines.demo_city import check_city, make_city

    home = Home(Settings().home)
    last = date.fromordinal(FIRST_DEMO_DAY.toordinal() + days - 1)
    check_city(home.root, FIRST_DEMO_DAY, last, scale, seed)

    def make() -> None:
        started = time.perf_counter()
        make_city(home.root, FIRST_DEMO_DAY, last, scale, seed, progress=steps.begin)
        told.print(f"city made in {time.perf_counter() - started:.1f} s")

    code = run_and_tell(FIRST_DEMO_DAY, last, make, summary=True)
    from pipelines.defs.day_report import Outcome

    if code == int(Outcome.NOTHING_PUBLISHED):
        raise typer.Exit(code)
    printed.print(f"Warehouse: {home.published / 'warehouse.duckdb'}")
    printed.print(f"Lists:     {home.day(last) / 'lists'}")
    printed.print(f"Bulletin:  {home.day(last) / 'bulletin.html'}")
    printed.print(f"Quality:   {home.quality / 'index.html'}")
    raise typer.Exit(code)


def make_city(
    out: Annotated[Path, typer.Option(help="Folder for landing/ and truth/.")],
    from_: Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD")],
    to: DateOption,
    scale: Annotated[float, typer.Option(help="0.005 to 20; 1.0 is Liaocheng.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Another number, another city.")] = 7,
    messy: Annotated[float, typer.Option(help="Share of rows damaged on purpose.")] = 0.0,
) -> None:
    """Write the four departments' deliveries and what the generator knows (truth/)."""
    from pipelines.demo_city import make_city as make

    make(out, as_day(from_), as_day(to), scale, seed, messy, progress=steps.begin)
    printed.print(f"Made {out.absolute()}")


def backtest(
    from_: Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD")],
    to: DateOption,
    as_json: JsonOption = False,
) -> None:
    """Score each rule over days that were run: against truth/ where there is one, and after."""
    from pipelines.reporting import backtest as scoring

    home = Home(Settings().home)
    result = scoring.backtest(home, as_day(from_), as_day(to), expected_cases(home))
    if as_json:
        print(scoring.as_json(result))
    else:
        printed.print(scoring.render(result))


def expected_cases(home: Home) -> Any:
    """What the demo city knows to be true, keyed as published; nothing in any other home."""
    import polars as pl

    from pipelines.demo_city import PAID_NAMES
    from pipelines.ingest.keys import subject_keys

    truth = home.truth / "planted.parquet"
    if not truth.exists():
        return None
    vault = open_vault()
    names = {str(code): name for code, name in PAID_NAMES.items()}
    cases = pl.read_parquet(truth).with_columns(
        kind=pl.when(pl.col("program").is_in(["1101", "1201"]))
        .then(pl.lit("household"))
        .otherwise("subject_kind"),
        program=pl.when(pl.col("subject_kind") == "beneficiary").then(
            pl.col("program").replace(names)
        ),
    )
    return pl.concat(
        of_kind.with_columns(key=subject_keys(vault, str(kind), of_kind["subject_number"]))
        for (kind,), of_kind in cases.group_by("kind", maintain_order=True)
    )
