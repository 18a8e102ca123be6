"""Running the command: as a process of its own, or within this one.

A process of its own costs its imports, three seconds for a day and half a one for anything else.
It is for what is claimed of a process: that it starts from nothing, is killed, says nothing else on
its streams, runs with another clock. Everything else runs the same command line here.
"""

import gc
import io
import os
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from pipelines import cli
from pipelines.defs import installation
from pipelines.quality import Judge
from pipelines.settings import PROJECT


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


def run_wendu(*arguments: str, home: Path | None = None, **environment: str) -> Ran:
    """Run the command as a person would, in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-m", "pipelines", *_where(home), *arguments],
        cwd=PROJECT,
        env=known_environment() | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


def run_here(*arguments: str, home: Path | None = None, **environment: str) -> Ran:
    """Run the same command line in this process, which has imported what it needs already."""
    out, err = io.StringIO(), io.StringIO()
    collecting, hook = gc.get_threshold(), sys.unraisablehook
    with (
        mock.patch.dict(os.environ, known_environment() | environment, clear=True),
        mock.patch.object(installation, "Judge", KeptJudge),
        chdir(PROJECT),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            cli.main([*_where(home), *arguments])
        except SystemExit as left:
            code = int(left.code or 0)
        finally:
            gc.set_threshold(*collecting)
            sys.unraisablehook = hook
    return Ran(code, out.getvalue(), err.getvalue())


class KeptJudge:
    """The gates' judge, whose process stays for the next run here."""

    kept: Judge | None = None

    def __enter__(self) -> Judge:
        if KeptJudge.kept is None:
            KeptJudge.kept = _LastingJudge().__enter__()
        return KeptJudge.kept


class _LastingJudge(Judge):
    def __exit__(self, *_: object) -> None:
        """Stay; the process ends with this one."""


def _where(home: Path | None) -> list[str]:
    return ["--home", str(home)] if home else []


def known_environment() -> dict[str, str]:
    """The environment without what it says of a home of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("WENDU_")}
