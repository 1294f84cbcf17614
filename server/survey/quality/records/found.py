"""What a check on records found, and how it becomes a signal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from server.database import rows_with, table_of
from server.survey.stored_rows import chunks
from server.tables.projections import Visit
from server.tables.reference import Village
from server.tables.truth import Submission

IDENTITY, VALUE, COMBINATION = "identity", "value", "combination"
CLOCK, POSITION, UNKNOWN_VILLAGE = "clock", "position", "unknown_village"
READING, DURATION, HEAP = "reading", "duration", "heap"
SAME_ANSWERS, UNANSWERED, STRAY_CODE, UNREAD = "same_answers", "unanswered", "stray_code", "unread"

CHECKS = (
    *(IDENTITY, VALUE, COMBINATION, READING, DURATION, CLOCK, POSITION, HEAP),
    *(SAME_ANSWERS, UNANSWERED, UNKNOWN_VILLAGE, UNREAD, STRAY_CODE),
)

VISIT, SUBMISSION, VILLAGE = table_of(Visit), table_of(Submission), table_of(Village)


@dataclass(frozen=True, slots=True)
class Found:
    """One flag on one submission. `figures` are what its sentence and evidence show.

    `inputs` are the submission's own values that the check looked at: a task that somebody closed
    stays closed while they are the same, whatever others sent meanwhile.
    """

    check: str
    indicator: str
    submission_id: int
    figures: dict[str, Any]
    inputs: Sequence[Any]


def hash_of(told: Any) -> str:
    """Stands for a check's inputs: the same while they are."""
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()[:32]


def rows(connection: Connection, several: Iterable[Found]) -> list[dict[str, Any]]:
    """Return what was found as rows of signals, without `noticed_at`; one a check and record."""
    found = list(several)
    ids = sorted({one.submission_id for one in found})
    names = ("id", "root_instance_id", "phone_id")
    kept = {row[0]: row[1:] for row in rows_with(connection, SUBMISSION, names, "id", ids)}
    places = dict(
        rows_with(connection, VISIT, ("submission_id", "village_code"), "submission_id", ids)
    )
    townships = townships_of(connection, set(places.values()))
    told = {}
    for one in found:
        if one.submission_id not in kept:
            continue
        root, phone_id = kept[one.submission_id]
        village = places.get(one.submission_id, "")
        told[one.check, root, one.indicator] = {
            "check": one.check,
            "subject": root,
            "indicator": one.indicator,
            "family": "record",
            "village_code": village,
            "township_code": townships.get(village, ""),
            "phone_id": phone_id,
            "submission_id": one.submission_id,
            "figures": one.figures,
            "verdict": "flag",
            "inputs": hash_of(one.inputs),
            "compared": "",
        }
    return list(told.values())


def townships_of(connection: Connection, villages: Iterable[str]) -> dict[str, str]:
    """Return the townships of villages by code; of unknown ones none."""
    found: dict[str, str] = {}
    for some in chunks(sorted(set(villages))):
        query = select(VILLAGE.c.code, VILLAGE.c.township_code).where(VILLAGE.c.code.in_(some))
        found.update((code, township) for code, township in connection.execute(query))
    return found
