"""What an office's register would change in an entity list, before anything is done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from forms.faults import Fault
from maps.crs import Crs
from server.errors import NotValid
from server.survey import entity_properties, households_moved
from server.survey.areas import Scope
from server.survey.entities import actions
from server.survey.entities.actions import NewAction
from server.survey.entity_columns import CLINICS, PRIVATE_LISTS, SITE_LISTS
from server.survey.entity_imports.headings import HOUSEHOLD, ID, LABEL, Heading
from server.survey.entity_imports.reading import VILLAGE, Entry, Register, read_register
from server.survey.households_moved import HOUSEHOLDS, KEY, PERSONS
from server.tables.projections import Entity

TWICE = "This row has the same key as row %(row)s."
NO_KEY = "The row has no value in the column that tells which entity it is."
SEVERAL = "Several entities have this key: correct them in the list first."
NOT_HERE = "There is no entity with this id in the list, or it was deleted."
NO_PLACE = "A new entity needs a village: give its code or name."
NO_HOUSEHOLD = "There is no household %(text)s in this village."
FOLLOWS = "The person’s household lies in another village: the person was put there."
_DEFAULT_KEYS: Mapping[str, Sequence[str]] = {
    HOUSEHOLDS: ("hh_no",),
    PERSONS: ("id_number", "pname"),
}


@dataclass(frozen=True, slots=True)
class ImportChoice:
    """How to read a file: its frame, the property that tells entities apart, columns by position.

    `key` is a property's name, "name" for the entity's id, "" for the list's usual one. A
    property counts within the village, as household numbers do.
    """

    crs: Crs = "wgs84"
    key: str = ""
    columns: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Upsert:
    """What a row does. `entity_id` is "" for a new one; `before` holds what would change."""

    row: int
    sheet: str
    entity_id: str
    label: str
    shown: str
    properties: Mapping[str, str]
    before: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RegisterPlan:
    """What an import would do. `followers` are persons taken along with households that move.

    `faulty` counts rows with faults, which are left out; when not `is_readable` nothing can be
    done at all.
    """

    list_name: str
    source_name: str
    key: str
    headings: tuple[Heading, ...]
    created: tuple[Upsert, ...]
    updated: tuple[Upsert, ...]
    followers: tuple[NewAction, ...]
    unchanged: int
    faulty: int
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    is_readable: bool

    @property
    def fingerprint(self) -> str:
        """A digest of what would be done: a preview and its import must agree on it."""
        told = [
            (one.row, one.entity_id, one.label, sorted(one.properties.items()))
            for one in (*self.created, *self.updated)
        ]
        more = [(one.entity_id, sorted(one.properties.items())) for one in self.followers]
        return hashlib.sha256(json.dumps([told, more], ensure_ascii=False).encode()).hexdigest()


def plan_import(
    session: Session,
    project_id: int,
    list_name: str,
    name: str,
    content: bytes,
    choice: ImportChoice,
    scope: Scope,
) -> RegisterPlan:
    """Return what importing a file would change. Reads only; nothing is deleted by an import.

    Raises Missing for a list that is not there, NotValid for one that is not kept here.
    """
    if list_name == CLINICS:
        raise NotValid("Clinics are kept in the register: change them there.", "list")
    if list_name in PRIVATE_LISTS:
        raise NotValid("This list follows from submissions alone.", "list")
    known = entity_properties.properties(session, project_id, list_name)
    register = read_register(
        session, list_name, known, name, content, choice.columns, choice.crs, scope
    )
    key = _key(choice, list_name, register, [one.name for one in known])
    comparison = _Comparison(session, list_name, key, scope, register)
    comparison.take()
    return RegisterPlan(
        list_name,
        name,
        key,
        register.headings,
        tuple(comparison.created),
        tuple(comparison.updated),
        comparison.followers(),
        comparison.unchanged,
        register.faulty + comparison.faulty,
        tuple(sorted(register.notes.faults, key=_place)),
        tuple(sorted(register.notes.warnings, key=_place)),
        register.is_readable,
    )


def _key(
    choice: ImportChoice, list_name: str, register: Register, properties: Collection[str]
) -> str:
    """Return what tells entities apart: as chosen, by a column of ids, or as usual."""
    told = [one.meaning for one in register.headings if one.meaning]
    if choice.key and (choice.key == ID or choice.key in properties):
        return choice.key
    if ID in told:
        return ID
    usual = (*_DEFAULT_KEYS.get(list_name, ()), *told)
    return next((one for one in usual if one in told and one in properties and one != VILLAGE), ID)


class _Comparison:
    """A register's rows against the list's entities."""

    def __init__(
        self, session: Session, list_name: str, key: str, scope: Scope, register: Register
    ) -> None:
        self.session = session
        self.list_name = list_name
        self.key = key
        self.scope = scope
        self.register = register
        self.created: list[Upsert] = []
        self.updated: list[Upsert] = []
        self.unchanged = 0
        self.faulty = 0
        self.by_id: dict[str, Entity] = {}
        self.by_key: dict[tuple[str, str], list[Entity]] = {}
        self.households: dict[tuple[str, str], list[Entity]] = {}
        self.moved: list[tuple[Entity, str]] = []

    def take(self) -> None:
        """Compare all rows, each key once."""
        self._look_up()
        first: dict[tuple[str, str], int] = {}
        for entry in self.register.entries:
            inside, fault = self._household(entry)
            if fault is None:
                fault = self._compare(inside, first)
            if fault is not None:
                self.register.notes.faults.append(fault)
                self.faulty += 1

    def followers(self) -> tuple[NewAction, ...]:
        """Return what takes the persons of moved households along."""
        if self.list_name != HOUSEHOLDS or not self.moved:
            return ()
        villages = {
            key: village
            for household, village in self.moved
            for key in households_moved.keys_of(household)
        }
        persons = households_moved.persons_of(self.session, [one for one, _ in self.moved])
        return tuple(households_moved.following(persons, villages))

    def _look_up(self) -> None:
        """Read the entities that rows may mean: by id, or of the villages the rows lie in."""
        for row in self._entities(self.list_name):
            self.by_id[row.entity_id] = row
            value = row.properties.get(self.key, "")
            if value:
                self.by_key.setdefault(self._place_of(row.village_code, value), []).append(row)
        if any(entry.household for entry in self.register.entries):
            for row in self._entities(HOUSEHOLDS):
                keys = {row.properties.get("hh_no", ""), *households_moved.keys_of(row)} - {""}
                for one in keys:
                    self.households.setdefault((row.village_code, one.lower()), []).append(row)

    def _entities(self, list_name: str) -> list[Entity]:
        query = select(Entity).where(Entity.list_name == list_name, Entity.is_created)
        return [
            row
            for row in self.session.scalars(query.execution_options(yield_per=1000))
            if actions.is_in(self.scope, list_name, row.village_code)
        ]

    def _place_of(self, village: str, value: str) -> tuple[str, str]:
        # An ID number is one person's wherever he lives; other numbers are a village's.
        return ("" if self.key == "id_number" else village, value)

    def _household(self, entry: Entry) -> tuple[Entry, Fault | None]:
        """Put a person into the household its row names, and into that household's village."""
        if not entry.household:
            return entry, None
        told = dict(entry.properties)
        village = told.get(VILLAGE, "")
        found = self.households.get((village, entry.household.lower()), [])
        if not found:
            key = entry.household.lower()
            places = [rows for (_, one), rows in self.households.items() if one == key]
            # A key is one household's everywhere; a number only within its village.
            is_key = len(key) == 36
            found = places[0] if len(places) == 1 and (is_key or not village) else []
        if len(found) != 1:
            return entry, entry.row.fault(HOUSEHOLD, NO_HOUSEHOLD, text=entry.household)
        household = found[0]
        if village and household.village_code != village:
            entry.row.warn(VILLAGE, FOLLOWS)
        told[VILLAGE] = household.village_code
        told[KEY] = household.properties.get(KEY) or household.entity_id
        return replace(entry, properties=told), None

    def _compare(self, entry: Entry, first: dict[tuple[str, str], int]) -> Fault | None:
        column = self.key if self.key in entry.row.columns.position else ""
        value = entry.entity_id if self.key == ID else entry.properties.get(self.key, "")
        if not value:
            return entry.row.fault(column, NO_KEY)
        village = entry.properties.get(VILLAGE, "")
        place = ("", value) if self.key == ID else self._place_of(village, value)
        if place in first:
            return entry.row.fault(column, TWICE, row=str(first[place]))
        first[place] = entry.row.number
        if self.key == ID or entry.entity_id:
            known = self.by_id.get(entry.entity_id or value)
            found = [known] if known else []
            if not found:
                return entry.row.fault(ID, NOT_HERE)
        else:
            found = self.by_key.get(place, [])
        if len(found) > 1:
            return entry.row.fault(column, SEVERAL)
        return self._update(entry, found[0]) if found else self._create(entry)

    def _create(self, entry: Entry) -> Fault | None:
        village = entry.properties.get(VILLAGE, "")
        if not village and self.list_name in SITE_LISTS:
            return entry.row.fault(VILLAGE, NO_PLACE)
        label = entry.label or _label(self.list_name, entry)
        told = {name: text for name, text in entry.properties.items() if text}
        self.created.append(_upsert(entry, "", label, label, told, {}))
        return None

    def _update(self, entry: Entry, known: Entity) -> Fault | None:
        new = {
            name: text
            for name, text in entry.properties.items()
            if text and text != known.properties.get(name, "")
        }
        label = entry.label if entry.label and entry.label != known.label else ""
        if not new and not label:
            self.unchanged += 1
            return None
        if VILLAGE in new:
            self.moved.append((known, new[VILLAGE]))
        before = {name: str(known.properties.get(name, "")) for name in new}
        if label:
            before[LABEL] = known.label
        self.updated.append(_upsert(entry, known.entity_id, label, known.label, new, before))
        return None


def _upsert(
    entry: Entry,
    entity_id: str,
    label: str,
    shown: str,
    told: Mapping[str, str],
    before: Mapping[str, str],
) -> Upsert:
    row = entry.row
    return Upsert(row.number, row.sheet.name, entity_id, label, shown, told, before)


def _label(list_name: str, entry: Entry) -> str:
    """Return what workers choose a new entity by, as the shipped forms put it together."""
    told = entry.properties
    if list_name == HOUSEHOLDS:
        parts = [told.get("village_name", ""), told.get("hh_no", "")]
    elif list_name == PERSONS:
        parts = [told.get("pname", ""), told.get("birth_year", "")]
    else:
        parts = [text for name, text in told.items() if name not in (VILLAGE, "geometry")][:2]
    return " ".join(part for part in parts if part) or next(iter(told.values()), "")


def _place(fault: Fault) -> tuple[str, int]:
    return fault.sheet, fault.row or 0
