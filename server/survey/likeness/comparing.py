"""Two persons or two households side by side: what is known of each, and what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from maps.points import Point, distance_m
from server.survey import people
from server.survey.areas import Scope
from server.survey.likeness import decided
from server.survey.likeness.settling import HOUSEHOLD, PERSON
from server.survey.people import HouseholdLine, PersonLine
from server.tables.merges import PairDecision
from server.tables.projections import Household, Person, PersonReport, Visit
from server.tables.signals import Lookalike

PAGE = 50


@dataclass(frozen=True, slots=True)
class Told:
    """How one came to be known: by how many records, between which days, by whom."""

    records: int
    first_on: date | None
    last_on: date | None
    workers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonSide:
    """One of two persons. Unmasked. `household_number` is "" where it has none."""

    line: PersonLine
    household_number: str
    told: Told


@dataclass(frozen=True, slots=True)
class HouseholdSide:
    """One of two households, with its members. Unmasked."""

    line: HouseholdLine
    members: tuple[PersonLine, ...]
    told: Told


@dataclass(frozen=True, slots=True)
class Persons:
    """Two persons; `rule` says what makes them alike, "" where no check said so."""

    sides: tuple[PersonSide, PersonSide]
    rule: str
    decision: DecisionLine | None


@dataclass(frozen=True, slots=True)
class Households:
    """Two households. `matched` are the members who look alike, as ids in the sides' order.

    `apart_m` is how far apart they stand, None where a position is missing.
    """

    sides: tuple[HouseholdSide, HouseholdSide]
    rule: str
    matched: tuple[tuple[str, str], ...]
    apart_m: float | None
    decision: DecisionLine | None


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One decision. `names` are of who stands in the register still, "" else; unmasked.

    Of a merge, the one that was kept stands first.
    """

    id: int
    kind: str
    is_merge: bool
    ids: tuple[str, str]
    names: tuple[str, str]
    village_codes: tuple[str, str]
    note: str
    at: datetime
    who: str
    undone_at: datetime | None
    undone_by: str | None


def persons(
    session: Session, ids: tuple[str, str], scope: Scope, *, may_see_sensitive: bool
) -> Persons:
    """Return two persons side by side. Raises Missing for one outside the scope."""
    first, second = (
        _person_side(session, one, scope, may_see_sensitive=may_see_sensitive) for one in ids
    )
    found = _lookalike(session, PERSON, ids)
    rule = found.rule if found else ""
    return Persons((first, second), rule, _decision(session, PERSON, ids))


def households(
    session: Session, ids: tuple[str, str], scope: Scope, *, may_see_sensitive: bool
) -> Households:
    """Return two households side by side. Raises Missing for one outside the scope."""
    first, second = (
        _household_side(session, one, scope, may_see_sensitive=may_see_sensitive) for one in ids
    )
    found = _lookalike(session, HOUSEHOLD, ids)
    matched = [(one, other) for one, other in found.matched] if found else []
    if found and found.first_id != ids[0]:
        matched = [(other, one) for one, other in matched]
    here = {one.id for one in (*first.members, *second.members)}
    return Households(
        (first, second),
        found.rule if found else "",
        tuple(pair for pair in matched if here.issuperset(pair)),
        _apart_m(session, ids),
        _decision(session, HOUSEHOLD, ids),
    )


def decisions(session: Session, scope: Scope, before: int = 0) -> list[DecisionLine]:
    """Return a page of decisions with both in the scope, the last first, before a number."""
    query = select(PairDecision).where(
        scope.where(PairDecision.first_village), scope.where(PairDecision.second_village)
    )
    if before:
        query = query.where(PairDecision.id < before)
    rows = list(session.scalars(query.order_by(PairDecision.id.desc()).limit(PAGE)))
    return _lines(session, rows)


def of_subject(session: Session, kind: str, subject_id: str, scope: Scope) -> list[DecisionLine]:
    """Return the decisions that hold about one and whom it counts with, of the scope."""
    rows = [
        row
        for row in decided.decisions_of(session, kind, subject_id)
        if scope.covers(row.first_village) and scope.covers(row.second_village)
    ]
    return _lines(session, rows)


def _person_side(
    session: Session, person_id: str, scope: Scope, *, may_see_sensitive: bool
) -> PersonSide:
    line = people.person(session, person_id, scope, may_see_sensitive=may_see_sensitive)
    home = session.get(Household, line.household_id) if line.household_id else None
    return PersonSide(line, home.number if home else "", _told(session, PERSON, person_id))


def _household_side(
    session: Session, household_id: str, scope: Scope, *, may_see_sensitive: bool
) -> HouseholdSide:
    members = people.persons(
        session, scope, may_see_sensitive=may_see_sensitive, household_id=household_id
    )
    return HouseholdSide(
        people.household(session, household_id, scope),
        members.lines,
        _told(session, HOUSEHOLD, household_id),
    )


def _told(session: Session, kind: str, subject_id: str) -> Told:
    own = select(PersonReport.submission_id).where(PersonReport.person_id == subject_id)
    is_about = Visit.submission_id.in_(own) if kind == PERSON else Visit.household_id == subject_id
    records, first_on, last_on = session.execute(
        select(
            func.count(Visit.submission_id), func.min(Visit.visited_on), func.max(Visit.visited_on)
        ).where(is_about)
    ).one()
    workers = session.scalars(
        select(Visit.worker).where(is_about, Visit.worker != "").distinct().order_by(Visit.worker)
    )
    return Told(records, first_on, last_on, tuple(workers))


def _lookalike(session: Session, kind: str, ids: tuple[str, str]) -> Lookalike | None:
    return session.get(Lookalike, (kind, *sorted(ids)))


def _apart_m(session: Session, ids: tuple[str, str]) -> float | None:
    points = []
    for one in ids:
        found = session.get_one(Household, one)
        if found.latitude is None or found.longitude is None:
            return None
        points.append(Point(found.latitude, found.longitude))
    return distance_m(*points)


def _decision(session: Session, kind: str, ids: tuple[str, str]) -> DecisionLine | None:
    first, second = sorted(ids)
    rows = session.scalars(
        select(PairDecision).where(
            PairDecision.kind == kind,
            PairDecision.first_id == first,
            PairDecision.second_id == second,
            PairDecision.undone_at.is_(None),
        )
    )
    lines = _lines(session, list(rows))
    return lines[0] if lines else None


def _lines(session: Session, rows: list[PairDecision]) -> list[DecisionLine]:
    ids = {
        kind: [one for row in rows if row.kind == kind for one in (row.first_id, row.second_id)]
        for kind in (PERSON, HOUSEHOLD)
    }
    names: dict[str, str] = {}
    for kind, table, column in (
        (PERSON, Person, Person.name),
        (HOUSEHOLD, Household, Household.number),
    ):
        if ids[kind]:
            query = select(table.id, column).where(table.id.in_(ids[kind]))
            names.update(dict(session.execute(query).all()))
    return [_line(row, names) for row in rows]


def _line(row: PairDecision, names: dict[str, str]) -> DecisionLine:
    both = [(row.first_id, row.first_village), (row.second_id, row.second_village)]
    if row.merged_id == row.first_id:
        both.reverse()
    (one, one_village), (other, other_village) = both
    return DecisionLine(
        id=row.id,
        kind=row.kind,
        is_merge=row.merged_id is not None,
        ids=(one, other),
        names=(names.get(one, ""), names.get(other, "")),
        village_codes=(one_village, other_village),
        note=row.note,
        at=row.at,
        who=row.who,
        undone_at=row.undone_at,
        undone_by=row.undone_by,
    )
