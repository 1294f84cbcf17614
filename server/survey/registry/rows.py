"""One row of an office's table: its cells by what they mean, and what is wrong with them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from forms.faults import Fault, cell_address
from server.survey.registry.cells import Unfit, text_of
from server.survey.registry.columns import FIELD_OF, Columns, plain
from server.survey.registry.sheets import Sheet, Value

T = TypeVar("T")

NEEDED = "This cell is empty, and the row cannot do without it."
CELL_ERROR = "The cell shows the error %(text)s: mend its formula, or write the value."
FORMULA_EMPTY = "The formula has no saved value: open the file in Excel, save it and send it again."
FORMULAS = "Formulas in this column: %(count)s. The values saved with them were used."
MERGED = "The cells %(range)s are merged: split them and fill in every row."
SKIPPED = "The row begins with “%(text)s”: it was taken for a sum or a note and left out."
# How sums and notes below a table begin.
_NO_UNIT = (
    *("合计", "总计", "小计", "共计", "注:", "说明", "备注", "填表", "制表", "审核"),
    *("total", "sum", "note"),
)


@dataclass(slots=True)
class Notes:
    """What is wrong with a file, and what is doubtful, in the order it stands there."""

    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """One row below the headings. `number` is the spreadsheet's, counted from 1."""

    sheet: Sheet
    columns: Columns
    number: int
    cells: tuple[Value, ...]
    notes: Notes

    def value(self, name: str) -> Value:
        """Return a field's cell as it is; None when the column is missing or the cell empty."""
        at = self.columns.position.get(name)
        if at is None or at >= len(self.cells):
            return None
        value = self.cells[at]
        return None if text_of(value) == "" else value

    def read(self, name: str, reader: Callable[[Value], T]) -> T | None:
        """Return a field's value; None when it is empty, and when it is noted as a fault."""
        try:
            value = self._whole(name)
            return None if value is None else reader(value)
        except Unfit as unfit:
            self.refuse(name, unfit.msgid, **unfit.params)
        return None

    def _whole(self, name: str) -> Value:
        """Return a field's cell; raises Unfit when the spreadsheet itself could not fill it."""
        value, at = self.value(name), self.columns.position.get(name, -1)
        if (self.number, at) in self.sheet.errors:
            raise Unfit(CELL_ERROR, text=text_of(value))
        if value is None and (self.number, at) in self.sheet.formulas:
            raise Unfit(FORMULA_EMPTY)
        return value

    def needed(self, name: str, reader: Callable[[Value], T]) -> T | None:
        """Return a field's value, as `read`; an empty cell is a fault too."""
        before = len(self.notes.faults)
        found = self.read(name, reader)
        if found is None and len(self.notes.faults) == before:
            self.refuse(name, NEEDED)
        return found

    def refuse(self, name: str, msgid: str, **params: str) -> None:
        """Note a fault of this row in the field's cell."""
        self.notes.faults.append(self.fault(name, msgid, **params))

    def warn(self, name: str, msgid: str, **params: str) -> None:
        """Note something doubtful in the field's cell; the row is taken all the same."""
        self.notes.warnings.append(self.fault(name, msgid, **params))

    def fault(self, name: str, msgid: str, **params: str) -> Fault:
        """Return a fault that names this row, and the field's column where there is one."""
        at = self.columns.position.get(name)
        if at is None:
            return Fault(msgid, params, self.sheet.name, self.number)
        cell = cell_address(self.number, at)
        return Fault(msgid, params, self.sheet.name, self.number, self.columns.headings[at], cell)


def rows_below(
    sheet: Sheet, columns: Columns, rows: Iterator[tuple[Value, ...]], notes: Notes
) -> Iterator[Row]:
    """Yield the rows below the headings that hold a unit.

    `rows` stands behind the headings. Notes merged cells and formulas in columns that mean
    something, and rows left out as sums or notes.
    """
    used = {at: columns.headings[at] for at in columns.position.values()}
    for one in sheet.merged:
        columns_hit = [at for at in range(one.left, one.right + 1) if at in used]
        if one.bottom > columns.row and columns_hit:
            place = cell_address(one.top, one.left)
            notes.faults.append(
                Fault(
                    MERGED, {"range": one.address}, sheet.name, one.top, used[columns_hit[0]], place
                )
            )
    formulas = Counter(at for number, at in sheet.formulas if number > columns.row and at in used)
    for at, count in sorted(formulas.items()):
        notes.warnings.append(Fault(FORMULAS, {"count": str(count)}, sheet.name, column=used[at]))
    for number, cells in enumerate(rows, start=columns.row + 1):
        row = Row(sheet, columns, number, cells, notes)
        if not any(value is not None and value != "" for value in cells):
            continue
        if not _is_beside(row):
            yield row


def _is_beside(row: Row) -> bool:
    """Say whether the row is none of the list: a sum, a note, or the headings on a new page."""
    key = "clinic_code" if row.columns.kind == "clinics" else "code"
    code = text_of(row.value(key))
    if plain(code) in FIELD_OF:
        return True
    first = next((text for value in row.cells if (text := text_of(value))), "")
    is_beside = code in ("", first) and _folded(first).startswith(_NO_UNIT)
    if is_beside:
        row.warn("", SKIPPED, text=first[:20])
    return is_beside


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
