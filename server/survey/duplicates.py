"""What looks like the same person or family twice, across submissions.

Worked out when it is asked, from the folded tables by their indexes: nothing is stored, arrival
pays nothing for it, and any order of arrival gives the same. A reader learns of what lies outside
his areas that it is there, never what it is.

Rules: an ID number belongs to one person (domain.md, server checks after upload). Neighbours
share telephones, so a number looks wrong from FAMILIES_A_PHONE families on: mostly the worker's
own. One person is screened once a year; a second time within SCREENING_DAYS was not needed, or was
of somebody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from server.survey.areas import Scope
from server.tables.projections import Household, Person, PersonReport
from server.tables.reference import Village

FAMILIES_A_PHONE = 3
SCREENING_DAYS = 180
PAGE = 50
MOST_SHOWN = 20
ID_NUMBER, PHONE, SCREENED = "same_id_number", "same_phone", "screened_twice"
KINDS = (ID_NUMBER, PHONE, SCREENED)

KIND_TITLES = {
    ID_NUMBER: "One ID number for several persons",
    PHONE: "One phone number for several families",
    SCREENED: "One person screened twice",
}


@dataclass(frozen=True, slots=True)
class Double:
    """One of several that share something; `id` is a person's, or of a PHONE a household's.

    `group` is the same for those that belong together. Unmasked.
    """

    id: str
    kind: str
    group: str
    name: str
    household_id: str | None
    village_code: str
    village: str


@dataclass(frozen=True, slots=True)
class Doubles:
    """Others that share something with one person or household.

    `more` counts those of the reader's areas beyond MOST_SHOWN, `elsewhere` those outside them.
    `screenings` are the submissions and days of a person's screenings when two lie too close
    together.
    """

    others: tuple[Double, ...]
    elsewhere: int
    more: int = 0
    screenings: tuple[tuple[int, date], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.others or self.elsewhere or self.screenings)


@dataclass(frozen=True, slots=True)
class DoublePage:
    """Some doubles, those of a group side by side, and the key to go on after; "" at the end."""

    lines: tuple[Double, ...]
    next_key: str


def counts(session: Session, scope: Scope, today: date) -> dict[str, int]:
    """Return how many persons or households of a scope each kind concerns; none is left out.

    Costs the scope's persons and households: ask it of a village, not of a county.
    """
    queries = {kind: _query(kind, scope, today) for kind in KINDS}
    found = {
        kind: session.scalar(select(func.count()).select_from(query.subquery())) or 0
        for kind, query in queries.items()
    }
    return {kind: number for kind, number in found.items() if number}


def page(session: Session, scope: Scope, kind: str, today: date, after: str = "") -> DoublePage:
    """Return a page of one kind, those that share something side by side, then by id."""
    # The key is an id alone: what is shared may be a phone number, and addresses are logged.
    subject = Household if kind == PHONE else Person
    shared = {ID_NUMBER: Person.id_hash, PHONE: Household.phone, SCREENED: Person.village_code}[
        kind
    ]
    query = _query(kind, scope, today)
    if after and session.get(subject, after) is not None:
        last = select(shared).where(subject.id == after).scalar_subquery()
        query = query.where((shared > last) | ((shared == last) & (subject.id > after)))
    rows = list(session.execute(query.order_by(shared, subject.id).limit(PAGE + 1)))
    lines = tuple(_double(row, kind) for row in rows[:PAGE])
    return DoublePage(lines, lines[-1].id if len(rows) > PAGE else "")


def of_person(session: Session, person_id: str, scope: Scope) -> Doubles:
    """Return who shares the person's ID number, and screenings too close together."""
    person = session.get_one(Person, person_id)
    others: list[Any] = []
    if person.id_hash:
        query = _persons().where(Person.id_hash == person.id_hash, Person.id != person_id)
        others = list(session.execute(query.order_by(Person.id)))
    return _seen(others, ID_NUMBER, scope, _close_screenings(session, person_id))


def of_household(session: Session, household_id: str, scope: Scope) -> Doubles:
    """Return the families that tell the same phone number, from FAMILIES_A_PHONE on."""
    phone = session.get_one(Household, household_id).phone
    if not phone:
        return Doubles((), 0)
    query = _households().where(Household.phone == phone, Household.id != household_id)
    others = list(session.execute(query.order_by(Household.id)))
    return _seen(others if len(others) + 1 >= FAMILIES_A_PHONE else [], PHONE, scope, ())


def _close_screenings(session: Session, person_id: str) -> tuple[tuple[int, date], ...]:
    rows = session.execute(
        select(PersonReport.submission_id, PersonReport.reported_on)
        .where(PersonReport.person_id == person_id, PersonReport.screening == "done")
        .order_by(PersonReport.reported_on, PersonReport.submission_id)
    )
    told = [(submission_id, day) for submission_id, day in rows]
    near = timedelta(days=SCREENING_DAYS)
    close = {
        one
        for before, after in pairwise(told)
        if after[1] - before[1] <= near
        for one in (before, after)
    }
    return tuple(one for one in told if one in close)


def _seen(
    rows: list[Any], kind: str, scope: Scope, screenings: tuple[tuple[int, date], ...]
) -> Doubles:
    doubles = [_double(row, kind) for row in rows]
    inside = tuple(one for one in doubles if scope.covers(one.village_code))
    more = max(0, len(inside) - MOST_SHOWN)
    return Doubles(inside[:MOST_SHOWN], len(doubles) - len(inside), more, screenings)


def _query(kind: str, scope: Scope, today: date) -> Select[*tuple[Any, ...]]:
    if kind == PHONE:
        return _households().where(scope.where(Household.village_code), _is_shared_phone())
    condition = _has_shared_id() if kind == ID_NUMBER else _is_screened_twice(today)
    return _persons().where(scope.where(Person.village_code), condition)


def _has_shared_id() -> ColumnElement[bool]:
    other = aliased(Person)
    same = select(other.id).where(other.id_hash == Person.id_hash, other.id != Person.id)
    return (Person.id_hash != "") & same.exists()


def _is_shared_phone() -> ColumnElement[bool]:
    other = aliased(Household)
    families = select(func.count()).select_from(other).where(other.phone == Household.phone)
    return (Household.phone != "") & (families.scalar_subquery() >= FAMILIES_A_PHONE)


def _is_screened_twice(today: date) -> ColumnElement[bool]:
    """Return the condition of two screenings within the last SCREENING_DAYS."""
    since = today - timedelta(days=SCREENING_DAYS)
    done = (
        select(func.count())
        .select_from(PersonReport)
        .where(
            PersonReport.person_id == Person.id,
            PersonReport.screening == "done",
            PersonReport.reported_on >= since,
        )
    )
    return (Person.screened_on >= since) & (done.scalar_subquery() > 1)


def _persons() -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = select(
        Person.id,
        Person.id_hash.label("shared"),
        Person.name,
        Person.household_id,
        Person.village_code,
        Village.name.label("village"),
    ).outerjoin(Village, Village.code == Person.village_code)
    return query


def _households() -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = select(
        Household.id,
        Household.phone.label("shared"),
        Household.number.label("name"),
        Household.id.label("household_id"),
        Household.village_code,
        Village.name.label("village"),
    ).outerjoin(Village, Village.code == Household.village_code)
    return query


def _double(row: Any, kind: str) -> Double:
    return Double(
        id=row.id,
        kind=kind,
        group=row.village_code if kind == SCREENED else row.shared,
        name=row.name,
        household_id=row.household_id,
        village_code=row.village_code,
        village=row.village or row.village_code,
    )
