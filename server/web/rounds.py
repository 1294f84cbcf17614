"""The plan of a round: seen by all who see coverage, set by the office after a look at it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from maps import layers, pace
from server.errors import NotValid
from server.survey import indicators, round_changes, rounds, village_choice
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.survey.round_changes import PlanWish
from server.survey.rounds import RoundDays
from server.web import door, headers, inputs, waiting
from server.web.language import _, ngettext
from server.web.pictures import area
from server.web.pictures.asked import Asked
from server.web.site_time import site_day

pages = Blueprint("rounds", __name__, url_prefix="/plan")

SHOWN, PREVIEWED = 30, 200
WEEKDAY_WORDS = {
    "1": "Monday",
    "2": "Tuesday",
    "3": "Wednesday",
    "4": "Thursday",
    "5": "Friday",
    "6": "Saturday",
    "7": "Sunday",
}
WHICH_WORDS = {
    "all": "All my villages",
    "township": "All of one township",
    "codes": "These villages",
}
# A round whose days nobody has typed yet.
_USUAL_DAYS = 30


@pages.get("/")
@door.allow(Right.SEE_COVERAGE)
def show() -> str:
    """Show how the work stands against the plan, village by village."""
    headers.let_be_kept()
    return _page({}, {})


@pages.post("/")
@door.allow(Right.MANAGE_REGISTRY)
def ask() -> ResponseReturnValue:
    """Keep what was asked for a day and lead to its preview."""
    with door.catching() as fault:
        wish = _wish()
        round_changes.plan(door.session(), PROJECT, wish, door.account().scope)
        kept = round_changes.to_json(wish).encode()
        sha256 = waiting.keep("plan.json", kept)
        return redirect(url_for("rounds.preview", sha256=sha256), 303)
    return _page(fault.errors, request.form), 422


@pages.get("/<sha256>")
@door.allow(Right.MANAGE_REGISTRY)
def preview(sha256: str) -> str:
    """Show what would change, village by village."""
    change = round_changes.plan(door.session(), PROJECT, _kept(sha256), door.account().scope)
    return render_template(
        "plan_preview.html",
        change=change,
        villages=change.villages[:PREVIEWED],
        short_name=layers.short_name,
        weekday_words=_weekday_words,
    )


@pages.post("/<sha256>")
@door.allow(Right.MANAGE_REGISTRY)
def do(sha256: str) -> ResponseReturnValue:
    """Do what the preview showed; refused when the plan was changed since."""
    session, who = door.session(), door.account()
    change = round_changes.plan(session, PROJECT, _kept(sha256), who.scope)
    if change.fingerprint != request.form.get("fingerprint"):
        flash(_("The plan has changed since the preview. Look again."), "watch")
        return redirect(url_for("rounds.preview", sha256=sha256), 303)
    round_changes.apply(session, PROJECT, change, who.name, datetime.now(UTC))
    door.journal(
        "plan_set", change.wish.of.name or "no plan", **round_changes.journal_detail(change)
    )
    count = len(change.villages)
    flash(
        ngettext(
            "Done: the plan of %(n)s village is changed.",
            "Done: the plans of %(n)s villages are changed.",
            count,
        ),
        "fine",
    )
    return redirect(url_for("rounds.show"), 303)


def _page(errors: Mapping[str, str], typed: Mapping[str, str]) -> str:
    session, who, today = door.session(), door.account(), site_day()
    villages = indicators.coverage_by_village(session, who.scope, today)
    planned = rounds.planned(session, PROJECT, who.scope, villages)
    done_on = rounds.done_on(session, PROJECT, who.scope)
    plans = rounds.plans(session, PROJECT, who.scope)
    asked = Asked(who.scope, today)
    by_name = {one.code: one for one in villages}
    lines = sorted(
        (plans[code] for code in plans if code in by_name),
        key=lambda one: (
            -(planned[one.village_code].behind(today) if one.village_code in planned else -1),
            one.village_code,
        ),
    )
    known = rounds.rounds(session, PROJECT)
    return render_template(
        "plan.html",
        pace=pace.pace(planned.values(), done_on, today),
        work=area.work_of(planned, done_on, asked),
        asked=asked,
        lines=lines[:SHOWN],
        line_count=len(lines),
        planned=planned,
        villages=by_name,
        unplanned=len(villages) - len(lines),
        rounds=known,
        today=today,
        yesterday=today - timedelta(days=1),
        now=datetime.now(UTC),
        short_name=layers.short_name,
        may_set=who.may(Right.MANAGE_REGISTRY),
        may_give=who.may(Right.MANAGE_PHONES),
        errors=errors,
        typed=typed or _proposed(known, today),
        chosen_weekdays=_typed_weekdays(typed, known),
        weekdays=[(key, _(words)) for key, words in WEEKDAY_WORDS.items()],
        weekday_words=_weekday_words,
        which=[(key, _(words)) for key, words in WHICH_WORDS.items()],
        townships=sorted({(one.township_code, one.township_name) for one in villages}),
    )


def _proposed(known: list[RoundDays], today: date) -> dict[str, str]:
    """Return what the empty form holds: the newest round, else a month from today."""
    of = known[0] if known else RoundDays("", today, today + timedelta(days=_USUAL_DAYS), "")
    return {
        "name": of.name,
        "starts_on": of.starts_on.isoformat(),
        "ends_on": of.ends_on.isoformat(),
        "which": "all",
    }


def _typed_weekdays(typed: Mapping[str, str], known: list[RoundDays]) -> list[str]:
    if typed:
        return request.form.getlist("weekday")
    return [*(known[0].weekdays if known else pace.EVERY_DAY)]


def _weekday_words(weekdays: str) -> str:
    if weekdays == pace.EVERY_DAY:
        return _("every day")
    return " · ".join(_(words) for key, words in WEEKDAY_WORDS.items() if key in weekdays)


def _wish() -> PlanWish:
    """Return what the form asks for. Raises NotValid."""
    said = request.form
    which = said.get("which", "")
    if which not in WHICH_WORDS:
        raise NotValid("Say which villages are meant.", "which")
    codes = None
    if which == "codes":
        codes = village_choice.read_pasted(said.get("codes", "")).codes
    number = said.get("working_days", "").strip()
    if number and not (number.isascii() and number.isdecimal() and len(number) < 5):
        raise NotValid("Give a number of working days, 1 or more.", "working_days")
    township = said.get("township", "") if which == "township" else ""
    if said.get("what") == "off":
        nothing = RoundDays("", site_day(), site_day(), pace.EVERY_DAY)
        return PlanWish(nothing, codes, township, is_off=True)
    weekdays = "".join(sorted(set(said.getlist("weekday"))))
    first, last = inputs.day_or_none("starts_on"), inputs.day_or_none("ends_on")
    if first is None or last is None:
        raise NotValid("Give the first and the last day of the round.", "starts_on")
    return PlanWish(
        of=RoundDays(said.get("name", "").strip(), first, last, weekdays),
        codes=codes,
        township=township,
        starts_on=inputs.day_or_none("village_starts_on"),
        ends_on=inputs.day_or_none("village_ends_on"),
        working_days=int(number) if number else None,
    )


def _kept(sha256: str) -> PlanWish:
    return waiting.wish(sha256, round_changes.from_json)
