"""What a person sees while long work goes on: a bar on a terminal, a plain line a step elsewhere.

Does not belong here: which steps there are (the floors that work), and what came of them (`cli`).
"""

import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

LOOKS_A_SECOND = 4


class Steps:
    """The steps of one command, told as they begin.

    `shows_bar` is whether there is a bar, which other writers on the terminal would tear.
    """

    def __init__(self, console: Console) -> None:
        self.shows_bar = console.is_interactive
        self._console = console
        self._bar: Progress | None = None
        self._of = ""
        self._begun = 0

    def expect(self, steps: int, of: str) -> None:
        """Let the bar begin anew with a piece of work of so many steps; `of` names it."""
        self._of, self._begun = f"{of}  ", 0
        if self.shows_bar:
            bar = self._shown()
            bar.reset(bar.task_ids[0], total=steps, description=self._of)

    def begin(self, step: str) -> None:
        """A step begins, and with it the one before it has ended."""
        name = step.replace("__", ": ").replace("_", " ")
        if self.shows_bar:
            bar = self._shown()
            bar.update(
                bar.task_ids[0],
                completed=self._begun,
                description=f"{self._of}{name}",
                refresh=True,
            )
            self._begun += 1
        else:
            self._console.print(f"  {name} …", markup=False)

    def stop(self) -> None:
        """Take the bar away; what was printed meanwhile stays."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _shown(self) -> Progress:
        if self._bar is None:
            self._bar = Progress(
                SpinnerColumn(), BarColumn(), TimeElapsedColumn(),
                TextColumn("{task.description}", markup=False),
                console=self._console,
                refresh_per_second=LOOKS_A_SECOND,
                transient=True,
                redirect_stdout=sys.stdout.isatty(),  # an answer that goes to a file goes there
            )  # fmt: skip
            self._bar.add_task(self._of, total=None)
            self._bar.start()
        return self._bar
