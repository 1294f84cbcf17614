"""The first page: how far the work is, where to go next, and whom to call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from flask import Blueprint, render_template

from maps import coverage as sums
from maps import layers, pace
from maps.coverage import AreaCoverage, VillageCoverage
from server.survey import crew, drawn, form_versions, indicators, phones, rounds, tasks
from server.survey.accounts import Right
from server.survey.crew import Worker
from server.survey.first_run import PROJECT
from server.survey.quality.checks import FAMILIES
from server.web import alert_words, door, headers
from server.web.language import _
from server.web.pictures import area
from server.web.pictures.asked import Asked
from server.web.site_time import site_day
from server.web.village_order import ordered, state_words

pages = Blueprint("today", __name__)

# As many as a screen and a thumb take: the whole lists are one tap away.
FIRST_SHOWN = 6
WORKERS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Stop:
    """A village to go to: households behind its plan (None without one), and who works there."""

    village: VillageCoverage
    behind: int | None
    workers: Sequence[Worker]


@dataclass(frozen=True, slots=True)
class Caller:
    """A worker as the list shows him: villages by name, whole days of silence, None if unheard."""

    worker: Worker
    villages: Sequence[str]
    silent_days: int | None
    is_silent: bool


@pages.get("/today")
@door.allow(Right.SEE_COVERAGE)
def show() -> str:
    """Show what is done and left, where to go next and who works there."""
    headers.let_be_kept()
    session, scope, day = door.session(), door.account().scope, site_day()
    villages = indicators.coverage_by_village(session, scope, day)
    total = sums.total(villages)
    planned = rounds.planned(session, PROJECT, scope, villages)
    done_on = rounds.done_on(session, PROJECT, scope) if planned else {}
    behind = {code: one.behind(day) for code, one in planned.items()}
    workers = crew.crew(session, PROJECT, scope)
    may_call = door.account().may(Right.MANAGE_PHONES)
    asked = Asked(scope, day)
    standing = pace.pace(planned.values(), done_on, day)
    callers = _callers(workers, villages, day) if may_call else []
    return render_template(
        "today.html",
        total=total,
        pace=standing,
        work=area.work_of(planned, done_on, asked, standing),
        asked=asked,
        today=day,
        days=rounds.since_yesterday(session, scope, day),
        found=drawn.found_since(session, scope, day - timedelta(days=1), day),
        raised=drawn.new_tasks(session, scope, _midnight(day - timedelta(days=1))),
        to_check=_to_check(),
        alerts=alert_words.on_today(datetime.now(UTC)),
        queues={family: door.way(f"tasks.{family}s") for family in FAMILIES},
        stops=_stops(villages, behind, workers if may_call else []),
        is_by_plan=any(behind.values()),
        callers=callers[:WORKERS_SHOWN],
        crew_size=len(workers),
        silent=sum(one.is_silent for one in callers),
        newest=max((one.sent_at for one in workers if one.sent_at), default=None),
        steps=[] if total.households_seen else _first_steps(total),
        state_words=state_words(),
        short_name=layers.short_name,
        now=datetime.now(UTC),
    )


def _to_check() -> dict[str, int]:
    """Return the open tasks of each family whose queue the reader may open."""
    who = door.account()
    counts = tasks.open_counts(
        door.session(), who.scope, sees_sensitive=who.may(Right.SEE_SENSITIVE)
    )
    return {family: number for family, number in counts.items() if door.way(f"tasks.{family}s")}


def _stops(
    villages: Sequence[VillageCoverage], behind: Mapping[str, int], workers: Sequence[Worker]
) -> list[Stop]:
    """Return the villages to go to first: most behind plan, else most left; none that is done."""
    serving = crew.by_village(workers)
    by_left = ordered((one for one in villages if one.left), "left")
    first = sorted(by_left, key=lambda one: -behind.get(one.code, 0))[:FIRST_SHOWN]
    # Who serves this village alone is there; who goes along everywhere comes after.
    return [
        Stop(
            village=one,
            behind=behind.get(one.code),
            workers=sorted(serving.get(one.code, ()), key=lambda worker: len(worker.villages)),
        )
        for one in first
    ]


def _callers(
    workers: Sequence[Worker], villages: Sequence[VillageCoverage], today: date
) -> list[Caller]:
    """Return workers, those silent for longest first, those never heard of before them."""
    names = {one.code: layers.short_name(one.name) for one in villages}
    settings = door.site().settings
    several = []
    for one in workers:
        days = None
        if one.sent_at is not None:
            days = (today - one.sent_at.astimezone(settings.zone).date()).days
        several.append(
            Caller(
                worker=one,
                villages=[names[code] for code in one.villages if code in names],
                silent_days=days,
                is_silent=days is not None and days >= settings.silent_days,
            )
        )
    return sorted(
        several,
        key=lambda one: (one.silent_days is not None, -(one.silent_days or 0), one.worker.name),
    )


def _midnight(day: date) -> datetime:
    """Return the instant a day begins at the site."""
    return datetime.combine(day, time(), door.site().settings.zone).astimezone(UTC)


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
