"""Reports follow what was merged: they speak of the person or household that is counted.

A report keeps the id it told in `told_id`, so that undoing a merge leads it back. Which id counts
follows from the decisions that hold, never from the order in which reports or decisions came.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, update

from server.database import rows_with, table_of
from server.survey.interpretation import Interpretation
from server.survey.stored_rows import Row, whole
from server.tables.merges import PairDecision
from server.tables.projections import Finding, Measurement, PersonReport, Visit

PERSON, HOUSEHOLD = "person", "household"
DECISION = table_of(PairDecision)
VISIT = table_of(Visit)
REPORT = table_of(PersonReport)
# What a report says beside PersonReport, by the same position.
BESIDE = (table_of(Finding), table_of(Measurement))

# Kind and id.
Subject = tuple[str, str]


def counted(connection: Connection, subjects: Iterable[Subject]) -> dict[Subject, str]:
    """Return the ids that these persons and households count under; only where it is another.

    Merged ones may be merged once more with a third: the last of the row counts.
    """
    steps: dict[Subject, str] = {}
    asked = set(subjects)
    names = ("kind", "merged_id", "first_id", "second_id", "undone_at")
    while asked:
        ids = sorted({subject_id for _, subject_id in asked})
        found = {
            (kind, merged): second if merged == first else first
            for kind, merged, first, second, undone in rows_with(
                connection, DECISION, names, "merged_id", ids
            )
            if undone is None and (kind, merged) in asked
        }
        steps.update(found)
        asked = {(kind, kept) for (kind, _), kept in found.items()} - steps.keys()
    return {subject: _last(steps, subject) for subject in steps}


def _last(steps: Mapping[Subject, str], subject: Subject) -> str:
    kind, found = subject
    seen = {found}
    while (kept := steps.get((kind, found))) is not None and kept not in seen:
        found = kept
        seen.add(found)
    return found


def settle(connection: Connection, group: Sequence[Interpretation]) -> None:
    """Let the reports of a group speak of whom is counted: one statement for all of them."""
    subjects: set[Subject] = set()
    for one in group:
        if one.visit and one.visit["household_id"]:
            subjects.add((HOUSEHOLD, one.visit["told_household_id"] or one.visit["household_id"]))
        subjects.update((PERSON, row["told_id"] or row["person_id"]) for row in one.persons)
    kept = counted(connection, subjects)
    if not kept:
        return
    for one in group:
        _settle_one(one, kept)


def _settle_one(one: Interpretation, kept: Mapping[Subject, str]) -> None:
    # What was told is kept, so that settling twice changes nothing: a writer may try again.
    if one.visit and one.visit["household_id"]:
        one.visit.update(_settled(one.visit, HOUSEHOLD, "household_id", "told_household_id", kept))
    persons = {}
    for row in one.persons:
        row.update(_settled(row, PERSON, "person_id", "told_id", kept))
        row["household_id"] = one.visit["household_id"] if one.visit else row["household_id"]
        persons[row["position"]] = row["person_id"]
    for row in (*one.findings, *one.measurements):
        row["person_id"] = persons.get(row["position"], row["person_id"])


def _settled(
    row: Row, kind: str, name: str, told_name: str, kept: Mapping[Subject, str]
) -> dict[str, Any]:
    told = row[told_name] or row[name]
    now = kept.get((kind, told), told)
    return {name: now, told_name: None if now == told else told}


def resettle_persons(connection: Connection, ids: Collection[str]) -> set[str]:
    """Lead the reports of these persons to whom they count for now; return all concerned."""
    rows = whole(connection, REPORT, "person_id", sorted(ids))
    told = {(PERSON, row["told_id"] or row["person_id"]) for row in rows}
    kept = counted(connection, told)
    concerned = set(ids)
    changed = []
    for row in rows:
        new = _settled(row, PERSON, "person_id", "told_id", kept)
        if new["person_id"] != row["person_id"]:
            concerned.add(new["person_id"])
            changed.append({**new, "of": row["submission_id"], "at": row["position"]})
    _update(connection, REPORT, ("person_id", "told_id"), changed)
    for table in BESIDE:
        _update(connection, table, ("person_id",), changed)
    return concerned


def resettle_households(connection: Connection, ids: Collection[str]) -> tuple[set[str], set[str]]:
    """Lead the visits of these households to the one they count for now.

    Returns all households concerned, and the persons whose reports moved along.
    """
    rows = whole(connection, VISIT, "household_id", sorted(ids))
    told = {(HOUSEHOLD, row["told_household_id"] or row["household_id"]) for row in rows}
    kept = counted(connection, told)
    concerned = set(ids)
    changed = []
    for row in rows:
        new = _settled(row, HOUSEHOLD, "household_id", "told_household_id", kept)
        if new["household_id"] != row["household_id"]:
            concerned.add(new["household_id"])
            changed.append({**new, "of": row["submission_id"]})
    _update(connection, VISIT, ("household_id", "told_household_id"), changed)
    _update(connection, REPORT, ("household_id",), changed)
    moved = [row["of"] for row in changed]
    persons = {
        row[0] for row in rows_with(connection, REPORT, ("person_id",), "submission_id", moved)
    }
    return concerned, persons


def _update(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Write `names` of the rows of a submission ("of"), at one position where they tell it."""
    if not rows:
        return
    where = [table.c.submission_id == bindparam("of")]
    if "at" in rows[0]:
        where.append(table.c.position == bindparam("at"))
    statement = (
        update(table).where(*where).values({name: bindparam(f"new_{name}") for name in names})
    )
    told = [
        {key: row[key] for key in ("of", "at") if key in row}
        | {f"new_{name}": row[name] for name in names}
        for row in rows
    ]
    connection.execute(statement, told)
