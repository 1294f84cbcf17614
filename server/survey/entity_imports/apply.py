"""Does what a register's import planned, in one transaction, and takes a whole import back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import Conflict, Missing, NotAllowed, NotValid
from server.survey.areas import Scope
from server.survey.entities import actions, folding
from server.survey.entities.actions import NewAction
from server.survey.entities.history import History, Version
from server.survey.entity_imports.plan import RegisterPlan
from server.survey.households_moved import HOUSEHOLDS, KEY
from server.survey.stored_rows import chunks
from server.tables.decisions import EntityAction, EntityImport

_GROUP = 1000

# Told how many entities are done.
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class ImportLine:
    """One import as the list of imports shows it."""

    id: int
    list_name: str
    source_name: str
    created: int
    updated: int
    made_at: datetime
    made_by: str
    undone_at: datetime | None
    undone_by: str | None


@dataclass(frozen=True, slots=True)
class Stay:
    """Something an undo leaves as it is, as it changed since. Property "" is the whole entity."""

    entity_id: str
    list_name: str
    label: str
    property: str


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What taking an import back would do: entities taken away and put back, and what stays."""

    line: ImportLine
    actions: tuple[NewAction, ...]
    removed: int
    restored: int
    stays: tuple[Stay, ...]


def apply_import(
    session: Session,
    project_id: int,
    planned: RegisterPlan,
    who: str,
    progress: Progress = lambda done: None,
) -> int:
    """Do a plan and return the import's number. Does not commit.

    An exception out of `progress`, or of whoever stops the program, leaves nothing half-done: all
    of it is one transaction of the caller's.
    Raises NotValid when there is nothing to do, or the file could not be read.
    """
    if not planned.is_readable:
        raise NotValid("The file has faults: mend them first.")
    if not planned.created and not planned.updated:
        raise NotValid("There is nothing to change: the list holds all of it already.")
    row = EntityImport(
        project_id=project_id,
        list_name=planned.list_name,
        source_name=planned.source_name,
        created=len(planned.created),
        updated=len(planned.updated),
        made_at=datetime.now(UTC),
        made_by=who,
        undone_at=None,
        undone_by=None,
    )
    session.add(row)
    session.flush()
    import_id = row.id
    done = 0
    for some in chunks(_actions(planned, import_id), _GROUP):
        actions.act(session, project_id, who, some)
        done += len(some)
        progress(done)
    return import_id


def imports(session: Session, project_id: int, list_name: str) -> list[ImportLine]:
    """Return the latest imports into a list, newest first."""
    rows = session.scalars(
        select(EntityImport)
        .where(EntityImport.project_id == project_id, EntityImport.list_name == list_name)
        .order_by(EntityImport.id.desc())
        .limit(30)
    )
    return [_line(row) for row in rows]


def plan_undo(session: Session, project_id: int, import_id: int, scope: Scope) -> UndoPlan:
    """Return what taking an import back would do. Reads only.

    What it created goes, what it changed gets the values it had; whatever was changed since stays.
    Raises Missing, Conflict for an import undone already, NotAllowed when any of it lies outside
    `scope`.
    """
    row = session.get(EntityImport, import_id)
    if row is None or row.project_id != project_id:
        raise Missing("There is no import %(id)s.", id=import_id)
    if row.undone_at is not None:
        raise Conflict("Import %(id)s is undone already.", id=import_id)
    done: list[NewAction] = []
    stays: list[Stay] = []
    keys = _keys(session, import_id)
    for some in chunks(keys, _GROUP):
        histories = folding.histories(session.connection(), set(some))
        for (list_name, entity_id), history in sorted(histories.items()):
            if not actions.is_in(scope, list_name, _village(history)):
                raise NotAllowed("Part of this import lies outside the area of your account.")
            action, left = _back(history, import_id, list_name, entity_id)
            done += [action] if action else []
            stays += left
    removed = sum(one.kind == "delete" for one in done)
    return UndoPlan(_line(row), tuple(done), removed, len(done) - removed, tuple(stays))


def undo_import(session: Session, project_id: int, planned: UndoPlan, who: str) -> None:
    """Take an import back as planned. Does not commit."""
    row = session.get_one(EntityImport, planned.line.id)
    row.undone_at, row.undone_by = datetime.now(UTC), who
    session.flush()
    for some in chunks(planned.actions, _GROUP):
        actions.act(session, project_id, who, some)


def _actions(planned: RegisterPlan, import_id: int) -> Sequence[NewAction]:
    done: list[NewAction] = []
    name = planned.list_name
    for one in planned.created:
        entity_id, properties = str(uuid.uuid4()), dict(one.properties)
        if name == HOUSEHOLDS:
            # Persons name their household by this key, as those a phone made do.
            properties.setdefault(KEY, entity_id)
        done.append(
            NewAction(name, entity_id, "create", one.label, properties, import_id=import_id)
        )
    for one in planned.updated:
        label = one.label or None
        done.append(
            NewAction(name, one.entity_id, "update", label, one.properties, import_id=import_id)
        )
    done += [
        NewAction(
            one.list_name, one.entity_id, one.kind, properties=one.properties, import_id=import_id
        )
        for one in planned.followers
    ]
    return done


def _keys(session: Session, import_id: int) -> list[tuple[str, str]]:
    rows = session.execute(
        select(EntityAction.list_name, EntityAction.entity_id)
        .where(EntityAction.import_id == import_id)
        .order_by(EntityAction.id)
    )
    return [(row.list_name, row.entity_id) for row in rows]


def _back(
    history: History, import_id: int, list_name: str, entity_id: str
) -> tuple[NewAction | None, list[Stay]]:
    """Return what takes an import's version of one entity back, and what of it stays."""
    latest = history.versions[-1]
    own = next((one for one in history.versions if _is_of(one, import_id)), None)
    if own is None or history.is_deleted:
        return None, []
    label = latest.values.get("label", "")
    reason = f"import {import_id}"
    if own.verb == "create":
        if own is not latest:
            return None, [Stay(entity_id, list_name, label, "")]
        return NewAction(list_name, entity_id, "delete", reason=reason), []
    before = history.versions[own.number - 2].values
    old: dict[str, str] = {}
    stays: list[Stay] = []
    for name, text in own.said.items():
        if latest.values.get(name, "") != text:
            stays.append(Stay(entity_id, list_name, label, name))
        else:
            old[name] = before.get(name, "")
    told_label = old.pop("label", None)
    if not old and told_label is None:
        return None, stays
    back = NewAction(
        list_name, entity_id, "update", label=told_label, properties=old, reason=reason
    )
    return back, stays


def _is_of(version: Version, import_id: int) -> bool:
    return version.action is not None and version.action["import_id"] == import_id


def _village(history: History) -> str:
    return history.versions[-1].values.get("village_code", "") if history.versions else ""


def _line(row: EntityImport) -> ImportLine:
    return ImportLine(
        row.id,
        row.list_name,
        row.source_name,
        row.created,
        row.updated,
        row.made_at,
        row.made_by,
        row.undone_at,
        row.undone_by,
    )
