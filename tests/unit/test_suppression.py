"""Small cells: none of them can be worked out from what is shown."""

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.reporting.suppression import Shown, Table, hidden_cells, with_sums

UNDER = 6
COUNTS = st.one_of(st.just(0), st.integers(0, 8), st.integers(0, 300))


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Tables with a row of sums and, half of them, a column of sums."""
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(COUNTS, min_size=width, max_size=width), min_size=1, max_size=5))
    places = st.tuples(st.integers(0, len(rows) - 1), st.integers(0, width - 1))
    return with_sums(
        rows,
        rows_add_up=draw(st.booleans()),
        exact_row_sums=draw(st.booleans()),
        known_zero=draw(st.frozensets(places, max_size=6)),
    )


@st.composite
def balances(draw: st.DrawFn) -> Table:
    """Tables in which open before + new - cleared - closed - open now is nothing, by row."""
    rows = []
    for _ in range(draw(st.integers(2, 5))):
        before, new = draw(COUNTS), draw(COUNTS)
        cleared = draw(st.integers(0, before))
        closed = draw(st.integers(0, before - cleared))
        rows.append([before, new, cleared, closed, before + new - cleared - closed])
    counts = [*rows, [sum(column) for column in zip(*rows, strict=True)]]
    return Table(
        counts,
        row_signs=[1] * len(rows) + [-1],
        column_signs=[1, 1, -1, -1, -1],
        exact_rows=frozenset([len(rows)]),
    )


ANY = st.one_of(tables(), balances())


def can_be_another(table: Table, shown: list[list[Shown]], place: tuple[int, int]) -> bool:
    """Whether a reader must think another table possible, one in which this cell differs.

    Tried out, row by row: every cell that is not shown is one less, the same or one more, within
    what its mark says; every column must come to nothing in the end. Tables of sums have no other
    answer that these do not stand for (their matrix is totally unimodular).
    """
    sums = {tuple(0 for _ in table.column_signs)}
    for row, counts in enumerate(table.counts):
        steps = list(steps_of(table, shown, row, place))
        sums = {
            tuple(a + table.row_signs[row] * b for a, b in zip(before, step, strict=True))
            for before in sums
            for step in steps
        }
        assert counts
    return any(not any(ended) for ended in sums)


def steps_of(
    table: Table, shown: list[list[Shown]], row: int, place: tuple[int, int]
) -> Iterator[tuple[int, ...]]:
    choices = []
    for column, count in enumerate(table.counts[row]):
        most = {Shown.VALUE: count, Shown.SMALL: UNDER - 1}.get(shown[row][column], 10**9)
        least = count if shown[row][column] is Shown.VALUE else 0
        moves = [step for step in (-1, 0, 1) if least <= count + step <= most]
        if (row, column) in table.known_zero:
            moves = [0]
        if (row, column) == place:
            moves = [step for step in moves if step]
        choices.append([step * table.column_signs[column] for step in moves])
    for steps in product(*choices):
        if not table.rows_add_up or sum(steps) == 0:
            yield steps


@settings(max_examples=250, deadline=None)
@given(ANY)
def test_no_hidden_cell_can_be_worked_out_from_what_is_shown(table: Table) -> None:
    shown = hidden_cells(table, UNDER)
    exposed = [
        place
        for place in table.places()
        if shown[place[0]][place[1]] is not Shown.VALUE and not can_be_another(table, shown, place)
    ]
    assert exposed == []


@given(ANY)
def test_every_small_cell_is_hidden_and_only_small_ones_are_called_small(table: Table) -> None:
    shown = hidden_cells(table, UNDER)
    for row, column in table.places():
        count, mark = table.counts[row][column], shown[row][column]
        if not table.is_exact((row, column)):
            assert mark is not Shown.VALUE or count == 0 or count >= UNDER
            assert mark is not Shown.SMALL or count < UNDER


@given(tables())
def test_a_row_or_column_with_a_hidden_cell_has_two_of_them(table: Table) -> None:
    shown = hidden_cells(table, UNDER)
    columns = [list(column) for column in zip(*shown, strict=True)]
    for line in [*(shown if table.rows_add_up else []), *columns]:
        assert sum(mark is not Shown.VALUE for mark in line) != 1


@given(st.lists(st.lists(st.integers(UNDER, 99), min_size=3, max_size=3), min_size=1, max_size=4))
def test_a_table_without_small_cells_is_shown_whole(rows: list[list[int]]) -> None:
    shown = hidden_cells(with_sums(rows, rows_add_up=True), UNDER)
    assert {mark for row in shown for mark in row} == {Shown.VALUE}


def test_the_smallest_neighbour_is_hidden_with_a_lonely_small_cell() -> None:
    shown = hidden_cells(with_sums([[3], [40], [9], [700]]), UNDER)
    assert [row[0] for row in shown] == [
        Shown.SMALL, Shown.VALUE, Shown.WITHHELD, Shown.VALUE, Shown.VALUE,
    ]  # fmt: skip


@pytest.mark.parametrize("rows", [[[1], [0], [0]], [[5], [4]], [[5], [0]]])
def test_the_sum_of_the_city_stays_where_counties_can_hide_among_each_other(
    rows: list[list[int]],
) -> None:
    assert hidden_cells(with_sums(rows), UNDER)[-1] == [Shown.VALUE]


def test_a_single_small_cell_takes_its_sum_with_it() -> None:
    shown = hidden_cells(with_sums([[3]]), UNDER)
    assert shown == [[Shown.SMALL], [Shown.WITHHELD]]
