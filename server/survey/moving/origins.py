"""Where submissions that moved came from, and how they were reviewed there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from server.database import insert_new, insert_rows, rows_with, table_of, writing
from server.survey.keeping import SUBMISSION
from server.survey.moving.plan import Submitted
from server.survey.quality.records import flagged
from server.survey.site import Site
from server.tables.decisions import MovedIn, SubmissionNote

MOVED_IN = table_of(MovedIn)
NOTE = table_of(SubmissionNote)


def ids_of(
    connection: Connection, project_id: int, found: Sequence[Submitted]
) -> dict[tuple[str, str], Mapping[str, Any]]:
    names = (
        "id", "project_id", "form_id", "instance_id", "root_instance_id", "phone_id", "received_at",
    )  # fmt: skip
    rows = rows_with(
        connection, SUBMISSION, names, "instance_id", [one.instance_id for one in found]
    )
    told = (dict(zip(names, row, strict=True)) for row in rows)
    return {
        (one["form_id"], one["instance_id"]): one for one in told if one["project_id"] == project_id
    }


def note_origins(
    site: Site, project_id: int, group: Sequence[Submitted], who: str
) -> tuple[int, int]:
    """Say where the kept ones came from, and keep their review; once for each.

    Returns how many were noted now, and how many had been here before.
    """
    again, now = 0, datetime.now(UTC)
    with writing(site.engine) as connection:
        ids = ids_of(connection, project_id, group)
        noted = _noted(connection, [row["id"] for row in ids.values()])
        origins, reviews = [], []
        for one in group:
            row = ids.get((one.form_id, one.instance_id))
            if row is None:
                continue
            if row["id"] in noted or not _is_ours(one, row):
                again += 1
                continue
            noted.add(row["id"])
            origins.append(_origin(row["id"], one, now))
            if one.told.review_state:
                reviews.append(_review(project_id, row["root_instance_id"], one, who))
        insert_new(connection, MOVED_IN, origins)
        flagged.notice_now(connection, [row["submission_id"] for row in origins], now)
        insert_rows(connection, NOTE, reviews)
    return len(origins), again


def _is_ours(one: Submitted, row: Mapping[str, Any]) -> bool:
    """Say whether moving kept it, now or before it was stopped: not a phone of this site."""
    if row["phone_id"] is not None:
        return False
    return one.standing == "new" or row["received_at"] == one.told.submitted_at


def _noted(connection: Connection, ids: Sequence[int]) -> set[int]:
    found = rows_with(connection, MOVED_IN, ("submission_id",), "submission_id", list(ids))
    return {submission_id for (submission_id,) in found}


def _origin(submission_id: int, one: Submitted, now: datetime) -> dict[str, Any]:
    source = one.told.source or f"xml {one.piece.path}"
    if one.told.version and one.told.version != one.version:
        source = f"{source} (version {one.told.version})"
    return {
        "submission_id": submission_id,
        "source": source[:500],
        "submitter": one.told.submitter,
        "submitted_at": one.told.submitted_at,
        "review_state": one.told.review_state,
        "at": now,
    }


def _review(project_id: int, root_instance_id: str, one: Submitted, who: str) -> dict[str, Any]:
    return {
        "project_id": project_id,
        "form_id": one.form_id,
        "root_instance_id": root_instance_id,
        "state": one.told.review_state,
        "body": "",
        "at": one.told.submitted_at or datetime.now(UTC),
        "who": who,
    }
