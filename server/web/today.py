"""The first page: what is done and left, what changed since yesterday, and whom to call."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, render_template

from maps import coverage as sums
from maps import layers, pace
from maps.coverage import AreaCoverage
from server.survey import crew, flags, form_versions, indicators, phones, rounds
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.survey.quality import unusual
from server.web import door, trends
from server.web.language import _
from server.web.village_order import ordered, site_day, state_words

pages = Blueprint("today", __name__)

FIRST_SHOWN = 10


@pages.get("/today")
@door.allow(Right.SEE_COVERAGE)
def show() -> str:
    """Show what is done and left, and the villages with most left."""
    session, scope, day = door.session(), door.account().scope, site_day()
    villages = indicators.coverage_by_village(session, scope, day)
    total = sums.total(villages)
    planned = rounds.planned(session, PROJECT, scope, villages)
    done_on = rounds.done_on(session, PROJECT, scope) if planned else {}
    return render_template(
        "today.html",
        total=total,
        pace=pace.pace(planned.values(), done_on, day),
        trend=trends.drawn(pace.trend(planned.values(), done_on, day)),
        today=day,
        days=rounds.since_yesterday(session, scope, day),
        reachable=[one for one in crew.crew(session, PROJECT, scope) if one.telephone]
        if door.account().may(Right.MANAGE_PHONES)
        else [],
        villages=ordered(villages, "left")[:FIRST_SHOWN],
        steps=[] if total.households_seen else _first_steps(total),
        flags=flags.total(session, scope),
        unusual=unusual.open_count(session, scope),
        state_words=state_words(),
        short_name=layers.short_name,
        now=datetime.now(UTC),
    )


def _first_steps(total: AreaCoverage) -> list[dict[str, object]]:
    """Return what is to be done before the first figures come, for who has a right to any of it."""
    who, session = door.account(), door.session()
    known = phones.phone_list(session, PROJECT, who.scope)
    is_asking = bool(form_versions.listed_forms(session, PROJECT))
    steps: list[tuple[Right, dict[str, object]]] = [
        (
            Right.MANAGE_REGISTRY,
            {
                "title": _("Import villages and their register"),
                "words": _("Without them nobody knows how much there is to do."),
                "url": door.way("registry.show"),
                "label": _("To the register"),
                "is_done": total.villages > 0,
            },
        ),
        (
            Right.MANAGE_PHONES,
            {
                "title": _("Add a worker's phone"),
                "words": _("The phone scans a QR code and has the forms of its villages."),
                "url": door.way("phones.new"),
                "label": _("Add a phone"),
                "is_done": bool(known),
            },
        ),
        (
            Right.MANAGE_FORMS,
            {
                "title": _("Send the first form"),
                "words": _("The shipped forms are open to phones; fill one in and send it.")
                if is_asking
                else _("No form is open to phones. Open one, or publish your own."),
                "url": door.way("forms.show"),
                "label": _("To the forms"),
            },
        ),
    ]
    return [step for right, step in steps if who.may(right)]
