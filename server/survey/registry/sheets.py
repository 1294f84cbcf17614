"""The sheets of an uploaded table, whatever file it came in: values in rows, where they stood."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from typing import Literal

import xlrd
import xlrd.biffh
import xlrd.compdoc
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from forms.faults import Fault, cell_address
from server.survey import delimited

# The largest list of villages in use, the whole country's, is 38 MB of CSV.
MAX_FILE_BYTES = 50_000_000
MAX_EXPANDED_BYTES = 60_000_000
# A cell formatted at the far end of the sheet makes a million empty rows before it.
EMPTY_ROWS_END = 200
MOST_COLUMNS = 100
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

EMPTY = "%(name)s is empty."
TOO_LARGE = "%(name)s is larger than %(limit)s MB: send only the rows of your county."
TOO_LARGE_WORKBOOK = "%(name)s is a very large workbook: save it as CSV UTF-8 and send that."
NO_TABLE = "%(name)s is no table this program can read: save it in Excel as .xlsx or as CSV UTF-8."
LOCKED = "%(name)s is protected by a password: remove the password and send it again."
DAMAGED = "%(name)s is damaged: open it in Excel, save it anew and send it again."
BROKEN_ROW = (
    "This row cannot be read, most likely for a quotation mark that is never closed. "
    "The rows below it were not looked at."
)

# What the two readers were seen to raise for damaged parts; they document none of it. Both XML
# parsers' errors are a SyntaxError.
_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    xlrd.compdoc.CompDocError,
    zipfile.BadZipFile,
    zlib.error,
)

Value = str | int | float | bool | date | None
"""What a cell holds. A date is a calendar day; a time of day is dropped."""


class Broken(ValueError):
    """The file cannot be read at all; `fault` says why and what to do."""

    def __init__(self, msgid: str, **params: str) -> None:
        self.fault = Fault(msgid, params)
        super().__init__(str(self.fault))


@dataclass(frozen=True, slots=True)
class Merged:
    """Cells that were made one. Rows count from 1, columns from 0, all bounds inclusive."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def address(self) -> str:
        """The range as a spreadsheet writes it: "B3:B35"."""
        return f"{cell_address(self.top, self.left)}:{cell_address(self.bottom, self.right)}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet; `name` is "" for a text file.

    `rows` can be read only once: a country's list is not kept in memory. `formulas` and `errors`
    are (row from 1, column from 0); a formula's row holds the value that was saved with it.
    """

    name: str
    rows: Iterable[tuple[Value, ...]]
    formulas: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    errors: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    merged: tuple[Merged, ...] = ()


def open_sheets(name: str, content: bytes) -> tuple[Sheet, ...]:
    """Return the visible sheets of a CSV, XLSX or XLS file, told apart by content.

    Raises Broken for a file that is empty, too large, locked, damaged or something else. A text
    file's rows may raise delimited.BrokenTable while they are read.
    """
    if not content.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n,;"):
        raise Broken(EMPTY, name=name)
    if len(content) > MAX_FILE_BYTES:
        raise _too_large(name)
    if content.startswith(b"PK"):
        return _of_xlsx(name, content)
    if content.startswith(_OLE2):
        return _of_xls(name, content)
    if content.lstrip()[:1] == b"<":
        raise Broken(NO_TABLE, name=name)
    return (Sheet("", _text_rows(name, content)),)


def _text_rows(name: str, content: bytes) -> Iterator[tuple[Value, ...]]:
    try:
        rows = delimited.rows(content)
        # The first row is asked for now, so that bytes that are no text are told of at once.
        return chain((next(rows, ()),), rows)
    except delimited.NotText as error:
        raise Broken(NO_TABLE, name=name) from error


def _of_xlsx(name: str, content: bytes) -> tuple[Sheet, ...]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = {entry.filename: entry.file_size for entry in archive.infolist()}
        if "xl/workbook.xml" not in entries:
            raise Broken(NO_TABLE, name=name)
        if sum(entries.values()) > MAX_EXPANDED_BYTES:
            raise Broken(TOO_LARGE_WORKBOOK, name=name)
        values = load_workbook(io.BytesIO(content), data_only=True)
        formulas = load_workbook(io.BytesIO(content))
        return tuple(
            _xlsx_sheet(sheet, formulas[sheet.title])
            for sheet in values.worksheets
            if sheet.sheet_state == "visible"
        )
    except Broken:
        raise
    except (*_DAMAGE, InvalidFileException) as error:
        raise Broken(DAMAGED, name=name) from error


def _xlsx_sheet(values: Worksheet, formulas: Worksheet) -> Sheet:
    rows: list[tuple[Value, ...]] = []
    computed: set[tuple[int, int]] = set()
    failed: set[tuple[int, int]] = set()
    empty = 0
    # Side by side: one workbook tells what a formula gave, the other that it is one.
    both = zip(
        values.iter_rows(max_col=MOST_COLUMNS),
        formulas.iter_rows(max_col=MOST_COLUMNS),
        strict=True,
    )
    for number, (shown, written) in enumerate(both, start=1):
        rows.append(tuple(_plain(cell.value) for cell in shown))
        computed.update((number, at) for at, cell in enumerate(written) if cell.data_type == "f")
        failed.update((number, at) for at, cell in enumerate(shown) if cell.data_type == "e")
        empty = 0 if any(value is not None for value in rows[-1]) else empty + 1
        if empty > EMPTY_ROWS_END:
            break
    merged = tuple(
        Merged(one.min_row, one.max_row, one.min_col - 1, one.max_col - 1)
        for one in values.merged_cells.ranges
    )
    return Sheet(values.title, tuple(rows), frozenset(computed), frozenset(failed), merged)


def _plain(value: object) -> Value:
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, (str, int, float, date)):
        return value
    return str(value)


def _of_xls(name: str, content: bytes) -> tuple[Sheet, ...]:
    # An encrypted .xlsx is an OLE2 file with a stream of this name (MS-OFFCRYPTO 2.3.4.4).
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise Broken(LOCKED, name=name)
    try:
        # Merged cells are only told together with the formats.
        book = xlrd.open_workbook(
            file_contents=content, formatting_info=True, logfile=io.StringIO()
        )
        return tuple(
            _xls_sheet(sheet, book.datemode) for sheet in book.sheets() if sheet.visibility == 0
        )
    except xlrd.biffh.XLRDError as error:
        raise Broken(LOCKED if "encrypted" in str(error) else DAMAGED, name=name) from error
    except _DAMAGE as error:
        raise Broken(DAMAGED, name=name) from error


def _xls_sheet(sheet: xlrd.sheet.Sheet, datemode: Literal[0, 1]) -> Sheet:
    rows = tuple(
        tuple(_xls_value(cell, datemode) for cell in sheet.row(number))
        for number in range(sheet.nrows)
    )
    errors = frozenset(
        (number + 1, position)
        for number in range(sheet.nrows)
        for position, cell in enumerate(sheet.row(number))
        if cell.ctype == xlrd.XL_CELL_ERROR
    )
    merged = tuple(
        Merged(top + 1, bottom, left, right - 1) for top, bottom, left, right in sheet.merged_cells
    )
    return Sheet(sheet.name, rows, errors=errors, merged=merged)


def _xls_value(cell: xlrd.sheet.Cell, datemode: Literal[0, 1]) -> Value:
    if cell.ctype == xlrd.XL_CELL_DATE:
        return xlrd.xldate_as_datetime(float(cell.value), datemode).date()
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.biffh.error_text_from_code.get(int(cell.value), "#ERROR")
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    value: str | float = cell.value
    return value if value != "" else None


def _too_large(name: str) -> Broken:
    return Broken(TOO_LARGE, name=name, limit=str(MAX_FILE_BYTES // 1_000_000))
