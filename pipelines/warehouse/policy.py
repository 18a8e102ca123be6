"""The policy rows a day was judged with, kept so that the day can be judged with them again.

All seeds of the dbt project are kept whole, under the hash of their bytes: rows that did not
change between two days are kept once. Does not belong here: reading or checking the rows.
"""

import hashlib
import shutil
from datetime import date
from pathlib import Path

from pipelines.settings import DBT_PROJECT, POLICY, Home, WenduError, put_in_place
from pipelines.warehouse import history
from pipelines.warehouse.project_files import copy_project

HASH_LETTERS = 16


def current_policy(project: Path = DBT_PROJECT) -> str:
    """Hash of the policy and reference rows of a dbt project."""
    told = hashlib.sha256()
    for file in _rows_in(project / "seeds"):
        told.update(f"{file.relative_to(project)} {file.stat().st_size} ".encode())
        told.update(file.read_bytes())
    return told.hexdigest()[:HASH_LETTERS]


def keep_policy(home: Home, project: Path = DBT_PROJECT) -> str:
    """Keep the rows of a dbt project below the home, where they are not yet; their hash."""
    policy = current_policy(project)
    place = home.policy / policy
    if not place.exists():
        unfinished = home.policy / f".{policy}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        for file in _rows_in(project / "seeds"):
            kept = unfinished / file.relative_to(project)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, kept)
        put_in_place(unfinished, place)
    return policy


def rows_judged_with(home: Home, on_date: date, project: Path) -> Path:
    """The folder of the policy rows that a day was judged with.

    Those of the project where they are not at hand, as for who may read what is published alone.
    """
    try:
        policy = history.stands_on(home, on_date).get("policy")
        if policy and (kept := home.policy / policy / POLICY).is_dir():
            return kept
    except PermissionError:
        pass
    return project / POLICY


def project_with(home: Home, policy: str, folder: Path) -> Path:
    """A copy of the dbt project in an empty folder, with the rows that were kept under a hash.

    Raises:
        WenduError: the rows are not kept below this home.
    """
    place = home.policy / policy
    if not policy or not place.exists():
        raise WenduError(
            f"The policy rows {policy or 'of that day'} are not kept below {home.policy}; put "
            "that folder back, or run the day anew."
        )
    copy_project(DBT_PROJECT, folder)
    for file in _rows_in(folder / "seeds"):
        file.unlink()
    shutil.copytree(place / "seeds", folder / "seeds", dirs_exist_ok=True)
    return folder


def _rows_in(seeds: Path) -> list[Path]:
    return sorted(seeds.rglob("*.csv"))
