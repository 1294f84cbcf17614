"""Looks for persons and households that look like one, township by township.

Worked out by `doorstep checks`, in a process of its own. A township in which nobody came, went or
changed is not compared again: its villages' digests say so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select

from server.database import insert_or_replace, insert_rows, table_of, writing
from server.survey.likeness import pairs, saying
from server.survey.likeness.pairs import Family, Pair, Someone
from server.survey.likeness.settling import HOUSEHOLD, PERSON
from server.survey.quality.signals import Change
from server.survey.site import Site
from server.survey.stored_rows import chunks
from server.tables.projections import Household, Person, VillageTally
from server.tables.reference import Village
from server.tables.signals import Likened, Lookalike

LOOKALIKE = table_of(Lookalike)
LIKENED = table_of(Likened)

# Raise this when the rules change: everything is then compared once more.
RULES = "1"
# The township code of what is compared across the site.
WHOLE_SITE = ""
# Rows taken at a time while a township is read.
PIECE = 5_000


@dataclass(frozen=True, slots=True)
class Registered:
    """The persons and households of some villages, ordered by id."""

    persons: list[Someone]
    families: list[Family]


def work_out(site: Site, chosen: Mapping[str, float], now: datetime) -> Change:
    """Compare what changed, and bring the signals up to date with it and with decisions."""
    with site.engine.connect() as connection:
        townships, digests = _digests(connection)
        known = dict(connection.execute(select(LIKENED.c.township_code, LIKENED.c.digest)).all())
    changed = sorted(one for one, digest in digests.items() if known.get(one) != digest)
    gone = known.keys() - digests.keys()
    if changed or gone:
        with site.engine.connect() as connection:
            numbers = _same_numbers(connection)
        _replace(site, WHOLE_SITE, _number_rows(numbers, townships))
        for township in changed:
            villages = sorted(village for village, own in townships.items() if own == township)
            with site.engine.connect() as connection:
                registered = read(connection, villages)
            _replace(site, township, _rows(township, registered, numbers), digests[township])
        for township in gone:
            _replace(site, township, [])
    return saying.bring(site, chosen, now)


def read(connection: Connection, villages: Collection[str]) -> Registered:
    """Return who is registered in some villages."""
    several = [
        Family(row.id, row.village_code, row.phone)
        for some in chunks(villages)
        for row in connection.execution_options(yield_per=PIECE).execute(
            select(Household.id, Household.village_code, Household.phone).where(
                Household.village_code.in_(some)
            )
        )
    ]
    phones = {one.id: one.phone for one in several}
    everybody = [
        _someone(row, phones)
        for some in chunks(villages)
        for row in connection.execution_options(yield_per=PIECE).execute(
            select(*_COLUMNS).where(Person.village_code.in_(some))
        )
    ]
    return Registered(
        sorted(everybody, key=lambda one: one.id), sorted(several, key=lambda one: one.id)
    )


_COLUMNS = (
    Person.id,
    Person.household_id,
    Person.village_code,
    Person.name,
    Person.sex,
    Person.birth_date,
    Person.birth_year,
    Person.id_number,
    Person.id_hash,
    Person.phone,
)


def _someone(row: Any, phones: Mapping[str, str]) -> Someone:
    return Someone(
        row.id,
        row.household_id or "",
        row.village_code,
        row.name,
        row.sex,
        row.birth_date,
        row.birth_year,
        row.id_number,
        row.id_hash,
        row.phone or phones.get(row.household_id, ""),
    )


def _digests(connection: Connection) -> tuple[dict[str, str], dict[str, str]]:
    """Return the township of every village with somebody in it, and the townships' digests.

    A village that the register does not know is a township of its own.
    """
    rows = connection.execute(
        select(VillageTally.village_code, Village.township_code, VillageTally.digest)
        .outerjoin(Village, Village.code == VillageTally.village_code)
        .where((VillageTally.persons > 0) | (VillageTally.households > 0))
        .order_by(VillageTally.village_code)
    ).all()
    townships = {village: township or f"village {village}" for village, township, _ in rows}
    told: dict[str, list[Any]] = {}
    for village, _, digest in rows:
        told.setdefault(townships[village], [RULES]).append([village, digest])
    digests = {
        township: hashlib.sha256(json.dumps(lines).encode()).hexdigest()
        for township, lines in told.items()
    }
    return townships, digests


def _same_numbers(connection: Connection) -> list[tuple[Pair, Someone, Someone]]:
    """Return the pairs of one ID number across the site; costs a walk along its index."""
    shared = (
        select(Person.id_hash)
        .where(Person.id_hash != "")
        .group_by(Person.id_hash)
        .having(func.count() > 1)
    )
    rows = connection.execute(select(*_COLUMNS).where(Person.id_hash.in_(shared)))
    everybody = {row.id: _someone(row, {}) for row in rows}
    return [
        (pair, everybody[pair.first_id], everybody[pair.second_id])
        for pair in pairs.same_number(everybody.values())
    ]


def _number_rows(
    numbers: Iterable[tuple[Pair, Someone, Someone]], townships: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the rows of those who live in different townships; others are found in their own."""
    return [
        _row(PERSON, WHOLE_SITE, pair, one, other)
        for pair, one, other in numbers
        if townships.get(one.village_code) != townships.get(other.village_code)
    ]


def _rows(
    township: str, registered: Registered, numbers: Iterable[tuple[Pair, Someone, Someone]]
) -> list[dict[str, Any]]:
    people = {one.id: one for one in registered.persons}
    found = {(pair.first_id, pair.second_id): pair for pair in pairs.persons(registered.persons)}
    for pair, one, other in numbers:
        if one.id in people and other.id in people:
            found[pair.first_id, pair.second_id] = pair
    alike = [found[ids] for ids in sorted(found)]
    households = pairs.families(registered.families, registered.persons, alike)
    parts = {tuple(sorted(ids)) for pair in households for ids in pair.matched}
    homes = {one.id: one for one in registered.families}
    rows = [
        _row(
            PERSON,
            township,
            pair,
            people[pair.first_id],
            people[pair.second_id],
            is_part=(pair.first_id, pair.second_id) in parts,
        )
        for pair in alike
    ]
    return rows + [
        _row(HOUSEHOLD, township, pair, homes[pair.first_id], homes[pair.second_id])
        for pair in households
    ]


def _row(
    kind: str,
    township: str,
    pair: Pair,
    one: Someone | Family,
    other: Someone | Family,
    *,
    is_part: bool = False,
) -> dict[str, Any]:
    known_by = f"{pair.rule}|{one}|{other}|{pair.matched}"
    return {
        "kind": kind,
        "first_id": pair.first_id,
        "second_id": pair.second_id,
        "rule": pair.rule,
        "township_code": township,
        "first_village": one.village_code,
        "second_village": other.village_code,
        "matched": [list(ids) for ids in pair.matched],
        "is_part": is_part,
        "inputs": hashlib.sha256(known_by.encode()).hexdigest()[:32],
    }


def _replace(
    site: Site, township: str, rows: list[dict[str, Any]], digest: str | None = None
) -> None:
    """Write a township's pairs in place of those it had; without a digest it is none any more."""
    with writing(site.engine, is_durable=False) as connection:
        connection.execute(delete(LOOKALIKE).where(LOOKALIKE.c.township_code == township))
        insert_or_replace(connection, LOOKALIKE, rows)
        connection.execute(delete(LIKENED).where(LIKENED.c.township_code == township))
        if digest is not None:
            insert_rows(connection, LIKENED, [{"township_code": township, "digest": digest}])
