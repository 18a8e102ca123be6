"""Reading the published warehouse: read-only, never in the way of the run that replaces it."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from pipelines.settings import Home, UsageError


@contextmanager
def open_published(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the published warehouse, marts and views on the search path.

    Raises:
        UsageError: nothing was published below this home yet, or the file is damaged.
    """
    warehouse = home.published / "warehouse.duckdb"
    if not warehouse.exists():
        raise UsageError(
            f"Nothing is published below {home.root} yet; run `wendu demo` or `wendu run` first."
        )
    try:
        opened = duckdb.connect(
            str(warehouse.resolve()), read_only=True, config={"enable_external_access": False}
        )
    except duckdb.IOException:
        raise UsageError(
            f"{warehouse} cannot be opened as a database; if you may read it, it is damaged: "
            "delete it and run the newest day again, which writes it anew."
        ) from None
    with opened as connection:
        connection.execute(f"set search_path = '{search_path(connection)}'")
        yield connection


def search_path(connection: duckdb.DuckDBPyConnection) -> str:
    """The schemas of a published warehouse; one of an earlier version has no views."""
    schemas = connection.execute("select schema_name from duckdb_schemas()").fetchall()
    return "marts,views" if ("views",) in schemas else "marts"
