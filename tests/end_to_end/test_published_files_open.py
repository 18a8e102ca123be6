"""The published files open wherever analysts work, and carry plain types alone."""

import os
import pty
import subprocess
import sys

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest
import sqlalchemy

from pipelines.settings import PROJECT

PLAIN_TYPES = (
    pa.types.is_string, pa.types.is_date32, pa.types.is_boolean, pa.types.is_int32,
    pa.types.is_int64, pa.types.is_decimal128,
)  # fmt: skip
"""What the Parquet readers of R, Excel and Power BI take; nothing nested, nothing unsigned."""


@pytest.fixture(scope="module")
def marts(world):
    """The Parquet files of all marts by name."""
    return {file.stem: file for file in (world.home.published / "parquet").glob("*.parquet")}


def test_the_database_opens_in_duckdb_and_its_views_keep_the_grain_of_their_marts(world):
    warehouse = str(world.home.published / "warehouse.duckdb")
    with duckdb.connect(warehouse, read_only=True) as connection:
        for view, mart in {
            "alerts": "fct_alerts",
            "households": "dim_households",
            "people": "dim_people",
            "payments": "fct_payments",
        }.items():
            rows = connection.execute(f"select count(*) from views.{view}").fetchall()[0][0]
            assert (view, rows) == (view, world.mart(mart).height)


def test_views_name_every_county_and_the_programme_of_every_payment(world):
    warehouse = str(world.home.published / "warehouse.duckdb")
    with duckdb.connect(warehouse, read_only=True) as connection:
        unnamed = connection.execute(
            "select (select count(*) from views.alerts where county_name is null "
            "and county_code <> 'unknown'), "
            "(select count(*) from views.alerts where rule_zh is null), "
            "(select count(*) from views.payments where program_zh is null), "
            "(select count(*) from views.payments as paid inner join marts.dim_households "
            "using (household_key) where paid.county_code is null)"
        ).fetchall()
    assert unnamed == [(0, 0, 0, 0)]


def test_the_database_opens_in_sqlalchemy(world):
    engine = sqlalchemy.create_engine(
        f"duckdb:///{world.home.published / 'warehouse.duckdb'}",
        connect_args={"read_only": True},
    )
    try:
        with engine.connect() as connection:
            counted = connection.execute(
                sqlalchemy.text("select count(*) from marts.fct_alerts")
            ).scalar_one()
        assert counted == world.mart("fct_alerts").height
    finally:
        engine.dispose()


def test_every_parquet_file_opens_in_polars_and_arrow_with_the_same_rows(marts):
    assert marts
    for file in marts.values():
        rows = pa.parquet.ParquetFile(file).metadata.num_rows
        assert (file.stem, pl.read_parquet(file).height) == (file.stem, rows)


def test_every_parquet_file_opens_in_pandas(marts):
    pandas = pytest.importorskip("pandas")
    for name in ("fct_alerts", "dim_households"):
        frame = pandas.read_parquet(marts[name])
        assert len(frame) == pl.read_parquet(marts[name]).height


def test_parquet_columns_have_plain_types_alone(marts):
    strange = [
        (name, column.name, str(column.type))
        for name, file in marts.items()
        for column in pa.parquet.read_schema(file)
        if not any(is_plain(column.type) for is_plain in PLAIN_TYPES)
    ]
    assert strange == []


def test_the_only_nested_value_is_the_evidence_as_json_text(world):
    texts = world.mart("fct_alerts")
    listed = [
        column
        for column in texts.columns
        if texts[column].dtype == pl.String
        and texts[column].drop_nulls().str.starts_with("[{").any()
    ]
    assert listed == ["evidence"]


def test_without_a_query_a_terminal_gets_the_client_read_only(world, tmp_path):
    """A client that only tells how it was started stands in for harlequin."""
    (tmp_path / "harlequin").mkdir()
    (tmp_path / "harlequin" / "__init__.py").touch()
    (tmp_path / "harlequin" / "__main__.py").write_text(
        "import sys; from pathlib import Path\n"
        "print(*sys.argv[1:], Path(sys.argv[sys.argv.index('--init-path') + 1]).read_text())\n",
        encoding="utf-8",
    )
    leader, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines", "--home", str(world.home.root), "sql"],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{PROJECT}"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    code = process.wait(timeout=60)
    told = os.read(leader, 10_000).decode()
    os.close(terminal)
    os.close(leader)
    assert code == 0, told
    assert "--read-only" in told
    assert "search_path = 'marts,views'" in told
