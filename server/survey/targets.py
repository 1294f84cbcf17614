"""Households a village is to do on one day, where that is not its even part; 0 is a day off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from maps.pace import Stretch, is_worked
from server.database import insert_or_replace, table_of
from server.errors import NotValid
from server.survey.areas import Scope
from server.survey.stored_rows import chunks
from server.tables.decisions import Round, VillagePlan
from server.tables.sign_offs import DayTarget

MOST_A_DAY = 2000
TARGET = table_of(DayTarget)


@dataclass(frozen=True, slots=True)
class TargetChange:
    """One day's target of one village before and after; None is the even part."""

    village_code: str
    day: date
    before: int | None
    after: int | None


def by_village(session: Session, project_id: int, scope: Scope) -> dict[str, dict[date, int]]:
    """Return the days with a target of their own, by village, in order."""
    rows = session.execute(
        select(DayTarget.village_code, DayTarget.day, DayTarget.households)
        .where(DayTarget.project_id == project_id, scope.where(DayTarget.village_code))
        .order_by(DayTarget.village_code, DayTarget.day)
    )
    found: dict[str, dict[date, int]] = {}
    for code, day, households in rows:
        found.setdefault(code, {})[day] = households
    return found


def without_days_off(stretch: Stretch, own: Mapping[date, int]) -> Stretch:
    """Return a village's days without those whose target is 0."""
    off = tuple(day for day, households in own.items() if not households)
    return replace(stretch, off=off) if off else stretch


def on_days(own: Mapping[date, int]) -> tuple[tuple[date, int], ...]:
    """Return the targets of one village that are more than 0, in order of days."""
    return tuple(one for one in sorted(own.items()) if one[1])


def of_village(session: Session, project_id: int, code: str) -> dict[date, int]:
    """Return the days of one village with a target of their own, in order."""
    return by_village(session, project_id, Scope((code,))).get(code, {})


def set_targets(
    session: Session,
    project_id: int,
    stretch: Stretch,
    code: str,
    wanted: Mapping[date, int | None],
    today: date,
    who: str,
    at: datetime,
) -> list[TargetChange]:
    """Set targets of one village for days of its plan, None for the even part; return what changed.

    Raises NotValid for a day that is past or not worked in `stretch`, and for a number that cannot
    be. What stays as it was is left alone, days that are past too.
    """
    own = of_village(session, project_id, code)
    changes = [
        TargetChange(code, day, own.get(day), after)
        for day, after in sorted(wanted.items())
        if own.get(day) != after
    ]
    for one in changes:
        name = f"day-{one.day.isoformat()}"
        if one.day < today:
            raise NotValid("A day that is past keeps its target.", name)
        if not stretch.starts_on <= one.day <= stretch.ends_on or not is_worked(
            one.day, stretch.weekdays
        ):
            raise NotValid("This day is not worked in the village’s plan.", name)
        if one.after is not None and not 0 <= one.after <= MOST_A_DAY:
            raise NotValid("Give a number of households from 0 to %(most)s.", name, most=MOST_A_DAY)
    _write(session, project_id, changes, who, at)
    return changes


def set_day_off(
    session: Session,
    project_id: int,
    scope: Scope,
    day: date,
    today: date,
    who: str,
    at: datetime,
    *,
    is_off: bool,
) -> list[TargetChange]:
    """Make a day free, or worked again, for all villages of the scope that work on it by plan.

    Raises NotValid for a day that is past or that nobody works. Days with a target of their own
    that is more than 0 are made free too.
    """
    if day < today:
        raise NotValid("A day that is past keeps its target.", "day")
    rows = session.execute(
        select(VillagePlan, Round)
        .join(Round, Round.id == VillagePlan.round_id)
        .where(VillagePlan.project_id == project_id, scope.where(VillagePlan.village_code))
    )
    codes = [
        own.village_code
        for own, of in rows
        if (own.starts_on or of.starts_on) <= day <= (own.ends_on or of.ends_on)
        and is_worked(day, of.weekdays)
    ]
    if not codes:
        raise NotValid("No village is worked on this day.", "day")
    own = by_village(session, project_id, scope)
    changes = []
    for code in codes:
        before = own.get(code, {}).get(day)
        if is_off and before != 0:
            changes.append(TargetChange(code, day, before, 0))
        elif not is_off and before == 0:
            changes.append(TargetChange(code, day, before, None))
    _write(session, project_id, changes, who, at)
    return changes


def _write(
    session: Session, project_id: int, changes: Iterable[TargetChange], who: str, at: datetime
) -> None:
    several = list(changes)
    rows = [
        {
            "project_id": project_id,
            "village_code": one.village_code,
            "day": one.day,
            "households": one.after,
            "at": at,
            "who": who,
        }
        for one in several
        if one.after is not None
    ]
    insert_or_replace(session.connection(), TARGET, rows)
    for day in {one.day for one in several if one.after is None}:
        gone = [one.village_code for one in several if one.after is None and one.day == day]
        for some in chunks(gone):
            session.execute(
                delete(DayTarget)
                .where(
                    DayTarget.project_id == project_id,
                    DayTarget.day == day,
                    DayTarget.village_code.in_(some),
                )
                .execution_options(synchronize_session=False)
            )
