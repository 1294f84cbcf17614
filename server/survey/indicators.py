"""What is counted, by village: coverage against the register, findings by disease, work by day.

Every query costs its villages, not its submissions: it reads tallies (tables/projections).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import Session

from maps.coverage import VillageCoverage
from maps.points import Point, centre
from server.survey.areas import Scope
from server.tables.projections import DayTally, DiseaseTally, VillageTally, Visit
from server.tables.reference import Clinic, Division, Village

# The middle of this many fixes is within some metres of the whole village's.
SAMPLED_VISITS = 25


@dataclass(frozen=True, slots=True)
class DiseaseCount:
    """Cases of one disease or clue code."""

    code: str
    suspected: int
    documented: int


@dataclass(frozen=True, slots=True)
class DayCount:
    """Submissions of one form on one calendar day of the site."""

    day: date
    form_id: str
    submissions: int


def coverage_by_village(
    session: Session, scope: Scope, today: date, township: str | None = None
) -> list[VillageCoverage]:
    """Return every village in force in the scope, also those nobody has visited, ordered by code.

    `today` is the site's day, from which the days since the last visit are counted.
    """
    last_visit = (
        select(func.max(DayTally.day))
        .where(DayTally.village_code == Village.code)
        .scalar_subquery()
    )
    query = (
        select(Village, Division.name, VillageTally, last_visit)
        .outerjoin(Division, Division.code == Village.township_code)
        .outerjoin(VillageTally, VillageTally.village_code == Village.code)
        .where(scope.where(Village.code))
        .where((Village.valid_to.is_(None)) | (Village.valid_to >= today))
        .order_by(Village.code)
    )
    if township is not None:
        query = query.where(Village.township_code == township)
    rows: list[Any] = list(session.execute(query))
    places = places_of(session, [row[0] for row in rows])
    return [_coverage(row, places, today) for row in rows]


def township_of(session: Session, village_code: str) -> str | None:
    """Return the code of the village's township, None for a village nobody knows."""
    return session.scalar(select(Village.township_code).where(Village.code == village_code))


def _coverage(row: Any, places: dict[str, Point], today: date) -> VillageCoverage:
    village, township_name, tally, last_visit = row
    return VillageCoverage(
        code=village.code,
        name=village.name,
        township_code=village.township_code,
        township_name=township_name or village.township_code,
        place=places.get(village.code),
        register_households=village.households,
        register_persons=village.persons,
        register_source=village.register_source or "",
        register_on=village.register_on,
        last_visit_on=last_visit,
        days_behind=(today - last_visit).days if last_visit else None,
        households_completed=tally.completed if tally else 0,
        households_refused=tally.refused if tally else 0,
        households_absent_final=tally.absent_final if tally else 0,
        households_vacated=tally.vacated if tally else 0,
        households_seen=tally.households if tally else 0,
        persons_registered=tally.persons if tally else 0,
        persons_screened=tally.screened if tally else 0,
        suspected=tally.suspected if tally else 0,
        documented=tally.documented if tally else 0,
    )


def places_of(session: Session, villages: Sequence[Village]) -> dict[str, Point]:
    """Return each village's point: the registry's, its clinic's, or where its visits were."""
    places = {
        village.code: Point(village.latitude, village.longitude)
        for village in villages
        if village.latitude is not None and village.longitude is not None
    }
    missing = [village.code for village in villages if village.code not in places]
    if not missing:
        return places
    clinics: list[Any] = list(
        session.execute(
            select(Clinic.village_code, Clinic.latitude, Clinic.longitude).where(
                Clinic.village_code.in_(missing), Clinic.latitude.is_not(None)
            )
        )
    )
    places.update({row[0]: Point(row[1], row[2]) for row in clinics})
    return middles_of_visits(session, missing) | places


def middles_of_visits(session: Session, codes: list[str]) -> dict[str, Point]:
    """Return the middle of each village's first visits, in one query that reads few rows of each.

    An index gives the first ones of a village by day, whatever the number of its visits.
    """
    first = (
        select(Visit.latitude, Visit.longitude)
        .where(Visit.village_code == Village.code, Visit.latitude.is_not(None))
        .order_by(Visit.visited_on, Visit.submission_id)
        .limit(SAMPLED_VISITS)
        .correlate(Village)
        .subquery()
    )
    fix = cast(first.c.latitude, String) + " " + cast(first.c.longitude, String)
    fixes = select(func.aggregate_strings(fix, ";")).scalar_subquery()
    rows = session.execute(select(Village.code, fixes).where(Village.code.in_(codes)))
    middles = {code: centre(_points(text)) for code, text in rows if text}
    return {code: middle for code, middle in middles.items() if middle}


def _points(text: str) -> list[Point]:
    pairs = (fix.split(" ") for fix in text.split(";"))
    return [Point(float(latitude), float(longitude)) for latitude, longitude in pairs]


def diseases(session: Session, scope: Scope, village: str | None = None) -> list[DiseaseCount]:
    """Return the cases of the scope, or of one of its villages, by code, most first."""
    query = (
        select(DiseaseTally.code, DiseaseTally.state, func.sum(DiseaseTally.cases))
        .where(scope.where(DiseaseTally.village_code))
        .group_by(DiseaseTally.code, DiseaseTally.state)
    )
    if village is not None:
        query = query.where(DiseaseTally.village_code == village)
    counts: dict[str, dict[str, int]] = {}
    for code, state, cases in session.execute(query):
        counts.setdefault(code, {})[state] = int(cases)
    found = [
        DiseaseCount(code, states.get("suspected", 0), states.get("documented", 0))
        for code, states in counts.items()
    ]
    return sorted(found, key=lambda one: (-one.suspected - one.documented, one.code))


def days(session: Session, scope: Scope, since: date, village: str | None = None) -> list[DayCount]:
    """Return the submissions of each day since `since`, by form, ordered by day and form."""
    query = (
        select(DayTally.day, DayTally.form_id, func.sum(DayTally.submissions))
        .where(scope.where(DayTally.village_code), DayTally.day >= since)
        .group_by(DayTally.day, DayTally.form_id)
        .order_by(DayTally.day, DayTally.form_id)
    )
    if village is not None:
        query = query.where(DayTally.village_code == village)
    return [DayCount(day, form_id, int(number)) for day, form_id, number in session.execute(query)]
