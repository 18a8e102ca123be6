"""Tables copied from a real PostgreSQL, started for these tests on a socket of its own."""

import os
import pwd
import shutil
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import psycopg
import pytest
from psycopg import sql

from pipelines.connectors import ConnectorError, fetch_delivery
from pipelines.connectors.postgresql import FILE_BYTES
from pipelines.contracts.city import City, Connection, load_city
from pipelines.contracts.sources import Contract, load_contracts
from pipelines.ingest import receive
from pipelines.ingest.receipts import Receipt
from tests.unit.deliveries import FIRST, SECOND, THIRD, Office, number

CONTRACTS = load_contracts()
PAYMENTS, PAYROLL = CONTRACTS["finance", "payments"], CONTRACTS["finance", "payroll"]
RELIEF = CONTRACTS["civil_affairs", "temporary_relief"]

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
pytestmark = pytest.mark.skipif(
    not PROGRAMS, reason="PostgreSQL is not installed here (Debian package `postgresql`)"
)


def as_server_user() -> dict[str, object]:
    """PostgreSQL refuses to run as root: then its own user runs it."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = Path(f"/tmp/wendu-postgresql-{os.getpid()}")
    place.mkdir(mode=0o700)
    owner = as_server_user()
    if owner:
        os.chown(place, int(str(owner["user"])), int(str(owner["group"])))
    programs, cluster = PROGRAMS[0], place / "cluster"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"} | owner
    made = [programs / "initdb", "-D", cluster, "-A", "trust", "-U", "postgres", "--no-sync"]
    subprocess.run([*made, "-E", "UTF8", "--locale", "C"], check=True, **quiet)
    server = subprocess.Popen(
        [programs / "postgres", "-D", cluster, "-k", place, "-c", "listen_addresses=", "-F"],
        **quiet,
    )
    url = f"postgresql://postgres@/postgres?host={place}"
    for _ in range(100):
        try:
            psycopg.connect(url).close()
            break
        except psycopg.OperationalError:
            time.sleep(0.1)
    yield url
    server.terminate()
    server.wait()
    shutil.rmtree(place)


@pytest.fixture
def database(address: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(address, autocommit=True) as opened:
        yield opened
        opened.execute("drop schema public cascade; create schema public")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "finance").mkdir()
    return tmp_path / "finance" / "2024-04-02"


def connection(address: str, **told: object) -> Connection:
    patience = {"attempts": 2, "first_wait_seconds": 0}
    return Connection.model_validate(
        {"form": "database", "url": address, "database": patience} | told
    )


def fetched(
    address: str, folder: Path, contract: Contract, last: date | None = None, **told: object
) -> pl.DataFrame:
    fetch_delivery(connection(address, **told), [contract], folder, SECOND, last)
    return pl.concat([pl.read_csv(path, infer_schema=False) for path in sorted(folder.iterdir())])


def refused(address: str, folder: Path, contract: Contract = PAYROLL, **told: object) -> str:
    """The sentence of a delivery that was not taken; nothing of it may be left."""
    with pytest.raises(ConnectorError) as fault:
        fetched(address, folder, contract, **told)
    assert list(folder.parent.iterdir()) == []
    return str(fault.value)


def received(office: Office, address: str, day: date = SECOND) -> list[Receipt]:
    return receive(office.home, city_with(address), "finance", day, office.vault, office.gate)


def make_payroll(database: psycopg.Connection, rows: int = 2) -> None:
    database.execute(
        "create table payroll (id_no char(18), name text, employer text, "
        "monthly_wage numeric(12, 4), since timestamp, until date, secret_note text)"
    )
    for sequence in range(rows):
        database.execute(
            "insert into payroll values (%s, '张某', %s, 5000.1, '2010-01-01 08:30', null, 'x')",
            (number(sequence), '某,"局"'),
        )


def test_values_arrive_as_text_of_their_kind(database, address: str, folder: Path) -> None:
    make_payroll(database, 1)
    (row,) = fetched(address, folder, PAYROLL).to_dicts()
    assert row == {
        "id_no": number(0), "name": "张某", "employer": '某,"局"', "monthly_wage": "5000.1",
        "since": "2010-01-01", "until": None, "secret_note": None,
    }  # fmt: skip


def test_columns_nobody_declared_are_told_of_and_not_pulled(
    database, address: str, office: Office
) -> None:
    make_payroll(database)
    [receipt] = received(office, address)
    assert receipt.tables["payroll"].unknown_columns == ["secret_note"]
    [file] = (office.home.landing / "finance" / str(SECOND)).glob("payroll*")
    assert pl.read_csv(file)["secret_note"].null_count() == 2


def test_an_amount_in_ten_thousands_by_its_title_is_one(
    database, address: str, office: Office
) -> None:
    make_payroll(database, 1)
    database.execute("update payroll set monthly_wage = 0.5")
    database.execute('alter table payroll rename monthly_wage to "月工资（万元）"')
    received(office, address)
    [shelf] = (office.home.lake / "finance" / "payroll").rglob("*.parquet")
    assert pl.read_parquet(shelf)["monthly_wage"].to_list() == [Decimal("5000.00")]


def test_a_moment_keeps_the_clock_of_the_city(database, address: str, folder: Path) -> None:
    database.execute(
        "create table temporary_relief as select 'C1' as case_no, %s as id_no, '张某' as name, "
        "'371502' as area_code, 1 as kind, 1 as cause, "
        "timestamptz '2024-03-31 23:59:59.7+00' as applied_at, 100.00::numeric(10, 2) as amount",
        (number(1),),
    )
    (row,) = fetched(address, folder, RELIEF).to_dicts()
    assert (row["applied_at"], row["amount"]) == ("2024-04-01 07:59:59", "100")


def test_a_view_in_another_schema_with_other_names_is_read(
    database, address: str, folder: Path
) -> None:
    make_payroll(database)
    database.execute(
        'create schema hr; create view hr."人员; drop" as '
        'select id_no as "sfz""h", name, employer, monthly_wage, since from payroll'
    )
    told = {
        "tables": {"payroll": "hr.人员; drop"}, "columns": {"payroll": {"id_no": 'sfz"h'}},
    }  # fmt: skip
    assert fetched(address, folder, PAYROLL, **told)["id_no"].to_list() == [number(0), number(1)]
    database.execute("drop schema hr cascade")


def test_a_missing_required_column_is_named(database, address: str, folder: Path) -> None:
    database.execute("create table payroll (id_no text, name text)")
    assert "lacks the required column 单位名称 (employer)" in refused(address, folder)


def test_a_database_without_any_of_the_tables_is_one_sentence(
    database, address: str, folder: Path
) -> None:
    assert "none of its tables was found" in refused(address, folder)


def test_a_table_that_may_not_be_read_is_one_sentence(database, address: str, folder: Path) -> None:
    make_payroll(database)
    database.execute("create role guest login; grant usage on schema public to guest")
    assert "have it granted" in refused(address.replace("postgres@", "guest@"), folder)
    database.execute("drop owned by guest; drop role guest")


def test_a_table_that_takes_too_long_is_given_up(database, address: str, folder: Path) -> None:
    database.execute(
        "create view payroll as select '1' as id_no, '2' as name, '3' as employer, "
        "4 as monthly_wage, pg_sleep(20)::text as since"
    )
    patience = {"table_seconds": 0.2, "attempts": 1}
    assert "took longer" in refused(address, folder, database=patience)


def test_a_server_that_is_not_there_is_one_sentence_without_the_password(folder: Path) -> None:
    url = "postgresql+psycopg://reader:geheim-7@127.0.0.1:1/finance"
    sentence = refused(url, folder)
    assert "cannot be reached" in sentence
    assert "geheim" not in sentence


@pytest.mark.parametrize(
    ("answer", "said"),
    [(b"N", "does not speak TLS"), (b"S no hello", "cannot be trusted by its certificate")],
)
def test_a_server_without_the_encryption_asked_for_is_asked_once_and_told(
    folder: Path, answer: bytes, said: str
) -> None:
    asked = []

    class Server(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            asked.append(self.request.recv(8))
            self.request.sendall(answer)

    with socketserver.TCPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"postgresql://reader@127.0.0.1:{server.server_address[1]}/x?sslmode=require"
        sentence = refused(url, folder)
        server.shutdown()
    assert said in sentence
    assert len(asked) == 1


def test_a_connection_that_breaks_is_made_again(
    database, address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_payroll(database)
    real, broken = psycopg.connect, []

    def breaks_once(*given: object, **named: object) -> psycopg.Connection:
        opened = real(*given, **named)
        if not broken:
            broken.append(opened.info.backend_pid)
            database.execute("select pg_terminate_backend(%s)", (broken[0],))
        return opened

    monkeypatch.setattr("pipelines.connectors.postgresql.psycopg.connect", breaks_once)
    assert fetched(address, folder, PAYROLL).height == 2
    assert broken


def test_nothing_can_be_written(database, address: str, folder: Path) -> None:
    make_payroll(database)
    database.execute(
        "create function writes() returns text language sql as "
        "$$ delete from payroll; select 'x' $$; "
        "create view finance_payroll as select payroll.*, writes() from payroll; "
        "create view written as select id_no, name, employer, monthly_wage, "
        "writes() as since from payroll"
    )
    assert "ReadOnlySqlTransaction" in refused(address, folder, tables={"payroll": "written"})
    assert database.execute("select count(*) from payroll").fetchone() == (2,)


def test_only_rows_changed_since_the_last_delivery_are_asked_for(
    database, address: str, folder: Path
) -> None:
    make_ledger(database, 4)
    database.execute("alter table payments add column changed date")
    database.execute("update payments set changed = date '2024-03-30' + payment_no::int")
    told = {"changed_at": {"payments": "changed"}}
    assert fetched(address, folder, PAYMENTS, FIRST, **told)["payment_no"].to_list() == ["2", "3"]


def make_ledger(database: psycopg.Connection, rows: int) -> None:
    database.execute(
        "create table payments as select at::text as payment_no, 'B1' as batch_no, "
        "1101 as program, %s::text as id_no, '张某' as name, '6228' as account_no, "
        "'J' || at as household_no, date '2024-03-01' as period, (at %% 1000)::numeric(12, 2) "
        "as amount, date '2024-03-08' as paid_on, 1 as status from generate_series(0, %s) as at",
        (number(1), rows - 1),
    )


def test_a_large_table_is_cut_into_files_and_none_of_its_rows_is_lost(
    database, address: str, folder: Path
) -> None:
    make_ledger(database, 400_000)
    rows = fetched(address, folder, PAYMENTS)
    files = sorted(folder.iterdir())
    assert len(files) == 2
    assert max(path.stat().st_size for path in files) < FILE_BYTES + 1000
    assert rows["payment_no"].cast(pl.Int64).sort().to_list() == list(range(400_000))


def city_with(address: str) -> City:
    city = load_city("371500")
    return city.model_copy(
        update={"departments": city.departments | {"finance": connection(address)}}
    )


def test_a_day_is_fetched_once_and_can_be_received_again_from_landing(
    database, address: str, office: Office
) -> None:
    make_payroll(database)
    receipts = [received(office, address, day) for day in (SECOND, SECOND, THIRD)]
    accepted = [[receipt.tables["payroll"].accepted for receipt in told] for told in receipts]
    assert accepted == [[2], [], [2]]


HOSTILE = 'payroll"; drop table kept; --'


def test_hostile_names_of_tables_and_columns_are_only_names(
    database, address: str, folder: Path
) -> None:
    database.execute("create table kept (one int)")
    make_payroll(database, 1)
    hostile = sql.Identifier(HOSTILE)
    database.execute(sql.SQL("alter table payroll rename to {}").format(hostile))
    database.execute(sql.SQL("alter table {} rename id_no to {}").format(hostile, hostile))
    names = {"tables": {"payroll": HOSTILE}, "columns": {"payroll": {"id_no": HOSTILE}}}
    (row,) = fetched(address, folder, PAYROLL, **names).to_dicts()
    assert row["id_no"] == number(0)
    assert database.execute("select to_regclass('kept') is not null").fetchone() == (True,)
