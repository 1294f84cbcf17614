"""Entities that were brought become entities here: created, or changed where the other was ahead.

Each list is one import in the journal of lists, whose actions name it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from server.database import insert_new, rows_with, table_of, writing_session
from server.survey import entity_columns
from server.survey.entities import actions
from server.survey.entities.actions import NewAction
from server.survey.moving.brought_entities import BroughtEntity, BroughtList
from server.survey.site import Site
from server.tables.decisions import EntityImport, EntityProperty
from server.tables.projections import Entity

ENTITY = table_of(Entity)
PROPERTY = table_of(EntityProperty)
# Phones wait for their turn behind each group.
GROUP = 500


def take_in(site: Site, project_id: int, brought: BroughtList, who: str) -> int:
    """Create and change the entities of a list; return how many.

    One that is here changes only where the other server's version is higher: what phones of this
    site said since stays. A deleted one stays deleted.
    """
    if brought.name == entity_columns.CLINICS:
        return 0  # Clinics come from the register.
    done, import_id = 0, 0
    entities = brought.entities()
    while group := list(islice(entities, GROUP)):
        with writing_session(site.engine) as session:
            wanted = list(_actions(session.connection(), brought.name, group))
            if not wanted:
                continue
            if not import_id:
                import_id = _started(session, project_id, brought, who)
            actions.act(
                session, project_id, who, [NewAction(**one, import_id=import_id) for one in wanted]
            )
            _count(session, import_id, wanted)
            done += len(wanted)
    return done


def _actions(
    connection: Connection, list_name: str, group: Sequence[BroughtEntity]
) -> Iterator[dict[str, Any]]:
    names = ("entity_id", "list_name", "label", "version", "is_created", "is_deleted", "properties")
    rows = rows_with(connection, ENTITY, names, "entity_id", [one.entity_id for one in group])
    told = [dict(zip(names, row, strict=True)) for row in rows]
    here = {row["entity_id"]: row for row in told if row["list_name"] == list_name}
    for one in {one.entity_id: one for one in group}.values():
        action = _action(one, here.get(one.entity_id))
        if action is not None:
            yield {"list_name": list_name, "entity_id": one.entity_id, **action}


def _action(one: BroughtEntity, row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if row is None or not (row["is_created"] or row["is_deleted"]):
        filled = {name: text for name, text in one.properties.items() if text}
        return {"kind": "create", "label": one.label or one.entity_id, "properties": filled}
    if row["is_deleted"] or one.version <= row["version"]:
        return None
    new = {
        name: text
        for name, text in one.properties.items()
        if text != row["properties"].get(name, "")
    }
    label = one.label if one.label and one.label != row["label"] else None
    if not new and label is None:
        return None
    return {
        "kind": "update",
        "label": label,
        "properties": new,
        "base_version": row["version"],
    }


def _started(session: Session, project_id: int, brought: BroughtList, who: str) -> int:
    """Note the import, and the properties that no form of this site saves to."""
    now = datetime.now(UTC)
    row = EntityImport(
        project_id=project_id,
        list_name=brought.name,
        source_name=brought.table.path,
        created=0,
        updated=0,
        made_at=now,
        made_by=who,
    )
    session.add(row)
    rules = entity_columns.list_rules(session.connection(), project_id)
    known = rules.columns.get(brought.name, ())
    insert_new(
        session.connection(),
        PROPERTY,
        [
            {
                "project_id": project_id,
                "list_name": brought.name,
                "name": name,
                "kind": "text",
                "choices": [],
                "refers_to": "",
                "made_at": now,
                "made_by": who,
            }
            for name in brought.properties
            if name not in known
        ],
    )
    session.flush()
    return row.id


def _count(session: Session, import_id: int, wanted: Sequence[Mapping[str, Any]]) -> None:
    row = session.get_one(EntityImport, import_id)
    created = sum(one["kind"] == "create" for one in wanted)
    row.created += created
    row.updated += len(wanted) - created
