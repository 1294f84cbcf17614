"""Types of entity properties: given by a desk, checked when an office imports, never by phones.

What a phone sends is kept as it is; values that do not fit their type are told as complaints.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.errors import Missing, NotValid
from server.survey.areas import Scope
from server.survey.entities import actions
from server.survey.entity_columns import CLINICS, list_rules
from server.survey.registry import cells
from server.survey.registry.cells import Unfit
from server.survey.registry.sheets import Value
from server.tables.decisions import EntityList, EntityProperty
from server.tables.projections import Entity

TEXT, INTEGER, DECIMAL, DATE = "text", "integer", "decimal", "date"
YES_NO, CHOICE, PLACE, ENTITY = "yes_no", "choice", "place", "entity"
KINDS = (TEXT, INTEGER, DECIMAL, DATE, YES_NO, CHOICE, PLACE, ENTITY)
# ODK entities F5: letters, digits, _ - . and no double underscore first.
_NAME = re.compile(r"(?!__)[^\W\d][\w.-]{0,63}\Z")
_RESERVED = frozenset({"name", "label"})
_LONGEST_VALUE = 2000
_BLOCK = 1000

NO_INTEGER = "%(text)s is no whole number."
NO_DECIMAL = "%(text)s is no number."
NO_YES_NO = "%(text)s is neither yes nor no."
NO_CHOICE = "%(text)s is none of the choices: %(choices)s."
NO_PLACE = "%(text)s is no place: write latitude and longitude in degrees, like 38.04 116.95."
NO_ENTITY = "%(text)s is not in the list %(list)s."
ELSEWHERE = "The person’s household lies in another village: %(village)s."
TOO_LONG = "The text is longer than %(limit)s letters."
_YES = frozenset({"yes", "y", "true", "1", "是", "有", "√"})
_NO = frozenset({"no", "n", "false", "0", "否", "无", "没有", "×"})


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a list. `refers_to` is the list whose entities a kind `entity` names."""

    name: str
    kind: str = TEXT
    choices: tuple[str, ...] = ()
    refers_to: str = ""


@dataclass(frozen=True, slots=True)
class ValueComplaint:
    """A value that does not fit its property's type. `label` is the entity's, unmasked."""

    entity_id: str
    label: str
    property: str
    value: str
    msgid: str
    params: Mapping[str, str]


def properties(session: Session, project_id: int, list_name: str) -> list[Property]:
    """Return a list's properties in the order of its CSV; text where nobody gave a type.

    Raises Missing for a list that is not there.
    """
    columns = list_rules(session.connection(), project_id).columns.get(list_name)
    if columns is None:
        raise Missing("There is no entity list %(list)s here.", list=list_name)
    rows = session.scalars(
        select(EntityProperty).where(
            EntityProperty.project_id == project_id, EntityProperty.list_name == list_name
        )
    )
    typed = {
        row.name: Property(row.name, row.kind, tuple(row.choices), row.refers_to) for row in rows
    }
    return [typed.get(name, Property(name)) for name in columns]


def set_property(
    session: Session, project_id: int, list_name: str, wanted: Property, who: str
) -> None:
    """Give a property a type; a name that is not there yet is added to the list. Does not commit.

    Raises NotValid for a name ODK does not take, choices that are missing, and an unknown list.
    """
    known = {one.name for one in properties(session, project_id, list_name)}
    _check(session, project_id, wanted, known)
    session.merge(
        EntityProperty(
            project_id=project_id,
            list_name=list_name,
            name=wanted.name,
            kind=wanted.kind,
            choices=[*wanted.choices],
            refers_to=wanted.refers_to,
            made_at=datetime.now(UTC),
            made_by=who,
        )
    )
    session.flush()


def remove_type(session: Session, project_id: int, list_name: str, name: str) -> None:
    """Forget a property's type; one that no form saves to leaves the list. Does not commit."""
    session.execute(
        delete(EntityProperty).where(
            EntityProperty.project_id == project_id,
            EntityProperty.list_name == list_name,
            EntityProperty.name == name,
        )
    )


def is_owner_only(session: Session, project_id: int, list_name: str) -> bool:
    """Say whether each phone gets only what it created itself."""
    return list_name in list_rules(session.connection(), project_id).owner_only


def set_owner_only(
    session: Session, project_id: int, list_name: str, who: str, *, is_own: bool
) -> None:
    """Let each phone get only what it created itself, or what its villages hold."""
    if list_name == CLINICS:
        raise NotValid("Clinics come from the register: no phone created them.", "owner_only")
    row = session.get(EntityList, (project_id, list_name))
    if row is None:
        row = EntityList(project_id=project_id, name=list_name)
        session.add(row)
    row.owner_only, row.made_at, row.made_by = is_own, datetime.now(UTC), who
    session.flush()


def fitting(wanted: Property, value: Value, known: Collection[str] = ()) -> str:
    """Return a cell's value as text of the property's type. Raises Unfit.

    `known` are the ids a kind `entity` may name.
    """
    reader = _READERS.get(wanted.kind)
    if reader is not None:
        return reader(value)
    text = cells.text_of(value)
    if wanted.kind == CHOICE and text not in wanted.choices:
        raise Unfit(NO_CHOICE, text=text, choices=", ".join(wanted.choices[:10]))
    if wanted.kind == ENTITY and text.lower() not in known:
        raise Unfit(NO_ENTITY, text=text, list=wanted.refers_to)
    if len(text) > _LONGEST_VALUE:
        raise Unfit(TOO_LONG, limit=_LONGEST_VALUE)
    return text


def complaints(
    session: Session, project_id: int, list_name: str, scope: Scope, most: int
) -> list[ValueComplaint]:
    """Return the first values of a list in `scope` that do not fit their types.

    Of persons also those who do not lie where their household does.
    """
    typed = [one for one in properties(session, project_id, list_name) if one.kind != TEXT]
    households = _villages_of_households(session) if list_name == "persons" else {}
    if not typed and not households:
        return []
    known = {one.refers_to: ids_of(session, one.refers_to) for one in typed if one.kind == ENTITY}
    found: list[ValueComplaint] = []
    for row in _entities(session, list_name):
        if actions.is_in(scope, list_name, row.village_code):
            found += _misplaced(row, households)
            found += _unfit(row, typed, known)
        if len(found) >= most:
            break
    return found[:most]


def _misplaced(row: Entity, households: Mapping[str, str]) -> Iterator[ValueComplaint]:
    village = households.get(row.properties.get("hh_key", "").lower(), row.village_code)
    if village != row.village_code:
        told = (row.entity_id, row.label, "village_code", row.village_code, ELSEWHERE)
        yield ValueComplaint(*told, {"village": village})


def _unfit(
    row: Entity, typed: Sequence[Property], known: Mapping[str, Collection[str]]
) -> Iterator[ValueComplaint]:
    for one in typed:
        value = row.properties.get(one.name, "")
        try:
            if value:
                fitting(one, value, known.get(one.refers_to, ()))
        except Unfit as unfit:
            about = (row.entity_id, row.label, one.name, value, unfit.msgid)
            yield ValueComplaint(*about, unfit.params)


def ids_of(session: Session, list_name: str) -> frozenset[str]:
    """Return the ids of a list's entities, and the keys that households are known by to persons."""
    ids = select(Entity.entity_id).where(Entity.list_name == list_name, Entity.is_created)
    found = set(session.scalars(ids))
    if list_name == "households":
        rows = _entities(session, list_name)
        found |= {key.lower() for row in rows if (key := row.properties.get("hh_key"))}
    return frozenset(found)


def _villages_of_households(session: Session) -> dict[str, str]:
    """Return where households lie, by what persons name them by."""
    found: dict[str, str] = {}
    for row in _entities(session, "households"):
        for key in (row.entity_id, row.properties.get("hh_key", "").lower()):
            found[key] = row.village_code
    found.pop("", None)
    return found


def _entities(session: Session, list_name: str) -> Iterator[Entity]:
    query = select(Entity).where(Entity.list_name == list_name, Entity.is_created)
    ordered = query.order_by(Entity.village_code, Entity.label, Entity.entity_id)
    yield from session.scalars(ordered.execution_options(yield_per=_BLOCK))


def _check(session: Session, project_id: int, wanted: Property, known: Collection[str]) -> None:
    alike = {name.casefold() for name in (*known, *_RESERVED)}
    if wanted.name not in known and (
        not _NAME.match(wanted.name) or wanted.name.casefold() in alike
    ):
        raise NotValid(
            "“%(name)s” cannot be the name of a property: letters, digits and _, beginning with "
            "a letter, and no name that is there already.",
            "name",
            name=wanted.name,
        )
    if wanted.kind not in KINDS:
        raise NotValid("Choose a type.", "kind")
    if wanted.kind == CHOICE and not wanted.choices:
        raise NotValid("Write the choices, one a line.", "choices")
    columns = list_rules(session.connection(), project_id).columns
    if wanted.kind == ENTITY and wanted.refers_to not in columns:
        raise NotValid("Choose the list whose entities it names.", "refers_to")


def _integer(value: Value) -> str:
    text = _plain(value)
    if not re.fullmatch(r"-?[0-9]+(\.0+)?", text):
        raise Unfit(NO_INTEGER, text=cells.text_of(value))
    return text.split(".")[0]


def _decimal(value: Value) -> str:
    text = _plain(value)
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        raise Unfit(NO_DECIMAL, text=cells.text_of(value))
    return text


def _date(value: Value) -> str:
    return cells.day_of(value).isoformat()


def _yes_no(value: Value) -> str:
    text = ("1" if value else "0") if isinstance(value, bool) else _plain(value).casefold()
    if text not in _YES | _NO:
        raise Unfit(NO_YES_NO, text=cells.text_of(value))
    return "yes" if text in _YES else "no"


def _place(value: Value) -> str:
    """Return ODK's text of a point, line or area; every position is checked."""
    text = cells.text_of(value)
    positions = [one.split() for one in text.split(";") if one.strip()]
    try:
        numbers = [[float(part) for part in one] for one in positions]
        is_fit = bool(numbers) and all(
            2 <= len(one) <= 4 and abs(one[0]) <= 90 and abs(one[1]) <= 180 for one in numbers
        )
    except ValueError:
        is_fit = False
    if not is_fit:
        raise Unfit(NO_PLACE, text=text[:60])
    return text


def _plain(value: Value) -> str:
    text = cells.text_of(value)
    return unicodedata.normalize("NFKC", text).strip()


_READERS: Mapping[str, Callable[[Value], str]] = {
    INTEGER: _integer,
    DECIMAL: _decimal,
    DATE: _date,
    YES_NO: _yes_no,
    PLACE: _place,
}
