"""Lists of households and persons: where a number on a page opens to."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, select, true, tuple_
from sqlalchemy.orm import Session

from server.errors import Missing
from server.survey import catalogue
from server.survey.areas import Scope
from server.survey.projection import SCREENED_CATALOGUE
from server.tables.projections import Case, Household, Person, Visit
from server.tables.reference import Village

Line = TypeVar("Line")

PAGE = 50
OUTCOMES = ("completed", "refused", "absent_final", "vacated", "open")
_FINAL = OUTCOMES[:4]


@dataclass(frozen=True, slots=True)
class HouseholdLine:
    """One household of a list; `head` is the head's name, "" when not known. Unmasked."""

    id: str
    village_code: str
    village: str
    number: str
    villager_group: str
    kind: str
    size: int | None
    phone: str
    outcome: str
    visits: int
    last_visit_on: date
    head: str


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One disease or clue of a person."""

    code: str
    state: str
    found_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One person of a list. Unmasked. `cases` leaves out what the reader may not see."""

    id: str
    household_id: str | None
    village_code: str
    village: str
    name: str
    sex: str
    birth_date: date | None
    birth_year: int | None
    id_number: str
    phone: str
    kind: str
    relation: str
    residence: str
    screening: str
    screened_on: date | None
    cases: tuple[CaseLine, ...]


@dataclass(frozen=True, slots=True)
class VisitLine:
    """One visit at a household, by its submission."""

    submission_id: int
    form_id: str
    visited_on: date
    worker: str
    outcome: str
    flags: int


@dataclass(frozen=True, slots=True)
class Page(Generic[Line]):
    """Some lines of a list, and the key to ask for those after them, "" at the end."""

    lines: tuple[Line, ...]
    next_key: str


def households(
    session: Session,
    scope: Scope,
    *,
    village: str | None = None,
    outcome: str | None = None,
    after: str = "",
) -> Page[HouseholdLine]:
    """Return a page of households by village and id. `outcome` "done" is any final one."""
    query = (
        select(Household, Village.name)
        .outerjoin(Village, Village.code == Household.village_code)
        .where(scope.where(Household.village_code), _outcome(outcome))
    )
    if village is not None:
        query = query.where(Household.village_code == village)
    rows, next_key = _page(session, query, (Household.village_code, Household.id), after)
    heads = _heads(session, [row[0].id for row in rows])
    lines = tuple(_household(household, name, heads) for household, name in rows)
    return Page(lines, next_key)


def household(session: Session, household_id: str, scope: Scope) -> HouseholdLine:
    """Return one household. Raises Missing, also outside the scope."""
    found = session.get(Household, household_id)
    if found is None or not scope.covers(found.village_code):
        raise Missing("There is no such household here.")
    village = session.get(Village, found.village_code)
    return _household(found, village.name if village else None, _heads(session, [household_id]))


def visits(session: Session, household_id: str) -> list[VisitLine]:
    """Return the visits at a household, the latest first."""
    rows = session.scalars(
        select(Visit).where(Visit.household_id == household_id).order_by(Visit.moment.desc())
    )
    return [
        VisitLine(
            row.submission_id, row.form_id, row.visited_on, row.worker, row.outcome, row.flags
        )
        for row in rows
    ]


def persons(
    session: Session,
    scope: Scope,
    *,
    may_see_sensitive: bool,
    village: str | None = None,
    household_id: str | None = None,
    screening: str | None = None,
    state: str | None = None,
    code: str | None = None,
    after: str = "",
) -> Page[PersonLine]:
    """Return a page of persons by village and id.

    `state` (suspected or documented, of the screened diseases) and `code` (a disease or clue)
    narrow the list; a sensitive code finds nobody for a reader who may not see it.
    """
    if code is not None and not _is_visible(code, may_see_sensitive):
        return Page((), "")
    query = (
        select(Person, Village.name)
        .outerjoin(Village, Village.code == Person.village_code)
        .where(
            scope.where(Person.village_code),
            _person_state(state, may_see_sensitive=may_see_sensitive),
        )
    )
    for column, wanted in (
        (Person.village_code, village),
        (Person.household_id, household_id),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if screening is not None:
        query = query.where(_screened(screening))
    if code is not None:
        query = query.where(Person.id.in_(select(Case.person_id).where(Case.code == code)))
    rows, next_key = _page(session, query, (Person.village_code, Person.id), after)
    cases = _cases(session, [row[0].id for row in rows], may_see_sensitive)
    lines = tuple(_person(person, name, cases) for person, name in rows)
    return Page(lines, next_key)


def person(
    session: Session, person_id: str, scope: Scope, *, may_see_sensitive: bool
) -> PersonLine:
    """Return one person. Raises Missing, also outside the scope."""
    found = session.get(Person, person_id)
    if found is None or not scope.covers(found.village_code):
        raise Missing("There is no such person here.")
    village = session.get(Village, found.village_code)
    cases = _cases(session, [person_id], may_see_sensitive)
    return _person(found, village.name if village else None, cases)


def with_id_number(session: Session, key: bytes, number: str) -> list[str]:
    """Return the ids of the persons who bear an ID number. `key` is that of the site's hashes."""
    id_hash = hmac.new(key, number.encode(), hashlib.sha256).hexdigest()
    return list(session.scalars(select(Person.id).where(Person.id_hash == id_hash)))


def _page(
    session: Session, query: Select[*tuple[Any, ...]], key: tuple[Any, Any], after: str
) -> tuple[list[Any], str]:
    """Read one page by its key: no page costs more for standing further back."""
    if "|" in after:
        query = query.where(tuple_(*key) > tuple_(*after.split("|", 1)))
    rows = list(session.execute(query.order_by(*key).limit(PAGE + 1)))
    if len(rows) <= PAGE:
        return rows, ""
    last = rows[PAGE - 1][0]
    return rows[:PAGE], f"{last.village_code}|{last.id}"


def _outcome(outcome: str | None) -> ColumnElement[bool]:
    if outcome is None:
        return true()
    return Household.outcome.in_(_FINAL if outcome == "done" else (outcome,))


def _person_state(state: str | None, *, may_see_sensitive: bool) -> ColumnElement[bool]:
    """Return the condition that counts as the tallies do: suspected only without a paper.

    Who may not see sensitive diseases is listed nobody who has no other: a name without a disease
    beside it would tell.
    """
    if state in ("suspected", "documented") and not may_see_sensitive:
        documented = _has_open_case("documented")
        return documented if state == "documented" else _has_open_case("suspected") & ~documented
    if state == "documented":
        return Person.documented.is_(True)
    if state == "suspected":
        return Person.suspected.is_(True) & Person.documented.is_(False)
    return true()


def _has_open_case(state: str) -> ColumnElement[bool]:
    """Return the condition that somebody has a screened disease which every reader may see."""
    codes = [one.code for one in catalogue.diseases()] + [one.code for one in catalogue.clues()]
    told = [
        code
        for code in codes
        if not catalogue.is_sensitive(code) and catalogue.in_catalogue(code, SCREENED_CATALOGUE)
    ]
    return (
        select(Case.code)
        .where(Case.person_id == Person.id, Case.state == state, Case.code.in_(told))
        .exists()
    )


def _screened(screening: str) -> ColumnElement[bool]:
    """Return the condition of a screening state; "done" counts as the tallies do."""
    if screening == "done":
        return Person.screened_on.is_not(None)
    return Person.screening == screening


def _is_visible(code: str, may_see_sensitive: bool) -> bool:
    return may_see_sensitive or not catalogue.is_sensitive(code)


def _heads(session: Session, household_ids: list[str]) -> dict[str, str]:
    rows = session.execute(
        select(Person.household_id, Person.name)
        .where(Person.household_id.in_(household_ids), Person.relation == "head")
        .order_by(Person.id.desc())
    )
    return {str(household_id): name for household_id, name in rows}


def _cases(
    session: Session, person_ids: list[str], may_see_sensitive: bool
) -> dict[str, list[CaseLine]]:
    found: dict[str, list[CaseLine]] = {}
    query = select(Case).where(Case.person_id.in_(person_ids)).order_by(Case.code)
    for case in session.scalars(query):
        if _is_visible(case.code, may_see_sensitive):
            line = CaseLine(case.code, case.state, case.found_on, case.last_on)
            found.setdefault(case.person_id, []).append(line)
    return found


def _household(found: Household, village: str | None, heads: Mapping[str, str]) -> HouseholdLine:
    return HouseholdLine(
        id=found.id,
        village_code=found.village_code,
        village=village or found.village_code,
        number=found.number,
        villager_group=found.villager_group,
        kind=found.kind,
        size=found.size,
        phone=found.phone,
        outcome=found.outcome,
        visits=found.visits,
        last_visit_on=found.last_visit_on,
        head=heads.get(found.id, ""),
    )


def _person(found: Person, village: str | None, cases: Mapping[str, list[CaseLine]]) -> PersonLine:
    return PersonLine(
        id=found.id,
        household_id=found.household_id,
        village_code=found.village_code,
        village=village or found.village_code,
        name=found.name,
        sex=found.sex,
        birth_date=found.birth_date,
        birth_year=found.birth_year,
        id_number=found.id_number,
        phone=found.phone,
        kind=found.kind,
        relation=found.relation,
        residence=found.residence,
        screening=found.screening,
        screened_on=found.screened_on,
        cases=tuple(cases.get(found.id, ())),
    )
