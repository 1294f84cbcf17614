"""Pictures of figures: a page of them, and each as SVG, PNG or its numbers as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request

from exports import files
from exports.pictures.canvas import Picture, standalone
from exports.pictures.png import png
from exports.table import Table
from maps import coverage as sums
from maps import layers
from maps.coverage import VillageCoverage
from server.errors import Missing
from server.survey import drawn, indicators, phones
from server.survey.accounts import Right
from server.web import door, language
from server.web.downloads import whole_file
from server.web.pictures import area, funnels, work
from server.web.pictures.asked import Asked
from server.web.site_time import site_day

pages = Blueprint("charts", __name__)

Drawing = Callable[[Asked], Picture | None]
OF_AREAS: Mapping[str, Drawing] = {
    "work": area.work,
    "coverage": area.coverage,
    "ages": area.ages,
    "days": work.days,
    "hours": work.hours,
    "funnel": funnels.funnel,
}
OF_WORKERS: Mapping[str, Drawing] = {
    "times": area.times,
    "digits": work.digits,
    "hours": work.hours,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """An area to choose pictures of."""

    code: str
    name: str
    is_chosen: bool


@pages.get("/pictures")
@door.allow(Right.SEE_COVERAGE)
def show() -> str:
    """Show the pictures of the reader's area, or of one township or village of it."""
    asked = _asked(request.args.get("area", ""))
    scope = door.account().scope
    villages = indicators.coverage_by_village(door.session(), scope, asked.today)
    inside = [one for one in villages if asked.scope.covers(one.code)]
    several = [area.work_in(inside, asked), area.coverage_of(inside, asked), area.ages(asked)]
    if asked.village:
        several += [work.days(asked), work.hours(asked), funnels.funnel(asked)]
    if door.account().may(Right.SEE_SUBMISSIONS):
        several.append(area.times(asked))
    return render_template(
        "charts.html",
        pictures=[one for one in several if one],
        asked=asked,
        choices=_choices(villages, asked),
    )


@pages.get("/pictures/workers/<int:phone_id>")
@door.allow(Right.SEE_SUBMISSIONS)
def worker(phone_id: int) -> str:
    """Show the pictures of one worker: hours of the day, and last digits of readings."""
    found = phones.find(door.session(), phone_id, door.account().scope)
    asked = _of_worker(phone_id, found.name)
    told = drawn.digits(door.session(), phone_id)
    return render_template(
        "charts_worker.html",
        phone=found,
        asked=asked,
        hours=work.hours(asked),
        digits=[(one.indicator, work.digits_of(one, asked)) for one in told],
    )


@pages.get("/pictures/<name>.<any(svg, png, csv):kind>")
@door.allow(Right.SEE_COVERAGE)
def of_area(name: str, kind: str) -> Response:
    """Send a picture of an area as a file."""
    return _sent(OF_AREAS.get(name), _asked(request.args.get("area", "")), kind)


@pages.get("/pictures/workers/<name>.<any(svg, png, csv):kind>")
@door.allow(Right.SEE_SUBMISSIONS)
def of_worker(name: str, kind: str) -> Response:
    """Send a picture of one worker, or of the workers of an area, as a file."""
    phone_id = request.args.get("phone", type=int)
    if phone_id is None:
        asked = _asked(request.args.get("area", ""))
    else:
        found = phones.find(door.session(), phone_id, door.account().scope)
        asked = _of_worker(phone_id, found.name)
    return _sent(OF_WORKERS.get(name), asked, kind)


def _asked(code: str) -> Asked:
    """Return what is asked of an area; raises Missing for one outside the reader's."""
    scope = door.account().scope
    if not code:
        return Asked(scope, site_day(), indicator=request.args.get("indicator", ""))
    is_code = code.isdigit() and len(code) == 12
    place = drawn.place_name(door.session(), code) if is_code else None
    inside = scope.within(code) if is_code else scope
    if place is None or not inside.stems:
        raise Missing("There is no such area here.")
    return Asked(
        scope=inside,
        today=site_day(),
        area=code,
        place=layers.short_name(place),
        indicator=request.args.get("indicator", ""),
    )


def _of_worker(phone_id: int, name: str) -> Asked:
    return Asked(
        scope=door.account().scope,
        today=site_day(),
        place=name,
        phone_id=phone_id,
        indicator=request.args.get("indicator", ""),
    )


def _choices(villages: Sequence[VillageCoverage], asked: Asked) -> list[Choice]:
    """Return the townships of the reader's area; none where there is but one."""
    several = sums.by_township(villages)
    return [
        Choice(one.code, layers.short_name(one.name), asked.area == one.code)
        for one in several
        if len(several) > 1
    ]


def _sent(drawing: Drawing | None, asked: Asked, kind: str) -> Response:
    picture = drawing(asked) if drawing else None
    if picture is None:
        raise Missing("There is nothing to draw yet.")
    door.journal("picture_taken", picture.name, kind=kind, area=asked.area)
    return whole_file(_written(picture, kind), kind, picture.name, picture.title)


def _written(picture: Picture, kind: str) -> Iterator[bytes]:
    if kind == "svg":
        yield standalone(picture).encode()
    elif kind == "png":
        yield png(picture)
    else:
        yield from _csv(picture.table)


def _csv(table: Table) -> Iterator[bytes]:
    return files.csv(table, language.language(), whole_digits=True)
