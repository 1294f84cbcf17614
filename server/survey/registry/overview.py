"""How much the registry holds, and what is missing in it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.survey import areas
from server.survey.areas import Scope
from server.tables.reference import Clinic, Division, Village


@dataclass(frozen=True, slots=True)
class RegistryCounts:
    """How much the registry holds, within a scope; withdrawn villages count as well.

    `households` and `persons` are the sums of what the register tells.
    """

    townships: int
    villages: int
    without_register: int
    without_position: int
    clinics: int
    households: int
    persons: int


@dataclass(frozen=True, slots=True)
class TownshipCounts:
    """What the registry holds of one township; `county` is "" when its name is not known."""

    code: str
    name: str
    county: str
    villages: int
    without_register: int
    without_position: int
    households: int


def counts(session: Session, scope: Scope) -> RegistryCounts:
    """Return how much the registry holds."""
    found = session.execute(
        select(
            func.count(),
            func.count(Village.households),
            func.count(Village.latitude),
            func.sum(Village.households),
            func.sum(Village.persons),
        ).where(scope.where(Village.code))
    ).one()
    townships = select(func.count()).where(Division.level == "township", scope.where(Division.code))
    # A village's worker sees its clinic; a township's hospital is its township's.
    place = func.coalesce(Clinic.village_code, Clinic.township_code)
    return RegistryCounts(
        townships=session.scalar(townships) or 0,
        villages=found[0],
        without_register=found[0] - found[1],
        without_position=found[0] - found[2],
        clinics=session.scalar(select(func.count(Clinic.id)).where(scope.where(place))) or 0,
        households=found[3] or 0,
        persons=found[4] or 0,
    )


def township_counts(session: Session, scope: Scope) -> tuple[TownshipCounts, ...]:
    """Return the townships that have villages in the scope or lie in it, ordered by code."""
    sums = session.execute(
        select(
            Village.township_code,
            func.count(),
            func.count(Village.households),
            func.count(Village.latitude),
            func.sum(Village.households),
        )
        .where(scope.where(Village.code))
        .group_by(Village.township_code)
    )
    by_township = {row[0]: row for row in sums}
    named = select(Division.code, Division.name).where(Division.level.in_(("township", "county")))
    names = dict(session.execute(named).all())
    townships = session.scalars(
        select(Division.code).where(Division.level == "township", scope.where(Division.code))
    )
    found = []
    for code in sorted({*townships, *by_township}):
        _, villages, registered, placed, households = by_township.get(code, (code, 0, 0, 0, 0))
        county = names.get(areas.full_code(code[:6]), "")
        missing = villages - registered, villages - placed
        name = names.get(code, code)
        found.append(TownshipCounts(code, name, county, villages, *missing, households or 0))
    return tuple(found)
