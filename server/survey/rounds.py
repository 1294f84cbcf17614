"""Rounds and their villages' plans, and how far the work is against them.

Every query costs its villages and days: it reads tallies (tables/projections), no submission.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from maps.coverage import VillageCoverage
from maps.pace import Planned, Stretch
from server.survey import targets
from server.survey.areas import Scope
from server.tables.decisions import Round, VillagePlan
from server.tables.projections import DayTally, DoneTally


@dataclass(frozen=True, slots=True)
class RoundDays:
    """A round: its name, days and weekdays (ISO numbers, "12345" for Monday to Friday)."""

    name: str
    starts_on: date
    ends_on: date
    weekdays: str


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A village's plan. `has_own_days` says that they are not simply the round's."""

    village_code: str
    round_name: str
    stretch: Stretch
    has_own_days: bool


@dataclass(frozen=True, slots=True)
class DayOfWork:
    """What came in of one day: households that became done, submissions, villages visited."""

    day: date
    done: int
    submissions: int
    villages: int


def rounds(session: Session, project_id: int) -> list[RoundDays]:
    """Return the rounds of a project, the one that begins last first."""
    rows = session.scalars(select(Round).where(Round.project_id == project_id))
    told = [RoundDays(one.name, one.starts_on, one.ends_on, one.weekdays) for one in rows]
    return sorted(told, key=lambda one: (one.starts_on, one.name), reverse=True)


def plans(session: Session, project_id: int, scope: Scope) -> dict[str, PlanLine]:
    """Return the plans of the villages of `scope` that have one, by village code, in order."""
    # Columns and not rows of the ORM: of a thousand villages that is most of the time.
    rows = session.execute(
        select(
            VillagePlan.village_code,
            VillagePlan.starts_on,
            VillagePlan.ends_on,
            Round.name,
            Round.starts_on,
            Round.ends_on,
            Round.weekdays,
        )
        .join(Round, Round.id == VillagePlan.round_id)
        .where(VillagePlan.project_id == project_id, scope.where(VillagePlan.village_code))
        .order_by(VillagePlan.village_code)
    )
    return {
        code: PlanLine(
            village_code=code,
            round_name=name,
            stretch=Stretch(own_start or start, own_end or end, weekdays),
            has_own_days=own_start is not None or own_end is not None,
        )
        for code, own_start, own_end, name, start, end, weekdays in rows
    }


def planned(
    session: Session, project_id: int, scope: Scope, villages: Iterable[VillageCoverage]
) -> dict[str, Planned]:
    """Return what is planned of each village that has a plan and a register, by code."""
    known = plans(session, project_id, scope)
    before = _done_before(session, project_id, scope) if known else {}
    own = targets.by_village(session, project_id, scope) if known else {}
    return {
        one.code: Planned(
            code=one.code,
            stretch=targets.without_days_off(known[one.code].stretch, own.get(one.code, {})),
            goal=one.register_households,
            before=min(before.get(one.code, 0), one.done),
            done=one.done,
            targets=targets.on_days(own.get(one.code, {})),
        )
        for one in villages
        if one.code in known and one.register_households
    }


def _done_before(session: Session, project_id: int, scope: Scope) -> dict[str, int]:
    """Return the households that were done before their village's first day, by village."""
    rows = session.execute(
        select(DoneTally.village_code, func.sum(DoneTally.households))
        .join(VillagePlan, VillagePlan.village_code == DoneTally.village_code)
        .join(Round, Round.id == VillagePlan.round_id)
        .where(
            VillagePlan.project_id == project_id,
            scope.where(DoneTally.village_code),
            DoneTally.day < func.coalesce(VillagePlan.starts_on, Round.starts_on),
        )
        .group_by(DoneTally.village_code)
    )
    return {code: int(number) for code, number in rows}


def done_on(
    session: Session, project_id: int, scope: Scope, village: str | None = None
) -> dict[date, int]:
    """Return the households that became done by day: of the villages with a plan, or of one."""
    query = (
        select(DoneTally.day, func.sum(DoneTally.households))
        .where(scope.where(DoneTally.village_code))
        .group_by(DoneTally.day)
    )
    if village is not None:
        query = query.where(DoneTally.village_code == village)
    else:
        of_plans = select(VillagePlan.village_code).where(VillagePlan.project_id == project_id)
        query = query.where(DoneTally.village_code.in_(of_plans))
    return {day: int(number) for day, number in session.execute(query)}


def since_yesterday(session: Session, scope: Scope, today: date) -> list[DayOfWork]:
    """Return what came in of today and of yesterday, today first."""
    days = (today, today - timedelta(days=1))
    done = _sums(session, scope, func.sum(DoneTally.households), DoneTally, days)
    sent = _sums(session, scope, func.sum(DayTally.submissions), DayTally, days)
    seen = _sums(session, scope, func.count(DayTally.village_code.distinct()), DayTally, days)
    return [DayOfWork(day, done.get(day, 0), sent.get(day, 0), seen.get(day, 0)) for day in days]


def _sums(
    session: Session, scope: Scope, figure: Any, tally: Any, days: tuple[date, ...]
) -> Mapping[date, int]:
    rows = session.execute(
        select(tally.day, figure)
        .where(tally.day.in_(days), scope.where(tally.village_code))
        .group_by(tally.day)
    )
    return {day: int(number) for day, number in rows}
