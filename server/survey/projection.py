"""Rows of reports, subjects and tallies, brought up to date with a group of interpretations.

A group is applied in one transaction, alone among writers. Reports are inserted; then every
household, person and entity they touch is folded anew from all its reports, and the tallies get
the difference. So nothing depends on the order of arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from sqlalchemy import Connection, Table, delete

from server.database import insert_or_replace, insert_rows, rows_with, table_of
from server.survey import blocks, catalogue, decisions, folds, placing
from server.survey.entities import folding
from server.survey.interpretation import Interpretation
from server.survey.likeness import settling
from server.survey.quality.records import flagged
from server.survey.stored_rows import Row, chunks, replace, whole
from server.survey.tallies import Differences
from server.tables import projections, record_facts, truth

VISIT = table_of(projections.Visit)
PERSON_REPORT = table_of(projections.PersonReport)
FINDING = table_of(projections.Finding)
HOUSEHOLD = table_of(projections.Household)
PERSON = table_of(projections.Person)
CASE = table_of(projections.Case)
PROJECTED = table_of(projections.Projected)
ANSWER = table_of(projections.CorrectionAnswer)
SUBMISSION = table_of(truth.Submission)
FACTS = table_of(record_facts.RecordFacts)
REPORTS: tuple[tuple[Table, Callable[[Interpretation], Sequence[Row]]], ...] = (
    (VISIT, lambda one: [one.visit] if one.visit else []),
    (PERSON_REPORT, lambda one: one.persons),
    (table_of(projections.Measurement), lambda one: one.measurements),
    (FINDING, lambda one: one.findings),
    (table_of(projections.ClinicAudit), lambda one: one.audits),
    (table_of(projections.Flag), lambda one: one.flags),
    (table_of(projections.NamedFile), lambda one: one.named_files),
    (table_of(projections.BackCheckAnswer), lambda one: one.back_checks),
)

# A person counts as suspected or documented for the diseases of the 13/19 list and their clues.
SCREENED_CATALOGUE = "yn_13_19"
FOLLOWED_UP = frozenset(catalogue.chronic_codes())


class _Touched:
    """The subjects that a group of changes concerns, and what it adds to the tallies."""

    def __init__(self) -> None:
        self.households: set[str] = set()
        self.persons: set[str] = set()
        self.differences = Differences()

    def add(self, visits: Iterable[Row], persons: Iterable[Row], sign: int) -> None:
        """Note the subjects of report rows that come (`sign` +1) or go (-1)."""
        for visit in visits:
            self.differences.visit(visit, sign)
            if visit["household_id"]:
                self.households.add(visit["household_id"])
        self.persons.update(row["person_id"] for row in persons)


def apply(connection: Connection, interpretations: Sequence[Interpretation]) -> None:
    """Bring the projections up to date with these submissions, each at most once in the group.

    One that was applied before is taken out first, so that applying twice changes nothing.
    One that an edit replaced leaves no reports.
    """
    touched = _Touched()
    current, known = _mark(connection, interpretations, touched)
    placing.flag_places(connection, current)
    # Before the reports: it may add flags to them.
    folding.apply(connection, interpretations, current, known, touched.differences)
    settling.settle(connection, current)
    for table, rows_of in REPORTS:
        insert_rows(connection, table, [row for one in current for row in rows_of(one)])
    flagged.raise_signals(connection, current)
    for one in current:
        touched.add([one.visit] if one.visit else [], one.persons, +1)
    _fold_households(connection, touched, current)
    _fold_persons(connection, touched, current)
    touched.differences.write(connection)
    blocks.touch(connection, {*known, *(one.origin.submission_id for one in current)})


def remove(connection: Connection, submission_ids: Sequence[int]) -> None:
    """Take submissions out of the projections for good, as if they had never come."""
    touched = _Touched()
    _take_out(connection, submission_ids, touched)
    for table in (PROJECTED, ANSWER):
        connection.execute(delete(table).where(table.c.submission_id.in_(submission_ids)))
    _fold_households(connection, touched)
    _fold_persons(connection, touched)
    touched.differences.write(connection)
    blocks.touch(connection, submission_ids)
    folding.refold(connection, folding.forget(connection, submission_ids))


def resettle(connection: Connection, kind: str, ids: Collection[str]) -> None:
    """Bring persons or households up to date with the decisions about whether they are one.

    `ids` are all that their reports stand under so far, and may stand under now.
    """
    touched = _Touched()
    if kind == settling.HOUSEHOLD:
        touched.households, touched.persons = settling.resettle_households(connection, ids)
    else:
        touched.persons = settling.resettle_persons(connection, ids)
    _fold_households(connection, touched)
    _fold_persons(connection, touched)
    touched.differences.write(connection)


def apply_each(connection: Connection, group: Sequence[Interpretation]) -> list[None]:
    """Apply a group for the writer, which wants one outcome a job."""
    apply(connection, group)
    return [None] * len(group)


def _mark(
    connection: Connection, interpretations: Sequence[Interpretation], touched: _Touched
) -> tuple[list[Interpretation], set[int]]:
    """Write each submission's state, take out what was there.

    Returns those that count, and the ids of all that were worked out before.
    """
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
    asked = sorted({*states, *outdated})
    known = {
        row[0]
        for row in rows_with(connection, PROJECTED, ("submission_id",), "submission_id", asked)
    }
    # One that was not worked out yet gets its state in its turn.
    states.update(dict.fromkeys(known.intersection(outdated), decisions.REPLACED))
    decided = decisions.judge(connection, interpretations, outdated, known)
    known |= decided.keys() - states.keys() - outdated.keys()
    states.update({one: state for one, state in decided.items() if one in states or one in known})
    _take_out(connection, sorted(known), touched)
    insert_or_replace(
        connection,
        PROJECTED,
        [
            {"submission_id": submission_id, "state": state, "reason": reason}
            for submission_id, (state, reason) in sorted(states.items())
        ],
    )
    counting = [
        one for one in interpretations if states[one.origin.submission_id][0] == "projected"
    ]
    return counting, known


def _predecessors(
    connection: Connection, interpretations: Sequence[Interpretation]
) -> dict[int, decisions.Key]:
    """Return the kept submissions that the given ones are edits of, by id."""
    edits = {
        (one.origin.project_id, one.origin.form_id, one.origin.deprecated_id)
        for one in interpretations
        if one.origin.deprecated_id
    }
    names = ("id", "project_id", "form_id", "instance_id")
    instances = [instance_id for _, _, instance_id in edits]
    rows = rows_with(connection, SUBMISSION, names, "instance_id", instances)
    return {row[0]: row[1:] for row in rows if tuple(row[1:]) in edits}


def _take_out(connection: Connection, submission_ids: Sequence[int], touched: _Touched) -> None:
    """Delete the reports of submissions, noting whom they were about."""
    if not submission_ids:
        return
    old = {
        table: whole(connection, table, "submission_id", submission_ids)
        for table in (VISIT, PERSON_REPORT)
    }
    touched.add(old[VISIT], old[PERSON_REPORT], -1)
    for table in (*(table for table, _ in REPORTS), FACTS):
        for some in chunks(submission_ids):
            connection.execute(delete(table).where(table.c.submission_id.in_(some)))
    flagged.take_out(connection, submission_ids)


# Whom no row stands for yet, only an arriving group (`current`) speaks of: most arrivals need not
# ask for reports. Without one, all reports are asked for.


def _fold_households(
    connection: Connection, touched: _Touched, current: Sequence[Interpretation] | None = None
) -> None:
    ids = sorted(touched.households)
    old = {row["id"]: row for row in whole(connection, HOUSEHOLD, "id", ids)}
    said = whole(connection, VISIT, "household_id", ids if current is None else list(old))
    fresh = [one.visit for one in current or () if one.visit]
    said += [visit for visit in fresh if visit["household_id"] not in old]
    visits = _grouped(said, "household_id")
    new = {one: folds.household(one, visits[one]) for one in ids if one in visits}
    replace(connection, HOUSEHOLD, old, new, touched.differences.household)


def _fold_persons(
    connection: Connection, touched: _Touched, current: Sequence[Interpretation] | None = None
) -> None:
    ids = sorted(touched.persons)
    old_persons = {row["id"]: row for row in whole(connection, PERSON, "id", ids)}
    asked = ids if current is None else list(old_persons)
    reports, findings = (
        _grouped(
            whole(connection, table, "person_id", asked)
            + [row for row in fresh if row["person_id"] not in old_persons],
            "person_id",
        )
        for table, fresh in (
            (PERSON_REPORT, [row for one in current or () for row in one.persons]),
            (FINDING, [row for one in current or () for row in one.findings]),
        )
    )
    new_persons, new_cases = {}, {}
    for one, said in reports.items():
        village = folds.last_village(said)
        cases = folds.cases(one, village, findings.get(one, ()))
        counting = [
            case for case in cases if catalogue.in_catalogue(case["code"], SCREENED_CATALOGUE)
        ]
        chronic = [case for case in cases if case["code"] in FOLLOWED_UP]
        new_persons[one] = folds.person(one, said, counting, chronic)
        new_cases.update({(one, case["code"]): case for case in cases})
    old_cases = {
        (row["person_id"], row["code"]): row
        for row in whole(connection, CASE, "person_id", list(old_persons))
    }
    replace(connection, PERSON, old_persons, new_persons, touched.differences.person)
    replace(connection, CASE, old_cases, new_cases, touched.differences.case)


def _grouped(rows: Iterable[Row], name: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[name], []).append(row)
    return groups
