"""Writes submissions and their files into the truth, a group in one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from server.database import insert_new, insert_rows, rows_with, table_of
from server.errors import AlreadyKept, Conflict, Problem
from server.survey.files import KeptFile
from server.tables.decisions import Purged
from server.tables.truth import Attachment, Submission

SUBMISSION = table_of(Submission)
ATTACHMENT = table_of(Attachment)
PURGED = table_of(Purged)

_KNOWN = ("id", "project_id", "form_id", "instance_id", "root_instance_id", "sha256")
_REPLACED = ("project_id", "form_id", "deprecated_id")
_LAST_IDS = select(
    select(func.max(SUBMISSION.c.id)).scalar_subquery(),
    select(func.max(PURGED.c.last_id)).scalar_subquery(),
)

# Project, form and instance id: what makes a submission one.
Key = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Keeping:
    """A submission on its way to the writer: its row but for the id, and the files beside it."""

    row: dict[str, Any]
    files: Sequence[KeptFile]

    @property
    def key(self) -> Key:
        """What makes the submission one."""
        return self.row["project_id"], self.row["form_id"], self.row["instance_id"]

    @property
    def replaces(self) -> Key | None:
        """The submission this is an edit of."""
        replaced = self.row["deprecated_id"]
        return (self.row["project_id"], self.row["form_id"], replaced) if replaced else None


@dataclass(frozen=True, slots=True)
class Kept:
    """A submission that is safe. `is_orphan`: an edit whose predecessor has not come yet.

    `root_instance_id` is told of a new one alone: the first of its chain of edits. The id is 0 for
    one that was wiped out before: nothing of it is kept.
    """

    submission_id: int
    is_new: bool
    is_orphan: bool
    root_instance_id: str = ""


def keep(connection: Connection, group: Sequence[Keeping]) -> list[Kept | Problem]:
    """Insert what is new; say for each whether it is kept, was here, or contradicts what is here.

    Called by the writer alone: it holds the turn, so the next id is the largest plus one. Those
    wiped out count along: what was noted under a number must never come to mean another.
    """
    instances = [one.row["instance_id"] for one in group]
    replaced = [one.row["deprecated_id"] for one in group if one.row["deprecated_id"]]
    known = _known(connection, [*instances, *replaced])
    edited = _edited(connection, replaced)
    wiped = _wiped(connection, [*instances, *replaced])
    next_id = max(one or 0 for one in connection.execute(_LAST_IDS).one()) + 1
    rows: list[dict[str, Any]] = []
    files: list[dict[str, Any]] = []
    outcomes: list[Kept | Problem] = []
    for one in group:
        if one.key in wiped or one.replaces in wiped:
            outcomes.append(_thank(connection, one))
            continue
        outcome = _judge(one, known, edited, next_id)
        outcomes.append(outcome)
        if isinstance(outcome, Problem):
            continue
        if outcome.is_new:
            next_id += 1
            root = outcome.root_instance_id
            row = {**one.row, "id": outcome.submission_id, "root_instance_id": root}
            if one.replaces:
                edited.add(one.replaces)
            known[one.key] = row
            rows.append(row)
        files += _file_rows(outcome.submission_id, one)
    insert_rows(connection, SUBMISSION, rows)
    insert_new(connection, ATTACHMENT, files)
    return outcomes


def is_kept(connection: Connection, one: Keeping) -> bool:
    """Say whether these very bytes are here already."""
    found = _known(connection, [one.key[2]]).get(one.key)
    return found is not None and found["sha256"] == one.row["sha256"]


def _judge(
    one: Keeping, known: Mapping[Key, Mapping[str, Any]], edited: set[Key], next_id: int
) -> Kept | Problem:
    found = known.get(one.key)
    if found is not None:
        if found["sha256"] == one.row["sha256"]:
            return Kept(found["id"], is_new=False, is_orphan=False)
        return AlreadyKept(
            "%(instance)s was received before, with other answers. Keep it on the phone and tell "
            "the office.",
            instance=one.key[2],
        )
    if one.replaces is None:
        root = one.row["root_instance_id"]
        return Kept(next_id, is_new=True, is_orphan=False, root_instance_id=root)
    if one.replaces in edited:
        return Conflict("These answers were edited before by somebody else. Edit the newest ones.")
    before = known.get(one.replaces)
    root = before["root_instance_id"] if before else one.replaces[2]
    return Kept(next_id, is_new=True, is_orphan=before is None, root_instance_id=root)


def _wiped(connection: Connection, instance_ids: Sequence[str]) -> set[Key]:
    names = ("project_id", "form_id", "instance_id")
    return set(rows_with(connection, PURGED, names, "instance_id", instance_ids))


def _thank(connection: Connection, one: Keeping) -> Kept:
    """Keep nothing of what was wiped out before, nor of an edit of it, which is noted as well."""
    project_id, form_id, instance_id = one.key
    row = {"project_id": project_id, "form_id": form_id, "instance_id": instance_id}
    left = {"reason": "", "at": one.row["received_at"], "who": "", "last_id": 0}
    insert_new(connection, PURGED, [{**row, **left}])
    return Kept(0, is_new=False, is_orphan=False)


def _known(connection: Connection, instance_ids: Sequence[str]) -> dict[Key, Mapping[str, Any]]:
    rows = rows_with(connection, SUBMISSION, _KNOWN, "instance_id", instance_ids)
    known = [dict(zip(_KNOWN, row, strict=True)) for row in rows]
    return {(one["project_id"], one["form_id"], one["instance_id"]): one for one in known}


def _edited(connection: Connection, instance_ids: Sequence[str]) -> set[Key]:
    rows = rows_with(connection, SUBMISSION, _REPLACED, "deprecated_id", instance_ids)
    return {(project_id, form_id, replaced) for project_id, form_id, replaced in rows}


def _file_rows(submission_id: int, one: Keeping) -> list[dict[str, Any]]:
    return [
        {
            "submission_id": submission_id,
            "name": file.name,
            "sha256": file.sha256,
            "size": file.size,
            "received_at": one.row["received_at"],
        }
        for file in one.files
    ]
