"""What the map fetches: villages, their weeks and borders, clinics and households, for who asks.

Every layer is sent in the frame of the tiles it lies on (`?crs=`): only the answer is moved.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from flask import Blueprint, Response, request

from maps import boundaries as borders_of
from maps import layers
from maps.boundaries import FRAMES
from maps.clinics import ClinicScore
from maps.coverage import VillageCoverage
from maps.crs import Crs, from_wgs84, to_wgs84
from maps.layers import Box
from maps.points import Point
from maps.village_layer import village_layer, week_layer
from maps.weeks import week_told, weeks_between
from server.errors import NotValid
from server.survey import boundaries, household_points, indicators, map_figures
from server.survey import clinics as clinic_scores
from server.survey.accounts import Right
from server.web import door
from server.web.site_time import site_day

pages = Blueprint("map_layers", __name__, url_prefix="/map")

Placed = TypeVar("Placed", VillageCoverage, ClinicScore)
# Borders change with an import, and then have another address.
_BORDERS_AGE_S = 7 * 24 * 3600


@pages.get("/villages.json")
@door.allow(Right.SEE_COVERAGE)
def villages() -> Response:
    """Send the villages of the scope with their figures of now."""
    found = map_figures.figures(door.session(), door.account().scope, site_day())
    return _layer(village_layer([replace(one, coverage=_as_drawn(one.coverage)) for one in found]))


@pages.get("/week.json")
@door.allow(Right.SEE_COVERAGE)
def week() -> Response:
    """Send what was known of the villages by the end of a week that is named by its Monday."""
    session, scope, today = door.session(), door.account().scope, site_day()
    weeks = weeks_between(map_figures.first_day(session, scope, today), today)
    wanted = week_told(request.args.get("week", ""), weeks)
    if wanted is None:
        return _layer(week_layer(map_figures.figures(session, scope, today)))
    return _layer(week_layer(map_figures.figures_of_week(session, scope, today, wanted)))


@pages.get("/borders.json")
@door.allow(Right.SEE_COVERAGE)
def borders() -> Response:
    """Send the borders of the scope's villages, to be kept for a week where the address names
    their edition.
    """
    session, scope = door.session(), door.account().scope
    drawn = {
        code: borders_of.packed(borders_of.in_frame(json.loads(shape), _crs()))
        for code, shape in boundaries.drawn(session, scope).items()
    }
    answer = _layer({"borders": drawn})
    edition = request.args.get("edition", "")
    if edition and edition == boundaries.edition(session, scope):
        answer.headers["Cache-Control"] = f"private, max-age={_BORDERS_AGE_S}"
    return answer


@pages.get("/clinics.json")
@door.allow(Right.SEE_CLINICS)
def clinics() -> Response:
    """Send the clinics of the scope with their scores."""
    scores = clinic_scores.scores(door.session(), door.account().scope, site_day())
    return _layer(layers.clinic_layer([_as_drawn(one) for one in scores]))


@pages.get("/households.json")
@door.allow(Right.SEE_PERSONS)
def households() -> Response:
    """Send the households in a box: in cells, each one where they are few."""
    session, scope = door.session(), door.account().scope
    found = household_points.household_layer(
        session,
        scope,
        lambda: indicators.coverage_by_village(session, scope, site_day()),
        request.args.get("zoom", 0, int),
        _box(),
    )
    for row in (row for rows in found.values() for row in rows):
        place = from_wgs84(Point(cast("float", row[0]), cast("float", row[1])), _crs())
        row[:2] = round(place.latitude, layers.DECIMALS), round(place.longitude, layers.DECIMALS)
    return _layer(found)


def _as_drawn(one: Placed) -> Placed:
    """Return it with its place in the frame of the tiles it is drawn on."""
    if one.place is None or _crs() == "wgs84":
        return one
    return replace(one, place=from_wgs84(one.place, _crs()))


def _box() -> Box:
    """Return the box that is asked for, as WGS 84. Raises NotValid."""
    try:
        south, west, north, east = (float(request.args[side]) for side in Box._fields)
        corners = [_corner(south, west), _corner(north, east)]
    except (KeyError, ValueError):
        raise NotValid("Say which part of the map: south, west, north, east.") from None
    return Box(*(degrees for one in corners for degrees in (one.latitude, one.longitude)))


def _corner(latitude: float, longitude: float) -> Point:
    """Return a corner of the view; a map that is zoomed far out shows more than the earth."""
    if math.isnan(latitude) or math.isnan(longitude):
        raise ValueError
    on_earth = Point(max(-90.0, min(90.0, latitude)), max(-180.0, min(180.0, longitude)))
    return to_wgs84(on_earth, _crs())


def _crs() -> Crs:
    told = request.args.get("crs", "wgs84")
    return next((frame for frame in FRAMES if frame == told), "wgs84")


def _layer(layer: Mapping[str, Any]) -> Response:
    """Answer with a layer; the browser keeps it and asks whether it has changed."""
    body = layers.to_json(layer)
    answer = Response(body, content_type="application/json")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(hashlib.sha256(body).hexdigest()[:24])
    answer.make_conditional(request)
    return answer
