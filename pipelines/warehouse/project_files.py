"""The files of a dbt project: which they are, their hash, a copy of them.

What programs leave in the folder is none of them. Does not belong here: what is in the files.
"""

import hashlib
import shutil
from pathlib import Path

LEFT_BY_PROGRAMS = ("target", "logs", "__pycache__", "__marimo__")


def hash_of_files(*folders: Path) -> str:
    """One hash over names and bytes of all files of some folders, in this order."""
    told = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            name = file.relative_to(folder)
            if file.is_file() and not {*name.parts} & {*LEFT_BY_PROGRAMS}:
                told.update(f"{name} ".encode() + file.read_bytes())
    return told.hexdigest()


def copy_project(project: Path, to: Path) -> Path:
    """A copy of a project in a folder that is not there yet."""
    return Path(shutil.copytree(project, to, ignore=shutil.ignore_patterns(*LEFT_BY_PROGRAMS)))
