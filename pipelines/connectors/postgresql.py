"""Tables and views of a PostgreSQL database, copied as text in bounded memory.

One read-only transaction sees all tables of a delivery as they stood at one moment. The server
writes every value as text by its kind, so that no number is rounded on the way. Does not belong
here: any other database (`database`), reading what was copied (`text_files`).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import psycopg
import tenacity
from psycopg import sql

from pipelines.connectors.raw import ConnectorError, match_header
from pipelines.contracts.city import Connection, Database
from pipelines.contracts.sources import Contract

FILE_BYTES = 24 * 1024 * 1024
"""A copied table is cut into files of about this size, so that reading them stays bounded too."""

BUFFER_BYTES = 1024 * 1024

MOMENTS = ("timestamp", "timestamptz")
MOMENT_FORMS = {"date": "YYYY-MM-DD", "month": "YYYY-MM", "datetime": "YYYY-MM-DD HH24:MI:SS"}
TIME_ZONE = "Asia/Shanghai"


def is_postgresql(url: str) -> bool:
    """Whether a URL names a PostgreSQL database, by whichever driver."""
    return url.partition("://")[0].split("+")[0] in ("postgresql", "postgres")


def copy_tables(
    url: str,
    connection: Connection,
    contracts: Sequence[Contract],
    folder: Path,
    since: date | None,
) -> None:
    """Copy the department's tables into CSV files; a connection that breaks is made again.

    Args:
        url: where the database is, its secret filled in.
        connection: the department's own names and the bounds of asking.
        contracts: the tables; one that is not there is left out.
        folder: an empty folder for the files.
        since: asks tables that tell when a row changed for those changed since.

    Raises:
        ConnectorError: the database does not answer, or a required column is missing. The address
            is not shown, it may hold a password.
    """
    department = contracts[0].department
    again = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_may_pass),
        stop=tenacity.stop_after_attempt(connection.database.attempts),
        wait=tenacity.wait_exponential(multiplier=connection.database.first_wait_seconds, max=60),
        reraise=True,
    )
    try:
        again(_copy_all, url, connection, contracts, folder, since)
    except psycopg.errors.QueryCanceled:
        raise _fault(
            department, "took longer than the city's folder allows (table_seconds)"
        ) from None
    except psycopg.errors.InsufficientPrivilege:
        raise _fault(department, "does not let this user read a table; have it granted") from None
    except psycopg.OperationalError as fault:
        raise _fault(department, _why_not_reached(fault)) from None
    except psycopg.Error as fault:
        raise _fault(department, f"could not answer ({type(fault).__name__})") from None


def _may_pass(fault: BaseException) -> bool:
    """Whether a connection broke, which a new one may mend; a cancelled query would only repeat."""
    is_broken = isinstance(fault, psycopg.OperationalError) and not _is_about_trust(fault)
    return is_broken and not isinstance(fault, psycopg.errors.QueryCanceled)


def _is_about_trust(fault: BaseException) -> bool:
    """Whether the two sides cannot agree on encryption; libpq tells it by its text alone."""
    return "SSL" in str(fault) or "certificate" in str(fault)


def _why_not_reached(fault: BaseException) -> str:
    if not _is_about_trust(fault):
        return "cannot be reached; check address, password and that it is up"
    if "does not support SSL" in str(fault):
        return "does not speak TLS, which its url demands (sslmode)"
    return (
        "cannot be trusted by its certificate; name the file of its authority as sslrootcert in "
        "its url, and its host as the certificate does"
    )


def _fault(department: str, why: str) -> ConnectorError:
    return ConnectorError(
        f"{department}: its database {why}; nothing of this delivery was taken, it is asked for "
        "again on the next run"
    )


def _copy_all(
    url: str,
    connection: Connection,
    contracts: Sequence[Contract],
    folder: Path,
    since: date | None,
) -> None:
    for left in folder.iterdir():  # by an attempt that broke
        left.unlink()
    bounds: Database = connection.database
    kind, _, address = url.partition("://")
    with psycopg.connect(
        f"{kind.split('+')[0]}://{address}", connect_timeout=bounds.connect_seconds
    ) as opened:
        opened.read_only = True
        opened.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        for setting, value in (
            ("statement_timeout", str(int(bounds.table_seconds * 1000))),
            ("TimeZone", TIME_ZONE),
            ("client_encoding", "UTF8"),
        ):
            opened.execute("select set_config(%s, %s, false)", (setting, value))
        for contract in contracts:
            table = connection.tables.get(contract.table, contract.table)
            renamed = connection.columns.get(contract.table, {})
            is_new = connection.changed_at.get(contract.table) if since else None
            if _is_there(opened, table):
                _copy_table(opened, contract, table, renamed, is_new, since, folder)


def _identifier(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))


def _is_there(opened: psycopg.Connection, table: str) -> bool:
    named = _identifier(table).as_string(opened)
    found = opened.execute("select to_regclass(%s) is not null", (named,)).fetchone()
    return bool(found and found[0])


def _copy_table(
    opened: psycopg.Connection,
    contract: Contract,
    table: str,
    renamed: Mapping[str, str],
    changed_at: str | None,
    since: date | None,
    folder: Path,
) -> None:
    columns = opened.execute(
        sql.SQL("select * from {} limit 0").format(_identifier(table))
    ).description
    titles = [column.name for column in columns or []]
    types = [column.type_display.partition("(")[0] for column in columns or []]
    header = match_header(titles, contract, renamed, f"database table {table}")
    declared = [
        sql.SQL("{} as {}").format(
            _as_text(titles[at], types[at], contract.columns[name].kind),
            # A title that tells its unit is read with it.
            sql.Identifier(titles[at] if name in header.factors else name),
        )
        for name, at in header.positions.items()
    ]
    # Of columns nobody declared the title alone is taken, so that it is told of.
    named = [sql.SQL("null as {}").format(sql.Identifier(title)) for title in header.unknown]
    texts = sql.SQL(", ").join([*declared, *named])
    wanted: sql.Composable = sql.SQL("")
    if changed_at and since:
        wanted = sql.SQL(" where {} >= {}").format(
            sql.Identifier(changed_at), sql.Literal(since.isoformat())
        )
    query = sql.SQL("copy (select {} from {}{}) to stdout with (format csv, header)").format(
        texts, _identifier(table), wanted
    )
    with opened.cursor() as cursor, cursor.copy(query) as rows:
        _write_cut(rows, folder, contract.table)


def _as_text(title: str, type_name: str, kind: str) -> sql.Composable:
    column = sql.Identifier(title)
    if type_name in MOMENTS and kind in MOMENT_FORMS:
        return sql.SQL("to_char({}, {})").format(column, sql.Literal(MOMENT_FORMS[kind]))
    if type_name == "date" and kind == "month":
        return sql.SQL("to_char({}, 'YYYY-MM')").format(column)
    if type_name == "numeric":
        return sql.SQL("trim_scale({})::text").format(column)
    return sql.SQL("{}::text").format(column)


def _write_cut(rows: psycopg.Copy, folder: Path, table: str) -> None:
    """Write records into files of bounded size, the header above each; a record is one chunk."""
    header = b""
    number, size = 1, 0
    file = (folder / f"{table}.{number:06}.csv").open("wb", buffering=BUFFER_BYTES)
    try:
        for chunk in rows:
            record = bytes(chunk)
            if not header:
                header = record
            elif size > FILE_BYTES:
                file.close()
                number, size = number + 1, len(header)
                file = (folder / f"{table}.{number:06}.csv").open("wb", buffering=BUFFER_BYTES)
                file.write(header)
            file.write(record)
            size += len(record)
    finally:
        file.close()
