"""The bulletin of a day: one page that needs nothing but itself, then its tables.

Chinese, and English behind a link to `#en`; no script, nothing from the network. Belongs here:
putting figures and drawings into the page. Does not belong here: what is counted and what may be
seen of it (`bulletin_figures`), how it looks (`bulletin.html`, `bulletin.css` beside this file).
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipelines.reporting import charts
from pipelines.reporting import map as county_map
from pipelines.reporting.bulletin_figures import (
    CATEGORIES,
    LANES,
    Cell,
    Counted,
    Figures,
    Line,
    figures_of,
    known_sum,
)

FILE = "bulletin.html"
CHANGES_SHOWN, FAMILIES_SHOWN, RULES_SHOWN = 6, 7, 5
"""How many rows the first page has room for; the tables after it have all."""


def write_bulletin(
    marts: Path, folder: Path, on_date: date, project: Path, about: Mapping[str, Any]
) -> Path:
    """Write the bulletin of a day.

    Args:
        marts: folder with the marts as Parquet.
        folder: the day's folder; gets `bulletin.html`.
        on_date: the day.
        project: the dbt project whose policy rows and names the day was judged with.
        about: what the manifest says of the day: `city`, `versions`, `stands_on`.

    Returns:
        The file. The same marts, policy rows and versions give the same bytes.

    Raises:
        WenduError: the policy rows do not say from how many on a count may be shown.
    """
    figures = figures_of(marts, on_date, about["city"], project)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    file.write_text(render(figures, about), encoding="utf-8")
    return file


def render(figures: Figures, about: Mapping[str, Any]) -> str:
    """The page as text."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters |= {"yuan": _yuan, "percent": _percent, "grouped": _grouped}
    areas = areas_to_draw(figures)
    return templates.get_template(FILE).render(
        figures=figures,
        about=about,
        charts=charts,
        drawn_map=county_map.choropleth(about["city"], areas),
        legend=county_map.legend(areas),
        map_source=county_map.outlines_of(about["city"]),
        areas={area.code: area for area in areas},
        top_changes=_top_changes(figures.changes),
        families_shown=FAMILIES_SHOWN,
        rules_shown=RULES_SHOWN,
        fared={row["rule_id"]: row for row in figures.precision},
        judged=[row for row in figures.precision if not row["too_few"]],
        known_sum=known_sum,
        mark=lambda cell: Markup(charts.mark(cell, figures.small_under)),
        categories=CATEGORIES,
        lanes=LANES,
    )


def areas_to_draw(figures: Figures) -> list[county_map.Area]:
    """Open alerts per hundred watched families and persons, by county."""
    watched = {line.key: line.cells["sum"].value for line in figures.counties.lines}
    return [
        county_map.Area(
            line.key, line.name, _per_hundred(line.cells["open_now"], watched.get(line.key))
        )
        for line in figures.balance.lines
    ]


def _per_hundred(open_now: Cell, watched: int | None) -> float | None:
    if open_now.value is None or not watched:
        return None
    return 100 * open_now.value / watched


def _top_changes(changes: Counted) -> list[Line]:
    """The rules that moved most, as far as one may see."""

    def moved(line: Line) -> int:
        return sum(line.cells[way].value or 0 for way in ("new", "cleared", "closed"))

    seen = [line for line in changes.lines if moved(line)]
    return sorted(seen, key=lambda line: (-moved(line), line.key))[:CHANGES_SHOWN]


def _yuan(value: Decimal | None) -> str:
    return "–" if value is None else f"{value:,.2f}".removesuffix(".00")


def _grouped(value: int | Decimal | None) -> str:
    return "–" if value is None else f"{value:,}"


def _percent(value: Decimal | None) -> str:
    return "–" if value is None else f"{100 * value:.0f}%"
