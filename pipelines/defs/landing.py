"""What came into landing since a delivery was last taken: a reason to run today again.

Looks at names, sizes and times of files only, never into them. Does not belong here: taking
deliveries (`ingest.receive`), the morning's run (`automation`).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.ingest.receive import landed
from pipelines.settings import DEPARTMENTS, TIME_ZONE, Home

QUIET = timedelta(minutes=5)
"""For how long nothing of a delivery may have changed before it is taken for complete."""


@dataclass(frozen=True)
class Waiting:
    """Deliveries that lie in landing and were not accepted."""

    complete: tuple[str, ...]
    arriving: tuple[str, ...]
    mark: str

    @property
    def is_new(self) -> bool:
        """Whether there is anything to take."""
        return bool(self.complete)


def waiting_in_landing(home: Home, at: datetime) -> Waiting:
    """Deliveries dated until today without an accepted receipt.

    Args:
        home: whose landing.
        at: the moment, with its time zone; what changed within `QUIET` before it still arrives.

    Returns:
        Names as `finance/2024-05-03`, and a mark that changes with any file of what is complete,
        so that a delivery that failed is tried again when it was mended and not before.
    """
    complete, arriving, seen = [], [], []
    until = at.astimezone(TIME_ZONE).date()
    deliveries = [(name, day) for name in DEPARTMENTS for day in landed(home, name, until)]
    for department, received_on in deliveries:
        name, folder = f"{department}/{received_on}", home.delivery(department, received_on)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        if not files:
            continue
        states = [(path, path.stat()) for path in files]
        newest = max(state.st_mtime for _, state in states)
        if at.timestamp() - newest < QUIET.total_seconds():
            arriving.append(name)
            continue
        complete.append(name)
        seen += [f"{path} {state.st_size} {state.st_mtime_ns}" for path, state in states]
    mark = hashlib.sha256("\n".join(seen).encode()).hexdigest()[:16]
    return Waiting(tuple(complete), tuple(arriving), mark)
