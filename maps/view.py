"""What the map page shows, and where its parts come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from maps.layers import Box
from maps.legend import LegendRow

LAYERS = {
    "coverage": "Coverage",
    "suspected": "Suspected",
    "documented": "Documented",
    "treated": "On a treatment list",
    "followup": "Follow-up due",
    "rate": "Rate of persons found",
    "clinics": "Clinics: score",
}
"""What the map can show, one at a time, by its name in the choice."""


@dataclass(frozen=True, slots=True)
class BaseLayer:
    """What can lie below the marks: its tiles' address with {z}, {x} and {y}.

    Drawn in `crs`, from the smallest zoom on; beyond the largest its tiles are drawn larger.
    `subdomains` are what {s} in the address stands for; `box` None is everywhere.
    """

    name: str
    tiles: str
    smallest_zoom: int
    largest_zoom: int
    box: Box | None
    attribution: str
    crs: str = "wgs84"
    subdomains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MapSources:
    """Addresses the page needs, all of this site but those of tiles.

    `village_page`, `walk_page` and `clinic_page` hold "{id}" where the code goes, `list_page` is
    the same as a list. "" leaves out what it is for. `base_layers` are offered in their order,
    none of them first unless `has_ground`. `shifts` is how far a place in WGS 84 moves on tiles
    in another frame, in degrees north and east, near enough for a county.
    """

    leaflet_js: str
    leaflet_css: str
    map_js: tuple[str, ...]
    map_css: str
    villages: str
    page: str = ""
    week: str = ""
    borders: str = ""
    clinics: str = ""
    households: str = ""
    village_page: str = ""
    walk_page: str = ""
    clinic_page: str = ""
    list_page: str = ""
    base_layers: tuple[BaseLayer, ...] = ()
    has_ground: bool = False
    shifts: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TimeRow:
    """The weeks that can be chosen, oldest first, by their Mondays; the last is now.

    `at` is the chosen one; `before`, `after` and `now` are addresses, "" where there is none.
    """

    weeks: Sequence[date]
    at: int
    words: str
    before: str
    after: str
    now: str


@dataclass(frozen=True, slots=True)
class MapView:
    """What the page shows first: legends by layer, the layer, its rates as counted, the week."""

    legends: Mapping[str, Sequence[LegendRow]]
    language: str
    layer: str = "coverage"
    is_raw: bool = False
    time: TimeRow | None = None

    @property
    def shown(self) -> str:
        """The layer whose marks are drawn."""
        return "rate_raw" if self.layer == "rate" and self.is_raw else self.layer
