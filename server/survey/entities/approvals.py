"""Lists whose new entities a person approves first: which creations may count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from server.database import rows_with, table_of
from server.survey.decisions import Key
from server.survey.entities import chains
from server.survey.entities.history import REJECTED, WAITING, Place
from server.survey.stored_rows import Row
from server.tables.decisions import EntityList, SubmissionNote
from server.tables.truth import Submission

LIST = table_of(EntityList)
NOTE = table_of(SubmissionNote)
SUBMISSION = table_of(Submission)

ListKey = tuple[str, str]


def verdicts(
    connection: Connection,
    changes: Mapping[ListKey, Sequence[Row]],
    actions: Mapping[ListKey, Sequence[Row]],
) -> dict[ListKey, dict[Place, str]]:
    """Return which changes may create nothing, by entity: they wait for approval, or are rejected.

    Approved once is approved: what phones were given is not taken away by a later review, but by
    deleting it. Of a submission with edits, the version that was seen when it was approved counts.
    """
    if not any(row["creates"] for rows in changes.values() for row in rows):
        return {}
    names = ("name", "approval_after_submission_id")
    since = dict(rows_with(connection, LIST, names, "needs_approval", [True]))
    waiting = {
        key: [
            row
            for row in rows
            if row["creates"] and row["submission_id"] > since.get(key[0], float("inf"))
        ]
        for key, rows in changes.items()
        if key[0] in since
    }
    reviewed = _reviewed(connection, waiting)
    found: dict[ListKey, dict[Place, str]] = {}
    for key in changes:
        verdict = reviewed.get(key, {})
        for action in sorted(actions.get(key, ()), key=lambda one: one["id"]):
            place = (action["submission_id"], action["number"])
            if action["kind"] == "approve":
                verdict[place] = ""
            elif action["kind"] == "reject" and verdict.get(place) != "":
                verdict[place] = REJECTED
        found[key] = {place: told for place, told in verdict.items() if told}
    return found


def _reviewed(
    connection: Connection, waiting: Mapping[ListKey, Sequence[Row]]
) -> dict[ListKey, dict[Place, str]]:
    """Return what reviews of the submissions say of each creation: "" where it may be."""
    ids = sorted({row["submission_id"] for rows in waiting.values() for row in rows})
    if not ids:
        return {}
    keys = chains.keys_of(connection, ids)
    tops = chains.tops(connection, keys.values())
    received = dict(rows_with(connection, SUBMISSION, ("id", "received_at"), "id", ids))
    notes = _notes(connection, keys.values(), tops)
    found: dict[ListKey, dict[Place, str]] = {}
    for key, rows in waiting.items():
        verdict: dict[Place, str] = {}
        by_chain: dict[Key, list[Row]] = {}
        for row in sorted(rows, key=lambda one: (one["submission_id"], one["number"])):
            by_chain.setdefault(tops[keys[row["submission_id"]]], []).append(row)
        for top, versions in by_chain.items():
            reviews = sorted(notes.get(top, ()))
            is_rejected = bool(reviews) and reviews[-1][2] == "rejected"
            for row in versions:
                verdict[_place(row)] = REJECTED if is_rejected else WAITING
            approved_at = next((at for at, _, state in reviews if state == "approved"), None)
            if approved_at is not None:
                seen = [row for row in versions if received[row["submission_id"]] <= approved_at]
                verdict[_place((seen or versions)[-1])] = ""
        found[key] = verdict
    return found


def _notes(
    connection: Connection, keys: Any, tops: Mapping[Key, Key]
) -> dict[Key, list[tuple[datetime, int, str]]]:
    """Return the reviews by the first submission of the chain: when, their id, their state."""
    asked = sorted({one[2] for one in (*keys, *tops.values())})
    names = ("project_id", "form_id", "root_instance_id", "at", "id", "state")
    found: dict[Key, list[tuple[datetime, int, str]]] = {}
    for *key, at, id_, state in rows_with(connection, NOTE, names, "root_instance_id", asked):
        project_id, form_id, instance_id = key
        named = (project_id, form_id, instance_id)
        if state:
            found.setdefault(tops.get(named, named), []).append((at, id_, state))
    return found


def _place(row: Row) -> Place:
    return row["submission_id"], row["number"]
