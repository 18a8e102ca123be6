"""Small cells of a published table: which are hidden, so that none can be worked out again.

A count of one to five families in a county points at families. Such a cell is shown as `<6`, and
as many others are withheld as it takes: with the sums shown, every hidden cell could be at least
two things. Cells are counts; a table is given whole, its sums among its cells.

What is promised holds for one table by itself; where another counts the same, the caller says what
is to be hidden besides. Does not belong here: which tables are treated (`bulletin_figures`), from
how many on a count is shown (a policy row), and what earlier bulletins told: who holds yesterday's
can compare.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from heapq import heappop, heappush

Place = tuple[int, int]
Node = tuple[str, int]

CELL_PRICE = 10**6
"""Hiding one cell more costs this; hiding a sum costs as much as a thousand cells."""


class Shown(Enum):
    """What a reader sees of a cell: its value, that it is under the limit, or nothing."""

    VALUE = "value"
    SMALL = "small"
    WITHHELD = "withheld"


@dataclass(frozen=True)
class Table:
    """Counts that add up, sums among them.

    `row_signs` and `column_signs` are 1 or -1 such that sign × sign × count adds up to zero along
    every column and, where `rows_add_up`, along every row: the last row of a table with a sum
    below carries -1. `exact_rows` and `exact_columns` hold sums that are shown although they are
    small, and are withheld only where nothing else helps. `known_zero` holds cells that can only
    be zero, as everybody knows: they hide nothing, and nothing hides behind them.
    """

    counts: Sequence[Sequence[int]]
    row_signs: Sequence[int]
    column_signs: Sequence[int]
    rows_add_up: bool = True
    exact_rows: frozenset[int] = frozenset()
    exact_columns: frozenset[int] = frozenset()
    known_zero: frozenset[Place] = frozenset()

    def places(self) -> Iterator[Place]:
        """Every cell, by row and column."""
        for row, counts in enumerate(self.counts):
            for column in range(len(counts)):
                yield row, column

    def count(self, place: Place) -> int:
        """The count of a cell."""
        return self.counts[place[0]][place[1]]

    def is_exact(self, place: Place) -> bool:
        """Whether a cell is a sum that is shown although it is small."""
        return place[0] in self.exact_rows or place[1] in self.exact_columns


def with_sums(
    rows: Sequence[Sequence[int]],
    *,
    rows_add_up: bool = False,
    exact_row_sums: bool = False,
    known_zero: Iterable[Place] = (),
) -> Table:
    """A table of counts with a row of sums below and, where rows add up, a column of sums.

    The sums below are shown although they are small; those at the side where it is said so.
    Of the cells that can only be zero, one that is not counts as any other.
    """
    counts = [[*row, sum(row)] if rows_add_up else list(row) for row in rows]
    width = len(counts[0]) if counts else 0
    counts.append([sum(row[column] for row in counts) for column in range(width)])
    return Table(
        counts,
        row_signs=[1] * len(rows) + [-1],
        column_signs=[1] * (width - 1) + [-1] if rows_add_up else [1] * width,
        rows_add_up=rows_add_up,
        exact_rows=frozenset([len(rows)]),
        exact_columns=frozenset([width - 1] if rows_add_up and exact_row_sums else []),
        known_zero=frozenset((row, column) for row, column in known_zero if not rows[row][column]),
    )


def hidden_cells(table: Table, under: int, also: Iterable[Place] = ()) -> list[list[Shown]]:
    """What is shown of each cell.

    Args:
        table: the counts with their sums.
        under: counts from one to less than this are hidden.
        also: cells to hide whatever they count: another table would tell of what is hidden there.

    Returns:
        By row and column. A hidden cell under the limit is `SMALL`, zero among them where a zero
        had to be hidden; another is `WITHHELD`. Given what is shown, every hidden cell has two
        possible values or more; where no such choice exists, all of them are withheld.
    """
    hidden = {
        place
        for place in table.places()
        if 0 < table.count(place) < under and not table.is_exact(place)
    } | {*also}
    waiting = sorted(hidden)
    while waiting:
        exposed = waiting.pop(0)
        cover = _cheapest_cover(table, hidden, exposed, under)
        if cover is None:
            return [
                [
                    Shown.VALUE if (row, column) in table.known_zero else Shown.WITHHELD
                    for column in range(len(counts))
                ]
                for row, counts in enumerate(table.counts)
            ]
        waiting += sorted(cover - hidden)
        hidden |= cover
    return [
        [_shown(table, (row, column), hidden, under) for column in range(len(counts))]
        for row, counts in enumerate(table.counts)
    ]


def _shown(table: Table, place: Place, hidden: set[Place], under: int) -> Shown:
    if place not in hidden:
        return Shown.VALUE
    is_small = table.count(place) < under and not table.is_exact(place)
    return Shown.SMALL if is_small else Shown.WITHHELD


def _room(table: Table, place: Place, step: int, under: int) -> bool:
    """Whether a hidden cell could be one more or one less, as far as its mark tells."""
    count = table.count(place)
    if table.is_exact(place):  # its mark says nothing of its size
        return count + step >= 0
    return count + step >= under if count >= under else 0 <= count + step < under


def _cheapest_cover(
    table: Table, hidden: set[Place], place: Place, under: int
) -> set[Place] | None:
    """The cells to hide so that one could be another value; the fewest and smallest ones.

    A cell can change while all sums stay where it lies on a closed way of hidden cells, along
    rows and columns in turn, that can be raised and lowered in turn. Both ways are tried.
    """
    ways = [
        way
        for step in (1, -1)
        if _room(table, place, step * _sign(table, place), under)
        and (way := _cheapest_way(table, hidden, place, step, under)) is not None
    ]
    return min(ways)[1] | {place} if ways else None


def _cheapest_way(
    table: Table, hidden: set[Place], start: Place, step: int, under: int
) -> tuple[tuple[int, list[Place]], set[Place]] | None:
    """From the column of a cell back to its row: Dijkstra over rows and columns.

    Raising a cell leads from its row to its column, lowering one back; both in signed counts.
    Where rows do not add up, any two rows meet in a place outside the table.
    """
    source, target = ("column", start[1]), ("row", start[0])
    if step < 0:
        source, target = target, source
    queue: list[tuple[int, list[Place], Node]] = [(0, [], source)]
    done: set[Node] = set()
    while queue:
        cost, way, node = heappop(queue)
        if node in done:
            continue
        done.add(node)
        if node == target:
            return (cost, way), set(way)
        if not table.rows_add_up and node[0] != "column":
            others = range(len(table.counts)) if node[0] == "outside" else [0]
            kind = "row" if node[0] == "outside" else "outside"
            for other in others:
                heappush(queue, (cost, way, (kind, other)))
        for neighbour in _neighbours(table, node):
            step_here = 1 if node[0] == "row" else -1
            sign = _sign(table, neighbour)
            if neighbour == start or neighbour in table.known_zero:
                continue
            if _room(table, neighbour, step_here * sign, under):
                other_end = ("column", neighbour[1]) if node[0] == "row" else ("row", neighbour[0])
                price = 0 if neighbour in hidden else _price(table, neighbour)
                heappush(queue, (cost + price, [*way, neighbour], other_end))
    return None


def _neighbours(table: Table, node: Node) -> Iterator[Place]:
    kind, number = node
    if kind == "row":
        yield from ((number, column) for column in range(len(table.column_signs)))
    elif kind == "column":
        yield from ((row, number) for row in range(len(table.row_signs)))


def _price(table: Table, place: Place) -> int:
    """Sums stay where they can; of other cells the fewest are hidden, and small ones first."""
    if table.is_exact(place):
        return 1000 * CELL_PRICE
    return CELL_PRICE + min(table.count(place), CELL_PRICE // 1000)


def _sign(table: Table, place: Place) -> int:
    return table.row_signs[place[0]] * table.column_signs[place[1]]
