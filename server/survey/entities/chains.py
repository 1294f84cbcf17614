"""Submissions and their edits: what belongs together counts for an entity once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection

from server.database import rows_with, table_of
from server.survey import decisions
from server.survey.decisions import Key
from server.survey.stored_rows import Row
from server.tables.truth import Submission

SUBMISSION = table_of(Submission)


def chains(connection: Connection, changes: Collection[Row]) -> dict[int, object]:
    """Return what each submission has in common with its edits; empty where none is an edit."""
    if not any(row["deprecated_id"] for row in changes):
        return {}
    keys = keys_of(connection, {row["submission_id"] for row in changes})
    found = tops(connection, keys.values())
    return {submission_id: found[key] for submission_id, key in keys.items()}


def keys_of(connection: Connection, submission_ids: Collection[int]) -> dict[int, Key]:
    """Return project, form and instance id of kept submissions."""
    names = ("id", "project_id", "form_id", "instance_id")
    rows: list[tuple[Any, ...]] = rows_with(
        connection, SUBMISSION, names, "id", sorted(submission_ids)
    )
    return {row[0]: row[1:] for row in rows}


def tops(connection: Connection, keys: Iterable[Key]) -> dict[Key, Key]:
    """Return for each submission the first that its chain of edits leads to, itself without one."""
    wanted = set(keys)
    links = decisions.ancestors(connection, wanted)
    found: dict[Key, Key] = {}
    for key in wanted:
        top, seen = key, {key}
        while (top := links.get(top, top)) not in seen:
            seen.add(top)
        # A ring of edits is a fault of the client: the least of it stands for all.
        found[key] = min(seen) if links.get(top, top) != top else top
    return found
