"""Applying by hand what an entity did not take: an edit, or a change that was in error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from server.errors import Conflict, Missing
from server.survey.areas import Scope
from server.survey.entities import actions, backlog
from server.survey.entities.actions import NewAction, is_in
from server.survey.entities.history import APPLIED, HELD, WAITING
from server.survey.entities.view import LABEL, Difference
from server.survey.entity_veil import EntityVeil
from server.tables.projections import Entity, EntityChange


@dataclass(frozen=True, slots=True)
class Preview:
    """What applying a change would do now; `version` is what it was worked out upon, 0 for none."""

    list_name: str
    entity_id: str
    label: str
    version: int
    outcome: str
    differences: Sequence[Difference]


def preview(
    session: Session, submission_id: int, number: int, scope: Scope, veil: EntityVeil | None = None
) -> Preview:
    """Return what a change that was not applied would change, values through the veil.

    Raises Missing for one out of scope, Conflict for one that was applied or still waits.
    """
    change, entity = _find(session, submission_id, number, scope)
    now = {**entity.properties, LABEL: entity.label} if entity else {}
    said = {**change.properties, **({LABEL: change.label} if change.label else {})}

    def shown(name: str, text: str) -> str:
        if veil is None:
            return text
        return veil.label(text) if name == LABEL else veil.value(name, text)

    label = entity.label if entity else change.label or ""
    return Preview(
        change.list_name,
        change.entity_id,
        shown(LABEL, label),
        entity.version if entity else 0,
        change.outcome,
        [
            Difference(
                name, shown(name, now[name]) if name in now else None, shown(name, text), False
            )
            for name, text in said.items()
            if now.get(name, "") != text
        ],
    )


def apply(
    session: Session,
    project_id: int,
    who: str,
    submission_id: int,
    number: int,
    version: int,
    scope: Scope,
) -> tuple[str, str]:
    """Apply a change upon the version somebody looked at; return list and entity id.

    Raises as `preview`, and Conflict when the entity has changed since.
    """
    change, entity = _find(session, submission_id, number, scope)
    if entity is not None:
        actions.demand_version(entity, version)
        if entity.is_deleted:
            raise Conflict("This entity is deleted. Restore it first.")
    one = NewAction(
        change.list_name,
        change.entity_id,
        "update" if entity else "create",
        label=change.label or (None if entity else change.entity_id),
        properties=change.properties,
        base_version=version or None,
        submission_id=submission_id,
        number=number,
    )
    actions.act(session, project_id, who, [one])
    return change.list_name, change.entity_id


def _find(
    session: Session, submission_id: int, number: int, scope: Scope
) -> tuple[EntityChange, Entity | None]:
    backlog.open_change(session, scope, submission_id, number)  # Raises out of scope.
    change = session.get_one(EntityChange, (submission_id, number))
    if change.outcome in (APPLIED, HELD, WAITING):
        raise Conflict("This change was applied, or still waits. Look at the entity.")
    entity = session.get(Entity, (change.entity_id, change.list_name))
    if entity is not None and not is_in(scope, entity.list_name, entity.village_code):
        raise Missing("There is no such entity here.")
    return change, entity
