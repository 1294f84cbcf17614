"""Entity lists as a desk reads them: how many there are, and a page of one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    SQLColumnExpression,
    and_,
    false,
    func,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from server.survey import entity_columns
from server.survey.areas import Scope
from server.tables.projections import Entity, EntityTally
from server.tables.reference import Clinic, Village

PAGE = 50
# Lets both databases use the small index of what is in conflict.
_IN_CONFLICT = Entity.conflict != literal_column("''")


@dataclass(frozen=True, slots=True)
class ListLine:
    """One list: its entities and conflicts in a reader's areas. `goes_to_phones` is not so for
    lists that only the office sees.
    """

    name: str
    entities: int
    conflicts: int
    properties: tuple[str, ...]
    needs_approval: bool
    goes_to_phones: bool


@dataclass(frozen=True, slots=True)
class EntityLine:
    """One entity of a list."""

    entity_id: str
    label: str
    village_code: str
    village: str
    version: int
    conflict: str
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class EntityPage:
    """Lines by village and label, and the key to go on after; "" at the end."""

    lines: list[EntityLine]
    after: str


def lists(session: Session, project_id: int, scope: Scope) -> list[ListLine]:
    """Return all lists by name. Costs villages and conflicts, not entities."""
    rules = entity_columns.list_rules(session.connection(), project_id)
    seen = scope.where(EntityTally.village_code)
    counted = dict(
        session.execute(
            select(EntityTally.list_name, func.sum(EntityTally.entities))
            .where(or_(seen, _shared(scope, EntityTally)))
            .group_by(EntityTally.list_name)
        ).all()
    )
    in_conflict = dict(
        session.execute(
            select(Entity.list_name, func.count())
            .where(_IN_CONFLICT, ~Entity.is_deleted, seen_by(scope))
            .group_by(Entity.list_name)
        ).all()
    )
    registered = select(func.count()).where(scope.where(func.coalesce(Clinic.village_code, "")))
    counted[entity_columns.CLINICS] = session.scalar(registered.select_from(Clinic)) or 0
    names = sorted({*rules.columns, *counted} | entity_columns.PRIVATE_LISTS & counted.keys())
    return [
        ListLine(
            name,
            int(counted.get(name, 0)),
            in_conflict.get(name, 0),
            tuple(rules.columns.get(name, ())),
            name in rules.needs_approval,
            name in rules.columns,
        )
        for name in names
    ]


def conflicts(session: Session, scope: Scope) -> int:
    """Return how many entities of a scope are in conflict."""
    query = select(func.count()).select_from(Entity)
    return session.scalar(query.where(_IN_CONFLICT, ~Entity.is_deleted, seen_by(scope))) or 0


def page(
    session: Session,
    list_name: str,
    scope: Scope,
    *,
    wanted: str = "",
    state: str = "",
    after: str = "",
) -> EntityPage:
    """Return a page of a list; `wanted` is a part of the label, a village's code or a whole id.

    `state` narrows it to conflict or deleted; without, deleted ones are left out.
    """
    conditions: list[SQLColumnExpression[bool]] = [Entity.list_name == list_name, seen_by(scope)]
    if state == "deleted":
        conditions.append(Entity.is_deleted)
    else:
        conditions.append(~Entity.is_deleted)
        if state == "conflict":
            conditions.append(_IN_CONFLICT)
    if wanted:
        conditions.append(
            or_(
                Entity.label.contains(wanted, autoescape=True),
                Entity.entity_id == wanted.lower().removeprefix("uuid:"),
                Entity.village_code == wanted,
            )
        )
    key = (Entity.village_code, Entity.label, Entity.entity_id)
    if last := session.get(Entity, (after, list_name)) if after else None:
        conditions.append(tuple_(*key) > (last.village_code, last.label, last.entity_id))
    rows = session.execute(
        select(Entity, Village.name.label("village"))
        .outerjoin(Village, Village.code == Entity.village_code)
        .where(*conditions)
        .order_by(*key)
        .limit(PAGE + 1)
    ).all()
    lines = [
        EntityLine(
            one.Entity.entity_id,
            one.Entity.label,
            one.Entity.village_code,
            one.village or one.Entity.village_code,
            one.Entity.version,
            one.Entity.conflict,
            one.Entity.is_deleted,
        )
        for one in rows[:PAGE]
    ]
    return EntityPage(lines, lines[-1].entity_id if len(rows) > PAGE else "")


def seen_by(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that an entity is a reader's to see, as actions.is_in says it."""
    return or_(scope.where(Entity.village_code), _shared(scope, Entity))


def _shared(scope: Scope, table: type[Entity] | type[EntityTally]) -> ColumnElement[bool]:
    if not scope.stems:
        return false()
    return and_(table.village_code == "", table.list_name.not_in(entity_columns.SITE_LISTS))
