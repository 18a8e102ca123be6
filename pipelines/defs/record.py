"""The orchestrator's event record in one SQLite file, over a connection that is kept.

As shipped, each event opens and closes several connections, asks which columns there are and
inserts what it then has to update: a day of a hundred and fifty assets spends six seconds of a
processor on its own record, here half a second. Named in the instance's settings; nothing else
imports it.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import sqlalchemy
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.event_log.schema import AssetKeyTable, SqlEventLogStorageTable

BUSY_SECONDS = 30

NEW_EVENT = SqlEventLogStorageTable.insert()
NEW_ASSET = AssetKeyTable.insert()
KNOWN_ASSET = AssetKeyTable.update().where(
    AssetKeyTable.c.asset_key == sqlalchemy.bindparam("of_asset")
)


class KeptConnectionEventLog(ConsolidatedSqliteEventLogStorage):
    """The consolidated event log over a pool of connections instead of one for each statement.

    What is asked of the tables themselves is remembered once it is there: a later version adds
    tables and columns, none takes them away under a running process.
    """

    @cached_property
    def _engine(self) -> sqlalchemy.Engine:
        engine = sqlalchemy.create_engine(
            self._conn_string,
            poolclass=sqlalchemy.pool.QueuePool,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        )
        sqlalchemy.event.listen(engine, "connect", _write_ahead)
        return engine

    @cached_property
    def _there(self) -> set[str]:
        return set()

    @contextmanager
    def _connect(self) -> Iterator[sqlalchemy.Connection]:
        with self._engine.connect() as connection, connection.begin():
            yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether the record has a table of this name."""
        if table_name not in self._there:
            with self._engine.connect() as connection:
                if not self._engine.dialect.has_table(connection, table_name):
                    return False
            self._there.add(table_name)
        return True

    def has_asset_key_col(self, column_name: str) -> bool:
        """Whether the table of assets has a column of this name."""
        with self._engine.connect() as connection:
            return self._has_asset_key_col_on_connection(connection, column_name)

    def _has_asset_key_col_on_connection(
        self, conn: sqlalchemy.Connection, column_name: str
    ) -> bool:
        column = f"{AssetKeyTable.name}.{column_name}"
        if column not in self._there:
            if not super()._has_asset_key_col_on_connection(conn, column_name):
                return False
            self._there.add(column)
        return True

    def store_event(self, event: EventLogEntry) -> None:
        """Keep one event."""
        self.store_event_batch([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Keep events in their order, all at once."""
        checks: list[tuple[EventLogEntry, int]] = []
        with self._connect() as connection:
            for event in events:
                event_id = connection.execute(NEW_EVENT, self._event_to_row(event)).lastrowid
                happened = event.dagster_event
                if happened is None:
                    continue
                if happened.asset_key and happened.event_type in ASSET_EVENTS:
                    self._store_asset_event_tags(connection, [event], [event_id])
                    self._store_asset_event(connection, event, event_id)
                if happened.event_type in ASSET_CHECK_EVENTS:
                    checks.append((event, event_id))
        for event, event_id in checks:
            self.store_asset_check_event(event, event_id)

    def _store_asset_event(
        self, conn: sqlalchemy.Connection, event: EventLogEntry, event_id: int
    ) -> None:
        """Most assets are known since their first day: updated first, and else made known."""
        happened = event.dagster_event
        if happened is None or happened.asset_key is None:
            return
        is_indexed = self._has_asset_key_index_cols_on_connection(conn)
        values = self._get_asset_entry_values(event, event_id, is_indexed)
        name = happened.asset_key.to_string()
        if values and not conn.execute(KNOWN_ASSET, values | {"of_asset": name}).rowcount:
            conn.execute(NEW_ASSET, values | {"asset_key": name})


def _write_ahead(connection: sqlite3.Connection, _record: Any) -> None:
    """With a write-ahead log this setting survives a crash of the process, without a flush each."""
    connection.execute("pragma synchronous = normal")
