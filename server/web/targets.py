"""What a village is to do day by day, and days off: seen by all, set by who keeps the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from maps import layers
from maps.pace import Planned
from server.errors import Missing, NotValid
from server.survey import indicators, rounds, targets
from server.survey.accounts import Right
from server.survey.areas import Scope
from server.survey.first_run import PROJECT
from server.survey.registry import reading as registry
from server.survey.rounds import PlanLine
from server.survey.targets import TargetChange
from server.web import door, inputs
from server.web.language import _, ngettext
from server.web.site_time import site_day

pages = Blueprint("targets", __name__, url_prefix="/plan")


@dataclass(frozen=True, slots=True)
class DayLine:
    """One day of a village's plan.

    `planned` is what falls on it, `own` its own target, None for the even part, `done` what became
    done on it, None for days to come. `may_change`: today and later, on days that are worked.
    """

    day: date
    planned: int
    own: int | None
    done: int | None
    may_change: bool


@pages.get("/villages/<code>")
@door.allow(Right.SEE_COVERAGE)
def show(code: str) -> str:
    """Show what a village is to do day by day, and what it did."""
    return _page(code, {}, {})


@pages.post("/villages/<code>")
@door.allow(Right.MANAGE_REGISTRY)
def save(code: str) -> ResponseReturnValue:
    """Set the targets of a village's days."""
    session, who = door.session(), door.account()
    with door.catching() as fault:
        line = _plan_line(code)
        days = {one.day: one for one in _days(code)[1] if one.may_change}
        wanted = {
            day: _number(name) for day in days if (name := f"day-{day.isoformat()}") in request.form
        }
        changes = targets.set_targets(
            session, PROJECT, line.stretch, code, wanted, site_day(), who.name, datetime.now(UTC)
        )
        _note(changes, code)
        flash(
            ngettext(
                "The target of %(n)s day is set.",
                "The targets of %(n)s days are set.",
                len(changes),
            )
            if changes
            else _("Nothing to change"),
            "fine",
        )
        return redirect(url_for("targets.show", code=code), 303)
    return _page(code, fault.errors, request.form), 422


@pages.get("/days-off")
@door.allow(Right.MANAGE_REGISTRY)
def days_off() -> str:
    """Show the days on which villages do not work, and the form for one more."""
    return _days_off_page({}, {})


@pages.post("/days-off")
@door.allow(Right.MANAGE_REGISTRY)
def set_day_off() -> ResponseReturnValue:
    """Make a day free for all villages of a township or of the account, or worked again."""
    session, who = door.session(), door.account()
    with door.catching() as fault:
        township = request.form.get("township", "")
        scope = who.scope.within(township) if township else who.scope
        day, is_off = inputs.day("day"), request.form.get("what") != "on"
        changes = targets.set_day_off(
            session,
            PROJECT,
            scope,
            day,
            site_day(),
            who.name,
            datetime.now(UTC),
            is_off=is_off,
        )
        _note(changes, township or "all")
        count = len(changes)
        if is_off:
            said = ngettext(
                "The day is free for %(n)s village.", "The day is free for %(n)s villages.", count
            )
        else:
            said = ngettext(
                "The day is worked again in %(n)s village.",
                "The day is worked again in %(n)s villages.",
                count,
            )
        flash(said, "fine")
        return redirect(url_for("targets.days_off"), 303)
    return _days_off_page(fault.errors, request.form), 422


def _page(code: str, errors: Mapping[str, str], typed: Mapping[str, str]) -> str:
    line = _plan_line(code)
    planned, days = _days(code)
    today = site_day()
    return render_template(
        "targets.html",
        code=code,
        name=layers.short_name(registry.village(door.session(), code, Scope((code,))).name),
        line=line,
        planned=planned,
        days=days,
        today=today,
        behind=planned.behind(today) if planned else None,
        may_set=door.account().may(Right.MANAGE_REGISTRY),
        most=targets.MOST_A_DAY,
        errors=errors,
        typed=typed,
        now=datetime.now(UTC),
    )


def _days_off_page(errors: Mapping[str, str], typed: Mapping[str, str]) -> str:
    session, scope = door.session(), door.account().scope
    free: dict[date, int] = {}
    for own in targets.by_village(session, PROJECT, scope).values():
        for day, households in own.items():
            if not households and day >= site_day():
                free[day] = free.get(day, 0) + 1
    villages = indicators.coverage_by_village(session, scope, site_day())
    townships = sorted({(one.township_code, one.township_name) for one in villages})
    return render_template(
        "targets_days_off.html",
        free=sorted(free.items()),
        townships=[("", _("All my villages")), *townships],
        errors=errors,
        typed=typed or {"day": (site_day() + timedelta(days=1)).isoformat()},
    )


def _plan_line(code: str) -> PlanLine:
    """Return a village's plan. Raises Missing outside the scope and for a village without one."""
    scope = door.account().scope
    found = rounds.plans(door.session(), PROJECT, Scope((code,))) if scope.covers(code) else {}
    if code not in found:
        raise Missing("This village has no plan.")
    return found[code]


def _days(code: str) -> tuple[Planned | None, list[DayLine]]:
    """Return a village's plan in figures, None without a register, and its days in order."""
    session, today = door.session(), site_day()
    stretch = _plan_line(code).stretch
    inside = Scope((code,))
    villages = indicators.coverage_by_village(session, inside, today)
    planned = rounds.planned(session, PROJECT, inside, villages).get(code)
    own = targets.of_village(session, PROJECT, code)
    done = rounds.done_on(session, PROJECT, inside, village=code)
    lines = []
    for number in range((stretch.ends_on - stretch.starts_on).days + 1):
        day = stretch.starts_on + timedelta(days=number)
        if not stretch.works(day) and not done.get(day) and day not in own:
            continue
        before = planned.by(day - timedelta(days=1)) if planned else 0
        lines.append(
            DayLine(
                day,
                planned.by(day) - before if planned else 0,
                own.get(day),
                done.get(day, 0) if day <= today else None,
                day >= today and stretch.works(day),
            )
        )
    return planned, lines


def _note(changes: list[TargetChange], subject: str) -> None:
    if not changes:
        return
    days: dict[str, list[int | None]] = {}
    for one in changes[:100]:
        days[f"{one.village_code} {one.day.isoformat()}"] = [one.before, one.after]
    door.journal("target_set", subject, days=len(changes), changes=days)


def _number(name: str) -> int | None:
    text = request.form.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 6):
        most = targets.MOST_A_DAY
        raise NotValid("Give a number of households from 0 to %(most)s.", name, most=most)
    return int(text)
