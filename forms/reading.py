"""Reads the sheets of an XLSForm from .xlsx, .xls, .csv, .md or a folder of .csv."""

from __future__ import annotations

import csv
import datetime
import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from xml.etree.ElementTree import ParseError

import openpyxl
import xlrd
from lxml.etree import LxmlError
from pyxform.xls2json_backends import xlsx_value_to_str
from xlrd.biffh import XLRDError
from xlrd.compdoc import CompDocError
from xlrd.formula import FormulaError

from forms.faults import refuse
from forms.source import ENCRYPTED, FormSource, kind_of
from forms.workbook import SHEETS, Workbook, plain, workbook

Grid = Iterable[Sequence[str]]

BROKEN_WORKBOOK = (
    "%(name)s is damaged: Excel's file cannot be read. Open it in Excel, save it anew."
)
BROKEN_CSV = "%(name)s is no table that can be read: %(why)s."
BAD_ENCODING = "%(name)s is text in an unknown encoding. Save it as “CSV UTF-8”."
NO_SURVEY = "%(name)s holds no sheet called “survey”: that is where an XLSForm lists its questions."
TWO_FORMS = "%(name)s holds several forms (%(files)s): send one at a time."

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")

# What xlrd and openpyxl raise on damaged files, found by feeding them thousands.
_XLS_TROUBLE = (
    XLRDError,
    CompDocError,
    FormulaError,
    struct.error,
    AssertionError,
    AttributeError,
    IndexError,
    KeyError,
    NotImplementedError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
    ZeroDivisionError,
)
_XLSX_TROUBLE = (
    zipfile.BadZipFile,
    zlib.error,
    LxmlError,
    ParseError,
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    NotImplementedError,
    OSError,
    OverflowError,
    TypeError,
    ValueError,
)


def form_file(source: FormSource) -> tuple[str, bytes, str] | None:
    """Return name, bytes and kind of the one file that is a whole form; None for loose sheets.

    Raises FormProblem when there is neither, or more than one.
    """
    if any(_sheet_of(name) == "survey" for name in source.files) and len(source.files) > 1:
        return None
    candidates = [
        (name, content, kind)
        for name, content in source.files.items()
        if name != "mapping.csv" and (kind := _kind_or_none(source, name, content))
    ]
    if len(candidates) > 1:
        named = [one for one in candidates if one[2] != "text"]
        if len(named) != 1:
            files = ", ".join(name for name, _, _ in candidates)
            raise refuse(TWO_FORMS, name=source.name, files=files)
        candidates = named
    if not candidates:
        raise refuse(NO_SURVEY, name=source.name)
    return candidates[0]


def read_workbook(source: FormSource) -> Workbook:
    """Return the sheets of a source that is no compiled XForm.

    Raises FormProblem for what cannot be read and when no sheet is called survey.
    """
    whole = form_file(source)
    if whole is None:
        book = _read_loose(source)
    else:
        name, content, kind = whole
        book = _READERS[kind](name, content)
    if "survey" not in book.sheets or not book.sheets["survey"].header:
        raise refuse(NO_SURVEY, name=source.name)
    return book


def _read_loose(source: FormSource) -> Workbook:
    named = {sheet: name for name in source.files if (sheet := _sheet_of(name))}
    sheets = {sheet: named[sheet] for sheet in SHEETS if sheet in named}
    # All sheets are saved alike: one that is no UTF-8 shows what the others are, where a short
    # Chinese text in GB18030 happens to be UTF-8 as well.
    is_utf8 = all(_is_utf8(source.files[name]) for name in sheets.values())
    return workbook(
        (sheet, list(rows_of(name, source.files[name], is_utf8))) for sheet, name in sheets.items()
    )


def rows_of(name: str, content: bytes, is_utf8: bool = True) -> Iterator[list[str]]:
    """Yield the rows of a CSV file. Raises FormProblem for what is no table."""
    try:
        yield from _csv_rows(decoded(name, content, is_utf8))
    except csv.Error as error:
        raise refuse(BROKEN_CSV, name=name, why=str(error)) from error


def _sheet_of(name: str) -> str:
    path = PurePosixPath(name.lower())
    return path.stem if path.suffix == ".csv" and path.stem in SHEETS else ""


def _kind_or_none(source: FormSource, name: str, content: bytes) -> str:
    """Return the kind of a file that may be the form; "" for media and lists beside it."""
    if len([one for one in source.files if one != "mapping.csv"]) == 1:
        return kind_of(name, content)
    # Beside a form lie photos and lists: only an ending of a form makes a file a candidate here.
    if PurePosixPath(name.lower()).suffix not in {".xlsx", ".xls", ".xlsm", ".md"}:
        return ""
    return kind_of(name, content)


def _read_xlsx(name: str, content: bytes) -> Workbook:
    try:
        with warnings.catch_warnings():
            # It warns of colours and checks it does not keep: no part of a form.
            warnings.simplefilter("ignore")
            grids = _xlsx_grids(content)
    except _XLSX_TROUBLE as error:
        raise refuse(BROKEN_WORKBOOK, name=name) from error
    return workbook(grids)


def _xlsx_grids(content: bytes) -> list[tuple[str, Grid]]:
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    grids: list[tuple[str, Grid]] = []
    for sheet in book.worksheets:
        # Some programs state a wrong size of the sheet; reading on to the end costs nothing.
        sheet.reset_dimensions()
        rows = _texts(sheet.iter_rows(values_only=True))
        grids.append((sheet.title, list(_until_empty(rows))))
    book.close()
    return grids


def _texts(rows: Iterable[Sequence[object]]) -> Iterator[list[str]]:
    for row in rows:
        yield ["" if value is None else _text(value) for value in row]


def _text(value: object) -> str:
    """Return a cell's value as its author sees it: to the second, and a day without a time."""
    if isinstance(value, datetime.datetime):
        # Excel keeps moments as parts of a day, which are seldom whole seconds.
        value = (value + datetime.timedelta(milliseconds=500)).replace(microsecond=0)
        if value.time() == datetime.time():
            return value.date().isoformat()
    return str(xlsx_value_to_str(value))


def _until_empty(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    # A sheet formatted to the last row has a million empty ones: stop soon after the last filled.
    empty = 0
    for row in rows:
        empty = 0 if any(row) else empty + 1
        if empty > 1000:
            return
        yield row


def _read_xls(name: str, content: bytes) -> Workbook:
    try:
        book = xlrd.open_workbook(file_contents=content, logfile=io.StringIO(), on_demand=True)
        grids = [(sheet.name, list(_xls_rows(book, sheet))) for sheet in book.sheets()]
        book.release_resources()
    except _XLS_TROUBLE as error:
        if "encrypted" in str(error):
            raise refuse(ENCRYPTED, name=name) from error
        raise refuse(BROKEN_WORKBOOK, name=name) from error
    return workbook(grids)


def _xls_rows(book: xlrd.Book, sheet: xlrd.sheet.Sheet) -> Iterator[list[str]]:
    for row in sheet.get_rows():
        yield ["" if cell.value is None else _text(_xls_value(book, cell)) for cell in row]


def _xls_value(book: xlrd.Book, cell: xlrd.sheet.Cell) -> object:
    if isinstance(cell.value, str):
        return cell.value
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_DATE:
        moment = xlrd.xldate.xldate_as_datetime(cell.value, book.datemode)
        # A part of a day, without a day, is a time.
        return moment.time().replace(microsecond=0) if cell.value < 1 else moment
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(int(cell.value), "")
    return cell.value


def _read_text(name: str, content: bytes) -> Workbook:
    text = decoded(name, content)
    if re.search(r"^\s*\|.*\|", text, re.MULTILINE):
        sections = _sections(list(_markdown_rows(text)))
    else:
        rows = list(rows_of(name, content))
        if {"type", "name"} <= {plain(cell) for cell in rows[0]}:
            return workbook([("survey", rows)])
        sections = _sections(rows)
    if not any(sheet.lower() in SHEETS for sheet, _ in sections):
        raise refuse(NO_SURVEY, name=name)
    return workbook(sections)


def _markdown_rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of Markdown tables; `|---|` rules and lines outside a table are left out."""
    for line in text.splitlines():
        found = re.match(r"\s*\|(.*)\|", line)
        if found and not re.fullmatch(r"[\s|:-]+", found[1]):
            yield [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", found[1])]


def _sections(rows: list[list[str]]) -> list[tuple[str, Grid]]:
    """Return the sheets of a one-file form: where the first column says a name, a sheet begins."""
    sections: list[tuple[str, list[list[str]]]] = []
    for row in rows:
        if row and row[0].strip():
            sections.append((row[0].strip(), []))
        if sections and any(cell.strip() for cell in row[1:]):
            sections[-1][1].append(row[1:])
    return [(name, grid) for name, grid in sections]


def _csv_rows(text: str) -> Iterator[list[str]]:
    first = text.split("\n", 1)[0]
    # Excel writes `;` where the comma is the decimal sign, and tabs for "Unicode text".
    delimiter = max(",;\t", key=first.count)
    yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def decoded(name: str, content: bytes, is_utf8: bool = True) -> str:
    """Return text of UTF-8, UTF-16 (by its mark) or GB18030, which Excel writes in China.

    Without `is_utf8` only a mark makes it UTF-8. Raises FormProblem for any other encoding.
    """
    encodings = ["utf-8-sig"] if is_utf8 or content.startswith(_UTF8_MARK) else []
    encodings.append("utf-16" if content.startswith(_UTF16_MARKS) else "gb18030")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise refuse(BAD_ENCODING, name=name)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


_READERS = {"xlsx": _read_xlsx, "xls": _read_xls, "text": _read_text}
