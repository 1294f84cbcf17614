"""How far the work has got: the list of villages and the map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response, render_template, request, url_for

from exports import files
from exports.table import Table
from maps import coverage as sums
from maps import draw, layers, legend
from maps.coverage import State, VillageCoverage
from maps.legend import LegendRow
from maps.page import BaseLayer, MapSources
from server.survey import base_maps, clinics, indicators, rounds
from server.survey.accounts import Right
from server.survey.base_maps import BaseMapLine
from server.survey.coverage_table import coverage_table
from server.survey.first_run import PROJECT
from server.web import door, headers, language
from server.web.downloads import whole_file
from server.web.language import _
from server.web.static_files import asset
from server.web.village_order import SORT_WORDS, ordered, site_day, state_words

pages = Blueprint("coverage", __name__)

SHOWN = 100
_PLACE = "-id-"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the list of villages is asked for; "" is everything."""

    township: str
    state: str
    sort: str
    page: int

    @classmethod
    def asked(cls) -> Wanted:
        """Read the address; what is not known there counts as not said."""
        told = request.args
        state, sort = told.get("state", ""), told.get("sort", "")
        return cls(
            township=told.get("township", ""),
            state=state if state in list(State) else "",
            sort=sort if sort in SORT_WORDS else "left",
            page=max(1, told.get("page", 1, int)),
        )

    def of(
        self, villages: Iterable[VillageCoverage], behind: Mapping[str, int]
    ) -> list[VillageCoverage]:
        """Return the villages that fit, in the order wanted; `behind` is by their plans."""
        fitting = (
            one
            for one in villages
            if self.township in ("", one.township_code) and self.state in ("", one.state)
        )
        return ordered(fitting, self.sort, behind)

    def sorted_by(self, key: str) -> str:
        """Return the address of this list in another order."""
        return self.address(sort=key)

    def address(self, endpoint: str = "coverage.villages", **other: str | int) -> str:
        """Return the address of this list with something changed."""
        told = {"township": self.township, "state": self.state, "sort": self.sort, **other}
        said = {name: value for name, value in told.items() if value and value != "left"}
        return url_for(endpoint, **said)  # type: ignore[arg-type]


@pages.get("/villages")
@door.allow(Right.SEE_COVERAGE)
def villages() -> str:
    """List the villages of the scope, the map's twin."""
    wanted = Wanted.asked()
    everywhere = indicators.coverage_by_village(door.session(), door.account().scope, site_day())
    of_township = [one for one in everywhere if wanted.township in ("", one.township_code)]
    behind = _behind(everywhere)
    fitting = wanted.of(of_township, behind)
    first = (wanted.page - 1) * SHOWN
    return render_template(
        "coverage_villages.html",
        villages=fitting[first : first + SHOWN],
        total=sums.total(fitting),
        of_township=sums.total(of_township),
        everywhere=len(everywhere),
        townships=townships(everywhere),
        wanted=wanted,
        short_name=layers.short_name,
        behind=behind,
        sorts=[(key, _(words)) for key, words in SORT_WORDS.items() if behind or key != "behind"],
        state_words=state_words(),
        before=wanted.address(page=wanted.page - 1) if wanted.page > 1 else None,
        after=wanted.address(page=wanted.page + 1) if first + SHOWN < len(fitting) else None,
        now=datetime.now(UTC),
    )


@pages.get("/villages.<any(csv, xlsx):kind>")
@door.allow(Right.SEE_COVERAGE)
def download(kind: str) -> Response:
    """Send the list of villages as a file: figures, no persons."""
    wanted = Wanted.asked()
    everywhere = indicators.coverage_by_village(door.session(), door.account().scope, site_day())
    fitting = wanted.of(everywhere, _behind(everywhere) if wanted.sort == "behind" else {})
    door.journal("villages_taken", kind, villages=len(fitting), township=wanted.township)
    title = _("Villages")
    notes = (
        _("Taken by %(name)s on %(moment)s.", name=door.account().name, moment=_now_words()),
        _("Done is completed, refused, absent after three visits, and vacated."),
    )
    table = coverage_table(fitting, title, notes, language.language())
    name = f"{title}-{site_day().isoformat()}"
    return whole_file(_written(kind, table), kind, "villages", name)


@pages.get("/map")
@door.allow(Right.SEE_COVERAGE, Right.SEE_CLINICS)
def map() -> str:
    """Show villages, findings and clinics on the map; clinics alone to who sees no more."""
    who, session = door.account(), door.session()
    shown: list[VillageCoverage] = []
    legends: dict[str, Sequence[LegendRow]] = {}
    if who.may(Right.SEE_COVERAGE):
        shown = indicators.coverage_by_village(session, who.scope, site_day())
        legends["coverage"] = legend.coverage_legend(shown)
        legends["suspected"] = legend.count_legend(shown, "suspected")
        legends["documented"] = legend.count_legend(shown, "documented")
    scores = clinics.scores(session, who.scope, site_day()) if who.may(Right.SEE_CLINICS) else []
    if who.may(Right.SEE_CLINICS):
        legends["clinics"] = legend.clinic_legend(scores)
    if who.may(Right.SEE_PERSONS):
        legends["households"] = legend.household_legend()
    places = [*(one.place for one in shown), *(one.place for one in scores)]
    drawn = draw.draw_map(
        _sources(legends),
        legends,
        layers.box_around(places),
        language.gettext,
        headers.nonce(),
        language=language.language(),
        layer=next(iter(legends)),
    )
    return render_template(
        "map.html",
        drawn=drawn,
        total=sums.total(shown),
        clinics=len(scores),
        has_coverage="coverage" in legends,
        is_empty=not shown and not scores,
        now=datetime.now(UTC),
    )


def _sources(legends: dict[str, Sequence[LegendRow]]) -> MapSources:
    settings = door.site().settings
    return MapSources(
        leaflet_js=asset("vendor/leaflet/leaflet.js"),
        leaflet_css=asset("vendor/leaflet/leaflet.css"),
        map_js=asset("map.js"),
        map_css=asset("map.css"),
        villages=url_for("map_layers.villages") if "coverage" in legends else "",
        clinics=url_for("map_layers.clinics") if "clinics" in legends else "",
        households=url_for("map_layers.households") if "households" in legends else "",
        village_page=_to_be_filled(door.way("villages.one", code=_PLACE)),
        clinic_page=_to_be_filled(door.way("clinics.one", clinic_id=_PLACE)),
        tiles=settings.tiles_url,
        tiles_attribution=settings.tiles_credit,
        tiles_crs=settings.tiles_crs,
        base_layers=tuple(
            _base_layer(one) for one in base_maps.drawable(door.session(), door.account().scope)
        ),
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


def _to_be_filled(address: str) -> str:
    """Return an address in which the script fills in what is tapped."""
    return address.replace(_PLACE, "{id}")


def _behind(villages: Iterable[VillageCoverage]) -> dict[str, int]:
    """Return how many households each village with a plan is behind it, by code."""
    scope, today = door.account().scope, site_day()
    planned = rounds.planned(door.session(), PROJECT, scope, villages)
    return {code: one.behind(today) for code, one in planned.items()}


def townships(villages: Iterable[VillageCoverage]) -> list[tuple[str, str]]:
    """Return the townships of villages: code and name, ordered by code."""
    return sorted({(one.township_code, one.township_name) for one in villages})


def _now_words() -> str:
    return language.moment(datetime.now(UTC))


def _written(kind: str, table: Table) -> Iterator[bytes]:
    if kind == "csv":
        return files.csv(table, language.language(), whole_digits=True)
    return files.xlsx([table], language.language())
