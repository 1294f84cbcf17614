"""Who is due for central treatment: persons found with a disease of a catalogue, each once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby, islice
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from server.survey import catalogue
from server.survey.areas import Scope
from server.survey.likeness import decided
from server.tables.projections import Case, Household, Person
from server.tables.reference import Division, Village

# SQLite takes 32,766 values in one statement.
LARGEST_LIST = 5_000
STATES = ("suspected", "documented")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is made of: `area` is a division's or village's code, "" the whole site.

    Empty `diseases` or `states` means all.
    """

    catalogue: str = catalogue.DEFAULT_CATALOGUE
    area: str = ""
    diseases: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    found_from: date | None = None
    found_to: date | None = None


@dataclass(frozen=True, slots=True)
class FoundDisease:
    """One disease, or clue, of a person who is due."""

    code: str
    state: str
    found_on: date
    worker: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One person due for treatment. `person_ids` are the register's ids of the same person.

    Two persons with the same ID number are one, unless somebody kept them apart; the report of the
    later village counts. The ids of those who were merged with one follow it.
    Texts are "" when not known.
    """

    person_ids: tuple[str, ...]
    id_hash: str
    township_code: str
    township: str
    village_code: str
    village: str
    household_number: str
    name: str
    sex: str
    birth_date: date | None
    birth_year: int | None
    id_number: str
    phone: str
    screening: str
    residence: str
    diseases: tuple[FoundDisease, ...] = field(default=())

    @property
    def id(self) -> str:
        """The id the person goes by on lists: the first of the register's."""
        return self.person_ids[0]


def candidates(
    session: Session, scope: Scope, filters: Filters, *, may_see_sensitive: bool
) -> Iterator[Candidate]:
    """Give the persons due, ordered by township, village, household number and name.

    HIV never stands on a list (domain.md 8); other sensitive diseases only where
    `may_see_sensitive`. Raises Missing for an unknown catalogue.
    """
    codes = listed_codes(session, filters, may_see_sensitive=may_see_sensitive)
    if not codes:
        return
    rows = session.execute(_found(scope, filters, codes)).all()
    persons = [_candidate(list(some)) for _, some in groupby(rows, lambda row: row.Person.id)]
    same = _merged(session, persons)
    also = decided.merged_persons(session)
    yield from sorted((_with(one, also) for one in same if not left_why(one)), key=_place)


def left_why(person: Candidate | Row[*tuple[Any, ...]]) -> str:
    """Return why somebody is not due although found: died, moved, or "" when due."""
    told = {person.screening, person.residence}
    if "dead" in told:
        return "died"
    return "moved" if "moved" in told else ""


def reasons(session: Session, person_ids: Iterable[str]) -> dict[str, str]:
    """Return why persons left the list, by id; those of whom nothing is known are left out."""
    found = dict.fromkeys(decided.all_merged(session), "merged")
    for some in _pieces(person_ids):
        columns = select(Person.id, Person.screening, Person.residence)
        for row in session.execute(columns.where(Person.id.in_(some))):
            if why := left_why(row):
                found[row.id] = why
    return found


def count(session: Session, scope: Scope, filters: Filters, *, may_see_sensitive: bool) -> int:
    """Return how many persons are due, the same person once."""
    return sum(1 for _ in candidates(session, scope, filters, may_see_sensitive=may_see_sensitive))


def listed_codes(session: Session, filters: Filters, *, may_see_sensitive: bool) -> list[str]:
    """Return the codes found so far that belong on a list with these filters, ordered."""
    catalogue.catalogue(filters.catalogue)
    found = session.scalars(select(Case.code).distinct().order_by(Case.code))
    return [
        code
        for code in found
        if catalogue.in_catalogue(code, filters.catalogue)
        and catalogue.sensitivity(code) != "hiv"
        and (may_see_sensitive or not catalogue.is_sensitive(code))
        and (not filters.diseases or code in filters.diseases)
    ]


def _found(scope: Scope, filters: Filters, codes: list[str]) -> Select[*tuple[Any, ...]]:
    within = scope.within(filters.area) if filters.area else scope
    query: Select[*tuple[Any, ...]] = (
        select(
            Person,
            Case,
            Household.number,
            Household.phone,
            Village.name,
            Village.township_code,
            func.coalesce(Division.name, Village.township_code, ""),
        )
        .join(Case, Case.person_id == Person.id)
        .outerjoin(Household, Household.id == Person.household_id)
        .outerjoin(Village, Village.code == Person.village_code)
        .outerjoin(Division, Division.code == Village.township_code)
        .where(within.where(Case.village_code), Case.code.in_(codes))
        .order_by(Person.id, Case.code)
    )
    if filters.states:
        query = query.where(Case.state.in_(filters.states))
    if filters.found_from:
        query = query.where(Case.last_on >= filters.found_from)
    if filters.found_to:
        query = query.where(Case.found_on <= filters.found_to)
    return query


def _candidate(rows: list[Any]) -> Candidate:
    person, _, number, household_phone, village, township_code, township = rows[0]
    return Candidate(
        person_ids=(person.id,),
        id_hash=person.id_hash,
        township_code=township_code or "",
        township=township,
        village_code=person.village_code,
        village=village or person.village_code,
        household_number=number or "",
        name=person.name,
        sex=person.sex,
        birth_date=person.birth_date,
        birth_year=person.birth_year,
        id_number=person.id_number,
        phone=person.phone or household_phone or "",
        screening=person.screening,
        residence=person.residence,
        diseases=tuple(
            FoundDisease(row.Case.code, row.Case.state, row.Case.found_on, _worker(row.Case.said))
            for row in rows
        ),
    )


def _pieces(person_ids: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(person_ids)
    while piece := list(islice(remaining, LARGEST_LIST)):
        yield piece


def _worker(said: Mapping[str, str]) -> str:
    return said.get("worker", "")


def _merged(session: Session, persons: Iterable[Candidate]) -> Iterator[Candidate]:
    """Give each person once: those with the same ID number are one, but who was kept apart."""
    by_number: dict[str, list[Candidate]] = {}
    for person in persons:
        by_number.setdefault(person.id_hash or person.id, []).append(person)
    shared = [one.id for same in by_number.values() if len(same) > 1 for one in same]
    apart = decided.persons_apart(session, shared) if shared else set()
    return (_one_of(one) for same in by_number.values() for one in _parts(same, apart))


def _parts(
    same: Sequence[Candidate], apart: Collection[tuple[str, str]]
) -> Iterator[list[Candidate]]:
    """Give those of one ID number who are one: each with the first it was not kept apart from."""
    parts: list[list[Candidate]] = []
    for person in same:
        fitting = (
            part
            for part in parts
            if not any((min(one.id, person.id), max(one.id, person.id)) in apart for one in part)
        )
        part = next(fitting, None)
        if part is None:
            parts.append([person])
        else:
            part.append(person)
    yield from parts


def _with(person: Candidate, also: Mapping[str, tuple[str, ...]]) -> Candidate:
    more = [merged for one in person.person_ids for merged in also.get(one, ())]
    return replace(person, person_ids=(*person.person_ids, *more)) if more else person


def _one_of(same: list[Candidate]) -> Candidate:
    if len(same) == 1:
        return same[0]
    latest = max(same, key=lambda one: max(found.found_on for found in one.diseases))
    diseases: dict[str, FoundDisease] = {}
    for found in sorted(
        (found for one in same for found in one.diseases),
        key=lambda found: (found.state == "documented", found.found_on),
    ):
        diseases[found.code] = found
    ids = tuple(sorted(one.id for one in same))
    values = {name: getattr(latest, name) for name in Candidate.__dataclass_fields__}
    ordered = tuple(diseases[code] for code in sorted(diseases))
    return Candidate(**{**values, "person_ids": ids, "diseases": ordered})


def _place(one: Candidate) -> tuple[str, str, int, str, str, str]:
    number = one.household_number
    return one.township_code, one.village_code, len(number), number, one.name, one.id
