"""Households and the persons in them lie in one village: they are moved together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import NotValid
from server.survey.areas import Scope
from server.survey.entities import actions
from server.survey.entities.actions import NewAction
from server.tables.projections import Entity
from server.tables.reference import Village

HOUSEHOLDS, PERSONS = "households", "persons"
KEY, VILLAGE, VILLAGE_NAME = "hh_key", "village_code", "village_name"


@dataclass(frozen=True, slots=True)
class HouseholdMove:
    """What moving one household would change. Labels are unmasked."""

    entity_id: str
    label: str
    version: int
    old_village: str
    village_code: str
    village: str
    persons: tuple[tuple[str, str], ...]


def plan_move(session: Session, entity_id: str, village_code: str, scope: Scope) -> HouseholdMove:
    """Return what moving a household to a village of `scope` changes: itself and its persons.

    Raises Missing for a household that is not there, NotValid for a village that is not.
    """
    household = actions.find(session, HOUSEHOLDS, entity_id, scope)
    village = session.scalar(
        select(Village).where(Village.code == village_code.strip(), scope.where(Village.code))
    )
    if village is None:
        raise NotValid("There is no village %(code)s here.", "village", code=village_code.strip())
    if household.village_code == village.code:
        raise NotValid("The household is in this village already.", "village")
    persons = persons_of(session, [household])
    return HouseholdMove(
        entity_id,
        household.label,
        household.version,
        household.village_code,
        village.code,
        village.name,
        tuple((one.entity_id, one.label) for one in persons),
    )


def move(session: Session, project_id: int, planned: HouseholdMove, who: str, scope: Scope) -> None:
    """Do what was planned: the household and its persons at once. Does not commit.

    Raises Conflict when the household has changed since.
    """
    household = actions.find(session, HOUSEHOLDS, planned.entity_id, scope)
    actions.demand_version(household, planned.version)
    properties = {VILLAGE: planned.village_code}
    if VILLAGE_NAME in household.properties:
        properties[VILLAGE_NAME] = planned.village
    done = [NewAction(HOUSEHOLDS, planned.entity_id, "update", properties=properties)]
    villages = dict.fromkeys(keys_of(household), planned.village_code)
    done += following(persons_of(session, [household]), villages)
    actions.act(session, project_id, who, done)


def persons_of(session: Session, households: Iterable[Entity]) -> list[Entity]:
    """Return the persons of households, who are looked for in the households' own villages."""
    keys: dict[str, set[str]] = {}
    for one in households:
        keys.setdefault(one.village_code, set()).update(keys_of(one))
    found: list[Entity] = []
    for village, own in keys.items():
        rows = session.scalars(
            select(Entity)
            .where(Entity.list_name == PERSONS, Entity.village_code == village, Entity.is_created)
            .order_by(Entity.label, Entity.entity_id)
        )
        found += [row for row in rows if row.properties.get(KEY, "").lower() in own]
    return found


def following(persons: Iterable[Entity], villages: Mapping[str, str]) -> list[NewAction]:
    """Return the actions that take persons along; `villages` is told by the households' keys."""
    return [
        NewAction(PERSONS, one.entity_id, "update", properties={VILLAGE: village})
        for one in persons
        if (village := villages[one.properties[KEY].lower()]) != one.village_code
    ]


def keys_of(household: Entity) -> set[str]:
    """Return what persons may name a household by: its key, and its id."""
    return {household.entity_id, household.properties.get(KEY, "").lower()} - {""}
