"""Where things are: the home, the city, the key, the project's own folders, and the clock.

The only module that reads the environment and the clock. What a city looks like is not here
but in `contracts.city`; what the law says is not here but in `dbt_project/seeds/policy`.
Files are made to outlive a crash of the machine here, for all who write them.
"""

import errno
import os
import pwd
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parents[1]
EXPECTATIONS = PROJECT / "expectations"
DBT_PROJECT = PROJECT / "dbt_project"
POLICY = Path("seeds", "policy")
"""The analyst's folder in a dbt project: a CSV file for each kind of number of the law."""
REFERENCE = Path("seeds", "reference")
"""Tables of areas, codes and published totals in a dbt project."""
TIME_ZONE = ZoneInfo("Asia/Shanghai")

UNABLE_TO_SYNC = (errno.EINVAL, errno.ENOTSUP)

DEPARTMENTS = ("civil_affairs", "finance", "agriculture", "disabled_federation")


class WenduError(Exception):
    """A fault told in one sentence: what, where, what to do; never with a personal value.

    `exit_code` is that of a command which it ends: nothing was published.
    """

    exit_code: ClassVar[int] = 3


class UsageError(WenduError):
    """The command or the configuration is wrong; nothing was done."""

    exit_code = 4


LEAST_ROOM_BYTES = 1 << 20
FULL_DISK = (
    "No space left on device", "Disk quota exceeded", "disk is full", "os error 28",
)  # fmt: skip


INTERRUPTED_QUERY = "Query interrupted"
"""What the database says in place of an interrupt that comes while it answers."""


def is_full_disk(message: str) -> bool:
    """Whether a fault's own text, of whatever library, says that a disk is full."""
    return any(words in message for words in FULL_DISK)


def is_out_of_room(home: "Home") -> bool:
    """Whether the disk of a home is full, whatever the fault says that was met there."""
    try:
        return shutil.disk_usage(home.root).free < LEAST_ROOM_BYTES
    except OSError:
        return False


def full_disk_sentence(home: "Home") -> str:
    """What to tell when a day could not be written."""
    return (
        f"The disk that holds {home.root} is full; nothing was published and what was published "
        "before stands; make room there and run again."
    )


class Settings(BaseSettings):
    """Where this installation keeps its things. Read from `WENDU_…` in the environment."""

    model_config = SettingsConfigDict(env_prefix="WENDU_", extra="ignore")

    home: Path = Field(default=PROJECT / "data", description="Everything the system writes.")
    city: str = Field(default="371500", description="Folder name below data/cities/.")
    key_file: Path | None = Field(default=None, description="Vault key; default <home>/vault/key.")
    list_passwords_file: Path | None = Field(
        default=None, description="Passwords of encrypted lists, by township; outside the home."
    )
    keep_raw_days: int = Field(
        default=400,
        ge=31,
        description="Days for which raw deliveries, refused rows and returned lists are kept.",
    )
    analysts_group: str | None = Field(
        default=None, description="Group of this machine that may read published/."
    )
    debug: bool = Field(default=False, description="Show tracebacks and the orchestrator's log.")


class MailSettings(BaseSettings):
    """How lists and notices go out. Read from `WENDU_MAIL_…` in the environment.

    Nothing is sent where no host is set. Passwords come from the environment or from a file that
    its owner alone can read; they are never shown.
    """

    model_config = SettingsConfigDict(env_prefix="WENDU_MAIL_", extra="ignore")

    host: str | None = Field(default=None, description="Mail server.")
    port: int | None = Field(default=None, description="Default 587 for starttls, 465 for tls.")
    security: Literal["starttls", "tls"] = Field(default="starttls", description="Encryption.")
    user: str | None = Field(default=None, description="Name to sign in with.")
    password: SecretStr | None = Field(default=None, description="Or WENDU_MAIL_PASSWORD_FILE.")
    password_file: Path | None = Field(default=None, description="File with the password.")
    sender: str | None = Field(default=None, description="Address that mails come from.")
    operator: str | None = Field(default=None, description="Address that is told of failures.")
    ca_file: Path | None = Field(default=None, description="Authority of the server, if private.")
    webhook_url: SecretStr | None = Field(default=None, description="Of a group's robot.")
    after_run: bool = Field(default=False, description="Send lists after each published day.")
    timeout_seconds: float = Field(default=30, gt=0, description="Patience with the server.")
    tries: int = Field(default=4, ge=1, description="How often one command tries a mail.")
    first_wait_seconds: float = Field(
        default=30, ge=0, description="Wait before the second try; doubled before each other."
    )

    @property
    def port_or_default(self) -> int:
        """The port, by the kind of encryption where none is set."""
        return self.port or (465 if self.security == "tls" else 587)

    def require(self) -> None:
        """Refuse to send without what sending needs.

        Raises:
            UsageError: names what is missing.
        """
        needed = {"WENDU_MAIL_HOST": self.host, "WENDU_MAIL_SENDER": self.sender}
        if missing := [name for name, value in needed.items() if not value]:
            raise UsageError(f"Set {' and '.join(missing)} to send mail.")

    def read_password(self) -> str:
        """The password to sign in with.

        Raises:
            UsageError: there is none, or others can read its file.
        """
        if self.password is not None:
            return _sendable(self.password.get_secret_value())
        file = self.password_file
        if file is None or not file.is_file():
            raise UsageError("Set WENDU_MAIL_PASSWORD_FILE to the file with the mail password.")
        if file.stat().st_mode & 0o077:
            raise UsageError(f"{file} can be read by others; run chmod 600 {file}.")
        return _sendable(file.read_text(encoding="utf-8").strip())


def _sendable(password: str) -> str:
    if not password.isascii():
        raise UsageError(
            "The mail password holds other characters than letters, digits and signs of ASCII, "
            "which mail servers read differently; set another."
        )
    return password


class Home:
    """The places below the home folder. Names only: whoever writes there makes the folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.landing = self.root / "landing"
        self.lake = self.root / "lake"
        self.receipts = self.lake / "_receipts"
        self.quarantine = self.root / "quarantine"
        self.vault = self.root / "vault"
        self.warehouse = self.root / "warehouse"
        self.policy = self.root / "policy"
        self.published = self.root / "published"
        self.quality = self.root / "quality"
        self.orchestrator = self.root / "orchestrator"
        self.runs = self.root / "runs"
        self.audit = self.root / "audit"
        self.replies = self.root / "replies"
        self.corrections = self.root / "corrections"
        self.outbox = self.root / "outbox"
        self.truth = self.root / "truth"
        self.lock = self.root / "run.lock"

    def delivery(self, department: str, received_on: date) -> Path:
        """Folder in which one department's delivery of one date lies as received."""
        return self.landing / department / received_on.isoformat()

    def shelf(self, department: str, table: str, received_on: date) -> Path:
        """The Parquet file of one table's accepted changes of one date."""
        return self.lake / department / table / f"received_on={received_on}" / "part.parquet"

    def receipt(self, department: str, received_on: date) -> Path:
        """The record that one delivery was accepted or failed; written last."""
        return self.receipts / department / f"{received_on}.json"

    def correction_counts(self, on_date: date) -> Path:
        """How much each department was asked to mend on a day, in numbers."""
        return self.corrections / on_date.isoformat() / "counts.json"

    def day(self, on_date: date) -> Path:
        """What is published of one day: lists, bulletin, manifest."""
        return self.published / on_date.isoformat()


def sync(path: Path) -> None:
    """Wait until a file's content, or the names in a folder, outlive a crash of the machine.

    On a file system that cannot be asked for that (some network drives), it is not waited for.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as fault:
        if fault.errno not in UNABLE_TO_SYNC:
            raise
    finally:
        os.close(descriptor)


def put_in_place(written: Path, place: Path) -> None:
    """Give a file, or a folder with all in it, its place; both outlive a crash of the machine."""
    sync_all(written)
    written.replace(place)
    sync(place.parent)


def sync_all(written: Path) -> None:
    """The same of a file, or of a folder and everything in it."""
    for path in (*written.rglob("*"), written):
        sync(path)


@contextmanager
def handling(handler: Callable[..., object] | signal.Handlers, *numbers: int) -> Iterator[None]:
    """Within, let signals be handled by another handler; only the main thread may ask for that.

    Asked for in another thread, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)


def versions() -> dict[str, str]:
    """Versions of this program and of what shapes its results."""
    return {name: version(name) for name in ("wendu", "duckdb", "dbt-duckdb", "polars")}


def today() -> date:
    """The current date in Asia/Shanghai."""
    return datetime.now(TIME_ZONE).date()


def now() -> datetime:
    """The current moment in Asia/Shanghai, to the second."""
    return datetime.now(TIME_ZONE).replace(microsecond=0)


def user_name() -> str:
    """Who runs this process, as the machine knows the user."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def secret(variable: str) -> str | None:
    """A secret from the environment, by the variable a city's folder names. Never to be shown."""
    return os.environ.get(variable)
