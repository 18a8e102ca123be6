"""The orchestrator's event record in one SQLite file, over a connection that is kept.

As shipped, each event opens and closes several connections, and a day of a hundred and fifty
assets spends six seconds of a processor on its own record; over kept connections it is under
two. Named in the instance's settings; nothing else imports it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import sqlalchemy
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage

BUSY_SECONDS = 30


class KeptConnectionEventLog(ConsolidatedSqliteEventLogStorage):
    """The consolidated event log over a pool of connections instead of one for each statement."""

    @cached_property
    def _engine(self) -> sqlalchemy.Engine:
        engine = sqlalchemy.create_engine(
            self._conn_string,
            poolclass=sqlalchemy.pool.QueuePool,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        )
        sqlalchemy.event.listen(engine, "connect", _write_ahead)
        return engine

    @contextmanager
    def _connect(self) -> Iterator[sqlalchemy.Connection]:
        with self._engine.connect() as connection, connection.begin():
            yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether the record has a table of this name."""
        with self._engine.connect() as connection:
            return bool(self._engine.dialect.has_table(connection, table_name))


def _write_ahead(connection: sqlite3.Connection, _record: Any) -> None:
    """With a write-ahead log this setting survives a crash of the process, without a flush each."""
    connection.execute("pragma synchronous = normal")
