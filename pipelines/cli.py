"""Entry for people: `wendu`. Reads the command line and leaves with an exit code.

Every fault a person can cause or mend is one sentence on standard error and an exit code
(`commands.faults`); a traceback is shown only with `--debug`. No work stands here, and no command:
those are in `commands`.
"""

import ctypes
import gc
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands import days, declarations, identities, questions, visits
from pipelines.commands.faults import INTERRUPTED, answer_to, is_of_the_command_line
from pipelines.commands.telling import say, steps

GLOBAL_OPTIONS = {"--home": True, "--city": True, "--debug": False}

OBJECTS_BEFORE_COLLECTING = 50_000
"""A run imports and wires a million objects that all stay: looking through them for rings of
garbage after each seven hundred, as Python does, takes a fifth of that time (2026-11-26)."""

COMMANDS: Mapping[str, Sequence[Callable[..., None]]] = {
    "Days": (days.run, days.status, days.release, days.replay, days.serve),
    "Lists and visits": (visits.lists, visits.send, visits.replies, visits.corrections),
    "Questions": (
        questions.explain, questions.sql, questions.questions, questions.dictionary,
        questions.simulate, days.backtest,
    ),
    "Identities": (identities.reveal, identities.forget, identities.rotate_key),
    "Demo city": (days.demo, days.make_city),
    "Declarations": (
        declarations.check, declarations.new_table, declarations.new_city, declarations.version,
    ),
}  # fmt: skip
"""What stands under which heading of `wendu --help`; a command is called as its function."""

M_ARENA_MAX, ARENAS = -8, 2
"""Setting of the C library: how many heaps threads share. By itself it makes up to eight a core,
and keeps in each what was freed there: days in a row took 90 MB more each (2026-11-27)."""

app = typer.Typer(
    name="wendu",
    help="Wendu (温度): watch over a city's low-income population.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for heading, commands in COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=heading)(command)
app.add_typer(identities.key, name="key", rich_help_panel="Identities")


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
    with suppress(AttributeError, OSError, TypeError):  # another C library has no such setting
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)
    given = query_last(globals_first(sys.argv[1:] if arguments is None else arguments))
    debug = "--debug" in given
    if not debug:
        # What a library could not finish closing is told by the fault itself.
        sys.unraisablehook = lambda _: None
    try:
        code = app(given, standalone_mode=False) or 0
        if code == INTERRUPTED:
            raise typer.Abort  # told as any other
    except Exception as fault:
        if debug and not is_of_the_command_line(fault):
            raise
        code, sentence = answer_to(fault)
        say(sentence)
    finally:
        steps.stop()
    sys.exit(code)
