"""Figures for the road: pages a browser keeps by itself, and one file that everybody can take."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, make_response, render_template

from maps import coverage as sums
from maps import layers, pace
from server.survey import crew, indicators, rounds
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.web import door, static_files
from server.web.site_time import site_day
from server.web.village_order import ordered, state_words

pages = Blueprint("offline", __name__)


@pages.get("/offline.js")
@door.unasked
def worker() -> Response:
    """Send the script that keeps pages; its place says for which addresses it may."""
    found = static_files.find("offline.js")
    answer = Response(found.plain, content_type=found.media_type)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@pages.get("/offline")
@door.public
def nowhere() -> Response:
    """Show what stands where a page was not kept and there is no signal."""
    return make_response(render_template("offline.html"))


@pages.get("/take-along")
@door.allow(Right.SEE_COVERAGE)
def take_along() -> Response:
    """Send the figures of the reader's area as one file that opens without a signal."""
    session, who, day = door.session(), door.account(), site_day()
    villages = indicators.coverage_by_village(session, who.scope, day)
    planned = rounds.planned(session, PROJECT, who.scope, villages)
    done_on = rounds.done_on(session, PROJECT, who.scope) if planned else {}
    workers = crew.crew(session, PROJECT, who.scope) if who.may(Right.MANAGE_PHONES) else []
    door.journal("taken_along", f"{len(villages)} villages")
    now = datetime.now(UTC)
    page = render_template(
        "take_along.html",
        total=sums.total(villages),
        pace=pace.pace(planned.values(), done_on, day),
        villages=ordered(villages, "left"),
        behind={code: one.behind(day) for code, one in planned.items()},
        serving=crew.by_village(workers),
        style=static_files.find("doorstep.css").plain.decode(),
        state_words=state_words(),
        short_name=layers.short_name,
        now=now,
    )
    answer = make_response(page)
    local = now.astimezone(door.site().settings.zone)
    name = f"doorstep-{local:%Y%m%d-%H%M}.html"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
