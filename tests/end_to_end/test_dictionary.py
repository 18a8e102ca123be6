"""The data dictionary of the shared city: complete, in both languages, true to the lineage."""

import re

import duckdb
import pytest

from pipelines.contracts.sources import load_contracts
from pipelines.reporting.dictionary import FILE
from pipelines.settings import Home, UsageError
from pipelines.warehouse.dbt import DbtProject
from pipelines.warehouse.lineage import Origin, origins_of_marts

LARGEST_BYTES = 800_000


@pytest.fixture(scope="module")
def page(world, wendu):
    """The page as the command writes it."""
    ran = wendu("dictionary", home=world.home.root)
    assert ran.code == 0, ran.err
    return (world.home.published / FILE).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def origins(world, page):
    """What every column of every mart is computed from, as the command left it."""
    return origins_of_marts(DbtProject(world.home))


@pytest.fixture(scope="module")
def published(world):
    """Schema, table and column of everything in the published database, with its comment."""
    warehouse = str(world.home.published / "warehouse.duckdb")
    with duckdb.connect(warehouse, read_only=True) as connection:
        return connection.execute(
            "select schema_name, table_name, column_name, comment from duckdb_columns() "
            "where schema_name in ('marts', 'views')"
        ).fetchall()


def rows_of(page):
    """Anchor and column → the cells of its row."""
    found = {}
    for anchor, section in re.findall(r'<section id="([^"]+)">(.*?)</section>', page, re.DOTALL):
        body = section.split("<tbody>")[1]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL):
            cells = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
            found[anchor, cells[0]] = cells
    return found


def test_every_published_column_is_on_the_page_with_a_chinese_name(page, published):
    rows = rows_of(page)
    lacking = [
        (schema, table, column)
        for schema, table, column, _ in published
        if not rows.get((f"{schema}.{table}", column), ["", ""])[1].strip()
    ]
    assert published
    assert lacking == []


def test_every_column_of_a_view_is_described(published):
    views = [row for row in published if row[0] == "views"]
    assert {table for _, table, _, _ in views} == {
        "alerts", "households", "people", "payments", "programmes", "programme_names", "rules",
    }  # fmt: skip
    assert [row[1:3] for row in views if not row[3]] == []


def test_every_column_of_a_department_table_is_on_the_page(page):
    rows = rows_of(page)
    declared = {
        (f"{department}.{table}", column)
        for (department, table), contract in load_contracts().items()
        for column in contract.columns
    }
    assert declared <= set(rows)


def test_the_page_needs_nothing_but_itself(page):
    assert "://" not in page
    assert not re.search(r"\b(src|@import)\s*=?", page.split("<script>")[0])
    assert len(page.encode("utf-8")) < LARGEST_BYTES


def test_every_link_leads_somewhere_on_the_page(page):
    anchors = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors


def test_writing_it_again_changes_no_byte(page, world, wendu):
    wendu("dictionary", home=world.home.root)
    assert (world.home.published / FILE).read_text(encoding="utf-8") == page


@pytest.mark.parametrize(
    ("mart", "column", "origin"),
    [
        ("fct_payments", "amount_cny", Origin("lake", "finance__payments", "amount")),
        ("dim_people", "died_on", Origin("lake", "civil_affairs__cremations", "died_on")),
        ("dim_people", "labour", Origin("lake", "civil_affairs__members", "labour")),
        ("rpt_coverage", "freshness", Origin("control", "freshness", "freshness")),
        ("dim_areas", "valid_from", Origin("reference", "divisions", "valid_from")),
    ],
)  # fmt: skip
def test_a_plain_column_comes_from_one_column_of_a_source(origins, mart, column, origin):
    assert origins[mart][column] == [origin]


def test_a_computed_column_comes_from_all_its_terms(origins):
    tables = {origin.table for origin in origins["fct_household_indicators"]["ratio_to_standard"]}
    assert {"civil_affairs__economic_checks", "assistance_standards", "finance__payroll"} <= tables


def test_no_value_comes_from_a_table_its_mart_does_not_stand_on(origins, world):
    manifest = DbtProject(world.home).manifest
    nodes = manifest["nodes"] | manifest["sources"]

    def stands_on(name, seen):
        for parent in nodes[name].get("depends_on", {}).get("nodes", []):
            if parent not in seen:
                seen.add(parent)
                stands_on(parent, seen)
        return seen

    strange = [
        (mart, column, origin)
        for mart, columns in origins.items()
        for ancestors in [
            {
                (nodes[a]["schema"], nodes[a]["name"])
                for a in stands_on(f"model.wendu.{mart}", set())
            }
        ]
        for column, found in columns.items()
        for origin in found
        if (origin.schema, origin.table) not in ancestors
    ]
    assert strange == []


def test_origins_name_columns_that_the_lake_has(origins):
    known = {
        (f"{department}__{table}", column)
        for (department, table), contract in load_contracts().items()
        for column in contract.lake_schema
    }
    named = {
        (origin.table, origin.column)
        for columns in origins.values()
        for found in columns.values()
        for origin in found
        if origin.schema == "lake" and not origin.table.endswith("__people")
    }
    assert named
    assert named - known == set()


def test_a_home_without_a_day_is_told_to_run_one(tmp_path):
    with pytest.raises(UsageError, match="wendu run"):
        origins_of_marts(DbtProject(Home(tmp_path)))
