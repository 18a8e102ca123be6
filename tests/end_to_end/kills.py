"""A day killed, starved of disk or run on an odd machine: how to do it and what must be equal.

No test stands here; they are in `test_killed_runs.py`.
"""

import hashlib
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from pipelines.settings import PROJECT, Home
from tests.commands import known_environment
from tests.conftest import FIRST_DAY, SECOND_DAY
from tests.end_to_end.third_day import THIRD_DAY, bring_the_third_day

PAGE_BYTES = 4096
SAME_BYTES = (
    "lake", "published/parquet", f"published/{FIRST_DAY}", f"published/{SECOND_DAY}",
    f"published/{THIRD_DAY}", "quarantine", "corrections", "outbox", "warehouse/history", "policy",
)  # fmt: skip
"""What a day leaves below the home that follows from deliveries and key alone."""


def home_before_the_day(world: Home, root: Path) -> Home:
    """The shared city before its third day is run, with all that it brings."""
    home = Home(root)
    bring_the_third_day(world, home)
    return home


def start(home: Home) -> subprocess.Popen[str]:
    """Start the third day in a process group of its own."""
    command = [sys.executable, "-m", "pipelines", "--home", str(home.root)]
    return subprocess.Popen(
        [*command, "run", "--date", str(THIRD_DAY)],
        cwd=PROJECT, env=known_environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def run_on_an_odd_machine(home: Home) -> subprocess.CompletedProcess[str]:
    """Run the third day far from Shanghai, in locale C, with a clock set back to 2001."""
    clock = "datetime(2001, 2, 3, 4, 5, tzinfo=settings.TIME_ZONE)"
    program = (
        "import sys; from datetime import datetime; from pipelines import settings; "
        f"settings.now = lambda: {clock}; settings.today = lambda: {clock}.date(); "
        "from pipelines.cli import main; main(sys.argv[1:])"
    )
    return subprocess.run(
        [sys.executable, "-c", program, "--home", str(home.root), "run", "--date", str(THIRD_DAY)],
        cwd=PROJECT, env=known_environment() | {"TZ": "America/Adak", "LC_ALL": "C", "LANG": "C"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def kill_at_stage(home: Home, stage: str) -> bool:
    """Run the third day and kill it as a stage begins; whether it got that far."""
    process = start(home)
    assert process.stderr is not None
    for line in process.stderr:
        if stage in line:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return True
    process.wait()
    return False


def ask_to_stop_within(home: Home, stage: str, seconds: float) -> tuple[int, str]:
    """Run the third day and ask it to stop a while after a stage began: exit code, last words."""
    process = start(home)
    assert process.stderr is not None
    for line in process.stderr:
        if stage in line:
            time.sleep(seconds)
            process.send_signal(signal.SIGTERM)
            break
    words = process.stderr.read()
    return process.wait(), words


def kill_after(home: Home, seconds: float) -> bool:
    """Run the third day and kill it after a while; whether it was still running."""
    process = start(home)
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return True
    return False


@contextmanager
def nearly_full_disk(place: Path, room_bytes: int) -> Iterator[None]:
    """Put a folder on a disk of its own that has little room left, and back when done.

    Raises:
        PermissionError: this user may not mount.
    """
    aside = place.with_name(place.name + ".aside")
    sizes = [file.lstat().st_size for file in place.rglob("*") if file.is_file()]
    size = sum(-(-used // PAGE_BYTES) * PAGE_BYTES for used in sizes) + room_bytes
    place.rename(aside)
    place.mkdir()
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)],
            capture_output=True, check=False,
        )  # fmt: skip
        if mounted.returncode:
            raise PermissionError("this user may not mount a disk")
        shutil.copytree(aside, place, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(aside)
        yield
        shutil.copytree(place, aside, symlinks=True)
    finally:
        subprocess.run(["umount", str(place)], capture_output=True, check=False)
        place.rmdir()
        aside.rename(place)


def state_of(home: Home) -> dict[str, str]:
    """Hash of every file that must come out the same, and of every table of the warehouse."""
    found = {}
    for place in SAME_BYTES:
        folder = (home.root / place).resolve()
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                name = f"{place}/{file.relative_to(folder).as_posix()}"
                found[name] = hashlib.sha256(file.read_bytes()).hexdigest()
    with duckdb.connect(str(home.published / "warehouse.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "select format('{}.{}', schema_name, table_name) from duckdb_tables()"
        ).fetchall()
        for (table,) in tables:
            rows = connection.execute(
                f"select count(*), sum(cast(hash(mart) as hugeint)) from {table} as mart"
            ).fetchall()
            found[f"warehouse {table}"] = str(rows)
    return found


def leftovers(home: Home) -> list[str]:
    """Unfinished or temporary files below the home, where nothing is running."""
    names = ("*.unfinished", "*.switching", "*.part", ".building")
    return sorted(
        path.relative_to(home.root).as_posix()
        for name in names
        for place in ("lake", "published", "vault", "warehouse/history", "outbox", "runs")
        for path in (home.root / place).rglob(name)
        if path.is_dir() or path.name != "part.parquet"
    )


@dataclass
class Reader:
    """Somebody who reads what is published, all the time: a context manager.

    Every look must find one complete day: the alerts open in the warehouse are those that the
    balance of the same day counts.
    """

    home: Home
    looks: int = 0
    days: set[date] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def __enter__(self) -> "Reader":
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _read(self) -> None:
        while not self._ended.is_set():
            try:
                self._look()
            except Exception as fault:
                self.faults.append(f"{type(fault).__name__}: {fault}")
            time.sleep(0.05)

    def _look(self) -> None:
        file = self.home.published / "warehouse.duckdb"
        with duckdb.connect(str(file), read_only=True) as connection:
            [[on_date, balance]] = connection.execute(
                "select on_date, sum(open_now) from marts.rpt_alert_balance "
                "group by on_date order by on_date desc limit 1"
            ).fetchall()
            [[is_open]] = connection.execute(
                "select count(*) from marts.fct_alerts where status = 'open'"
            ).fetchall()
        self.looks += 1
        self.days.add(on_date)
        if balance != is_open:
            self.faults.append(f"{on_date}: {balance} in the balance, {is_open} alerts")
