"""The bulletin's charts as SVG text: small multiples, opposed bars, intervals.

Axes begin at zero and are labelled; a day that was not run is a gap, never a line across it.
Colours and fonts are the page's. Does not belong here: maps (`map`), and any counting.
"""

from collections.abc import Sequence
from datetime import date
from html import escape
from itertools import groupby
from math import floor, log10

from markupsafe import Markup

from pipelines.reporting.bulletin_figures import Cell, Counted, Name, Trend

WIDTH, HEIGHT = 180, 64
LEFT, RIGHT, TOP, BOTTOM = 34, 6, 8, 14


def both(name: Name, attributes: str) -> str:
    """A text in each language at one place of a drawing; the page shows one of them."""
    return (
        f'<text class="zh" {attributes}>{escape(name.zh)}</text>'
        f'<text class="en" lang="en" {attributes}>{escape(name.en)}</text>'
    )


def nice_ceiling(value: float) -> float:
    """The next 1, 2, 2.5 or 5 times a power of ten, where an axis may end; 1 for nothing."""
    if value <= 0:
        return 1
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value)


def line_chart(trend: Trend, days: Sequence[date], small_under: int) -> Markup:
    """One measure over the days; its caption on the page names it.

    Days under the limit are drawn as hollow marks at one height, whatever their count.
    """
    highest = max((value for value in trend.values if value is not None), default=0)
    top = round(nice_ceiling(max(highest, 4)))
    step = (WIDTH - LEFT - RIGHT) / max(len(days) - 1, 1)

    def x(place: int) -> str:
        return f"{LEFT + place * step:.1f}"

    def y(value: float) -> str:
        return f"{HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top:.1f}"

    drawn = []
    places = range(len(days))
    for is_known, run in groupby(places, key=lambda place: trend.values[place] is not None):
        points = [f"{x(place)} {y(trend.values[place] or 0)}" for place in run] if is_known else []
        if len(points) > 1:
            drawn.append(f'<path class="line" d="M{"L".join(points)}"/>')
        elif points:
            across, down = points[0].split()
            drawn.append(f'<circle class="dot" cx="{across}" cy="{down}" r="2"/>')
    drawn += [
        f'<circle class="small" cx="{x(place)}" cy="{y(min(small_under / 2, top))}" r="1.8"/>'
        for place in sorted(trend.small)
    ]
    base = HEIGHT - BOTTOM
    last = trend.values[-1]
    if last is not None:
        drawn.append(f'<circle class="dot" cx="{x(len(days) - 1)}" cy="{y(last)}" r="2.4"/>')
    return Markup(
        f'<svg class="trend" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="trend-{trend.key}">'
        f'<path class="axis" d="M{LEFT} {TOP}V{base}H{WIDTH - RIGHT}"/>'
        f'<text x="{LEFT - 3}" y="{TOP + 3}" text-anchor="end">{top:,}</text>'
        f'<text x="{LEFT - 3}" y="{base}" text-anchor="end">0</text>'
        f'<text x="{LEFT}" y="{HEIGHT - 3}">{days[0]:%m-%d}</text>'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 3}" text-anchor="end">{days[-1]:%m-%d}</text>'
        f"{''.join(drawn)}</svg>"
    )


def opposed_bars(counted: Counted, most: int, small_under: int) -> Markup:
    """Both errors side by side, by family: the longest bars of either side fill it.

    Cells that may not be seen have no bar but their mark. At most `most` families are drawn.
    """
    shown = sorted(
        counted.lines,
        key=lambda line: (-sum(cell.value or 0 for cell in line.cells.values()), line.key),
    )[:most]
    longest = max((cell.value or 0 for line in shown for cell in line.cells.values()), default=0)
    half, middle, row = 88, 230, 17
    drawn = []
    for place, line in enumerate(shown):
        down = place * row
        drawn.append(both(line.name, f'x="0" y="{down + 12}"'))
        for error, direction in (("exclusion", -1), ("leakage", 1)):
            cell = line.cells[error]
            length = half * (cell.value or 0) / max(longest, 1)
            start = middle - length if direction < 0 else middle
            anchor = "end" if direction < 0 else "start"
            drawn.append(
                f'<rect class="{error}" x="{start:.1f}" y="{down + 3}" width="{length:.1f}" '
                f'height="11"/><text x="{middle + direction * (length + 4):.1f}" '
                f'y="{down + 12}" text-anchor="{anchor}">{mark(cell, small_under)}</text>'
            )
    return Markup(
        f'<svg class="opposed" viewBox="0 0 350 {max(len(shown), 1) * row + 2}" role="img" '
        f'aria-labelledby="errors-drawn">{"".join(drawn)}'
        f'<path class="axis" d="M{middle} 0V{len(shown) * row + 2}"/></svg>'
    )


def interval(low: float, point: float, high: float) -> Markup:
    """A share with its interval on a line from nothing to all."""
    start, length = 4.0, 112.0

    def x(share: float) -> str:
        return f"{start + length * share:.1f}"

    return Markup(
        '<svg class="interval" viewBox="0 0 120 12" aria-hidden="true">'
        f'<path class="axis" d="M{start:.0f} 6H{start + length:.0f}M{x(0.5)} 3V9"/>'
        f'<path class="range" d="M{x(low)} 6H{x(high)}"/>'
        f'<circle class="dot" cx="{x(point)}" cy="6" r="3.2"/></svg>'
    )


def mark(cell: Cell, small_under: int) -> str:
    """A cell as text: its count, that it is under the limit, or a star."""
    if cell.value is not None:
        return f"{cell.value:,}"
    return f"&lt;{small_under}" if cell.shown.value == "small" else "*"
