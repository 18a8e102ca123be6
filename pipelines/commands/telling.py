"""How commands speak: what goes to standard error and output, and how a frame is shown.

Does not belong here: what is told (each command), how faults are told (`faults`).
"""

import json
import sys
from datetime import date
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pipelines.commands.progress import Steps
from pipelines.settings import UsageError

told = Console(stderr=True, highlight=False, soft_wrap=True)
printed = Console(highlight=False, width=None if sys.stdout.isatty() else 4000)
steps = Steps(told)

DateOption = Annotated[str, typer.Option(metavar="YYYY-MM-DD")]
JsonOption = Annotated[bool, typer.Option("--json", help="For a program to read.")]


def say(sentence: str) -> None:
    """One sentence to the operator."""
    told.print(sentence, markup=False)


def as_day(text: str) -> date:
    """A date as written on the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise UsageError(f"{text!r} is not a date; write it as 2024-04-30.") from fault


def show_frame(frame: Any, *, as_json: bool, as_csv: bool) -> None:
    """Print the rows of a frame, for people or for a program."""
    if as_json:
        print(json.dumps(frame.to_dicts(), ensure_ascii=False, default=str))
    elif as_csv:
        from pipelines.reporting.spreadsheet import as_csv as spreadsheet

        print(spreadsheet(frame), end="")
    else:
        table = Table(*map(escape, frame.columns))
        for row in frame.iter_rows():
            table.add_row(*(Text("NULL" if value is None else str(value)) for value in row))
        printed.print(table)
