"""Rows of reports, subjects and tallies, brought up to date with a group of interpretations.

A group is applied in one transaction, alone among writers. Reports are inserted; then every
household, person and entity they touch is folded anew from all its reports, and the tallies get
the difference. So nothing depends on the order of arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, tuple_

from server.database import insert_or_replace, insert_rows, rows_with, table_of
from server.survey import catalogue, folds, placing
from server.survey.interpretation import Interpretation
from server.survey.tallies import Differences
from server.tables import projections, truth

Row = Mapping[str, Any]


VISIT = table_of(projections.Visit)
PERSON_REPORT = table_of(projections.PersonReport)
FINDING = table_of(projections.Finding)
CHANGE = table_of(projections.EntityChange)
HOUSEHOLD = table_of(projections.Household)
PERSON = table_of(projections.Person)
CASE = table_of(projections.Case)
ENTITY = table_of(projections.Entity)
PROJECTED = table_of(projections.Projected)
SUBMISSION = table_of(truth.Submission)
REPORTS: tuple[tuple[Table, Callable[[Interpretation], Sequence[Row]]], ...] = (
    (VISIT, lambda one: [one.visit] if one.visit else []),
    (PERSON_REPORT, lambda one: one.persons),
    (table_of(projections.Measurement), lambda one: one.measurements),
    (FINDING, lambda one: one.findings),
    (table_of(projections.ClinicAudit), lambda one: one.audits),
    (table_of(projections.Flag), lambda one: one.flags),
    (CHANGE, lambda one: one.changes),
)

# A person counts as suspected or documented for the diseases of the 13/19 list and their clues.
SCREENED_CATALOGUE = "yn_13_19"
# SQLite takes 32,766 values in one statement; a pair counts twice.
LARGEST_LIST = 5_000


class _Touched:
    """The subjects that a group of changes concerns, and what it adds to the tallies."""

    def __init__(self) -> None:
        self.households: set[str] = set()
        self.persons: set[str] = set()
        self.entities: set[tuple[str, str]] = set()
        self.differences = Differences()

    def add(
        self, visits: Iterable[Row], persons: Iterable[Row], changes: Iterable[Row], sign: int
    ) -> None:
        """Note the subjects of report rows that come (`sign` +1) or go (-1)."""
        for visit in visits:
            self.differences.visit(visit, sign)
            if visit["household_id"]:
                self.households.add(visit["household_id"])
        self.persons.update(row["person_id"] for row in persons)
        self.entities.update((row["list_name"], row["entity_id"]) for row in changes)


def apply(connection: Connection, interpretations: Sequence[Interpretation]) -> None:
    """Bring the projections up to date with these submissions, each at most once in the group.

    One that was applied before is taken out first, so that applying twice changes nothing.
    One that an edit replaced leaves no reports.
    """
    touched = _Touched()
    current = _mark(connection, interpretations, touched)
    placing.flag_places(connection, current)
    for table, rows_of in REPORTS:
        insert_rows(connection, table, [row for one in current for row in rows_of(one)])
    for one in current:
        touched.add([one.visit] if one.visit else [], one.persons, one.changes, +1)
    _fold_households(connection, touched)
    _fold_persons(connection, touched)
    _fold_entities(connection, touched)
    touched.differences.write(connection)


def apply_each(connection: Connection, group: Sequence[Interpretation]) -> list[None]:
    """Apply a group for the writer, which wants one outcome a job."""
    apply(connection, group)
    return [None] * len(group)


def _mark(
    connection: Connection, interpretations: Sequence[Interpretation], touched: _Touched
) -> list[Interpretation]:
    """Write each submission's state, take out what was there; return those that count."""
    instances = [one.origin.instance_id for one in interpretations]
    names = ("project_id", "form_id", "deprecated_id")
    replaced = {
        tuple(row) for row in rows_with(connection, SUBMISSION, names, "deprecated_id", instances)
    }
    states = {}
    for one in interpretations:
        origin = one.origin
        is_replaced = (origin.project_id, origin.form_id, origin.instance_id) in replaced
        states[origin.submission_id] = ("replaced", "") if is_replaced else (one.state, one.reason)
    outdated = _predecessors(connection, interpretations)
    states.update(dict.fromkeys(outdated, ("replaced", "")))
    known = rows_with(connection, PROJECTED, ("submission_id",), "submission_id", list(states))
    _take_out(connection, [submission_id for (submission_id,) in known], touched)
    insert_or_replace(
        connection,
        PROJECTED,
        [
            {"submission_id": submission_id, "state": state, "reason": reason}
            for submission_id, (state, reason) in sorted(states.items())
        ],
    )
    return [one for one in interpretations if states[one.origin.submission_id][0] == "projected"]


def _predecessors(connection: Connection, interpretations: Sequence[Interpretation]) -> set[int]:
    """Return the ids of kept submissions that the given ones are edits of."""
    edits = {
        (one.origin.project_id, one.origin.form_id, one.origin.deprecated_id)
        for one in interpretations
        if one.origin.deprecated_id
    }
    names = ("id", "project_id", "form_id", "instance_id")
    instances = [instance_id for _, _, instance_id in edits]
    rows = rows_with(connection, SUBMISSION, names, "instance_id", instances)
    return {row[0] for row in rows if tuple(row[1:]) in edits}


def _take_out(connection: Connection, submission_ids: Sequence[int], touched: _Touched) -> None:
    """Delete the reports of submissions, noting whom they were about."""
    if not submission_ids:
        return
    old = {
        table: _whole(connection, table, "submission_id", submission_ids)
        for table in (VISIT, PERSON_REPORT, CHANGE)
    }
    touched.add(old[VISIT], old[PERSON_REPORT], old[CHANGE], -1)
    for table, _ in REPORTS:
        for some in _chunks(submission_ids):
            connection.execute(delete(table).where(table.c.submission_id.in_(some)))


def _fold_households(connection: Connection, touched: _Touched) -> None:
    ids = sorted(touched.households)
    visits = _grouped(_whole(connection, VISIT, "household_id", ids), "household_id")
    new = {one: folds.household(one, visits[one]) for one in ids if one in visits}
    old = {row["id"]: row for row in _whole(connection, HOUSEHOLD, "id", ids)}
    _replace(connection, HOUSEHOLD, old, new, touched.differences.household)


def _fold_persons(connection: Connection, touched: _Touched) -> None:
    ids = sorted(touched.persons)
    reports = _grouped(_whole(connection, PERSON_REPORT, "person_id", ids), "person_id")
    findings = _grouped(_whole(connection, FINDING, "person_id", ids), "person_id")
    new_persons, new_cases = {}, {}
    for one, said in reports.items():
        village = folds.last_village(said)
        cases = folds.cases(one, village, findings.get(one, ()))
        counting = [
            case for case in cases if catalogue.in_catalogue(case["code"], SCREENED_CATALOGUE)
        ]
        new_persons[one] = folds.person(one, said, counting)
        new_cases.update({(one, case["code"]): case for case in cases})
    old_persons = {row["id"]: row for row in _whole(connection, PERSON, "id", ids)}
    # A person nobody knew has no cases either: most arrivals save this query.
    old_cases = {
        (row["person_id"], row["code"]): row
        for row in _whole(connection, CASE, "person_id", list(old_persons))
    }
    _replace(connection, PERSON, old_persons, new_persons, touched.differences.person)
    _replace(connection, CASE, old_cases, new_cases, touched.differences.case)


def _fold_entities(connection: Connection, touched: _Touched) -> None:
    # Asked by id alone, which is all but unique; another list's entity of the same id is dropped.
    ids = sorted({entity_id for _, entity_id in touched.entities})
    changes: dict[tuple[str, str], list[Row]] = {}
    for row in _whole(connection, CHANGE, "entity_id", ids):
        changes.setdefault((row["list_name"], row["entity_id"]), []).append(row)
    new = {
        key: folds.entity(*key, rows) for key, rows in changes.items() if key in touched.entities
    }
    old = {
        key: row
        for row in _whole(connection, ENTITY, "entity_id", ids)
        if (key := (row["list_name"], row["entity_id"])) in touched.entities
    }
    _replace(connection, ENTITY, old, new, touched.differences.entity)


def _replace(
    connection: Connection,
    table: Table,
    old: Mapping[Any, Row],
    new: Mapping[Any, Row],
    count: Callable[[Row, int], None],
) -> None:
    """Write the subjects that changed, delete those nobody speaks of any more, and count both."""
    changed = {key: row for key, row in new.items() if old.get(key) != row}
    gone = [key for key in old if key not in new]
    for key in (*gone, *changed):
        if key in old:
            count(old[key], -1)
    for row in changed.values():
        count(row, +1)
    insert_or_replace(connection, table, list(changed.values()))
    keys = list(table.primary_key)
    column = tuple_(*keys) if len(keys) > 1 else keys[0]
    for some in _chunks(gone):
        rows = [tuple(old[key][one.name] for one in keys) for key in some]
        found = rows if len(keys) > 1 else [row[0] for row in rows]
        connection.execute(delete(table).where(column.in_(found)))


def _grouped(rows: Iterable[Row], name: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[name], []).append(row)
    return groups


def _whole(connection: Connection, table: Table, column: str, keys: Sequence[Any]) -> list[Row]:
    """Return the rows whose column has one of the keys, as plain dictionaries."""
    names = table.columns.keys()
    rows = rows_with(connection, table, names, column, keys)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _chunks(keys: Collection[Any]) -> Iterator[Sequence[Any]]:
    ordered = list(keys)
    for start in range(0, len(ordered), LARGEST_LIST):
        yield ordered[start : start + LARGEST_LIST]
