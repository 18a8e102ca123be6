"""Wilson's interval in SQL against the formula in plain Python."""

import math

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from pipelines.settings import DBT_PROJECT

Z = 1.96
HALF_A_UNIT = 0.00005 + 1e-9


@pytest.fixture(scope="module")
def interval():
    macro = (DBT_PROJECT / "macros" / "wilson.sql").read_text(encoding="utf-8")
    bounds = [
        Environment()
        .from_string(macro + f'{{{{ wilson_bound("k", "n", "1.96", "{end}") }}}}')
        .render()
        for end in ("low", "high")
    ]
    connection = duckdb.connect()
    query = f"select {', '.join(bounds)} from (select ?::bigint as k, ?::bigint as n)"
    return lambda k, n: connection.execute(query, [k, n]).fetchall()[0]


def wilson(k, n):
    p = k / n
    half = Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    middle = p + Z * Z / (2 * n)
    return (middle - half) / (1 + Z * Z / n), (middle + half) / (1 + Z * Z / n)


@settings(deadline=None)
@given(st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_wilsons_and_holds_the_share(interval, counted):
    k, n = counted
    low, high = (float(bound) for bound in interval(k, n))
    assert (low, high) == pytest.approx(wilson(k, n), abs=HALF_A_UNIT)
    assert 0 <= low <= round(k / n, 4) + HALF_A_UNIT and round(k / n, 4) - HALF_A_UNIT <= high <= 1


def test_without_trials_there_is_no_interval(interval):
    assert interval(0, 0) == (None, None)
    assert interval(None, None) == (None, None)
