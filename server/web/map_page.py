"""The map: villages, findings and clinics, week by week, with the same as a list beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from flask import Blueprint, render_template, request, url_for

from maps import coverage as sums
from maps import draw, layers, legend
from maps.clinics import ClinicScore
from maps.crs import from_wgs84
from maps.legend import LegendRow
from maps.points import Point
from maps.view import LAYERS, BaseLayer, MapSources, MapView, TimeRow
from maps.village_figures import TIMED, VILLAGE_LAYERS, VillageFigures
from maps.weeks import Week, week_told, weeks_between
from server.survey import base_maps, boundaries, clinics, map_figures, tile_sources
from server.survey.accounts import Right
from server.survey.base_maps import BaseMapLine
from server.survey.tile_sources import Source
from server.web import door, headers, language
from server.web.language import _
from server.web.map_words import week_words
from server.web.site_time import site_day
from server.web.static_files import asset

pages = Blueprint("map_page", __name__)

SCRIPTS = ("map.js", "map-names.js", "map-week.js", "map-ground.js", "map-households.js")
_PLACE = "-id-"
_SHIFTED = ("gcj02", "bd09")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: a layer, its rates as counted, the week None for now."""

    layer: str
    is_raw: bool
    week: Week | None
    weeks: Sequence[Week]

    @classmethod
    def read(cls, today: date) -> Asked:
        """Read the address; what is not known there counts as not said."""
        told = request.args
        weeks = weeks_between(
            map_figures.first_day(door.session(), door.account().scope, today), today
        )
        layer = told.get("layer", "")
        return cls(
            layer=layer if layer in LAYERS else "",
            is_raw="raw" in told,
            week=week_told(told.get("week", ""), weeks) if layer in ("", *TIMED) else None,
            weeks=weeks,
        )

    def address(self, endpoint: str, week: Week | None, **more: str) -> str:
        """Return the address of this layer in another week."""
        told = {"layer": self.layer, "week": week.first.isoformat() if week else "", **more}
        if self.is_raw:
            told["raw"] = "1"
        said = {name: value for name, value in told.items() if value}
        return url_for(endpoint, **said)  # type: ignore[arg-type]


@pages.get("/map")
@door.allow(Right.SEE_COVERAGE, Right.SEE_CLINICS)
def show() -> str:
    """Show villages, findings and clinics on the map; clinics alone to who sees no more."""
    who, session, today = door.account(), door.session(), site_day()
    asked = Asked.read(today)
    shown: list[VillageFigures] = []
    if who.may(Right.SEE_COVERAGE):
        shown = _figures(today, asked.week)
    scores = clinics.scores(session, who.scope, today) if who.may(Right.SEE_CLINICS) else []
    legends = _legends(shown, scores)
    layer = asked.layer if asked.layer in legends else next(iter(legends))
    view = MapView(
        legends, language.language(), layer, asked.is_raw, _time(asked) if shown else None
    )
    places = [*(one.coverage.place for one in shown), *(one.place for one in scores)]
    drawn = draw.draw_map(
        _sources(view, places),
        view,
        layers.box_around(places),
        language.gettext,
        headers.nonce(),
    )
    return render_template(
        "map.html",
        drawn=drawn,
        total=sums.total(one.coverage for one in shown),
        week=week_words(asked.week) if asked.week else "",
        clinics=len(scores),
        has_coverage="coverage" in legends,
        is_empty=not shown and not scores,
        twin=_twin(asked, layer),
        now=datetime.now(UTC),
    )


def _figures(today: date, week: Week | None) -> list[VillageFigures]:
    session, scope = door.session(), door.account().scope
    if week is None:
        return map_figures.figures(session, scope, today)
    return map_figures.figures_of_week(session, scope, today, week)


def _legends(
    shown: Sequence[VillageFigures], scores: Sequence[ClinicScore]
) -> dict[str, Sequence[LegendRow]]:
    who = door.account()
    legends: dict[str, Sequence[LegendRow]] = {}
    if who.may(Right.SEE_COVERAGE):
        legends |= {name: one.legend(shown) for name, one in VILLAGE_LAYERS.items()}
    if who.may(Right.SEE_CLINICS):
        legends["clinics"] = legend.clinic_legend(scores)
    if who.may(Right.SEE_PERSONS):
        legends["households"] = legend.household_legend()
    return legends


def _time(asked: Asked) -> TimeRow | None:
    """Return the way through the weeks, None where there is one week only."""
    weeks = asked.weeks
    if len(weeks) < 2:
        return None
    at = weeks.index(asked.week) if asked.week else len(weeks) - 1

    def to(number: int) -> str:
        if not 0 <= number < len(weeks):
            return ""
        last = number == len(weeks) - 1
        return asked.address("map_page.show", None if last else weeks[number])

    return TimeRow(
        weeks=[one.first for one in weeks],
        at=at,
        words=week_words(asked.week) if asked.week else _("now"),
        before=to(at - 1),
        after=to(at + 1),
        now=asked.address("map_page.show", None) if asked.week else "",
    )


def _twin(asked: Asked, layer: str) -> str:
    """Return the address of the same as a list, "" for who may not see it."""
    if layer == "clinics":
        return door.way("clinics.show")
    week = asked.week.first.isoformat() if asked.week else None
    raw = "1" if asked.is_raw else None
    return door.way("map_lists.show", layer=layer, week=week, raw=raw)


def _sources(view: MapView, places: Iterable[Point | None]) -> MapSources:
    session, scope, legends = door.session(), door.account().scope, view.legends
    has_coverage = "coverage" in legends
    edition = boundaries.edition(session, scope) if has_coverage else ""
    own = _settings_layer()
    grounds = (*own, *_own_layers(), *_far_layers())
    return MapSources(
        leaflet_js=asset("vendor/leaflet/leaflet.js"),
        leaflet_css=asset("vendor/leaflet/leaflet.css"),
        map_js=tuple(asset(name) for name in SCRIPTS),
        map_css=asset("map.css"),
        page=url_for("map_page.show"),
        villages=url_for("map_layers.villages") if has_coverage else "",
        week=url_for("map_layers.week") if has_coverage and view.time else "",
        borders=url_for("map_layers.borders", edition=edition) if edition else "",
        clinics=url_for("map_layers.clinics") if "clinics" in legends else "",
        households=url_for("map_layers.households") if "households" in legends else "",
        village_page=_to_be_filled(door.way("villages.one", code=_PLACE)),
        walk_page=_to_be_filled(door.way("walks.show", code=_PLACE)),
        clinic_page=_to_be_filled(door.way("clinics.one", clinic_id=_PLACE)),
        list_page=door.way("map_lists.show") if has_coverage else "",
        base_layers=grounds,
        has_ground=bool(own),
        shifts=_shifts(places),
    )


def _settings_layer() -> tuple[BaseLayer, ...]:
    """Return the tiles of the site's settings: shown at once, as they always were."""
    settings = door.site().settings
    if not settings.tiles_url:
        return ()
    one = Source(
        0, _("Site's tiles"), settings.tiles_url, settings.tiles_credit, settings.tiles_crs, 0, 20
    )
    return (_far_layer(one),)


def _own_layers() -> list[BaseLayer]:
    drawable = base_maps.drawable(door.session(), door.account().scope)
    return [_base_layer(one) for one in drawable]


def _far_layers() -> list[BaseLayer]:
    """Return the tiles of other servers, and let this page load pictures from there."""
    return [_far_layer(one) for one in tile_sources.listed(door.session())]


def _far_layer(one: Source) -> BaseLayer:
    headers.let_pictures_come_from(one.origins)
    return BaseLayer(
        name=one.name,
        tiles=one.address,
        smallest_zoom=one.smallest_zoom,
        largest_zoom=one.largest_zoom,
        box=None,
        attribution=one.credit,
        crs=one.crs,
        subdomains=one.hosts,
    )


def _base_layer(one: BaseMapLine) -> BaseLayer:
    # The address names the file, so that a browser keeps no tile of another one.
    address = url_for("base_maps.tile", map_id=one.id, zoom=0, column=0, row=0)
    return BaseLayer(
        name=one.name,
        tiles=f"{address.removesuffix('0/0/0')}{{z}}/{{x}}/{{y}}?v={one.sha256[:8]}",
        smallest_zoom=one.smallest_zoom,
        largest_zoom=one.largest_zoom,
        box=one.box,
        attribution=one.attribution,
    )


def _shifts(places: Iterable[Point | None]) -> dict[str, tuple[float, float]]:
    """Return how far a place moves in the frames that are shifted, in the middle of the map."""
    box = layers.box_around(places)
    if box is None:
        return {}
    middle = Point((box.south + box.north) / 2, (box.west + box.east) / 2)
    moved = {crs: from_wgs84(middle, crs) for crs in _SHIFTED}  # type: ignore[arg-type]
    return {
        crs: (
            round(one.latitude - middle.latitude, layers.DECIMALS),
            round(one.longitude - middle.longitude, layers.DECIMALS),
        )
        for crs, one in moved.items()
    }


def _to_be_filled(address: str) -> str:
    """Return an address in which the script fills in what is tapped."""
    return address.replace(_PLACE, "{id}")
