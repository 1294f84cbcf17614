"""Rows of an XLSX sheet as XML. Numbers in brackets are sections of ECMA-376 part 1."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from unicodedata import east_asian_width as wide
from xml.sax.saxutils import escape

from exports.safe_text import beginning, legible
from exports.table import Cell, Column

# Positions in the list of cell formats that exports/workbook_parts.py writes.
GENERAL, TEXT, INTEGER, DATE, INSTANT, SHARE, WRAPPED, HEAD = range(8)

MOST_LETTERS = 32_767
"""Excel's limit of one cell, in UTF-16 units."""

_FORMAT_OF_KIND = {
    "text": TEXT,
    "integer": INTEGER,
    "decimal": GENERAL,
    "date": DATE,
    "instant": INSTANT,
    "share": SHARE,
}
_MOST_DIGITS = 15  # A number in Excel keeps 15; a longer one is written as text, whole.
_TOO_LONG = 10**_MOST_DIGITS
LINE_POINTS = 17.0
_HIGHEST_POINTS = 409  # Excel's limit of a row.
_SURELY_FITS = MOST_LETTERS // 2  # A letter takes at most two units.
_DAY_ZERO = date(1899, 12, 30).toordinal()
_FIRST_DAY = 61  # 1 March 1900: Excel believes in a 29 February before it, so days are one off.

# What cannot stand between tags as it is, or might be taken for "_x000D_" (22.9.2.19). One set of
# letters and no alternatives: this looks at every text of a list.
_NEEDS_CARE = re.compile("[&<>_\x00-\x1f\ud800-\udfff\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def column_letters(position: int) -> str:
    """Return the letters of a column counted from 0: A, …, Z, AA, …, XFD."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def display_width(text: str) -> int:
    """Return the width in Latin letters: a Chinese one is two wide."""
    return len(text) if text.isascii() else sum(1 + (wide(one) in "WF") for one in text)


def format_of(column: Column) -> int:
    """Return the cell format of a column's cells."""
    return WRAPPED if column.wraps else _FORMAT_OF_KIND[column.kind]


class RowWriter:
    """Writes rows of one table; `texts_cut` counts the cells that were too long."""

    def __init__(self, columns: Sequence[Column], widths: Sequence[int]) -> None:
        self.texts_cut = 0
        self._widths = widths
        self._wrapped = [
            (position, width)
            for position, (column, width) in enumerate(zip(columns, widths, strict=True))
            if column.wraps
        ]
        self._columns = [
            (column_letters(position), format_of(column), column.kind == "text")
            for position, column in enumerate(columns)
        ]

    def head(self, labels: Sequence[str]) -> str:
        """Return the first row."""
        cells = [
            self._text(f"{letters}1", HEAD, words)
            for (letters, _, _), words in zip(self._columns, labels, strict=True)
        ]
        lines = max(map(_lines, labels, self._widths))
        return f'<row r="1" ht="{lines * LINE_POINTS + 4}" customHeight="1">{"".join(cells)}</row>'

    def row(self, number: int, row: Sequence[Cell]) -> str:
        """Return row `number`, counted from 1. Raises ValueError when cells are too few or many."""
        cells = []
        for (letters, style, is_text), cell in zip(self._columns, row, strict=True):
            if cell is None or cell == "":
                continue
            place = f"{letters}{number}"
            if isinstance(cell, str):
                cells.append(self._text(place, style if is_text else TEXT, cell))
            elif is_text:
                cells.append(self._text(place, style, plain_text(cell)))
            else:
                cells.append(self._number(place, style, cell))
        height = self._height(row) if self._wrapped else ""
        return f'<row r="{number}"{height}>{"".join(cells)}</row>'

    def _height(self, row: Sequence[Cell]) -> str:
        """Say how high the row is when a text runs over lines; not every program finds out."""
        lines = max(_lines(row[position], width) for position, width in self._wrapped)
        if lines == 1:
            return ""
        return f' ht="{min(_HIGHEST_POINTS, lines * LINE_POINTS)}" customHeight="1"'

    def _number(self, place: str, style: int, cell: int | float | Decimal | date) -> str:
        """Return a cell of a number or a day, or of its text where Excel cannot hold it exactly."""
        if not isinstance(cell, date):
            # A bare 1950 among birth dates is a year, and no day in 1905.
            number, style = _exact(cell), GENERAL if style in (DATE, INSTANT) else style
        elif isinstance(cell, datetime):
            number, style = _serial_instant(cell), INSTANT
        else:
            number, style = _serial(cell), DATE
        if number is None:
            return self._text(place, TEXT, plain_text(cell))
        return f'<c r="{place}" s="{style}"><v>{number}</v></c>'

    def _text(self, place: str, style: int, text: str) -> str:
        space = ""
        if len(text) > _SURELY_FITS:
            text = self._fitted(legible(text))
        if _NEEDS_CARE.search(text) or text.strip() != text:
            # XML readers turn CR LF into LF; a cell of Excel breaks its lines with LF.
            text = legible(text).replace("\r\n", "\n").replace("\r", "\n")
            text = escape(_LOOKS_ESCAPED.sub("_x005F_", text))
            space = ' xml:space="preserve"'
        return f'<c r="{place}" s="{style}" t="inlineStr"><is><t{space}>{text}</t></is></c>'

    def _fitted(self, text: str) -> str:
        if beginning(text, MOST_LETTERS) == text:
            return text
        self.texts_cut += 1
        return beginning(text, MOST_LETTERS - 1) + "…"


def _lines(cell: Cell, width: int) -> int:
    """Return how many lines a text takes; words do not fill a line to the end."""
    if not isinstance(cell, str) or 2 * len(cell) < width:
        return 1
    return sum(math.ceil(display_width(line) * 1.15 / width) or 1 for line in cell.split("\n"))


def plain_text(cell: int | float | Decimal | date) -> str:
    """Return a number or a time as text: whole numbers unsplit, times by ISO 8601.

    Raises ValueError for an instant without a zone.
    """
    if isinstance(cell, datetime):
        if cell.tzinfo is None:
            raise ValueError("an instant needs its zone")
        return cell.isoformat(timespec="seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Decimal) and cell.is_finite():
        return f"{cell:f}"
    return str(int(cell) if isinstance(cell, bool) else cell)


def _exact(number: int | float | Decimal) -> str | None:
    """Return the number as Excel reads it, or None when it would not stay what it is."""
    if isinstance(number, int):
        return str(int(number)) if -_TOO_LONG < number < _TOO_LONG else None
    if not math.isfinite(number):
        return None
    if isinstance(number, Decimal) and len(number.as_tuple().digits) > _MOST_DIGITS:
        return None
    return str(number)


def _serial(day: date) -> str | None:
    """Return days since Excel's day zero, None for days it counts wrongly."""
    days = day.toordinal() - _DAY_ZERO
    return str(days) if days >= _FIRST_DAY else None


def _serial_instant(instant: datetime) -> str | None:
    """Return days and their part as the clock of the instant's own zone shows them."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs its zone")
    days = instant.toordinal() - _DAY_ZERO
    if days < _FIRST_DAY:
        return None
    seconds = instant.hour * 3600 + instant.minute * 60 + instant.second
    return repr(days + seconds / 86_400)
