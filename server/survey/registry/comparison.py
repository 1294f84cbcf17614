"""Holds what a file says against the registry's rows: what is new, what differs, what cannot be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from forms.faults import Fault
from server.survey import areas
from server.survey.areas import Scope
from server.survey.identity import stable_uuid
from server.survey.registry import cells
from server.survey.registry.changes import Change
from server.survey.registry.names import name_stem
from server.survey.registry.stored import (
    TABLES,
    Stored,
    StoredRow,
    columns,
    groups,
    stored_rows,
)
from server.survey.registry.units import Unit
from server.tables.reference import Village

TWICE = "%(code)s stands in row %(row)s already."
UNKNOWN_TOWNSHIP = (
    "The township %(code)s is not known: give its name in the file, or import its division first."
)
UNKNOWN_VILLAGE = "The village %(code)s is not known: import the villages first."
NO_TOWNSHIP = "Say where the clinic is: give the code of its village or township."
NO_VILLAGE = "A village clinic needs the code of its village."
NAMELESS = "%(code)s is new and has no name."
TWO_NAMES = "%(code)s is called %(first)s in row %(row)s and %(second)s here."
OUT_OF_SCOPE = "%(code)s lies outside the area of your account."
SAME_NAME = "%(code)s has the same name as %(other)s in the same township."
UNKNOWN_SUCCESSOR = "The successor %(code)s is not known."


@dataclass
class Comparison:
    """A file's units against the registry's rows, table by table."""

    session: Session
    scope: Scope
    faults: list[Fault]
    warnings: list[Fault]
    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    kept: dict[str, dict[str, StoredRow]] = field(default_factory=dict)
    told: dict[str, dict[str, Unit]] = field(default_factory=dict)

    def take(self, units: Collection[Unit]) -> None:
        """Compare all units; divisions first, as the others lie in them."""
        self.told = {table: self._once(table, units) for table in TABLES}
        mentioned = self._mentioned()
        self.kept = {table: stored_rows(self.session, table, mentioned[table]) for table in TABLES}
        for table, by_code in self.told.items():
            for unit in by_code.values():
                self._compare(table, unit)
        self._warn_of_same_names()

    def _once(self, table: str, units: Iterable[Unit]) -> dict[str, Unit]:
        """Return a table's units by code; notes a code that stands twice, or under two names."""
        own: dict[str, Unit] = {}
        beside: dict[str, Unit] = {}
        for unit in units:
            if unit.table != table:
                continue
            first = (beside if unit.is_beside else own).setdefault(unit.code, unit)
            if first is unit:
                continue
            params = {"code": unit.code, "row": str(first.row.number)}
            if not unit.is_beside:
                self.faults.append(unit.row.fault(_key(table), TWICE, **params))
            elif unit.name != first.name:
                names = {"first": first.name, "second": unit.name}
                column = f"{areas.level(unit.code)}_name"
                self.faults.append(unit.row.fault(column, TWO_NAMES, **params, **names))
        return beside | own

    def _mentioned(self) -> dict[str, set[str]]:
        codes = {table: set(by_code) for table, by_code in self.told.items()}
        for unit in (*self.told["village"].values(), *self.told["clinic"].values()):
            codes["division"].add(_township_of(unit))
            codes["village"].add(str(unit.values.get("village_code", "")))
        for unit in (*self.told["village"].values(), *self.told["division"].values()):
            successor = str(unit.values.get("successor_code", ""))
            codes["village"].add(successor)
            codes["division"].add(successor)
        return codes

    def _compare(self, table: str, unit: Unit) -> None:
        before = self.kept[table].get(unit.code)
        place = _township_of(unit) if table == "clinic" else unit.code
        may_change = bool(place) and self.scope.covers(areas.stem(place))
        if unit.is_beside and before is not None and not may_change:
            return  # A county's office may name its province, but not rename it.
        if place and not may_change and not unit.is_beside:
            self._refuse(unit, _key(table), OUT_OF_SCOPE, code=unit.code)
        elif before is None and not unit.name:
            self._refuse(unit, _key(table), NAMELESS, code=unit.code)
        self._check_place(unit, before)
        after = _after(table, unit, before)
        if before == after:
            self.unchanged += 1
        else:
            self.changes.append(Change(table, unit.code, before, after))

    def _check_place(self, unit: Unit, before: StoredRow | None) -> None:
        """Note places the unit names that the registry does not know."""
        if unit.table == "clinic":
            self._check_clinic(unit, before)
        elif unit.table == "village":
            self._check_township(unit)
        successor = str(unit.values.get("successor_code", ""))
        if successor and not any(self._is_known(table, successor) for table in TABLES):
            fault = unit.row.fault("successor_code", UNKNOWN_SUCCESSOR, code=successor)
            self.warnings.append(fault)

    def _check_clinic(self, unit: Unit, before: StoredRow | None) -> None:
        values = {**(before or {}), **unit.values}
        village = str(values.get("village_code") or "")
        if village and not self._is_known("village", village):
            self._refuse(unit, "village_code", UNKNOWN_VILLAGE, code=village)
        elif not values.get("township_code"):
            self._refuse(unit, "village_code", NO_TOWNSHIP)
        elif not village and _clinic_kind(values) == "village_clinic":
            self._refuse(unit, "village_code", NO_VILLAGE)
        elif not village:
            self._check_township(unit)

    def _check_township(self, unit: Unit) -> None:
        """Note an unknown township once, at the first row that lies in it."""
        township = _township_of(unit)
        if township and not self._is_known("division", township):
            self._refuse(unit, "township_code", UNKNOWN_TOWNSHIP, code=township)
            self.kept["division"][township] = {}

    def _is_known(self, table: str, code: str) -> bool:
        return code in self.kept[table] or code in self.told[table]

    def _refuse(self, unit: Unit, column: str, msgid: str, **params: str) -> None:
        self.faults.append(unit.row.fault(column, msgid, **params))

    def _warn_of_same_names(self) -> None:
        """Note villages of one township that people cannot tell apart by name."""
        others = self._names_around()
        for unit in self.told["village"].values():
            alike = [
                code
                for code in others[_township_of(unit), name_stem(unit.name)]
                if code != unit.code
            ]
            if unit.name and alike:
                fault = unit.row.fault("name", SAME_NAME, code=unit.code, other=min(alike))
                self.warnings.append(fault)

    def _names_around(self) -> Mapping[tuple[str, str], set[str]]:
        townships = {_township_of(unit) for unit in self.told["village"].values()}
        around: dict[tuple[str, str], set[str]] = defaultdict(set)
        for code, name, township in self._villages_of(townships):
            if code not in self.told["village"]:
                around[township, name_stem(name)].add(code)
        for unit in self.told["village"].values():
            around[_township_of(unit), name_stem(unit.name)].add(unit.code)
        return around

    def _villages_of(self, townships: Collection[str]) -> Iterator[tuple[str, str, str]]:
        query = select(Village.code, Village.name, Village.township_code)
        for some in groups(townships):
            for row in self.session.execute(query.where(Village.township_code.in_(some))):
                yield row.code, row.name, row.township_code

    def withdraw_missing(self, last_day: date) -> None:
        """Withdraw the villages that the file leaves out of a township it lists villages of."""
        townships = {_township_of(unit) for unit in self.told["village"].values()}
        missing = [
            code
            for code, _, _ in self._villages_of(townships)
            if code not in self.told["village"] and self.scope.covers(code)
        ]
        for code, before in stored_rows(self.session, "village", missing).items():
            if before["valid_to"] is None:
                after = {**before, "valid_to": last_day.isoformat()}
                self.changes.append(Change("village", code, before, after))


def _key(table: str) -> str:
    return "clinic_code" if table == "clinic" else "code"


def _township_of(unit: Unit) -> str:
    if unit.table == "village":
        return areas.full_code(unit.code[:9])
    return str(unit.values.get("township_code") or "")


def _clinic_kind(values: StoredRow) -> Stored:
    return values.get("kind") or "village_clinic"


def _after(table: str, unit: Unit, before: StoredRow | None) -> dict[str, Stored]:
    """Return the row as the unit leaves it: what the unit does not say stays as it was."""
    if before is None:
        return {**dict.fromkeys(columns(table)), **_made(table, unit), **unit.values}
    values = dict(unit.values)
    if table == "village" and name_stem(unit.name) == name_stem(str(before["name"])):
        # 高川村委会 and 高川村村民委员会 are one name; the registry keeps the one it has.
        values.pop("name", None)
    return {**before, **values}


def _made(table: str, unit: Unit) -> dict[str, Stored]:
    """Return what follows from a new unit's code."""
    code = unit.code
    if table == "clinic":
        return {
            "id": stable_uuid("clinic", code),
            "code": code,
            "kind": _clinic_kind(unit.values),
        }
    if table == "village":
        return {
            "code": code,
            "township_code": _township_of(unit),
            "kind": cells.village_kind_by_code(code),
        }
    stem = areas.stem(code)
    above = [digits for digits, _ in areas.LEVELS if digits < len(stem)]
    return {
        "code": code,
        "level": areas.level(code),
        "stem": stem,
        "parent_code": areas.full_code(stem[: above[-1]]) if above else None,
    }
