"""The map of a city's counties: outlines where a file has them, labelled tiles where none has.

`maps/<city code>.json` holds outlines in whole units with their source and licence; they are
schematic and evidence of no boundary. Does not belong here: which figure is drawn.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pipelines.reporting.bulletin_figures import Name
from pipelines.reporting.charts import both, nice_ceiling

MAPS = Path(__file__).with_name("maps")
SHADES = 5
TILE_WIDTH, TILE_HEIGHT, TILES_IN_A_COLUMN = 96, 52, 6


@dataclass(frozen=True)
class Area:
    """An area of the map: its name and its figure; `None` where it may not be seen."""

    code: str
    name: Name
    value: float | None


def outlines_of(city_code: str) -> Mapping[str, Any]:
    """The outlines of a city's areas with their source; none where there is no file."""
    file = MAPS / f"{city_code}.json"
    if not file.exists():
        return {"areas": {}, "width": 0, "height": 0}
    return json.loads(file.read_text(encoding="utf-8"))


def upper_bounds(areas: Sequence[Area]) -> list[float]:
    """Where the shades end: five equal steps from zero, so that twice as dark is twice as much."""
    top = nice_ceiling(max((area.value for area in areas if area.value is not None), default=0))
    return [round(top * (shade + 1) / SHADES, 6) for shade in range(SHADES)]


def shade_of(value: float | None, bounds: Sequence[float]) -> str:
    """The class of a figure's shade."""
    if value is None:
        return "unseen"
    return f"shade-{next(place for place, bound in enumerate(bounds) if value <= bound)}"


def choropleth(city_code: str, areas: Sequence[Area]) -> Markup:
    """The areas shaded by their figures, each labelled with name and figure."""
    outlines, bounds = outlines_of(city_code), upper_bounds(areas)
    drawn, tiles = [], []
    for area in areas:
        outline = outlines["areas"].get(area.code)
        if outline is None:
            tiles.append(area)
            continue
        drawn.append(f'<path class="{shade_of(area.value, bounds)}" d="{outline["path"]}"/>')
    for area in areas:
        if outline := outlines["areas"].get(area.code):
            drawn.append(_label(area, outline["label_x"], outline["label_y"]))
    left = outlines["width"] + 12 if outlines["areas"] else 0
    for place, area in enumerate(tiles):
        column, row = divmod(place, TILES_IN_A_COLUMN)
        x, y = left + column * (TILE_WIDTH + 8), 4 + row * (TILE_HEIGHT + 8)
        drawn.append(
            f'<rect class="{shade_of(area.value, bounds)}" x="{x}" y="{y}" '
            f'width="{TILE_WIDTH}" height="{TILE_HEIGHT}" rx="6"/>'
            + _label(area, x + TILE_WIDTH // 2, y + TILE_HEIGHT // 2)
        )
    columns = -(-len(tiles) // TILES_IN_A_COLUMN)
    width = left + columns * (TILE_WIDTH + 8)
    height = max(outlines["height"], 4 + min(len(tiles), TILES_IN_A_COLUMN) * (TILE_HEIGHT + 8))
    return Markup(
        f'<svg class="map" viewBox="0 0 {width} {height}" role="img" aria-labelledby="map-drawn">'
        '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><path class="hatch" d="M0 0V7"/></pattern></defs>'
        f"{''.join(drawn)}</svg>"
    )


def legend(areas: Sequence[Area]) -> list[tuple[str, str]]:
    """The shades in use with what they stand for, lightest first."""
    bounds = upper_bounds(areas)
    low = [0.0, *bounds[:-1]]
    return [(f"shade-{shade}", f"{low[shade]:g}–{bounds[shade]:g}") for shade in range(SHADES)]


def _label(area: Area, x: int, y: int) -> str:
    value = "*" if area.value is None else f"{area.value:.1f}"
    centred = f'x="{x}" text-anchor="middle"'
    return both(area.name, f'{centred} y="{y - 3}"') + (
        f'<text class="figure" {centred} y="{y + 15}">{value}</text>'
    )
