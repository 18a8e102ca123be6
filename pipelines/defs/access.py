"""Who may read what below the home: the operator everything, analysts `published/` alone.

The home and every place in it belong to the operator alone. Where the settings name a group of
analysts, its members may pass through the home and read what is published, and nothing else.
Does not belong here: what may be written right of the vault (tests scan every byte).
"""

import grp
import os
import stat
from pathlib import Path

from pipelines.settings import Home, UsageError

OWNER = stat.S_IRWXU
PASS = OWNER | stat.S_IXGRP
READ = OWNER | stat.S_IRGRP | stat.S_IXGRP


def guard(home: Home, analysts_group: str | None) -> None:
    """Close every place to others, and open what is published to the analysts' group.

    Done before anything is written and again after publishing: a place that was made meanwhile
    is closed with the others.

    Args:
        home: an existing home that the caller holds.
        analysts_group: name of a group of this machine; none keeps everything to the operator.

    Raises:
        UsageError: there is no such group, or the operator is not a member of it.
    """
    if analysts_group is None:
        return
    group = _group(analysts_group)
    home.published.mkdir(exist_ok=True)
    for place in (home.lake, home.quarantine, home.warehouse, home.policy, home.quality, home.runs,
                  home.orchestrator, home.replies, home.outbox, home.corrections):  # fmt: skip
        place.mkdir(exist_ok=True, mode=OWNER)
    for place in home.root.iterdir():
        if place != home.published and not place.is_symlink():
            # Departments may drop what they send as a group of their own.
            closed = stat.S_IRWXO if place == home.landing else stat.S_IRWXG | stat.S_IRWXO
            place.chmod(stat.S_IMODE(place.stat().st_mode) & ~closed)
    try:
        for place, mode in ((home.root, PASS), (home.published, READ)):
            os.chown(place, -1, group)
            place.chmod(mode)
    except PermissionError:
        raise UsageError(
            f"{home.root} could not be given to the group {analysts_group}; make the operator a "
            "member of it and the owner of the home, or unset WENDU_ANALYSTS_GROUP."
        ) from None


def let_read(version: Path, analysts_group: str | None) -> None:
    """Make what was published readable whatever the operator's umask; `published/` is the gate.

    Args:
        version: the folder of one published version.
        analysts_group: none leaves it as it is.
    """
    if analysts_group is None:
        return
    for path in (version, *version.rglob("*")):
        if not path.is_symlink():
            read = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0)
            path.chmod(path.stat().st_mode | read)


def _group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise UsageError(
            f"This machine has no group {name}; make it, or mend WENDU_ANALYSTS_GROUP."
        ) from None
