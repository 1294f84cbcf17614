"""What the map fetches: villages, clinics and households, for the one who asks."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar, cast

from flask import Blueprint, Response, request

from maps import layers
from maps.clinics import ClinicScore
from maps.coverage import VillageCoverage
from maps.crs import Crs, from_wgs84, to_wgs84
from maps.layers import Box
from maps.points import Point
from server.errors import NotValid
from server.survey import clinics as clinic_scores
from server.survey import household_points, indicators
from server.survey.accounts import Right
from server.web import door

pages = Blueprint("map_layers", __name__, url_prefix="/map")

Placed = TypeVar("Placed", VillageCoverage, ClinicScore)


@pages.get("/villages.json")
@door.allow(Right.SEE_COVERAGE)
def villages() -> Response:
    """Send the villages of the scope with their figures."""
    return _layer(layers.village_layer([_as_drawn(one) for one in _villages()]))


@pages.get("/clinics.json")
@door.allow(Right.SEE_CLINICS)
def clinics() -> Response:
    """Send the clinics of the scope with their scores."""
    scores = clinic_scores.scores(door.session(), door.account().scope, _site_day())
    return _layer(layers.clinic_layer([_as_drawn(one) for one in scores]))


@pages.get("/households.json")
@door.allow(Right.SEE_PERSONS)
def households() -> Response:
    """Send the households in a box: in cells, each one where they are few."""
    found = household_points.household_layer(
        door.session(),
        door.account().scope,
        _villages(),
        request.args.get("zoom", 0, int),
        _box(),
    )
    for row in (row for rows in found.values() for row in rows):
        place = from_wgs84(Point(cast("float", row[0]), cast("float", row[1])), _crs())
        row[:2] = round(place.latitude, layers.DECIMALS), round(place.longitude, layers.DECIMALS)
    return _layer(found)


def _villages() -> list[VillageCoverage]:
    return indicators.coverage_by_village(door.session(), door.account().scope, _site_day())


def _as_drawn(one: Placed) -> Placed:
    """Return it with its place in the coordinates of the site's tiles."""
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
    return cast(
        "Crs", door.site().settings.tiles_crs if door.site().settings.tiles_url else "wgs84"
    )


def _site_day() -> date:
    return datetime.now(door.site().settings.zone).date()


def _layer(layer: Mapping[str, Any]) -> Response:
    """Answer with a layer; the browser keeps it and asks whether it has changed."""
    body = layers.to_json(layer)
    answer = Response(body, content_type="application/json")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(hashlib.sha256(body).hexdigest()[:24])
    answer.make_conditional(request)
    return answer
