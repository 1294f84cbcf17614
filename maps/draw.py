"""The map page in pieces: folium's map without its outside scripts, our controls and legends.

The only file that touches folium. Data is linked, not embedded: static/map.js fetches the layers
(maps/layers.py), so that the page is small and the figures are always those of now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import import_module
from typing import Any

from maps.layers import MOST_ZOOM, Box
from maps.page import page_body, told
from maps.view import MapSources, MapView

_COUNTRY = Box(18.0, 73.0, 54.0, 135.0)


@dataclass(frozen=True, slots=True)
class MapPage:
    """HTML for a page's head, its body, and the end of its body."""

    head: str
    body: str
    script: str


def draw_map(
    sources: MapSources,
    view: MapView,
    box: Box | None,
    say: Callable[[str], str],
    nonce: str,
) -> MapPage:
    """Return the pieces of a map page.

    `view.legends` has the rows of each layer that can be chosen, and of "households" where those
    can be shown. `box` is where to look before the figures are there. `say` translates a message
    id and leaves its places unfilled. `nonce` is that of the page's security policy. Raises
    ValueError for a layer without a legend.
    """
    if view.shown not in view.legends:
        raise ValueError(f"no legend for the layer {view.shown!r}")
    drawn = _folium_map(sources, box)
    root = drawn.get_root()
    root.render()  # Gathers the pieces below; the page that it returns is not ours.
    token = f' nonce="{escape(nonce)}"'
    scripts = [
        f'<script type="application/json" id="map-told">{told(sources, view, say)}</script>',
        *_links(root.header, "JavascriptLink"),
        f"<script>{root.script.render()}</script>",
        *(f'<script src="{escape(one)}"></script>' for one in sources.map_js),
    ]
    return MapPage(
        head="\n".join(
            [
                *_links(root.header, "CssLink"),
                f'<link rel="stylesheet" href="{escape(sources.map_css)}">',
            ]
        ),
        body=page_body(sources, view, drawn.get_name(), root.html.render(), say),
        script="\n".join(one.replace("<script", f"<script{token}", 1) for one in scripts),
    )


@cache
def _folium() -> Any:
    # folium brings numpy and takes 0.9 s and 40 MB to import: the first map pays, not the start.
    return import_module("folium")


def _folium_map(sources: MapSources, box: Box | None) -> Any:
    """Return a map that loads nothing but our own Leaflet: no jQuery, Bootstrap or icon fonts."""
    where = box or _COUNTRY
    drawn = _folium().Map(
        location=((where.south + where.north) / 2, (where.west + where.east) / 2),
        zoom_start=11 if box else 4,
        tiles=None,
        control_scale=True,
        zoom_control=False,
        attribution_control=False,
        maxZoom=MOST_ZOOM,  # Leaflet's name: folium keeps `max_zoom` for its own tiles.
        # Without tiles nothing is lost between whole zoom levels, and the village fits better.
        zoom_snap=0.25,
    )
    # On this map only: the lists on folium's class are shared with every other map.
    drawn.default_js = [("leaflet", escape(sources.leaflet_js))]
    drawn.default_css = [("leaflet_css", escape(sources.leaflet_css))]
    return drawn


def _links(header: Any, kind: str) -> list[str]:
    """Return folium's links of one kind; its styles would take over the whole page."""
    return [one.render() for one in header._children.values() if type(one).__name__ == kind]
