"""What the map shows of each village: coverage, findings, treatment, follow-up, rate; by week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from maps.coverage import VillageCoverage
from maps.village_figures import FoundRate, VillageFigures
from maps.weeks import Week
from server.survey import indicators
from server.survey.areas import Scope
from server.tables.projections import DayTally, DoneTally, PersonDayTally
from server.tables.signals import RateModel, VillageRate
from server.tables.truth import Batch, BatchEntry

FOUND = "found"
"""The indicator of persons found with a disease for treatment, of those screened."""


def figures(session: Session, scope: Scope, today: date) -> list[VillageFigures]:
    """Return every village in force in the scope with its figures of now, ordered by code."""
    villages = indicators.coverage_by_village(session, scope, today)
    treated = _treated(session, scope)
    care = _followed(session, scope, today)
    rates = _rates(session, scope)
    return [
        VillageFigures(
            one,
            treated=treated.get(one.code, 0),
            followed=care.get(one.code, (0, 0))[0],
            due=care.get(one.code, (0, 0))[1],
            rate=rates.get(one.code),
        )
        for one in villages
    ]


def figures_of_week(
    session: Session, scope: Scope, today: date, week: Week
) -> list[VillageFigures]:
    """Return the villages with what is known to have been done and found by the week's end.

    Outcomes are not told apart, the register is that of today, and somebody found by then counts
    as suspected or documented as is known today.
    """
    done = _sums(session, scope, DoneTally, func.sum(DoneTally.households), week.last)
    found = _found(session, scope, week.last)
    last_visit = _sums(session, scope, DayTally, func.max(DayTally.day), week.last)
    return [
        VillageFigures(
            _as_of(
                one,
                done=done.get(one.code, 0),
                last_visit_on=last_visit.get(one.code),
                suspected=found["suspected", one.code],
                documented=found["documented", one.code],
            )
        )
        for one in indicators.coverage_by_village(session, scope, today)
    ]


def first_day(session: Session, scope: Scope, today: date) -> date | None:
    """Return the first day on which anybody was visited, None while nobody was."""
    query = select(func.min(DayTally.day)).where(
        scope.where(DayTally.village_code), DayTally.day <= today
    )
    day: date | None = session.scalar(query)
    return day


def _as_of(
    one: VillageCoverage,
    done: int,
    last_visit_on: date | None,
    suspected: int,
    documented: int,
) -> VillageCoverage:
    was_there = last_visit_on is not None
    return replace(
        one,
        households_completed=done,
        households_refused=0,
        households_absent_final=0,
        households_vacated=0,
        households_seen=max(done, int(was_there)),
        # Who was screened by then is not kept by day: somebody, where anybody was visited.
        persons_screened=one.persons_screened if was_there else 0,
        suspected=suspected,
        documented=documented,
        last_visit_on=last_visit_on,
        days_behind=None,
    )


def _sums(session: Session, scope: Scope, tally: Any, figure: Any, last: date) -> dict[str, Any]:
    rows: Any = session.execute(
        select(tally.village_code, figure)
        .where(scope.where(tally.village_code), tally.day <= last)
        .group_by(tally.village_code)
    )
    return dict(rows.all())


def _found(session: Session, scope: Scope, last: date) -> Mapping[tuple[str, str], int]:
    rows = session.execute(
        select(PersonDayTally.kind, PersonDayTally.village_code, func.sum(PersonDayTally.persons))
        .where(
            scope.where(PersonDayTally.village_code),
            PersonDayTally.kind.in_(("suspected", "documented")),
            PersonDayTally.day <= last,
        )
        .group_by(PersonDayTally.kind, PersonDayTally.village_code)
    )
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    for kind, code, number in rows:
        counts[kind, code] = int(number)
    return counts


def _followed(session: Session, scope: Scope, today: date) -> dict[str, tuple[int, int]]:
    """Return by village how many persons are followed up, and how many are due by now."""
    due = func.sum(case((PersonDayTally.day < today, PersonDayTally.persons), else_=0))
    rows = session.execute(
        select(PersonDayTally.village_code, func.sum(PersonDayTally.persons), due)
        .where(scope.where(PersonDayTally.village_code), PersonDayTally.kind == "followup")
        .group_by(PersonDayTally.village_code)
    )
    return {code: (int(persons), int(late)) for code, persons, late in rows}


def _treated(session: Session, scope: Scope) -> dict[str, int]:
    """Return by village how many persons stand on the newest treatment list of a catalogue and
    area; who left a list since does not.
    """
    newest = select(func.max(Batch.id)).group_by(Batch.project_id, Batch.catalogue, Batch.area_code)
    rows = session.execute(
        select(BatchEntry.village_code, func.count(BatchEntry.person_id.distinct()))
        .where(
            BatchEntry.batch_id.in_(newest),
            BatchEntry.change != "removed",
            scope.where(BatchEntry.village_code),
        )
        .group_by(BatchEntry.village_code)
    )
    return {code: int(number) for code, number in rows}


def _rates(session: Session, scope: Scope) -> dict[str, FoundRate]:
    usual = session.scalar(select(RateModel.share).where(RateModel.indicator == FOUND))
    if usual is None:
        return {}
    rows = session.execute(
        select(
            VillageRate.village_code, VillageRate.events, VillageRate.tried, VillageRate.smoothed
        ).where(VillageRate.indicator == FOUND, scope.where(VillageRate.village_code))
    )
    return {
        code: FoundRate(events, tried, smoothed, usual)
        for code, events, tried, smoothed in rows
        if tried
    }
