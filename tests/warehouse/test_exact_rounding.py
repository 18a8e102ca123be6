"""Shares and ratios in SQL against exact fractions: rounded once, half away from zero."""

from fractions import Fraction

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from pipelines.reporting.arithmetic import rounded
from pipelines.settings import DBT_PROJECT

AMOUNTS = st.decimals(-9_999_999, 9_999_999, places=2)
LINES = st.decimals("0.01", 9_999_999, places=4)


@pytest.fixture(scope="module")
def computed():
    macros = (DBT_PROJECT / "macros" / "engine.sql").read_text(encoding="utf-8")
    connection = duckdb.connect()

    def compute(macro, amount, divisor):
        call = f"{{{{ duckdb__{macro}('{amount}', '{divisor}') }}}}"
        return connection.execute(
            "select " + Environment().from_string(macros + call).render().strip()
        ).fetchall()[0][0]

    return compute


@settings(deadline=None)
@given(AMOUNTS, LINES)
def test_a_ratio_is_the_exact_quotient_rounded_to_four_decimals(computed, amount, line):
    exact = rounded(Fraction(amount) / Fraction(line), 4)
    shown = computed(
        "ratio", f"cast({amount} as decimal(20, 2))", f"cast({line} as decimal(18, 4))"
    )
    assert shown == exact if abs(exact) < 10**6 else shown is None


@settings(deadline=None)
@given(AMOUNTS, st.integers(1, 240))
def test_a_share_is_the_exact_quotient_rounded_to_the_fen(computed, amount, parts):
    shown = computed("share_of", f"cast({amount} as decimal(20, 2))", str(parts))
    assert shown == rounded(Fraction(amount) / parts, 2)


def test_a_tie_goes_away_from_zero(computed):
    assert computed(
        "ratio", "cast(0.25 as decimal(9, 2))", "cast(2000 as decimal(9, 2))"
    ) == rounded(Fraction(1, 8000), 4)


def test_nothing_is_divided_by_zero(computed):
    assert computed("ratio", "1", "0") is None
