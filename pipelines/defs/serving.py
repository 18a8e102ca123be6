"""The orchestrator's page and daemon as one process that is started and stopped whole.

Does not belong here: what runs when (`automation`), what a run does (the graph).
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

from pipelines.defs.graph import prepare_instance
from pipelines.settings import PROJECT, Home, UsageError

THIS_MACHINE = "127.0.0.1"
LONGEST_STOP_SECONDS = 5


def serve(home: Home, port: int, host: str = THIS_MACHINE) -> int:
    """Serve until somebody stops it or a part of it dies; the exit code.

    Args:
        home: where; the orchestrator's record lies below it.
        port: of the web page.
        host: the address it listens on. The page asks nobody who they are: outside a container,
            leave it to this machine alone.

    Raises:
        UsageError: the port is taken.
        OSError: the orchestrator's record cannot be written.
    """
    _require_free(port)
    home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    prepare_instance(home)
    _require_room_for_records(home)
    command = [sys.executable, "-m", "dagster", "dev", "-m", "pipelines.definitions"]
    command += ["--host", host, "--port", str(port), "--log-level", "warning"]
    with subprocess.Popen(command, cwd=PROJECT, start_new_session=True) as parts:

        def stop(*_: object) -> None:
            parts.send_signal(signal.SIGINT)  # upon which all parts end in good order

        for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(asked, stop)
        code = parts.wait()
        _end_the_rest(parts.pid)
    return code


def _end_the_rest(session: int) -> None:
    """No server of code may outlive the page it serves; those that do not listen are killed."""
    end = time.monotonic() + LONGEST_STOP_SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.killpg(session, signal.SIGTERM)
        while time.monotonic() < end:
            os.killpg(session, 0)
            time.sleep(0.1)
        os.killpg(session, signal.SIGKILL)


def _require_room_for_records(home: Home) -> None:
    """Try the place before the orchestrator does, which tells of it in a hundred lines."""
    tried = home.orchestrator / ".tried"
    tried.touch()
    tried.unlink()


def _require_free(port: int) -> None:
    with socket.socket() as asked:
        if asked.connect_ex((THIS_MACHINE, port)) == 0:
            raise UsageError(
                f"Port {port} is in use, perhaps by another `wendu serve`; stop that, or choose "
                "another with --port."
            )
