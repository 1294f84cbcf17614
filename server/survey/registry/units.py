"""What the rows of an uploaded file say: divisions, villages and clinics, before any comparison."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from forms.faults import Fault
from maps.crs import Crs
from server.survey import areas, delimited
from server.survey.registry import cells, columns, positions, sheets
from server.survey.registry.rows import Notes, Row, rows_below
from server.survey.registry.stored import Stored

MOST_UNITS = 100_000
PARENT_LEVELS = ((2, "province"), (4, "prefecture"), (6, "county"), (9, "township"))

NO_HEADINGS = (
    "No headings were found in the first %(rows)s rows. A list of villages needs a column "
    "“village_code” (村代码) and one more, of clinics “clinic_code” (卫生室代码), of divisions "
    "“code” (代码)."
)
NO_UNITS = "There is no row to import in %(name)s."
NONE_IN_AREA = "No code in %(name)s begins with %(area)s."
TOO_MANY = "More than %(limit)s rows: import one county at a time, by the beginning of its codes."
IGNORED = "These columns mean nothing here and were left out: %(columns)s."
DOUBLED = "The columns “%(first)s” and “%(second)s” mean the same: delete one of them."
NOT_INSIDE = "%(code)s does not lie in %(parent)s: its code begins differently."
FEWER_PERSONS = "%(persons)s persons in %(households)s households: fewer people than homes."
ENDS_FIRST = "The unit ends (%(end)s) before it begins (%(start)s)."
NO_SOURCE = "No column says where the figures come from and of which day they are."


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to read a file. `kind` is one of columns.KINDS, None to tell by the columns.

    `crs` is that of its positions; `area` keeps only codes that begin with it, and the divisions
    above it. With
    `withdraws_missing`, villages that the file leaves out of a township it lists are withdrawn.
    """

    kind: str | None = None
    crs: Crs = "wgs84"
    area: str = ""
    withdraws_missing: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """One division, village or clinic as one row tells it.

    `values` holds what the row says, by column of the table; an empty cell says nothing. A unit
    `is_beside` when it was only named in the row of another, as a village's county is.
    """

    table: str
    code: str
    values: Mapping[str, Stored]
    row: Row
    is_beside: bool = False

    @property
    def name(self) -> str:
        """The unit's name, "" when the row has none."""
        return str(self.values.get("name") or "")


@dataclass(frozen=True, slots=True)
class FileRead:
    """All units of a file, the kinds its sheets held, and what is wrong or doubtful."""

    units: tuple[Unit, ...]
    kinds: tuple[str, ...]
    notes: Notes


def read_file(name: str, content: bytes, options: ImportOptions) -> FileRead:
    """Read every visible sheet that has headings. Faults are noted, never raised."""
    notes = Notes()
    kinds: list[str] = []
    units: list[Unit] = []
    try:
        for sheet in sheets.open_sheets(name, content):
            rows = iter(sheet.rows)
            found = columns.find_columns(rows, options.kind)
            if found is None:
                continue
            kinds.append(found.kind)
            _note_columns(sheet, found, notes)
            fresh = _units(rows_below(sheet, found, rows, notes), options)
            units += itertools.islice(fresh, MOST_UNITS + 1 - len(units))
    except sheets.Broken as broken:
        notes.faults.append(broken.fault)
    except delimited.BrokenTable as broken:
        notes.faults.append(Fault(sheets.BROKEN_ROW, row=broken.row))
    _note_emptiness(name, options.area, kinds, units, notes)
    return FileRead(tuple(units), tuple(dict.fromkeys(kinds)), notes)


def _note_columns(sheet: sheets.Sheet, found: columns.Columns, notes: Notes) -> None:
    for first, second in found.doubled:
        params = {"first": first, "second": second}
        notes.faults.append(Fault(DOUBLED, params, sheet.name, found.row))
    if found.ignored:
        params = {"columns": ", ".join(found.ignored)}
        notes.warnings.append(Fault(IGNORED, params, sheet.name, found.row))
    said = found.position.keys()
    if said & {"households", "persons"} and not {"register_source", "register_on"} <= said:
        notes.warnings.append(Fault(NO_SOURCE, {}, sheet.name, found.row))


def _note_emptiness(
    name: str, area: str, kinds: list[str], units: list[Unit], notes: Notes
) -> None:
    if len(units) > MOST_UNITS:
        units.clear()
        notes.faults.append(Fault(TOO_MANY, {"limit": str(MOST_UNITS)}))
    elif not kinds and not notes.faults:
        rows = str(columns.HEADINGS_WITHIN_ROWS)
        notes.faults.append(Fault(NO_HEADINGS, {"rows": rows}))
    elif not units and not notes.faults:
        msgid = NONE_IN_AREA if area else NO_UNITS
        notes.faults.append(Fault(msgid, {"name": name, "area": area}))


def _units(rows: Iterator[Row], options: ImportOptions) -> Iterator[Unit]:
    area = areas.stem(options.area)
    for row in rows:
        if row.columns.kind == "clinics":
            yield from _clinic(row, options)
        # The cheap test first: a country's list has 600,000 rows, a county's part of it 300.
        elif _is_in_area(cells.text_of(row.value("code")), area):
            yield from _place(row, options)


def _is_in_area(code: str, area: str) -> bool:
    """Say whether a code lies in the area, or is that of a division the area lies in."""
    if code.startswith(area):
        return True
    is_near = code[:2] == area[:2] and len(code) in cells.DIVISION_CODE_DIGITS and code.isdecimal()
    return is_near and area.startswith(areas.stem(code))


def _place(row: Row, options: ImportOptions) -> Iterator[Unit]:
    is_village_list = row.columns.kind == "villages"
    code = row.needed("code", cells.village_code_of if is_village_list else cells.division_code_of)
    parents = tuple(_parents(row, code)) if code else ()
    values: dict[str, Stored] = {"name": row.read("name", cells.name_of)}
    values |= _validity(row)
    is_village = areas.level(code) == "village" if code else is_village_list
    if is_village:
        values |= {"kind": row.read("kind", cells.village_kind_of)} | _register(row)
        values |= positions.read_position(row, options.crs)
    # A row without a code was read for its other faults: people want to hear of all at once.
    if code:
        yield Unit("village" if is_village else "division", code, _said(values), row)
        yield from parents


def _parents(row: Row, code: str) -> Iterator[Unit]:
    """Return the divisions a row names beside its own unit; notes those it cannot lie in."""
    own_digits = len(areas.stem(code))
    for digits, level in PARENT_LEVELS:
        if digits >= own_digits:
            return
        parent = areas.full_code(code[:digits])
        told = row.read(f"{level}_code", cells.division_code_of)
        if told is not None and told != parent:
            row.refuse(f"{level}_code", NOT_INSIDE, code=code, parent=told)
        name = row.read(f"{level}_name", cells.name_of)
        if name:
            yield Unit("division", parent, {"name": name}, row, is_beside=True)


def _register(row: Row) -> dict[str, Stored]:
    households = row.read("households", cells.count_of)
    persons = row.read("persons", cells.count_of)
    if households is not None and persons is not None and persons < households:
        row.warn("persons", FEWER_PERSONS, persons=str(persons), households=str(households))
    day = row.read("register_on", cells.day_of)
    return {
        "households": households,
        "persons": persons,
        "register_source": row.read("register_source", cells.source_of),
        "register_on": day.isoformat() if day else None,
    }


def _validity(row: Row) -> dict[str, Stored]:
    start = row.read("valid_from", cells.day_of)
    end = row.read("valid_to", cells.day_of)
    if start and end and end < start:
        row.refuse("valid_to", ENDS_FIRST, end=end.isoformat(), start=start.isoformat())
    return {
        "valid_from": start.isoformat() if start else None,
        "valid_to": end.isoformat() if end else None,
        "successor_code": row.read("successor_code", cells.division_code_of),
    }


def _clinic(row: Row, options: ImportOptions) -> Iterator[Unit]:
    village = row.read("village_code", cells.village_code_of)
    township = row.read("township_code", cells.division_code_of)
    if village is not None:
        inside = areas.full_code(village[:9])
        if township not in (None, inside):
            row.refuse("township_code", NOT_INSIDE, code=village, parent=str(township))
        township = inside
    if not (township or "").startswith(areas.stem(options.area)):
        return
    code = row.needed("clinic_code", cells.clinic_code_of)
    values: dict[str, Stored] = {
        "name": row.read("clinic_name", cells.name_of),
        "kind": row.read("kind", cells.clinic_kind_of),
        "village_code": village,
        "township_code": township,
    }
    values |= positions.read_position(row, options.crs)
    if code:
        yield Unit("clinic", code, _said(values), row)


def _said(values: Mapping[str, Stored]) -> dict[str, Stored]:
    return {name: value for name, value in values.items() if value not in (None, "")}
