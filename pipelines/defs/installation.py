"""One installation as the assets see it: home, city, vault, judge and dbt project, opened once.

Opening is lazy, so that a process pays only for what it uses. Holding the installation is what
keeps two runs apart: whoever writes below the home takes the lock first.
"""

import json
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines import ingest
from pipelines.contracts.city import City, load_city
from pipelines.contracts.sources import Contract, load_contracts
from pipelines.defs.access import guard
from pipelines.defs.ahead import Ahead
from pipelines.defs.delivered import count_delivered
from pipelines.quality import Judge
from pipelines.settings import Home, Settings, UsageError, WenduError
from pipelines.vault import RotationPlace, Vault, require_no_rotation
from pipelines.warehouse import history, publication
from pipelines.warehouse.city_numbers import missing_numbers
from pipelines.warehouse.city_project import project_of
from pipelines.warehouse.dbt import DbtProject
from pipelines.warehouse.declarations import wrong_rules


class HomeInUseError(WenduError):
    """Another run holds the home's lock."""

    exit_code = 5


@dataclass
class Installation:
    """Everything a run of a day needs to know about where it runs."""

    home: Home
    city_code: str
    key_file: Path | None = None
    analysts_group: str | None = None
    list_passwords_file: Path | None = None
    once_exported: Callable[[date], None] = lambda on_date: None
    """Called once the marts of a day are written, which takes most memory, while it is judged."""

    @classmethod
    def from_settings(cls, settings: Settings | None = None) -> "Installation":
        """The installation the environment names."""
        settings = settings or Settings()
        return cls(
            Home(settings.home), settings.city, settings.key_file, settings.analysts_group,
            settings.list_passwords_file,
        )  # fmt: skip

    @cached_property
    def contracts(self) -> Mapping[tuple[str, str], Contract]:
        """Declared department tables."""
        return load_contracts()

    @cached_property
    def city(self) -> City:
        """The city's folder, read."""
        return load_city(self.city_code, self.home)

    @cached_property
    def vault(self) -> Vault:
        """The vault of the home, opened."""
        return Vault.open(self.home, self.key_file)

    @cached_property
    def judge(self) -> Judge:
        """The gates' judge; its process starts on first use and ends with `close`."""
        return Judge().__enter__()

    @cached_property
    def dbt(self) -> DbtProject:
        """The dbt project bound to the home, with the city's numbers and areas.

        Raises:
            UsageError: numbers of the city are missing, or rows of rules are wrong; `wendu check`
                names them.
        """
        if wrong := missing_numbers(self.city) or wrong_rules():
            raise UsageError(
                f"{len(wrong)} numbers or rules of the city {self.city_code} are missing or "
                f"wrong, so nothing can be judged: `wendu --city {self.city_code} check` names "
                "them all."
            )
        return DbtProject(self.home, project_of(self.home, self.city))

    @cached_property
    def ahead(self) -> Ahead:
        """What is begun before its step comes."""
        return Ahead()

    @cached_property
    def _lock(self) -> FileLock:
        self.home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return FileLock(self.home.lock)

    @property
    def key_place(self) -> Path:
        """Where the vault's key lies."""
        return self.key_file or self.home.vault / "key"

    def hold(self, *, to_change_the_key: bool = False) -> None:
        """Take the home's lock, once, and remove what an interrupted run left behind.

        What went out until now counts from the first day that is not judged yet. The lock goes
        with the process, however it ends.

        Args:
            to_change_the_key: goes on with a change of the key that was cut off.

        Raises:
            HomeInUseError: another process holds it; says which.
            VaultError: a change of the key was cut off.
            UsageError: the analysts' group is not one of this machine, or not the operator's.
        """
        if self._lock.is_locked:
            return
        holder = self.home.lock.with_suffix(".holder.json")
        try:
            self._lock.acquire(timeout=0)
        except Timeout as fault:
            told = {}
            with suppress(OSError, ValueError):  # it may begin, or end, right now
                told = json.loads(holder.read_text(encoding="utf-8"))
            who = f"process {told['pid']} on {told['host']}" if told else "another process"
            raise HomeInUseError(
                f"{self.home.root} is in use by {who}; wait until that run has ended."
            ) from fault
        told = {"pid": os.getpid(), "host": socket.gethostname()}
        holder.write_text(json.dumps(told), encoding="utf-8")
        if RotationPlace(self.home).is_under_way:
            if not to_change_the_key:
                self.close()
                require_no_rotation(self.home)
            return
        ingest.clean_up(self.home)
        publication.clean_up(self.home)
        history.clean_up(self.home)
        guard(self.home, self.analysts_group)
        count_delivered(self.home)

    def close(self) -> None:
        """End what was begun ahead and the judge's process, and let go of the lock."""
        if "ahead" in self.__dict__:
            self.ahead.close()
            del self.__dict__["ahead"]
        if "judge" in self.__dict__:
            self.judge.__exit__(None, None, None)
            del self.__dict__["judge"]
        if self._lock.is_locked:
            self.home.lock.with_suffix(".holder.json").unlink(missing_ok=True)
            self._lock.release()
