"""The twin of every layer of the map as a list: the same figures, classes and counts, as words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from flask import Blueprint, Response, render_template, request, url_for

from exports import files
from exports.table import Cell, Column, Table
from maps.layers import short_name
from maps.legend import Symbol
from maps.page import legend_list
from maps.view import LAYERS
from maps.village_figures import TIMED, VILLAGE_LAYERS, VillageFigures
from maps.weeks import Week, week_told, weeks_between
from server.survey import map_figures
from server.survey.accounts import Right
from server.web import door, language
from server.web.downloads import whole_file
from server.web.language import _
from server.web.map_words import week_words
from server.web.site_time import site_day
from server.web.static_files import asset

pages = Blueprint("map_lists", __name__)

SHOWN = 100
DEFAULT = "coverage"


@pages.get("/map/list")
@door.allow(Right.SEE_COVERAGE)
def show() -> str:
    """List the villages of a layer, those with most to do first."""
    layer, week = _layer(), _week()
    villages = _ordered(layer, week)
    page = max(1, request.args.get("page", 1, int))
    first = (page - 1) * SHOWN
    return render_template(
        "map_list.html",
        layer=layer,
        title=_title(layer),
        week=week_words(week) if week else "",
        week_first=week.first.isoformat() if week else "",
        rows=[(one, *_told(layer, one)) for one in villages[first : first + SHOWN]],
        legend=legend_list(layer, VILLAGE_LAYERS[layer].legend(villages), language.gettext),
        style=asset("map.css"),
        villages=len(villages),
        short_name=short_name,
        layers=[(name, _(LAYERS[name])) for name in LAYERS if name in VILLAGE_LAYERS],
        is_raw=layer == "rate_raw",
        clinics=door.way("clinics.show"),
        before=_address(page=str(page - 1)) if page > 1 else None,
        after=_address(page=str(page + 1)) if first + SHOWN < len(villages) else None,
        to_map=_address("map_page.show"),
        take={kind: _address("map_lists.download", kind=kind) for kind in ("xlsx", "csv")},
        now=datetime.now(UTC),
    )


@pages.get("/map/list.<any(csv, xlsx):kind>")
@door.allow(Right.SEE_COVERAGE)
def download(kind: str) -> Response:
    """Send a layer as a file: figures by village, no persons."""
    layer, week = _layer(), _week()
    villages = _ordered(layer, week)
    door.journal("map_layer_taken", kind, layer=layer, villages=len(villages))
    table = _table(layer, week, villages)
    written: Iterator[bytes] = (
        files.csv(table, language.language(), whole_digits=True)
        if kind == "csv"
        else files.xlsx([table], language.language())
    )
    name = f"{_title(layer)}-{(week.last if week else site_day()).isoformat()}"
    return whole_file(written, kind, f"map-{layer}", name)


def _layer() -> str:
    told = request.args.get("layer", DEFAULT)
    if told == "rate" and "raw" in request.args:
        return "rate_raw"
    return told if told in VILLAGE_LAYERS else DEFAULT


def _week() -> Week | None:
    if _layer() not in TIMED:
        return None
    session, scope, today = door.session(), door.account().scope, site_day()
    weeks = weeks_between(map_figures.first_day(session, scope, today), today)
    return week_told(request.args.get("week", ""), weeks)


def _ordered(layer: str, week: Week | None) -> list[VillageFigures]:
    session, scope, today = door.session(), door.account().scope, site_day()
    found = (
        map_figures.figures_of_week(session, scope, today, week)
        if week
        else map_figures.figures(session, scope, today)
    )
    urgency = VILLAGE_LAYERS[layer].urgency
    return sorted(found, key=lambda one: (-urgency(one), one.coverage.code))


def _title(layer: str) -> str:
    return _(LAYERS["rate" if layer == "rate_raw" else layer])


def _symbol(layer: str, one: VillageFigures) -> Symbol:
    wanted = VILLAGE_LAYERS[layer].class_of(one)
    return next(symbol for symbol in VILLAGE_LAYERS[layer].symbols if symbol.key == wanted)


def _told(layer: str, one: VillageFigures) -> tuple[str, str]:
    """Return the figure with what it is out of, and the class in words."""
    return figure_words(layer, one), _(_symbol(layer, one).label)


def figure_words(layer: str, one: VillageFigures) -> str:
    """Return a village's figure of a layer as its panel on the map says it."""
    village = one.coverage
    if layer == "coverage":
        return (
            village.percent_text if village.register_households else language.number(village.done)
        )
    if layer == "treated":
        return f"{language.number(one.treated)} / {language.number(one.found)}"
    if layer == "followup":
        return f"{language.number(one.due)} / {language.number(one.followed)}"
    number = VILLAGE_LAYERS[layer].number_of(one)
    if number is None:
        return "–"
    if layer in ("rate", "rate_raw"):
        counted = f"{one.rate.events}/{one.rate.tried}" if one.rate else ""
        return f"{language.number(number, 1)}% ({counted})"
    return language.number(number)


def _table(layer: str, week: Week | None, villages: Sequence[VillageFigures]) -> Table:
    columns = (
        Column("village_code", {"en": "Village code", "zh": "村代码"}, width=15),
        Column("village", {"en": "Village", "zh": "村"}, width=26),
        Column("township", {"en": "Township", "zh": "乡镇"}, width=16),
        Column("class", {"en": "Class", "zh": "分级"}, width=28),
        Column("number", {"en": "Number", "zh": "数值"}, "decimal"),
        Column("of", {"en": "Out of", "zh": "总数"}, "integer"),
        Column("as_counted", {"en": "Rate as counted, %", "zh": "原始率（%）"}, "decimal"),
        Column("smoothed", {"en": "Rate smoothed, %", "zh": "平滑率（%）"}, "decimal"),
    )
    notes = (_("As of %(when)s.", when=week_words(week) if week else _("now")),)
    return Table(_title(layer), columns, (_row(layer, one) for one in villages), notes)


def _row(layer: str, one: VillageFigures) -> Sequence[Cell]:
    village, rate = one.coverage, one.rate
    whole = {
        "coverage": village.register_households,
        "treated": one.found,
        "followup": one.followed,
        "rate": rate.tried if rate else None,
        "rate_raw": rate.tried if rate else None,
    }
    is_rate = layer in ("rate", "rate_raw")
    return (
        village.code,
        village.name,
        village.township_name,
        _(_symbol(layer, one).label),
        VILLAGE_LAYERS[layer].number_of(one),
        whole.get(layer, village.persons_screened),
        round(100 * rate.raw, 2) if rate and is_rate else None,
        round(100 * rate.smoothed, 2) if rate and is_rate else None,
    )


def _address(endpoint: str = "map_lists.show", **other: str) -> str:
    told = {name: request.args.get(name, "") for name in ("layer", "raw", "week")}
    said = {name: value for name, value in {**told, **other}.items() if value}
    return url_for(endpoint, **said)  # type: ignore[arg-type]
