"""Statements are run each after what it reads, and the first fault ends them."""

import signal
import threading
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from pipelines.settings import DBT_PROJECT, handling
from pipelines.warehouse.nodes import Lineage, Node
from pipelines.warehouse.statements import NodeResult, Statement, run_statements, unlike


def described(name: str, kind: str, reads: Sequence[str], materialized: str) -> dict[str, object]:
    return {
        "unique_id": name, "resource_type": kind, "name": name, "schema": "main", "alias": name,
        "config": {"materialized": materialized, "tags": [], "meta": {}},
        "depends_on": {"nodes": reads, "macros": []},
    }  # fmt: skip


PROFILE = DBT_PROJECT / "profiles.yml"
LINEAGE = Lineage(
    {
        "nodes": {
            name: described(name, kind, reads, materialized)
            for name, kind, reads, materialized in [
                ("first", "model", [], "table"),
                ("shown", "model", ["first"], "view"),
                ("last", "model", ["shown"], "table"),
                ("none_is_negative", "test", ["last"], "test"),
            ]
        },
        "sources": {},
    },
    "",
)
RAN = {
    "first": "create or replace table first as select range as n from range(100000)",
    "shown": "create or replace view shown as select n from first",
    "last": "create or replace table last as select max(n) as n from shown",
    "none_is_negative": (
        "select count(*) as failures, count(*) != 0 as should_warn, count(*) != 0 as should_error "
        "from (select * from last where n < 0)"
    ),
}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "work.duckdb"


def run(database: Path, chosen: Sequence[str], **other: str) -> dict[str, NodeResult]:
    nodes: list[Node] = [LINEAGE.nodes[name] for name in chosen]
    statements = {name: Statement("", text) for name, text in (RAN | other).items()}
    results = run_statements(database, PROFILE, nodes, LINEAGE.turns(chosen), statements)
    return {result.unique_id: result for result in results}


def asked(database: Path, query: str) -> object:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_each_runs_after_what_it_reads(database: Path) -> None:
    results = run(database, ["none_is_negative", "last", "shown", "first"])
    assert [*results] == ["first", "shown", "last", "none_is_negative"]
    assert {result.status for result in results.values()} == {"success"}


def test_each_runs_after_what_it_reads_by_way_of_what_stands(database: Path) -> None:
    run(database, ["first", "shown"])
    run(database, ["last", "first"], first="create or replace table first as select 7 as n")
    assert asked(database, "select n from last") == [(7,)]


def test_a_test_that_finds_something_has_failed(database: Path) -> None:
    found = run(
        database,
        ["first", "shown", "last", "none_is_negative"],
        first="create or replace table first as select -1 as n",
    )["none_is_negative"]
    assert (found.status, found.has_failed) == ("fail", True)
    assert "1" in found.message


def test_nothing_runs_after_a_fault(database: Path) -> None:
    results = run(database, ["first", "shown", "last"], first="select no_such_column")
    assert [*results] == ["first"]
    assert results["first"].has_failed
    assert "no_such_column" in results["first"].message


def test_a_relation_that_was_of_another_kind_is_replaced(database: Path) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "create view first as select 1 as n; create table shown as select 2 as n"
        )
    results = run(database, ["first", "shown", "last"])
    assert {result.status for result in results.values()} == {"success"}
    assert asked(database, "select n from last") == [(99999,)]


def test_a_query_at_work_is_broken_off_by_an_interrupt(database: Path) -> None:
    endless = (
        "create table first as select count(*) as n from range(1000000000000) where random() > 2"
    )
    main = threading.main_thread().ident
    timer = threading.Timer(0.5, signal.pthread_kill, [main, signal.SIGINT])
    timer.start()
    with handling(signal.default_int_handler, signal.SIGINT), pytest.raises(KeyboardInterrupt):
        run(database, ["first", "shown"], first=endless)
    assert asked(database, "select count(*) from duckdb_tables()") == [(0,)]


def test_columns_unlike_those_promised_are_told(database: Path) -> None:
    run(database, ["first", "shown"])
    promised = {"first": {"n": "bigint"}, "shown": {"n": "integer"}}
    assert unlike(database, PROFILE, promised) == {"shown": ({"n": "INTEGER"}, {"n": "BIGINT"})}
    assert unlike(database, PROFILE, {"shown": {"m": "bigint"}}).keys() == {"shown"}


def test_they_run_with_the_settings_that_dbt_would_run_them_with(database: Path) -> None:
    run(
        database,
        ["first"],
        first="create table first as select current_setting('threads') as n, "
        "current_setting('force_compression') as compression",
    )
    assert asked(database, "select * from first") == [(1, "uncompressed")]
