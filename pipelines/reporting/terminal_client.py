"""The terminal client for analysts: harlequin on the published warehouse, read-only.

An optional extra (`pip install wendu[analysts]`). Does not belong here: the plain prompt, which
`wendu sql` offers where harlequin is not installed.
"""

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from pipelines.reporting.published import open_published, search_path
from pipelines.settings import Home


def is_installed() -> bool:
    """Whether harlequin can be started."""
    return importlib.util.find_spec("harlequin") is not None


def run_terminal_client(home: Home) -> int:
    """Open the published warehouse in harlequin and wait until it is closed; its exit code.

    It reads the state that is published now, whatever is published meanwhile, and writes no
    history of what was asked.

    Raises:
        UsageError: nothing was published below this home yet.
    """
    with open_published(home) as connection:
        names = search_path(connection)
    with tempfile.TemporaryDirectory() as folder:
        beginning = Path(folder) / "begin.sql"
        beginning.write_text(
            f"set enable_external_access = false;\nset search_path = '{names}';\n",
            encoding="utf-8",
        )
        warehouse = (home.published / "warehouse.duckdb").resolve()
        command = [sys.executable, "-m", "harlequin", "--adapter", "duckdb", "--read-only"]
        command += ["--no-write-history", "--init-path", str(beginning), str(warehouse)]
        return subprocess.run(command, check=False).returncode
