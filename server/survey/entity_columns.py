"""Which entity lists there are, their properties, and what a site settled for each.

Asked by every formList and manifest, so what is found is remembered until a form is published or
a desk changes a list: both are told by one small query.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, bindparam, func, select

from server.tables.decisions import EntityList, EntityProperty
from server.tables.truth import FormVersion

CLINICS = "clinics"
SITE_LISTS = ("households", "persons", CLINICS)
"""Lists that are there even before a form declares them."""

PRIVATE_LISTS = frozenset({"cases"})
# What the registry says of a clinic, whatever forms add to it.
CLINIC_PROPERTIES = ("kind", "village_code", "township_code", "geometry")


@dataclass(frozen=True, slots=True)
class ListRules:
    """The lists phones are served, each with its properties, in the order of the CSV's columns.

    Of an `owner_only` list a phone gets what it created itself; what a phone creates in one of
    `needs_approval` waits for a review.
    """

    columns: Mapping[str, tuple[str, ...]]
    owner_only: frozenset[str] = frozenset()
    needs_approval: frozenset[str] = frozenset()


def _of_project(model: type[EntityList] | type[EntityProperty], told: Any) -> Any:
    return select(told).where(model.project_id == bindparam("project_id")).scalar_subquery()


_newest = select(FormVersion.md5).order_by(FormVersion.id.desc()).limit(1).scalar_subquery()
# A version's number may be given twice when its publishing was undone; its MD5 is its own.
_STAMP = select(
    select(func.max(FormVersion.id)).scalar_subquery(),
    _newest,
    _of_project(EntityProperty, func.count()),
    _of_project(EntityProperty, func.max(EntityProperty.made_at)),
    _of_project(EntityList, func.count()),
    _of_project(EntityList, func.max(EntityList.made_at)),
)
_known: WeakKeyDictionary[Engine, dict[int, tuple[tuple[Any, ...], ListRules]]] = (
    WeakKeyDictionary()
)
# The properties a form version saves to, by the MD5 of its XML, which says so and never changes.
_declared: dict[str, tuple[tuple[str, str], ...]] = {}


def list_rules(connection: Connection, project_id: int) -> ListRules:
    """Return a project's lists as phones are served them.

    A property stays once any published version saved to it: a phone forgets what a CSV leaves out.
    """
    stamp = tuple(connection.execute(_STAMP, {"project_id": project_id}).one())
    known = _known.setdefault(connection.engine, {})
    if project_id not in known or known[project_id][0] != stamp:
        known[project_id] = (stamp, _rules(connection, project_id))
    return known[project_id][1]


def _rules(connection: Connection, project_id: int) -> ListRules:
    columns: dict[str, dict[str, None]] = {name: {} for name in SITE_LISTS}
    columns[CLINICS] = dict.fromkeys(CLINIC_PROPERTIES)
    for list_name, name in (*_by_forms(connection, project_id), *_by_desk(connection, project_id)):
        properties = columns.setdefault(list_name, {})
        if name:
            properties[name] = None
    settled = connection.execute(select(EntityList).where(EntityList.project_id == project_id))
    lists = settled.all()
    return ListRules(
        {name: tuple(found) for name, found in columns.items() if name not in PRIVATE_LISTS},
        frozenset(one.name for one in lists if one.owner_only),
        frozenset(one.name for one in lists if one.needs_approval),
    )


def _by_forms(connection: Connection, project_id: int) -> list[tuple[str, str]]:
    known = connection.execute(
        select(FormVersion.id, FormVersion.md5)
        .where(FormVersion.project_id == project_id)
        .order_by(FormVersion.id)
    ).all()
    found: list[tuple[str, str]] = []
    for version_id, md5 in known:
        if md5 not in _declared:
            shape = connection.scalar(select(FormVersion.shape).where(FormVersion.id == version_id))
            _declared[md5] = _declarations(json.loads(shape or "{}"))
        found += _declared[md5]
    return found


def _by_desk(connection: Connection, project_id: int) -> list[tuple[str, str]]:
    rows = connection.execute(
        select(EntityProperty.list_name, EntityProperty.name)
        .where(EntityProperty.project_id == project_id)
        .order_by(EntityProperty.list_name, EntityProperty.name)
    )
    return [(row.list_name, row.name) for row in rows]


def _declarations(shape: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Return (list, property) pairs of a form's shape, and (list, "") for each list it writes."""
    entities: list[Mapping[str, str]] = shape.get("entities", [])  # type: ignore[assignment]
    fields: list[Mapping[str, Sequence[str] | None]] = shape.get("fields", [])  # type: ignore[assignment]
    lists = [(one["list_name"], "") for one in entities]
    properties = [(to[0], to[1]) for one in fields if (to := one["saves_to"])]
    return tuple(dict.fromkeys([*lists, *properties]))
