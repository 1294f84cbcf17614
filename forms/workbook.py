"""The sheets of a form, whatever file they came in: text cells in rows, where they stood."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forms.faults import Fault, FormProblem, cell_address

SHEETS = ("survey", "choices", "settings", "external_choices", "osm", "entities")

HEADING_TWICE = "The heading %(heading)s stands twice."
BAD_CHARACTER = "The cell holds a character (%(code)s) that a form cannot carry: delete it."

# As pyxform reads: authors keep notes below their form, and formatted but empty columns beside it.
EMPTY_ROWS_END = 60
EMPTY_COLUMNS_END = 20

_SPACES = re.compile(r" +")
# What XML 1.0 cannot hold at all, not even escaped (section 2.2).
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name as written, the headings ("" for a nameless column), the rows below.

    `rows[0]` is the spreadsheet's row 2. Cells are stripped; a row may be shorter than `header`.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def column(self, *names: str) -> int | None:
        """Return the position of the first heading that is one of `names`, None without one."""
        wanted = {plain(name) for name in names}
        for position, heading in enumerate(self.header):
            if plain(heading) in wanted:
                return position
        return None

    def cells(self, *names: str) -> Iterator[tuple[int, str]]:
        """Yield (row number, text) of every filled cell in the column called one of `names`."""
        position = self.column(*names)
        if position is None:
            return
        for number, row in enumerate(self.rows, start=2):
            if position < len(row) and row[position]:
                yield number, row[position]

    def fault(self, msgid: str, row: int | None, column: str = "", **params: str) -> Fault:
        """Return a fault of this sheet; the cell's address is added when the column is here."""
        position = self.column(column) if column else None
        known = row is not None and position is not None
        cell = cell_address(row, position) if row is not None and position is not None else ""
        heading = self.header[position] if known and position is not None else column
        return Fault(msgid, params, self.name, row, heading, cell)


@dataclass(frozen=True, slots=True)
class Workbook:
    """The sheets of one form by lower-case name, and all sheet names as the author wrote them."""

    sheets: Mapping[str, Sheet]
    names: tuple[str, ...]

    def as_pyxform(self, fallback_name: str) -> dict[str, Any]:
        """Return what pyxform calls DefinitionData; `fallback_name` is for a missing form_id."""
        shape: dict[str, Any] = {
            "sheet_names": list(self.names),
            "fallback_form_name": fallback_name or None,
        }
        for name, sheet in self.sheets.items():
            shape[name] = [_by_heading(sheet.header, row) for row in sheet.rows]
            shape[f"{name}_header"] = [dict.fromkeys(head for head in sheet.header if head)]
        return shape


def plain(heading: str) -> str:
    """Return a heading or type as pyxform compares it: lower case, words joined by `_`."""
    return "_".join(heading.split()).lower()


def workbook(grids: Iterable[tuple[str, Iterable[Sequence[str]]]]) -> Workbook:
    """Return the workbook of named grids of text; the first row of each holds the headings.

    Sheets that an XLSForm does not know are left out, unless there is only one: then it is the
    survey. Raises FormProblem for a heading written twice and for characters XML cannot hold.
    """
    named = [(name.strip(), grid) for name, grid in grids]
    sheets: dict[str, Sheet] = {}
    for name, grid in named:
        key = name.lower()
        if key not in SHEETS:
            if len(named) > 1:
                continue
            key = "survey"
        sheets[key] = _sheet(name, grid)
    faults = [fault for sheet in sheets.values() for fault in _unfit(sheet)]
    if faults:
        raise FormProblem(faults)
    return Workbook(sheets, tuple(name for name, _ in named))


def read_sheet(name: str, grid: Iterable[Sequence[str]]) -> Sheet:
    """Return one sheet on its own. Raises FormProblem as `workbook` does."""
    sheet = _sheet(name, grid)
    if faults := list(_unfit(sheet)):
        raise FormProblem(faults)
    return sheet


def clean(text: str) -> str:
    """Return a cell's text: no spaces around, no-break spaces as spaces, one kind of line end."""
    return text.replace("\xa0", " ").replace("\r\n", "\n").replace("\r", "\n").strip()


def _sheet(name: str, grid: Iterable[Sequence[str]]) -> Sheet:
    rows = iter(grid)
    header = _header(next(rows, ()))
    body: list[tuple[str, ...]] = []
    empty = 0
    for row in rows:
        cells = tuple(clean(cell) for cell in row[: len(header)])
        empty = 0 if any(cells) else empty + 1
        if empty > EMPTY_ROWS_END:
            break
        body.append(cells)
    while body and not any(body[-1]):
        body.pop()
    return Sheet(name, header, tuple(body))


def _header(row: Sequence[str]) -> tuple[str, ...]:
    header: list[str] = []
    empty = 0
    for cell in row:
        heading = _SPACES.sub(" ", clean(cell))
        empty = 0 if heading else empty + 1
        if empty > EMPTY_COLUMNS_END:
            break
        header.append(heading)
    while header and not header[-1]:
        header.pop()
    return tuple(header)


def _by_heading(header: tuple[str, ...], row: tuple[str, ...]) -> dict[str, str]:
    return {head: cell for head, cell in zip(header, row, strict=False) if head and cell}


def _unfit(sheet: Sheet) -> Iterator[Fault]:
    seen: set[str] = set()
    for heading in sheet.header:
        if heading and heading in seen:
            yield sheet.fault(HEADING_TWICE, 1, heading, heading=heading)
        seen.add(heading)
    for number, row in enumerate((sheet.header, *sheet.rows), start=1):
        for position, cell in enumerate(row):
            if found := _NOT_XML.search(cell):
                yield Fault(
                    BAD_CHARACTER,
                    {"code": f"U+{ord(found[0]):04X}"},
                    sheet.name,
                    number,
                    sheet.header[position],
                    cell_address(number, position),
                )
