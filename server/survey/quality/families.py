"""Two families under one household number: they look like one household with two heads.

Told where two heads are known from different records, and the records name nobody in common: a
family whose head changed still has its members.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import combinations
from typing import Any

from sqlalchemy import Connection, func, select

from server.database import rows_with, table_of, writing
from server.survey.quality import signals, thresholds
from server.survey.quality.signals import Change
from server.survey.site import Site
from server.tables.projections import Household, Person, PersonReport
from server.tables.reference import Village
from server.tables.truth import Submission

CHECK = "two_families"
GONE = ("dead", "moved")
REPORT = table_of(PersonReport)


def work_out(site: Site, chosen: Mapping[str, float], now: datetime) -> Change:
    """Bring the signals of the check up to date; it reads heads, and records of few households."""
    with site.engine.connect() as connection:
        rows = [] if CHECK in thresholds.off(chosen) else found(connection)
    with writing(site.engine, is_durable=False) as connection:
        return signals.bring(connection, [CHECK], rows, now)


def found(connection: Connection) -> list[dict[str, Any]]:
    """Return a signal for each household with heads of two families, ordered by household."""
    is_head = (Person.relation == "head") & Person.screening.not_in(GONE)
    several = (
        select(Person.household_id)
        .where(is_head, Person.household_id.is_not(None))
        .group_by(Person.household_id)
        .having(func.count() > 1)
    )
    heads: dict[str, list[str]] = defaultdict(list)
    query = select(Person.household_id, Person.id).where(is_head, Person.household_id.in_(several))
    for household_id, person_id in connection.execute(query.order_by(Person.household_id)):
        heads[household_id or ""].append(person_id)
    newest = _newest(connection, [one for several_ids in heads.values() for one in several_ids])
    named = _named(connection, newest.values())
    rows = []
    for household_id, persons in heads.items():
        records = sorted({newest[one] for one in persons if one in newest})
        pair = _apart(records, named)
        if pair:
            rows.append(_row(connection, household_id, len(persons), pair))
    return rows


def _newest(connection: Connection, person_ids: Iterable[str]) -> dict[str, int]:
    """Return the newest record that speaks of each person."""
    names = ("person_id", "moment", "submission_id")
    last: dict[str, tuple[str, int]] = {}
    for person_id, moment, submission_id in rows_with(
        connection, REPORT, names, "person_id", sorted(person_ids)
    ):
        last[person_id] = max(last.get(person_id, ("", 0)), (moment, submission_id))
    return {person_id: submission_id for person_id, (_, submission_id) in last.items()}


def _named(connection: Connection, submission_ids: Iterable[int]) -> dict[int, set[str]]:
    """Return the persons each record names."""
    named: dict[int, set[str]] = defaultdict(set)
    names = ("submission_id", "person_id")
    for submission_id, person_id in rows_with(
        connection, REPORT, names, "submission_id", sorted(set(submission_ids))
    ):
        named[submission_id].add(person_id)
    return named


def _apart(records: list[int], named: Mapping[int, set[str]]) -> tuple[int, int] | None:
    """Return the newest two records that name nobody in common."""
    for first, second in combinations(reversed(records), 2):
        if named[first].isdisjoint(named[second]):
            return second, first
    return None


def _row(
    connection: Connection, household_id: str, heads: int, pair: tuple[int, int]
) -> dict[str, Any]:
    about = connection.execute(
        select(Household.number, Household.village_code, Village.township_code)
        .outerjoin(Village, Village.code == Household.village_code)
        .where(Household.id == household_id)
    ).one()
    record = connection.execute(
        select(Submission.root_instance_id, Submission.phone_id).where(Submission.id == pair[1])
    ).one()
    inputs = hashlib.sha256(f"{household_id} {pair[0]} {pair[1]}".encode()).hexdigest()
    return {
        "check": CHECK,
        "subject": record.root_instance_id,
        "indicator": household_id,
        "family": "record",
        "village_code": about.village_code,
        "township_code": about.township_code or "",
        "phone_id": record.phone_id,
        "submission_id": pair[1],
        "figures": {"number": about.number, "heads": heads, "submissions": list(pair)},
        "verdict": "flag",
        "inputs": inputs,
        "compared": inputs,
    }
