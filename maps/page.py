"""What stands around the map: layer switch, buttons, details, legends; what the script is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from math import cos, pi, sin

from maps.layers import Box
from maps.legend import LegendRow, Shape, Symbol
from maps.words import PAGE_WORDS, SCRIPT_WORDS

LAYERS = {
    "coverage": "Coverage",
    "suspected": "Suspected",
    "documented": "Documented",
    "clinics": "Clinics",
}
"""What the map can show, one at a time, by the name of its button."""

# Outlines in a square from -1 to 1, each of about a circle's area; None is the circle itself.
SHAPES: dict[Shape, tuple[tuple[float, float], ...] | None] = {
    "circle": None,
    "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "triangle": ((0, -1.25), (1.2, 0.85), (-1.2, 0.85)),
    "diamond": ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
}


@dataclass(frozen=True, slots=True)
class BaseLayer:
    """A map of this site to lay below the marks: its tiles' address with {z}, {x} and {y}.

    In WGS 84 and from the smallest zoom on; beyond the largest its tiles are drawn larger.
    """

    name: str
    tiles: str
    smallest_zoom: int
    largest_zoom: int
    box: Box
    attribution: str


@dataclass(frozen=True, slots=True)
class MapSources:
    """Addresses the page needs, all of this site but `tiles`.

    `village_page` and `clinic_page` hold "{id}" where the code goes. "" leaves out what it is for:
    clinics, households, links. `tiles` is a template with {z}, {x} and {y}, and wants its
    `tiles_attribution`; without tiles the map is drawn on plain ground. The layers must be sent in
    `tiles_crs` ("wgs84", "cgcs2000", "gcj02", "bd09"); a phone knows itself in WGS 84 only, so it
    is not asked where it is on tiles that are shifted.
    """

    leaflet_js: str
    leaflet_css: str
    map_js: str
    map_css: str
    villages: str
    clinics: str = ""
    households: str = ""
    village_page: str = ""
    clinic_page: str = ""
    tiles: str = ""
    tiles_attribution: str = ""
    tiles_crs: str = "wgs84"
    base_layers: tuple[BaseLayer, ...] = ()

    @property
    def is_shifted(self) -> bool:
        """Whether a place in WGS 84 would stand some hundred metres off on these tiles."""
        return bool(self.tiles) and self.tiles_crs not in ("wgs84", "cgcs2000")


def page_body(
    sources: MapSources,
    legends: Mapping[str, Sequence[LegendRow]],
    map_name: str,
    map_html: str,
    say: Callable[[str], str],
    language: str,
    layer: str,
) -> str:
    """Return layer switch, map with its buttons, details, legends."""
    words = {msgid: escape(say(msgid)) for msgid in PAGE_WORDS}
    shown = {name: title for name, title in LAYERS.items() if name in legends}
    attributes = {
        "data-map": map_name,
        "data-layer": layer,
        "data-villages": sources.villages,
        "data-clinics": sources.clinics,
        "data-households": sources.households,
        "data-village-page": sources.village_page,
        "data-clinic-page": sources.clinic_page,
    }
    written = " ".join(f'{name}="{escape(said)}"' for name, said in attributes.items() if said)
    switches = "".join(
        f'<label><input type="radio" name="map-layer" value="{name}"'
        f"{' checked' if name == layer else ''}><span>{words[title]}</span></label>"
        for name, title in shown.items()
    )
    keys = {
        name: _legend(name, rows, say, is_shown=name == layer) for name, rows in legends.items()
    }
    of_households = keys.pop("households", "")
    if sources.households:
        of_households = _household_switch(words["Households"]) + of_households
    ground = _ground_choice(sources, words)
    tools = "".join(
        _tool(name, words[title], path)
        for name, title, path in _TOOLS
        if name != "me" or not sources.is_shifted
    )
    return f"""\
<section class="map-page" id="map-page" lang="{escape(language)}" {written}>
<fieldset class="map-switch"><legend class="unseen">{words["Show on the map"]}</legend>
{switches}</fieldset>
{ground}
<div class="map-main">
<div class="map map-frame" aria-label="{words["Map of villages"]}" role="group">
{map_html}
<p class="map-status" role="status"></p>
</div>
<noscript><p class="notice">
{words["The map needs JavaScript. The list has the same figures."]}
</p></noscript>
<div class="map-tools">{tools}</div>
</div>
<div class="map-side">
<div class="map-panel sheet" id="map-panel" aria-live="polite"><p class="map-hint">\
{words["Tap a village for its figures."]}</p></div>
{"".join(keys.values())}
{of_households}
<p class="map-unplaced small" hidden></p>
</div>
</section>"""


# In the order of the row below the map: its ends, under the thumbs, go from village to village.
_TOOLS = (
    ("previous", "Previous", "M15 5l-7 7 7 7"),
    ("out", "Zoom out", "M5 12h14"),
    ("in", "Zoom in", "M12 5v14M5 12h14"),
    ("all", "Show all", "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"),
    ("me", "Centre on me", "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v3M12 19v3M2 12h3M19 12h3"),
    ("next", "Next", "M9 5l7 7-7 7"),
)


def _tool(name: str, words: str, path: str) -> str:
    return (
        f'<button type="button" class="quiet" data-tool="{name}" aria-label="{words}"'
        f' title="{words}"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="{path}"/></svg>'
        "</button>"
    )


def _ground_choice(sources: MapSources, words: Mapping[str, str]) -> str:
    """Return the choice of what lies below the marks: at first nothing of this site's own."""
    if not sources.base_layers or sources.is_shifted:
        return ""
    options = "".join(
        f'<option value="{number}" data-tiles="{escape(one.tiles)}"'
        f' data-zooms="{one.smallest_zoom},{one.largest_zoom}"'
        f' data-box="{one.box.south},{one.box.west},{one.box.north},{one.box.east}"'
        f' data-credit="{escape(escape(one.attribution))}">{escape(one.name)}</option>'
        for number, one in enumerate(sources.base_layers)
    )
    return (
        f'<label class="map-ground"><span>{words["Background"]}</span>'
        ' <select id="map-ground" autocomplete="off">'
        f'<option value="">{words["No background"]}</option>{options}</select></label>'
    )


def _household_switch(words: str) -> str:
    return (
        '<label class="map-households"><input type="checkbox" id="map-households">'
        f"<span>{words}</span></label>"
    )


def _legend(
    name: str, rows: Sequence[LegendRow], say: Callable[[str], str], *, is_shown: bool
) -> str:
    lines = "".join(
        f"<li>{_swatch(row.symbol)}<span>{escape(say(row.symbol.label))}</span>"
        f"{'' if row.count is None else f' <b>{row.count}</b>'}</li>"
        for row in rows
    )
    hidden = "" if is_shown else " hidden"
    return f'<ul class="map-legend" data-legend="{name}"{hidden}>{lines}</ul>'


def _swatch(symbol: Symbol) -> str:
    """Return the symbol as a small picture, drawn as on the map."""
    sign = {"%": "", "#": ""}.get(symbol.sign, symbol.sign)
    text = f'<text x="12" y="12">{escape(sign)}</text>' if sign else ""
    stripes = f'<path class="map-stripes" d="{_STRIPES}"/>' if symbol.is_hatched else ""
    classes = " ".join(
        name
        for name, is_so in (("map-dashed", symbol.is_dashed), ("is-hollow", not symbol.colour))
        if is_so
    )
    return (
        '<svg class="map-swatch" viewBox="0 0 24 24" aria-hidden="true">'
        f'<path d="{_outline(symbol.shape)}" fill="{symbol.colour}" class="{classes}"/>'
        f"{stripes}{text}</svg>"
    )


_STRIPES = "M6 12l6-6M6 18L18 6M12 18l6-6"


def _outline(shape: Shape, middle: float = 12, radius: float = 8) -> str:
    """Return an SVG path of the shape around the middle of a swatch."""
    corners = SHAPES[shape] or tuple(
        (cos(pi * step / 12), sin(pi * step / 12)) for step in range(24)
    )
    points = (f"{middle + radius * x:.1f} {middle + radius * y:.1f}" for x, y in corners)
    return f"M{'L'.join(points)}z"


def told(legends: Mapping[str, Sequence[LegendRow]], say: Callable[[str], str]) -> str:
    """Return what the script must know besides the figures: words, symbols and outlines."""
    known = {
        "words": {msgid: say(msgid) for msgid in SCRIPT_WORDS},
        "symbols": {
            name: {
                row.symbol.key: asdict(row.symbol) | {"label": say(row.symbol.label)}
                for row in rows
            }
            for name, rows in legends.items()
        },
        "shapes": SHAPES,
    }
    # Inside <script>, "<" could end the block.
    return json.dumps(known, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
