"""Entry for people: `wendu`. Reads the command line, calls one floor, tells what happened.

Every fault a person can cause or mend is one sentence on standard error and an exit code
(`faults`); a traceback is shown only with `--debug`. No work stands here.
"""

import gc
import json
import logging
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pipelines.faults import INTERRUPTED, STOPPED, answer_to, is_of_the_command_line
from pipelines.progress import Steps
from pipelines.settings import (
    Home,
    MailSettings,
    Settings,
    UsageError,
    WenduError,
    now,
    today,
    user_name,
    versions,
)

FIRST_DEMO_DAY = date(2024, 4, 30)
GLOBAL_OPTIONS = {"--home": True, "--city": True, "--debug": False}

OBJECTS_BEFORE_COLLECTING = 50_000
"""A run imports and wires a million objects that all stay: looking through them for rings of
garbage after each seven hundred, as Python does, takes a fifth of that time (2026-11-26)."""

app = typer.Typer(
    name="wendu",
    help="Wendu (温度): watch over a city's low-income population.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
key_app = typer.Typer(help="The pseudonym of a number (needs the key).", no_args_is_help=True)
app.add_typer(key_app, name="key")
told = Console(stderr=True, highlight=False, soft_wrap=True)
printed = Console(highlight=False, width=None if sys.stdout.isatty() else 4000)
steps = Steps(told)

DateOption = Annotated[str, typer.Option(metavar="YYYY-MM-DD")]
JsonOption = Annotated[bool, typer.Option("--json", help="For a program to read.")]


@app.callback()
def options(
    home: Annotated[
        Path | None, typer.Option(help="Where everything lies; WENDU_HOME, else data/.")
    ] = None,
    city: Annotated[str | None, typer.Option(help="Folder below data/cities/; WENDU_CITY.")] = None,
    debug: Annotated[
        bool, typer.Option(help="Show tracebacks and the orchestrator's log.")
    ] = False,
) -> None:
    """Options of every command; they may stand anywhere on the line."""
    if home is not None:
        os.environ["WENDU_HOME"] = str(home.absolute())
    if city is not None:
        os.environ["WENDU_CITY"] = city
    if debug:
        os.environ["WENDU_DEBUG"] = "1"
        steps.shows_bar = False
        logging.basicConfig(level=logging.INFO)
        logging.getLogger("pipelines").setLevel(logging.DEBUG)


@app.command()
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


@app.command()
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


@app.command()
def simulate(
    date_: Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD", help="A published day.")],
    set_: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="NAME=NUMBER",
            help="As standard.dibao.urban=980 (yuan a month) or parameter.NAME=NUMBER; repeatable.",
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Judge a published day with other numbers of the policy: who comes in and out, and the cost.

    By the same models; nothing published changes.
    """
    from pipelines.defs.installation import Installation
    from pipelines.defs.simulation import simulate as put_over

    found = put_over(Installation.from_settings(), as_day(date_), set_, steps.begin)
    if as_json:
        print(json.dumps(found.as_document(), ensure_ascii=False, default=str))
        return
    if found.differing.height:
        show_frame(found.differing, as_json=False, as_csv=False)
    for sentence in found.sentences():
        printed.print(sentence, markup=False)


@app.command()
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


@app.command("make-city")
def make_city_command(
    out: Annotated[Path, typer.Option(help="Folder for landing/ and truth/.")],
    from_: Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD")],
    to: DateOption,
    scale: Annotated[float, typer.Option(help="0.005 to 20; 1.0 is Liaocheng.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Another number, another city.")] = 7,
    messy: Annotated[float, typer.Option(help="Share of rows damaged on purpose.")] = 0.0,
) -> None:
    """Write the four departments' deliveries and what the generator knows (truth/)."""
    from pipelines.demo_city import make_city

    make_city(out, as_day(from_), as_day(to), scale, seed, messy, progress=steps.begin)
    printed.print(f"Made {out.absolute()}")


@app.command()
def status(
    all_: Annotated[bool, typer.Option("--all", help="Everything, in tables.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Whether today is fine, and what to do if not; --all shows days, sources and alerts."""
    from pipelines.reporting.status import five_lines, print_status, status_as_json, status_of

    home = Home(Settings().home)
    state = status_of(home)
    if as_json:
        print(status_as_json(state))
    elif all_:
        print_status(printed, state)
    else:
        from pipelines.outreach.delivery_ledger import sent_counts

        sent = sent_counts(home, state.published_on) if state.published_on else {}
        for line in five_lines(home, state, today(), sent):
            printed.print(line, markup=False)


@app.command()
def release(
    hold: Annotated[str, typer.Option(help="Name of the hold, as `wendu status` tells it.")],
    by: Annotated[str, typer.Option(help="Who signs.")],
    reason: Annotated[str, typer.Option(help="Why the alerts are believed.")],
) -> None:
    """Sign for what the flood breaker holds; the run of the next day opens it."""
    from pipelines.warehouse.holds import sign

    opened_on = sign(Home(Settings().home), hold, by, reason, now())
    printed.print(f"Signed. The run of {opened_on} opens these alerts.")


@app.command()
def lists(
    date_: Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD")],
    encrypted: Annotated[
        Path | None,
        typer.Option(
            help="New folder that gets copies, each with its township's password "
            "(WENDU_LIST_PASSWORDS_FILE)."
        ),
    ] = None,
) -> None:
    """Tell where the township workbooks of a published day lie, or make encrypted copies."""
    settings = Settings()
    home, on_date = Home(settings.home), as_day(date_)
    workbooks = sorted((home.day(on_date) / "lists").glob("*.xlsx"))
    if not home.day(on_date).exists():
        raise UsageError(f"{on_date} is not published; run `wendu run --date {on_date}` first.")
    if encrypted is not None:
        from pipelines.outreach.encryption import encrypt_lists, read_passwords

        if settings.list_passwords_file is None:
            raise UsageError(
                "Set WENDU_LIST_PASSWORDS_FILE to the file with a password for each township."
            )
        workbooks = encrypt_lists(
            workbooks, read_passwords(settings.list_passwords_file), encrypted
        )
    for workbook in workbooks:
        printed.print(str(workbook))


@app.command()
def send(
    date_: Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would go.")] = False,
    resend: Annotated[
        bool, typer.Option("--resend", help="Also what is uncertain, was refused or came back.")
    ] = False,
) -> None:
    """Mail a published day's lists to their offices, each once; put off ones go with the next."""
    from pipelines.defs.sending import send_day

    def tell(sentence: str) -> None:
        printed.print(sentence, markup=False)

    is_done = send_day(
        Settings(), MailSettings(), as_day(date_), tell, dry_run=dry_run, resend=resend
    )
    raise typer.Exit(0 if is_done else 2)


@app.command()
def corrections(
    date_: Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD")], as_json: JsonOption = False
) -> None:
    """Tell what each department is asked to mend on a day, and where its workbook lies."""
    from pipelines.defs.corrections import correction_sentences, counts_of_day

    home, on_date = Home(Settings().home), as_day(date_)
    if as_json:
        print(json.dumps(counts_of_day(home, on_date), ensure_ascii=False))
        return
    for sentence in correction_sentences(home, on_date) or ["Nothing is to be corrected."]:
        printed.print(sentence)


@app.command()
def replies(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Returned lists; none: <home>/replies/inbox/.")
    ] = None,
    received_on: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="When they were received; else today.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read back lists that townships filled in: good lines are taken, the others returned.

    Exit code 0: every line was taken; 2: lines were returned, or a file was not taken at all.
    """
    from pipelines.contracts.replies import dispute_sentences, disputes
    from pipelines.defs.installation import Installation
    from pipelines.defs.replies import take_replies

    installation = Installation.from_settings()
    try:
        read_on = as_day(received_on) if received_on else None
        taken = take_replies(installation, files or [], read_on)
    finally:
        installation.close()
    disputed = disputes(installation.home)
    if as_json:
        answer = {
            "files": [asdict(file) for file in taken],
            "disputed": disputed.drop("received_on").to_dicts(),
        }
        print(json.dumps(answer, ensure_ascii=False, default=str, indent=1))
    else:
        for file in taken:
            printed.print(file.sentence(), markup=False)
        if not taken:
            printed.print(f"Nothing waits in {installation.home.replies / 'inbox'}.")
        for sentence in dispute_sentences(disputed):
            printed.print(sentence, markup=False)
    is_whole = all(file.verdict in ("taken", "known") and not file.refused for file in taken)
    raise typer.Exit(0 if is_whole else 2)


@app.command()
def explain(
    alert: Annotated[str, typer.Argument(help="The code of an alert, as on the list.")],
    english: Annotated[bool, typer.Option("--en", help="In English.")] = False,
    as_json: JsonOption = False,
) -> None:
    """The card of one alert: clause, parameters, arithmetic line by line, what is not known."""
    from pipelines.contracts.city import load_city
    from pipelines.reporting.card import read_card
    from pipelines.reporting.card_text import card_as_json, render_card
    from pipelines.reporting.published import open_published
    from pipelines.warehouse.city_project import project_of

    settings = Settings()
    home = Home(settings.home)
    project = project_of(home, load_city(settings.city, home))
    with open_published(home) as connection:
        card = read_card(connection, alert, settings.city, project / "seeds" / "policy")
    if as_json:
        print(card_as_json(card))
    else:
        printed.print(render_card(card, "en" if english else "zh"))


@app.command()
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


@app.command()
def sql(
    query: Annotated[str | None, typer.Argument(help="One SELECT; none opens a client.")] = None,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,
) -> None:
    """Query the published warehouse, read-only; marts and views need no schema name.

    Without a query it opens harlequin where that is installed, else a plain prompt.
    """
    from pipelines.reporting import terminal_client
    from pipelines.reporting.published import open_published

    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if query is None and on_terminal and terminal_client.is_installed():
        raise typer.Exit(terminal_client.run_terminal_client(Home(Settings().home)))
    with open_published(Home(Settings().home)) as connection:
        if query is not None:
            show_answer(connection, query, as_json=as_json, as_csv=as_csv)
            return
        told.print("One statement a line; an empty line or Ctrl-D ends.")
        while line := ask("wendu> "):
            try:
                show_answer(connection, line, as_json=as_json, as_csv=as_csv)
            except UsageError as fault:
                told.print(str(fault), markup=False)


@app.command()
def questions(
    number: Annotated[int | None, typer.Argument(help="One of them, to be answered.")] = None,
    text: Annotated[bool, typer.Option("--sql", help="Print the SELECT, do not run it.")] = False,
    timed: Annotated[
        bool, typer.Option("--time", help="Milliseconds of each, best of three.")
    ] = False,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,
) -> None:
    """Worked questions of analysts: list them, answer one, or time them.

    The answer goes to standard output; how to read it, and what must not be published, to
    standard error.
    """
    from pipelines.reporting import questions as worked
    from pipelines.reporting.published import open_published

    asked = [worked.question(number)] if number is not None else worked.load_questions()
    if text:
        for one in asked:
            print(one.file.read_text(encoding="utf-8"))
        return
    if number is None and not timed:
        listed = [{"number": one.number, **one.about, "file": str(one.file)} for one in asked]
        if as_json:
            print(json.dumps(listed, ensure_ascii=False))
            return
        for one in asked:
            printed.print(f"{one.number:2}  {one.about['zh']}", markup=False)
            printed.print(f"    {one.about['en']}", markup=False)
        return
    with open_published(Home(Settings().home)) as connection:
        if timed:
            show_frame(worked.milliseconds(connection, asked), as_json=as_json, as_csv=as_csv)
            return
        frame = worked.answer(connection, asked[0])
    for words in asked[0].about.values():
        told.print(words, markup=False)
    show_frame(frame, as_json=as_json, as_csv=as_csv)


@app.command()
def dictionary() -> None:
    """Write published/dictionary.html: every published table and column, and where it is from."""
    from pipelines.defs.installation import Installation
    from pipelines.reporting.dictionary import write_dictionary
    from pipelines.reporting.published import open_published
    from pipelines.warehouse.lineage import origins_of_marts

    home = Home(Settings().home)
    with open_published(home) as connection:
        project = Installation.from_settings().dbt
        origins = origins_of_marts(project)
        file = write_dictionary(home.published, connection, project.manifest, origins)
    printed.print(f"Dictionary: {file}")


@app.command()
def reveal(
    alert: Annotated[str, typer.Argument(help="Code of the alert, as on the list.")],
    purpose: Annotated[str, typer.Option(help="Why you need to know; kept in the audit book.")],
    as_json: JsonOption = False,
) -> None:
    """Show who one alert is about: needs the vault key, and writes an audit row first."""
    from pipelines.reporting.reveal import reveal as revealed

    found = revealed(
        Home(Settings().home), open_vault(), alert, purpose, now().isoformat(), user_name()
    )
    if as_json:
        answer = {"household": found.households.to_dicts(), "person": found.people.to_dicts()}
        print(json.dumps(answer, ensure_ascii=False))
        return
    for title, rows in (("household", found.households), ("person", found.people)):
        for name, value in rows.to_dicts()[0].items() if rows.height else ():
            if value is not None:
                printed.print(f"{title} {name}: {value}", markup=False)
    if found.households.is_empty() and found.people.is_empty():
        printed.print("The vault knows nobody behind this alert.")


@key_app.command("person")
def key_person(number: str) -> None:
    """The pseudonym of a citizen or disability-certificate number."""
    from pipelines.ingest.keys import person_key

    print(person_key(open_vault(), number))


@key_app.command("household")
def key_household(
    number: str,
    register: Annotated[
        str | None,
        typer.Option(help="civil_affairs or agriculture; else the one that knows the number."),
    ] = None,
) -> None:
    """The pseudonym of a family number (civil affairs) or watched-household number."""
    from pipelines.ingest.keys import household_key

    print(household_key(Home(Settings().home), open_vault(), number, register))


@app.command()
def forget(
    number: Annotated[str, typer.Argument(help="Citizen number of the person.")],
    purpose: Annotated[str, typer.Option(help="On what ground; kept in the audit book.")],
    lift: Annotated[
        bool, typer.Option("--lift", help="Let a forgotten number be stored again.")
    ] = False,
) -> None:
    """Take a person's identity out of vault, refused rows, raw deliveries and returned lists.

    The facts stay under their pseudonym. The number stays out, also when a department sends it
    again, until --lift.
    """
    from pipelines.defs.forgetting import forget as forget_person
    from pipelines.defs.installation import Installation

    installation = Installation.from_settings()
    open_vault()
    try:
        done = forget_person(
            installation, number, purpose, now().isoformat(), user_name(), steps.begin, lift=lift
        )
    finally:
        installation.close()
    for sentence in done.sentences():
        printed.print(sentence, markup=False)


@app.command("rotate-key")
def rotate_key() -> None:
    """Make a new key and with it new pseudonyms everywhere; cut off, run it again to finish.

    Alerts keep their codes. The old key is destroyed at the end: what was copied under it, in
    backups above all, cannot be joined with what comes.
    """
    from pipelines.defs.installation import Installation
    from pipelines.defs.rotation import rotate

    installation = Installation.from_settings()
    try:
        done = rotate(installation, now().isoformat(), user_name(), steps.begin)
    finally:
        installation.close()
    for sentence in done.sentences():
        printed.print(sentence, markup=False)


@app.command()
def check() -> None:
    """Check every declaration against every other, and the audit book where there is a key."""
    from pipelines.vault import AuditBook, RotationPlace, key_is_known
    from pipelines.warehouse.declarations import disagreements

    settings = Settings()
    home = Home(settings.home)
    found = disagreements(settings.city, home)
    if key_is_known(home, settings.key_file):
        AuditBook(home, open_vault()).check()
    if RotationPlace(home).journal is not None:
        raise WenduError(
            f"A change of the key of {home.root} was cut off and the old key is still there; run "
            "`wendu rotate-key` again, which finishes it."
        )
    for sentence in found:
        told.print(sentence, markup=False)
    if found:
        raise UsageError(f"{len(found)} declarations disagree or are missing.")
    printed.print("All declarations agree.")


@app.command("new-table")
def new_table(
    name: Annotated[str, typer.Argument(metavar="DEPARTMENT/TABLE", help="As finance/payroll.")],
) -> None:
    """Make the declaration of a department table more; filled in, what follows from it."""
    from pipelines.warehouse.new_table import make_table

    department, _, table = name.partition("/")
    for sentence in make_table(department, table):
        printed.print(sentence, markup=False)


@app.command("new-city")
def new_city(
    code: Annotated[str, typer.Argument(help="Its division code, as 370100.")],
    name: Annotated[str, typer.Option(help="As it stands on lists, as 济南市.")] = "",
) -> None:
    """Make a city's folder with every number that is to be filled in; `wendu check` names them."""
    from pipelines.contracts.city import load_city
    from pipelines.warehouse.city_numbers import make_city, missing_numbers

    home = Home(Settings().home)
    folder = make_city(home, code, name or code)
    missing = len(missing_numbers(load_city(code, home)))
    printed.print(
        f"{folder} is made. {missing} things are to be filled in: `wendu --city {code} check` "
        "names each with its file and line."
    )


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the web page.")] = 3000,
    host: Annotated[
        str, typer.Option(help="Address to listen on; the page asks nobody who they are.")
    ] = "127.0.0.1",
) -> None:
    """Open the orchestrator: web page, schedule, sensors and daemon, until it is stopped."""
    from pipelines.defs.serving import serve as serve_until_stopped

    raise typer.Exit(serve_until_stopped(Home(Settings().home), port, host))


@app.command()
def version() -> None:
    """Versions of Wendu and of what shapes its results."""
    for name, number in versions().items():
        printed.print(f"{name} {number}")


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
                told.print(sentence, markup=False)
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


def show_answer(connection: Any, query: str, *, as_json: bool, as_csv: bool) -> None:
    """Run one query and print its rows."""
    import duckdb

    try:
        answer = connection.sql(query)
        frame = answer.pl() if answer is not None else None
    except duckdb.Error as fault:
        raise UsageError(f"The query cannot be answered: {str(fault).splitlines()[0]}") from fault
    if frame is not None:
        show_frame(frame, as_json=as_json, as_csv=as_csv)


def show_frame(frame: Any, *, as_json: bool, as_csv: bool) -> None:
    """Print the rows of a frame, for people or for a program."""
    if as_json:
        print(json.dumps(frame.to_dicts(), ensure_ascii=False, default=str))
    elif as_csv:
        from pipelines.reporting.spreadsheet import as_csv as spreadsheet

        print(spreadsheet(frame), end="")
    else:
        table = Table(*frame.columns)
        for row in frame.iter_rows():
            table.add_row(*("NULL" if value is None else str(value) for value in row))
        printed.print(table)


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


def open_vault() -> Any:
    """The vault of the home; a home without one is told, and none is made."""
    from pipelines.vault import NoKeyYetError, Vault, holds_data, key_is_known

    settings = Settings()
    home = Home(settings.home)
    if not key_is_known(home, settings.key_file) and not holds_data(home):
        raise NoKeyYetError(home)
    return Vault.open(home, settings.key_file)


def as_day(text: str) -> date:
    """A date as written on the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise UsageError(f"{text!r} is not a date; write it as 2024-04-30.") from fault


def ask(prompt: str) -> str:
    """A line from the terminal; empty at its end."""
    try:
        return input(prompt).strip().rstrip(";")
    except EOFError:
        return ""


def say(sentence: str) -> None:
    """One sentence to the operator."""
    told.print(sentence, markup=False)


def globals_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with the options of every command moved to the front, wherever they stood."""
    first: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        name, equals, _ = argument.partition("=")
        if name not in GLOBAL_OPTIONS:
            rest.append(argument)
            continue
        first.append(argument)
        if GLOBAL_OPTIONS[name] and not equals:
            first += [value for value in [next(waiting, None)] if value is not None]
    return first + rest


def query_last(arguments: Sequence[str]) -> list[str]:
    """The arguments with a query that begins with a comment, `-- …`, told apart from options."""
    queries = [argument for argument in arguments if re.match(r"--\s", argument)]
    rest = [argument for argument in arguments if argument not in queries]
    return [*rest, "--", *queries] if queries else rest


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(OBJECTS_BEFORE_COLLECTING, 20, 50)
    given = query_last(globals_first(sys.argv[1:] if arguments is None else arguments))
    debug = "--debug" in given
    if not debug:
        # What a library could not finish closing is told by the fault itself.
        sys.unraisablehook = lambda _: None
    try:
        code = app(given, standalone_mode=False) or 0
        if code == INTERRUPTED:
            say(STOPPED)
    except Exception as fault:
        if debug and not is_of_the_command_line(fault):
            raise
        code, sentence = answer_to(fault)
        say(sentence)
    finally:
        steps.stop()
    sys.exit(code)
