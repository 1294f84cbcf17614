"""What stands around the map: layer switch, buttons, details, legends; what the script is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from html import escape
from math import cos, pi, sin

from maps.legend import LegendRow, Shape, Symbol
from maps.view import LAYERS, BaseLayer, MapSources, MapView
from maps.village_figures import TIMED
from maps.words import PAGE_WORDS, SCRIPT_WORDS

# Outlines in a square from -1 to 1, each of about a circle's area; None is the circle itself.
SHAPES: dict[Shape, tuple[tuple[float, float], ...] | None] = {
    "circle": None,
    "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "triangle": ((0, -1.25), (1.2, 0.85), (-1.2, 0.85)),
    "diamond": ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
}


def page_body(
    sources: MapSources,
    view: MapView,
    map_name: str,
    map_html: str,
    say: Callable[[str], str],
) -> str:
    """Return the choices, the map with its buttons, details, legends."""
    words = {msgid: escape(say(msgid)) for msgid in PAGE_WORDS}
    attributes = {
        "data-map": map_name,
        "data-layer": view.shown,
        "data-villages": sources.villages,
        "data-week": sources.week,
        "data-borders": sources.borders,
        "data-clinics": sources.clinics,
        "data-households": sources.households,
        "data-village-page": sources.village_page,
        "data-walk-page": sources.walk_page,
        "data-clinic-page": sources.clinic_page,
        "data-list-page": sources.list_page,
    }
    written = " ".join(f'{name}="{escape(said)}"' for name, said in attributes.items() if said)
    keys = {
        name: legend_list(name, rows, say, is_shown=name == view.shown)
        for name, rows in view.legends.items()
    }
    of_households = keys.pop("households", "")
    if sources.households:
        of_households = _household_switch(words["Households"]) + of_households
    tools = "".join(_tool(name, words[title], path) for name, title, path in _TOOLS)
    return f"""\
<section class="map-page" id="map-page" lang="{escape(view.language)}" {written}>
{_choices(sources, view, words)}
<div class="map-main">
<div class="map map-frame" aria-label="{words["Map of villages"]}" role="group">
{map_html}
<p class="map-status" role="status"></p>
</div>
<noscript><p class="notice">
{words["The map needs JavaScript. The list has the same figures."]}
</p></noscript>
{_time(view, words)}
<div class="map-tools">{tools}</div>
</div>
<div class="map-side">
<div class="map-panel sheet" id="map-panel" aria-live="polite"><p class="map-hint">\
{words["Tap a village for its figures."]}</p></div>
{"".join(keys.values())}
{of_households}
{_ground_choice(sources, words)}
<p class="map-unplaced small" hidden></p>
</div>
</section>"""


# In the order of the row below the map: its ends, under the thumbs, go from village to village.
_TOOLS = (
    ("previous", "Previous village", "M15 5l-7 7 7 7"),
    ("out", "Zoom out", "M5 12h14"),
    ("in", "Zoom in", "M12 5v14M5 12h14"),
    ("all", "Show all", "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"),
    ("me", "Centre on me", "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v3M12 19v3M2 12h3M19 12h3"),
    ("next", "Next village", "M9 5l7 7-7 7"),
)


def _tool(name: str, words: str, path: str) -> str:
    return (
        f'<button type="button" class="quiet" data-tool="{name}" aria-label="{words}"'
        f' title="{words}"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="{path}"/></svg>'
        "</button>"
    )


def _choices(sources: MapSources, view: MapView, words: Mapping[str, str]) -> str:
    """Return the choice of the layer, which works without a script, and of what lies below."""
    options = "".join(
        f'<option value="{name}"{" selected" if name == view.layer else ""}>{words[title]}</option>'
        for name, title in LAYERS.items()
        if name in view.legends
    )
    week = view.time.weeks[view.time.at] if view.time and view.time.now else None
    kept = f'<input type="hidden" name="week" value="{week.isoformat()}">' if week else ""
    hidden = "" if view.layer == "rate" else " hidden"
    checked = " checked" if view.is_raw else ""
    raw = (
        f'<label class="map-raw"{hidden}><input type="checkbox" name="raw" value="1" id="map-raw"'
        f"{checked}><span>{words['As counted, not smoothed']}</span></label>"
    )
    return (
        f'<form class="map-choices" method="get" action="{escape(sources.page)}">{kept}'
        f'<label class="map-choice"><span>{words["Show on the map"]}</span>'
        f' <select id="map-layer" name="layer" autocomplete="off">{options}</select></label>'
        f"{raw if 'rate' in view.legends else ''}"
        f'<noscript><button class="quiet">{words["Show"]}</button></noscript></form>'
    )


def _ground_choice(sources: MapSources, words: Mapping[str, str]) -> str:
    """Return the choice of what lies below the marks; it is of use to the script alone."""
    if not sources.base_layers:
        return ""
    options = "".join(
        _ground_option(number, one, is_chosen=sources.has_ground and number == 0)
        for number, one in enumerate(sources.base_layers)
    )
    return (
        f'<label class="map-choice map-ground"><span>{words["Background"]}</span>'
        ' <select id="map-ground" autocomplete="off">'
        f'<option value="">{words["No background"]}</option>{options}</select></label>'
    )


def _ground_option(number: int, one: BaseLayer, *, is_chosen: bool) -> str:
    box = "" if one.box is None else ",".join(str(degrees) for degrees in one.box)
    return (
        f'<option value="{number}" data-tiles="{escape(one.tiles)}"'
        f' data-zooms="{one.smallest_zoom},{one.largest_zoom}" data-box="{box}"'
        f' data-crs="{one.crs}" data-subdomains="{escape(",".join(one.subdomains))}"'
        # Leaflet writes a credit as HTML: it is escaped for that, and for the attribute.
        f' data-credit="{escape(escape(one.attribution))}"{" selected" if is_chosen else ""}>'
        f"{escape(one.name)}</option>"
    )


def _time(view: MapView, words: Mapping[str, str]) -> str:
    """Return the way from week to week: plain links, which the script makes a slider."""
    row = view.time
    if row is None:
        return ""
    hidden = "" if view.layer in TIMED else " hidden"
    weeks = ",".join(one.isoformat() for one in row.weeks)
    return (
        f'<div class="map-time" data-weeks="{weeks}" data-at="{row.at}"{hidden}>'
        f"{_step(row.before, 'before', words['Week before'], '‹')}"
        f'<label class="map-weeks"><span class="map-when">{escape(row.words)}</span>'
        f'<input type="range" id="map-week" min="0" max="{len(row.weeks) - 1}" value="{row.at}"'
        f' aria-label="{words["Week"]}" autocomplete="off" hidden></label>'
        f"{_step(row.after, 'after', words['Week after'], '›')}"
        f"{_step(row.now, 'now', words['Now'], words['Now'])}</div>"
    )


def _step(address: str, name: str, title: str, sign: str) -> str:
    if not address:
        return f'<span class="button quiet" data-step="{name}" aria-hidden="true">{sign}</span>'
    return (
        f'<a class="button quiet" data-step="{name}" href="{escape(address)}"'
        f' aria-label="{title}">{sign}</a>'
    )


def _household_switch(words: str) -> str:
    return (
        '<label class="map-households"><input type="checkbox" id="map-households">'
        f"<span>{words}</span></label>"
    )


def legend_list(
    name: str, rows: Sequence[LegendRow], say: Callable[[str], str], *, is_shown: bool = True
) -> str:
    """Return the classes of a layer with their symbols and counts."""
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


def told(sources: MapSources, view: MapView, say: Callable[[str], str]) -> str:
    """Return what the script must know besides the figures: words, symbols and outlines."""
    known = {
        "words": {msgid: say(msgid) for msgid in SCRIPT_WORDS},
        "symbols": {
            name: {
                row.symbol.key: asdict(row.symbol) | {"label": say(row.symbol.label)}
                for row in rows
            }
            for name, rows in view.legends.items()
        },
        "shapes": SHAPES,
        "timed": TIMED,
        "shifts": dict(sources.shifts),
    }
    # Inside <script>, "<" could end the block.
    return json.dumps(known, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
