"""What looks like one, told as signals of the newest record about either: one task a pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, select

from server.database import insert_rows, rows_with, table_of, writing
from server.survey.likeness import listing
from server.survey.likeness.settling import HOUSEHOLD, PERSON, REPORT, VISIT
from server.survey.quality import signals, thresholds
from server.survey.quality.signals import NOTHING, SIGNAL, STEP, Change
from server.survey.site import Site
from server.tables.merges import PairDecision
from server.tables.projections import Visit
from server.tables.reference import Village
from server.tables.truth import Submission

CHECKS = {PERSON: "duplicate_person", HOUSEHOLD: "duplicate_household"}
CLOSED, REOPENED = "closed", "reopened"
"""Kinds of steps on a task, as in tables.tasks."""

# Where the reports about each kind stand, and under which column.
_REPORTS: Mapping[str, tuple[Table, str]] = {
    PERSON: (REPORT, "person_id"),
    HOUSEHOLD: (VISIT, "household_id"),
}
_VISIT_COLUMNS = ("submission_id", "phone_id", "village_code")
Row = Mapping[str, Any]


def bring(site: Site, chosen: Mapping[str, float], now: datetime) -> Change:
    """Make the signals of both checks say which pairs wait for a decision."""
    off = thresholds.off(chosen)
    total = NOTHING
    for kind, check in CHECKS.items():
        with site.engine.connect() as connection:
            rows = [] if check in off else _rows(connection, kind, check)
        with writing(site.engine, is_durable=False) as connection:
            total += signals.bring(connection, [check], rows, now)
    return total


def indicator_of(first_id: str, second_id: str) -> str:
    """Return what names a pair in its signal."""
    return f"{first_id}|{second_id}"


def close(connection: Connection, decided: PairDecision) -> None:
    """Close the task about two who were decided about: their signal goes at once.

    The reason counts towards the share of false alarms, as one given in the queue does.
    """
    reason = "corrected" if decided.merged_id else "false_alarm"
    indicator = indicator_of(decided.first_id, decided.second_id)
    is_theirs = (SIGNAL.c.check == CHECKS[decided.kind]) & (SIGNAL.c.indicator == indicator)
    for row in connection.execute(select(SIGNAL).where(is_theirs)).mappings():
        key = {name: row[name] for name in (*signals.KEY, "inputs")}
        _step(connection, key, CLOSED, reason, decided)
    connection.execute(delete(SIGNAL).where(is_theirs))


def reopen(connection: Connection, undone: PairDecision) -> None:
    """Open the task about two again, where the decision that is undone had closed it."""
    indicator = indicator_of(undone.first_id, undone.second_id)
    rows = connection.execute(
        select(STEP).where(
            STEP.c.check == CHECKS[undone.kind],
            STEP.c.indicator == indicator,
            STEP.c.kind == CLOSED,
            STEP.c.at == undone.at,
        )
    ).mappings()
    for row in rows.all():
        key = {name: row[name] for name in (*signals.KEY, "inputs")}
        _step(connection, key, REOPENED, "", undone)


def _step(connection: Connection, key: Row, kind: str, reason: str, decided: PairDecision) -> None:
    is_closing = kind == CLOSED
    row = {
        **key,
        "kind": kind,
        "owner": "",
        "due_on": None,
        "reason": reason,
        "note": decided.note if is_closing else "",
        "at": decided.at if is_closing else decided.undone_at,
        "who": decided.who if is_closing else decided.undone_by,
    }
    insert_rows(connection, STEP, [row])


def _rows(connection: Connection, kind: str, check: str) -> list[dict[str, Any]]:
    found = [dict(row) for row in connection.execute(listing.waiting(kind)).mappings()]
    newest = _newest(connection, kind, found)
    visits = _visits(connection, newest.values())
    roots = dict(
        rows_with(
            connection,
            table_of(Submission),
            ("id", "root_instance_id"),
            "id",
            sorted(set(newest.values())),
        )
    )
    townships = dict(connection.execute(select(Village.code, Village.township_code)).all())
    rows = []
    for one in found:
        ids = one["first_id"], one["second_id"]
        submission_id = max(newest[some] for some in ids if some in newest)
        visit = visits[submission_id]
        rows.append(
            {
                "check": check,
                "subject": roots[submission_id],
                "indicator": indicator_of(*ids),
                "family": "record",
                "village_code": visit["village_code"],
                "township_code": townships.get(visit["village_code"]) or "",
                "phone_id": visit["phone_id"],
                "submission_id": submission_id,
                "figures": {
                    "kind": kind,
                    "first": ids[0],
                    "second": ids[1],
                    "rule": one["rule"],
                    "matched": len(one["matched"]),
                    "villages": sorted({one["first_village"], one["second_village"]}),
                },
                "verdict": "flag",
                "inputs": one["inputs"],
                "compared": one["inputs"],
            }
        )
    return rows


def _newest(connection: Connection, kind: str, found: Iterable[Row]) -> dict[str, int]:
    """Return the newest submission about each person or household."""
    table, column = _REPORTS[kind]
    ids = sorted({one[name] for one in found for name in ("first_id", "second_id")})
    reports = rows_with(connection, table, (column, "moment", "submission_id"), column, ids)
    newest: dict[str, tuple[str, int]] = {}
    for subject_id, moment, submission_id in reports:
        newest[subject_id] = max(newest.get(subject_id, ("", 0)), (moment, submission_id))
    return {subject_id: submission_id for subject_id, (_, submission_id) in newest.items()}


def _visits(connection: Connection, submission_ids: Iterable[int]) -> dict[int, Row]:
    rows = rows_with(
        connection, table_of(Visit), _VISIT_COLUMNS, "submission_id", sorted(set(submission_ids))
    )
    return {row[0]: dict(zip(_VISIT_COLUMNS, row, strict=True)) for row in rows}
