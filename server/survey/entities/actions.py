"""What a desk, an import or the clock does to entities: kept as decisions, then folded in."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from server.database import insert_rows, table_of
from server.errors import Conflict, Missing, NotValid
from server.survey import entity_columns
from server.survey.areas import Scope
from server.survey.entities import folding
from server.tables.decisions import EntityAction
from server.tables.projections import Entity

ACTION = table_of(EntityAction)


@dataclass(frozen=True, slots=True)
class NewAction:
    """One action to be kept, columns as in tables.decisions.EntityAction.

    `properties` holds what is to change, not the others; a label of None stays.
    """

    list_name: str
    entity_id: str
    kind: str
    label: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    base_version: int | None = None
    submission_id: int | None = None
    number: int | None = None
    import_id: int | None = None
    reason: str = ""


def act(
    session: Session,
    project_id: int,
    who: str,
    actions: Sequence[NewAction],
    at: datetime | None = None,
) -> None:
    """Keep actions, in order, and bring the entities they concern up to date.

    Each counts after all submissions kept so far. Costs the entities concerned, however many
    others there are.
    """
    session.flush()
    connection = session.connection()
    after = folding.last_submission_id(connection)
    rows = [
        {
            "project_id": project_id,
            "list_name": one.list_name,
            "entity_id": one.entity_id,
            "kind": one.kind,
            "label": one.label,
            "properties": dict(one.properties),
            "base_version": one.base_version,
            "submission_id": one.submission_id,
            "number": one.number,
            "after_submission_id": after,
            "import_id": one.import_id,
            "reason": one.reason,
            "at": at or datetime.now(UTC),
            "who": who,
        }
        for one in actions
    ]
    insert_rows(connection, ACTION, rows)
    folding.refold(connection, [(one.list_name, one.entity_id) for one in actions])
    session.expire_all()


def create(
    session: Session,
    project_id: int,
    who: str,
    list_name: str,
    label: str,
    properties: Mapping[str, str],
    scope: Scope,
) -> str:
    """Create an entity by hand; return its id. Raises NotValid without a label, or out of scope."""
    _demand_list(session, project_id, list_name)
    if not label.strip():
        raise NotValid("An entity needs a label: it is what workers choose by.", "label")
    _demand_village(properties.get("village_code", ""), scope)
    entity_id = str(uuid.uuid4())
    told = {name: text for name, text in properties.items() if text}
    act(
        session,
        project_id,
        who,
        [NewAction(list_name, entity_id, "create", label=label.strip(), properties=told)],
    )
    return entity_id


def change(
    session: Session,
    project_id: int,
    who: str,
    entity: Entity,
    label: str,
    properties: Mapping[str, str],
    base_version: int,
    scope: Scope,
    *,
    resolves: bool = False,
) -> bool:
    """Change an entity by hand, or settle its conflict; return whether anything was kept.

    Raises Conflict when it is not at `base_version` any more, NotValid without a label.
    """
    demand_version(entity, base_version)
    if not label.strip():
        raise NotValid("An entity needs a label: it is what workers choose by.", "label")
    new = {
        name: text for name, text in properties.items() if text != entity.properties.get(name, "")
    }
    if "village_code" in new:
        _demand_village(new["village_code"], scope)
        if entity.list_name == "households" and not resolves:
            raise NotValid(
                "Move the household on its page: its persons move along.", "village_code"
            )
    new_label = label.strip() if label.strip() != entity.label else None
    if not new and new_label is None and not resolves:
        return False
    kind = "resolve" if resolves else "update"
    one = NewAction(
        entity.list_name,
        entity.entity_id,
        kind,
        label=new_label,
        properties=new,
        base_version=base_version,
    )
    act(session, project_id, who, [one])
    return True


def find(session: Session, list_name: str, entity_id: str, scope: Scope) -> Entity:
    """Return an entity of a scope, deleted ones too. Raises Missing for any other.

    One without a village is everybody's, but of the lists that live by villages: those are seen
    by who sees the whole site.
    """
    found = session.get(Entity, (entity_id, list_name))
    if found is None or not is_in(scope, list_name, found.village_code):
        raise Missing("There is no such entity here.")
    return found


def is_in(scope: Scope, list_name: str, village_code: str) -> bool:
    """Say whether an entity of a list and village is a reader's to see."""
    shared = not village_code and list_name not in entity_columns.SITE_LISTS
    return scope.covers(village_code) or (shared and bool(scope.stems))


def demand_version(entity: Entity, base_version: int) -> None:
    """Raise Conflict when an entity has changed since somebody looked."""
    if entity.version != base_version:
        raise Conflict("This entity changed meanwhile. Look at it again, then decide.")


def delete(
    session: Session, project_id: int, who: str, entity: Entity, base_version: int, reason: str
) -> None:
    """Take an entity off all phones; its id is not used again. Raises NotValid without a reason."""
    demand_version(entity, base_version)
    if entity.list_name == folding.REGISTERED:
        raise NotValid("Clinics are kept in the register: change them there.", "reason")
    if len(reason.strip()) < 2:
        raise NotValid("Say in a few words why it is deleted.", "reason")
    one = NewAction(entity.list_name, entity.entity_id, "delete", reason=reason.strip())
    act(session, project_id, who, [one])


def restore(session: Session, project_id: int, who: str, entity: Entity) -> None:
    """Give an entity back to phones as it was."""
    if not entity.is_deleted:
        raise Conflict("This entity is not deleted.")
    act(session, project_id, who, [NewAction(entity.list_name, entity.entity_id, "restore")])


def _demand_list(session: Session, project_id: int, list_name: str) -> None:
    if list_name == folding.REGISTERED:
        raise NotValid("Clinics are kept in the register: change them there.", "label")
    known = entity_columns.list_rules(session.connection(), project_id).columns
    if list_name not in known:
        raise Missing("There is no entity list %(list)s here.", list=list_name)


def _demand_village(code: str, scope: Scope) -> None:
    if not scope.covers(code) and (code or not scope.stems):
        raise NotValid("There is no village %(code)s here.", "village_code", code=code)
