"""The walk to the households of a village that are not done, from its middle or from oneself."""

from __future__ import annotations

import math

from flask import Blueprint, render_template, request, url_for

from maps import sketch
from maps.coverage import VillageCoverage
from maps.layers import short_name
from maps.points import Point
from server.errors import Missing
from server.survey import indicators, missed
from server.survey.accounts import Right
from server.survey.missed import Walk
from server.web import door
from server.web.site_time import site_day
from server.web.static_files import asset

pages = Blueprint("walks", __name__)

# Beyond this somebody is not in the village, but looks at it from an office.
FARTHEST_M = 30_000
# As fast as people go on paths between houses, with the way round what is in between.
METRES_AN_HOUR = 3_000


@pages.get("/villages/<code>/walk")
@door.allow(Right.SEE_PERSONS)
def show(code: str) -> str:
    """Show whom to walk to, in an order that is short."""
    session, scope = door.session(), door.account().scope
    village = _village(code)
    me = _told_place()
    walk = missed.walk_through(session, scope, code, me or village.place)
    door.journal("walk_seen", f"village {code}", households=len(walk.stops))
    return render_template(
        "walk.html",
        village=village,
        name=short_name(village.name),
        walk=walk,
        minutes=max(1, round(walk.length_m / METRES_AN_HOUR * 60)),
        is_from_me=me is not None,
        drawn=_drawn(walk),
        script=asset("walk.js"),
        style=asset("map.css"),
        from_village=url_for("walks.show", code=code),
    )


def _village(code: str) -> VillageCoverage:
    session, scope = door.session(), door.account().scope.within(code)
    township = indicators.township_of(session, code)
    found = indicators.coverage_by_village(session, scope, site_day(), township)
    for one in found:
        if one.code == code:
            return one
    raise Missing("There is no village %(code)s here.", code=code)


def _told_place() -> Point | None:
    """Return the place that the address tells, None for none that is on earth."""
    try:
        north, east = (float(one) for one in request.args.get("from", "").split(","))
    except ValueError:
        return None
    if not (math.isfinite(north) and abs(north) <= 90 and math.isfinite(east) and abs(east) <= 180):
        return None
    return Point(north, east)


def _drawn(walk: Walk) -> sketch.Sketch | None:
    """Return the walk as a drawing; from far away its stops would be one spot."""
    places = [one.household.place for one in walk.stops if one.household.place]
    is_near = bool(walk.stops) and walk.stops[0].leg_m <= FARTHEST_M
    line = [walk.start, *places] if walk.start and is_near else places
    return sketch.sketch(places, [line]) if places else None
