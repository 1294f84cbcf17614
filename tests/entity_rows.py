"""Rows of entities' changes and actions, with only what a test does not say filled in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from server.survey.entities import history

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def a_change(submission_id: int, verb: str = "update", **more: Any) -> dict[str, Any]:
    """An EntityChange row; `verb` is create, update or upsert. Values not known as columns are
    properties.
    """
    row: dict[str, Any] = {
        "submission_id": submission_id,
        "number": 0,
        "list_name": "persons",
        "entity_id": "e",
        "creates": verb in ("create", "upsert"),
        "updates": verb in ("update", "upsert"),
        "label": None,
        "base_version": None,
        "trunk_version": None,
        "branch_id": None,
        "fault": "",
        "outcome": "",
        "deprecated_id": None,
        "phone_id": None,
        "village_code": "",
    }
    own = {name: more.pop(name) for name in list(more) if name in row}
    return {**row, **own, "properties": more.pop("properties", more)}


def an_action(id_: int, kind: str, after: int, **more: Any) -> dict[str, Any]:
    """An EntityAction row that counts after the submission `after`."""
    row: dict[str, Any] = {
        "id": id_,
        "project_id": 1,
        "list_name": "persons",
        "entity_id": "e",
        "kind": kind,
        "label": None,
        "base_version": None,
        "submission_id": None,
        "number": None,
        "after_submission_id": after,
        "import_id": None,
        "reason": "",
        "at": NOW,
        "who": "Li",
    }
    own = {name: more.pop(name) for name in list(more) if name in row}
    return {**row, **own, "properties": more}


def an_entity(
    list_name: str,
    entity_id: str,
    changes: Sequence[dict[str, Any]],
    actions: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """The Entity row of these changes."""
    found = history.fold(changes, actions, is_registered=list_name == "clinics")
    row = found.row(list_name, entity_id)
    assert row is not None
    return row
