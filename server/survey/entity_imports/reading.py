"""The rows of an office's register as texts for an entity list; every fault by sheet and cell."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from forms.faults import Fault
from maps.crs import Crs, to_wgs84
from maps.points import Point, distance_m
from server.survey import delimited
from server.survey.areas import Scope
from server.survey.entity_imports import headings
from server.survey.entity_imports.headings import (
    HOUSEHOLD,
    ID,
    LABEL,
    LATITUDE,
    VILLAGE_NAME,
    Heading,
)
from server.survey.entity_properties import ENTITY, Property, fitting, ids_of
from server.survey.registry import cells, positions, sheets
from server.survey.registry.names import name_stem
from server.survey.registry.rows import Notes, Row, rows_below
from server.survey.registry.sheets import Value
from server.tables.reference import Village

MOST_ROWS = 50_000
VILLAGE = "village_code"
# The frames lie 300 to 700 m apart in China (domain: coordinate trap).
_FAR_M = 250.0
_FEWEST_PLACES = 5

NO_HEADINGS = "No row of headings was found: at least two columns must mean something for the list."
NO_ROWS = "There is no row to import in %(name)s."
TOO_MANY = "More than %(limit)s rows: import one township at a time."
DOUBLED = "The columns “%(first)s” and “%(second)s” mean the same: choose one of them."
IGNORED = "These columns were left out: %(columns)s."
NO_VILLAGE = "There is no village %(text)s here."
TWO_VILLAGES = "Several villages are called %(text)s: give the village code."
OTHER_VILLAGE = "The village code and the village name do not belong together."
OTHER_FRAME = (
    "The positions lie %(told)s m off their villages’ centres on average, and %(other)s m when "
    "read as %(frame)s: is that what they are?"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row as it would be told to the list. `entity_id` and `label` are "" where not told.

    `household` is the number by which a person's household is looked for.
    """

    row: Row
    entity_id: str
    label: str
    properties: Mapping[str, str]
    household: str


@dataclass(frozen=True, slots=True)
class Register:
    """All rows of a file without the faulty ones, whose faults are noted."""

    entries: tuple[Entry, ...]
    headings: tuple[Heading, ...]
    notes: Notes
    faulty: int
    is_readable: bool


def read_register(
    session: Session,
    list_name: str,
    properties: Sequence[Property],
    name: str,
    content: bytes,
    chosen: Mapping[int, str],
    crs: Crs,
    scope: Scope,
) -> Register:
    """Read the first visible sheet that has headings. Faults are noted, never raised."""
    notes = Notes()
    allowed = headings.meanings(list_name, [one.name for one in properties])
    try:
        for sheet in sheets.open_sheets(name, content):
            rows = iter(sheet.rows)
            found = headings.find_headings(rows, allowed, chosen)
            if found is None:
                continue
            reader = _Reader(session, properties, crs, scope, notes)
            columns = headings.as_columns(*found)
            for first, second in columns.doubled:
                told = {"first": first, "second": second}
                notes.faults.append(Fault(DOUBLED, told, sheet.name, columns.row))
            if columns.ignored:
                told = {"columns": ", ".join(columns.ignored)}
                notes.warnings.append(Fault(IGNORED, told, sheet.name, columns.row))
            entries = reader.read(rows_below(sheet, columns, rows, notes))
            is_readable = not columns.doubled and reader.total <= MOST_ROWS
            _note_emptiness(name, reader.total, notes)
            return Register(entries, found[1], notes, reader.faulty, is_readable)
        notes.faults.append(Fault(NO_HEADINGS))
    except sheets.Broken as broken:
        notes.faults.append(broken.fault)
    except delimited.BrokenTable as broken:
        notes.faults.append(Fault(sheets.BROKEN_ROW, row=broken.row))
    return Register((), (), notes, 0, False)


def _note_emptiness(name: str, total: int, notes: Notes) -> None:
    if total > MOST_ROWS:
        notes.faults.append(Fault(TOO_MANY, {"limit": str(MOST_ROWS)}))
    elif not total and not notes.faults:
        notes.faults.append(Fault(NO_ROWS, {"name": name}))


class _Reader:
    """Reads row by row, with what it needs to know of villages and other lists."""

    def __init__(
        self,
        session: Session,
        properties: Sequence[Property],
        crs: Crs,
        scope: Scope,
        notes: Notes,
    ) -> None:
        self.properties = {one.name: one for one in properties}
        self.crs = crs
        self.notes = notes
        self.total = 0
        self.faulty = 0
        rows = session.scalars(select(Village).where(scope.where(Village.code)))
        self.villages = {one.code: one for one in rows}
        self.by_name: dict[str, list[str]] = {}
        for one in self.villages.values():
            self.by_name.setdefault(name_stem(one.name), []).append(one.code)
        self.known: dict[str, Collection[str]] = {
            one.refers_to: ids_of(session, one.refers_to)
            for one in properties
            if one.kind == ENTITY
        }
        self.placed: list[tuple[Point, Point]] = []

    def read(self, rows: Iterable[Row]) -> tuple[Entry, ...]:
        entries = []
        for row in rows:
            self.total += 1
            if self.total > MOST_ROWS:
                break
            before = len(self.notes.faults)
            entry = self._entry(row)
            if len(self.notes.faults) > before:
                self.faulty += 1
            else:
                entries.append(entry)
        self._suspect_frame()
        return tuple(entries)

    def _entry(self, row: Row) -> Entry:
        told: dict[str, str] = {}
        for name, one in self.properties.items():
            if name in row.columns.position and name != VILLAGE:
                text = row.read(name, functools.partial(self._text, one))
                if text:
                    told[name] = text
        village = self._village(row)
        if village:
            told[VILLAGE] = village
            if "village_name" in self.properties:
                told.setdefault("village_name", self.villages[village].name)
        if LATITUDE in row.columns.position:
            told |= self._geometry(row, village)
        return Entry(
            row,
            (row.read(ID, cells.text_of) or "").lower().removeprefix("uuid:"),
            row.read(LABEL, cells.text_of) or "",
            told,
            row.read(HOUSEHOLD, cells.text_of) or "",
        )

    def _text(self, wanted: Property, value: Value) -> str:
        words = headings.VALUES.get(wanted.name, {})
        text = words.get(cells.text_of(value).casefold())
        return text or fitting(wanted, value, self.known.get(wanted.refers_to, ()))

    def _village(self, row: Row) -> str:
        """Return the code of the row's village, "" for none; notes one that is not ours."""
        code = row.read(VILLAGE, cells.village_code_of) or ""
        if code and code not in self.villages:
            row.refuse(VILLAGE, NO_VILLAGE, text=code)
            return ""
        name = row.read(VILLAGE_NAME, cells.name_of) or ""
        if not name:
            return code
        alike = self.by_name.get(name_stem(name), [])
        if code:
            if code not in alike:
                row.warn(VILLAGE_NAME, OTHER_VILLAGE)
            return code
        if len(alike) != 1:
            row.refuse(VILLAGE_NAME, TWO_VILLAGES if alike else NO_VILLAGE, text=name)
            return ""
        return alike[0]

    def _geometry(self, row: Row, village: str) -> dict[str, str]:
        found = positions.read_position(row, self.crs)
        latitude, longitude = found.get("latitude"), found.get("longitude")
        if latitude is None or longitude is None:
            return {}
        centre = self.villages.get(village)
        if centre and centre.latitude is not None and centre.longitude is not None:
            place = Point(latitude, longitude)
            self.placed.append((place, Point(centre.latitude, centre.longitude)))
        return {"geometry": f"{latitude} {longitude} 0 0"}

    def _suspect_frame(self) -> None:
        """Warn when another frame brings the places much nearer to their villages on average."""
        if len(self.placed) < _FEWEST_PLACES or self.crs in ("gcj02", "bd09"):
            return
        told = _mean_offset_m(self.placed)
        others: list[Crs] = ["gcj02", "bd09"]
        off = {
            frame: _mean_offset_m([(to_wgs84(at, frame), centre) for at, centre in self.placed])
            for frame in others
        }
        frame = min(others, key=lambda one: off[one])
        if told > _FAR_M and off[frame] < told / 2:
            params = {"told": f"{told:.0f}", "other": f"{off[frame]:.0f}"}
            names = {"gcj02": "GCJ-02", "bd09": "BD-09"}
            self.notes.warnings.append(Fault(OTHER_FRAME, {**params, "frame": names[frame]}))


def _mean_offset_m(placed: Sequence[tuple[Point, Point]]) -> float:
    """Return how far the places lie off their centres on average, by direction: spread cancels."""
    north = sum(at.latitude - centre.latitude for at, centre in placed) / len(placed)
    east = sum(at.longitude - centre.longitude for at, centre in placed) / len(placed)
    centre = placed[0][1]
    return distance_m(centre, Point(centre.latitude + north, centre.longitude + east))
