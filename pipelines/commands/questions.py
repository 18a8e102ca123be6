"""Commands of analysts: questions to the published warehouse, cards of alerts, another policy."""

import json
import sys
from typing import Annotated, Any

import typer

from pipelines.commands.telling import JsonOption, as_day, printed, say, show_frame, steps, told
from pipelines.settings import Home, Settings, UsageError

SHOWN_AS_TEXT = ("INTERVAL", "UNION", "BLOB")
"""Parts of the names of kinds that frames, or CSV, cannot hold."""


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
                say(str(fault))


def show_answer(connection: Any, query: str, *, as_json: bool, as_csv: bool) -> None:
    """Run one query and print its rows."""
    import duckdb

    try:
        if len(connection.extract_statements(query)) > 1:
            raise UsageError("Ask one query at a time: only the last would be answered.")
        answer = connection.sql(query)
        frame = _rows_of(answer) if answer is not None else None
    except duckdb.Error as fault:
        raise UsageError(f"The query cannot be answered: {str(fault).splitlines()[0]}") from fault
    if frame is not None:
        show_frame(frame, as_json=as_json, as_csv=as_csv)


def _rows_of(answer: Any) -> Any:
    """The rows of an answer as a frame; values of kinds that frames do not know as text."""
    from duckdb import ColumnExpression

    unknown = [any(word in str(kind) for word in SHOWN_AS_TEXT) for kind in answer.types]
    if any(unknown):
        answer = answer.select(*(
            ColumnExpression(name).cast("varchar").alias(name) if is_unknown
            else ColumnExpression(name)
            for name, is_unknown in zip(answer.columns, unknown, strict=True)
        ))  # fmt: skip
    return answer.pl()


def ask(prompt: str) -> str:
    """A line from the terminal; empty at its end."""
    try:
        return input(prompt).strip().rstrip(";")
    except EOFError:
        return ""


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
        say(words)
    show_frame(frame, as_json=as_json, as_csv=as_csv)


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


def explain(
    alert: Annotated[str, typer.Argument(help="The code of an alert, as on the list.")],
    english: Annotated[bool, typer.Option("--en", help="In English.")] = False,
    as_json: JsonOption = False,
) -> None:
    """The card of one alert: clause, parameters, arithmetic line by line, what is not known."""
    from pipelines.contracts.city import load_city
    from pipelines.reporting.card import find_alert, read_card
    from pipelines.reporting.card_text import card_as_json, render_card
    from pipelines.reporting.published import open_published
    from pipelines.warehouse.city_project import project_of
    from pipelines.warehouse.policy import rows_judged_with

    settings = Settings()
    home = Home(settings.home)
    project = project_of(home, load_city(settings.city, home))
    with open_published(home) as connection:
        seen_on = find_alert(connection, alert)["last_seen_on"]
        policy = rows_judged_with(home, seen_on, project)
        card = read_card(connection, alert, settings.city, policy)
    if as_json:
        print(card_as_json(card))
    else:
        printed.print(render_card(card, "en" if english else "zh"))


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
