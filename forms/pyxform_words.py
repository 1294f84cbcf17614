"""What pyxform says, in our words: its English sentences read back into faults with a place."""

from __future__ import annotations

import re

from forms.faults import Fault, cell_address
from forms.pyxform_phrases import PHRASES
from forms.workbook import Sheet, Workbook, plain

VERBATIM = "The form compiler says: %(words)s"

_PLACED = re.compile(
    r"\[row : (?P<row>\d+)\]\s*"
    r"(?:On the '(?P<sheet>\w+)' sheet, the (?:'(?P<column>[^']+)' value(?: '[^']*')?|entity"
    r" declaration)"
    r" is (?:invalid|problematic)\. |On the '(?P<other_sheet>\w+)' sheet, one or more column names"
    r" are invalid\. )?"
)


def faults_of(said: str, book: Workbook) -> list[Fault]:
    """Return what pyxform said as faults, one for each of its sentences with a place of its own."""
    parts = [part for part in re.split(r"\n(?=\[row : |Language ')", said) if part.strip()]
    return [_fault(part.strip(), book) for part in parts]


def _fault(said: str, book: Workbook) -> Fault:
    placed = _PLACED.match(said)
    rest = said[placed.end() :] if placed else said
    row = int(placed["row"]) if placed else None
    sheet = (placed["sheet"] or placed["other_sheet"] or "") if placed else ""
    column = (placed["column"] or "") if placed else ""
    if sheet == "settings" and row == 1:
        row = 2  # pyxform counts without the headings here, and only here.
    for phrase in PHRASES:
        if found := phrase.pattern.search(rest):
            params = {name: text for name, text in found.groupdict().items() if text is not None}
            if "other" in params and "%(name)s" in phrase.msgid:
                params.setdefault("name", params.pop("other"))
            sheet, column = sheet or phrase.sheet, column or phrase.column
            if row is None and phrase.holding:
                row = _row_of(book, sheet, column, found[phrase.holding])
            return _placed(book, Fault(phrase.msgid, params, sheet, row, column))
    return _placed(book, Fault(VERBATIM, {"words": rest.strip()}, sheet, row, column))


def _row_of(book: Workbook, sheet: str, column: str, text: str) -> int | None:
    """Return the first row whose cell in the column holds this text, as pyxform compares it."""
    if sheet not in book.sheets:
        return None
    for row, cell in book.sheets[sheet].cells(column, *_ALSO_CALLED.get(column, ())):
        if plain(cell) == plain(text) or plain(cell).startswith(plain(text) + "_"):
            return row
    return None


# Columns have older names that pyxform still reads (pyxform/aliases.py).
_ALSO_CALLED = {
    "type": ("command",),
    "name": ("value", "tag"),
    "label": ("caption",),
    "calculation": ("calculate",),
    "relevant": ("relevance",),
    "list_name": ("list name", "dataset"),
    "dataset": ("list_name", "list name"),
}


def _placed(book: Workbook, fault: Fault) -> Fault:
    """Return the fault with the sheet's own name, the heading as written and the cell's address."""
    sheet = book.sheets.get(fault.sheet)
    if sheet is None:
        return fault
    position = _position(sheet, fault.column)
    if position is None or fault.row is None:
        return Fault(fault.msgid, fault.params, sheet.name, fault.row, fault.column)
    cell = cell_address(fault.row, position)
    heading = sheet.header[position]
    return Fault(fault.msgid, fault.params, sheet.name, fault.row, heading, cell)


def _position(sheet: Sheet, column: str) -> int | None:
    if not column:
        return None
    exact = sheet.column(column, *_ALSO_CALLED.get(column, ()))
    if exact is not None:
        return exact
    # "label" is written "label::中文 (zh)" in a translated form: any of them shows the place.
    for position, heading in enumerate(sheet.header):
        if plain(heading.partition(":")[0]) == plain(column):
            return position
    return None
