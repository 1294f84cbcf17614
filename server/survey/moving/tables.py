"""The tables among the pieces: CSV and the sheets of a workbook, read row by row as text."""

from __future__ import annotations

import codecs
import csv
import datetime
import io
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from openpyxl import load_workbook

from server.errors import NotValid
from server.survey.delimited import separator
from server.survey.moving.parcel import DAMAGED, Piece, as_text

# A line drawn by hand on a screen is long text, a document in an answer longer still.
csv.field_size_limit(20_000_000)
MOST_WORKBOOK_BYTES = 200_000_000
MOST_EXPANDED_BYTES = 2_000_000_000
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What openpyxl was seen to raise for damaged parts; it documents none of it.
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)

TOO_LARGE_WORKBOOK = "%(name)s is a very large workbook: export it as CSV and bring that."
Rows = Iterator[list[str]]


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `name` is the sheet's, or the file's without its ending; `path` where it stood."""

    path: str
    name: str
    headings: tuple[str, ...]
    opened: Callable[[], Rows]

    @property
    def folder(self) -> str:
        """The folder the file lies in."""
        return self.path.rpartition("/")[0]

    def rows(self) -> Rows:
        """Give the rows below the headings, each as long as they are; empty ones are left out."""
        width = len(self.headings)
        rows = self.opened()
        next(rows, None)
        for row in rows:
            if any(row):
                yield [*row[:width], *[""] * (width - len(row))]


def of_csv(piece: Piece) -> Table | None:
    """Return the table of a CSV file, None when it has no headings. Raises NotValid."""
    encoding = _encoding(piece)
    with piece.opened() as stream, as_text(stream, encoding) as text:
        sign = separator(text.read(200_000))

    def opened() -> Rows:
        with piece.opened() as stream, as_text(stream, encoding) as text:
            try:
                yield from csv.reader(text, delimiter=sign)
            except csv.Error as error:
                raise NotValid(DAMAGED, "file", name=piece.path) from error

    first = next(opened(), [])
    if not any(first):
        return None
    return Table(piece.path, piece.stem, tuple(one.strip() for one in first), opened)


def _encoding(piece: Piece) -> str:
    """Return what a text is written in: by its mark, else UTF-8, else GB18030 as Excel saves it."""
    start = piece.start(4)
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            return encoding
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for several in piece.pour():
            decoder.decode(several)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def sheet_names(piece: Piece) -> list[str]:
    """Return the names of a workbook's sheets. Raises NotValid."""
    book = _workbook(piece.read(MOST_WORKBOOK_BYTES), piece.path)
    names = list(book.sheetnames)
    book.close()
    return names


def of_workbook(piece: Piece) -> list[Table]:
    """Return the tables of a workbook, one a sheet. Raises NotValid and TooLarge."""
    content = piece.read(MOST_WORKBOOK_BYTES)
    book = _workbook(content, piece.path)
    tables = []
    for sheet in book.sheetnames:
        first = next(_sheet_rows(book, sheet), [])
        if any(first):
            tables.append(
                Table(
                    piece.path,
                    str(sheet),
                    tuple(one.strip() for one in first),
                    _reader(content, piece.path, sheet),
                )
            )
    book.close()
    return tables


def _reader(content: bytes, path: str, sheet: str) -> Callable[[], Rows]:
    def opened() -> Rows:
        book = _workbook(content, path)
        yield from _sheet_rows(book, sheet)
        book.close()

    return opened


def _workbook(content: bytes, path: str) -> Any:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_EXPANDED_BYTES:
                raise NotValid(TOO_LARGE_WORKBOOK, "file", name=path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except NotValid:
        raise
    except _DAMAGE as error:
        raise NotValid(DAMAGED, "file", name=path) from error


def _sheet_rows(book: Any, name: str) -> Rows:
    sheet = book[name]
    # Some programs state a wrong size of the sheet.
    sheet.reset_dimensions()
    for row in sheet.iter_rows(values_only=True):
        yield [_text(value) for value in row]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime.datetime):
        is_day = value.time() == datetime.time()
        return value.date().isoformat() if is_day else value.isoformat(timespec="milliseconds")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def has(table: Table, *headings: str) -> bool:
    """Say whether a table has all these columns."""
    return set(headings) <= set(table.headings)


def column(table: Table, heading: str) -> int | None:
    """Return where a column stands, None where it does not."""
    return table.headings.index(heading) if heading in table.headings else None


def file_stem(path: str) -> str:
    """Return a path's file name without its ending."""
    return PurePosixPath(path).stem


def told_rows(table: Table, wanted: Sequence[str]) -> Iterator[dict[str, str]]:
    """Give each row's cells by heading, for the columns wanted; "" where one is missing."""
    places = {name: column(table, name) for name in wanted}
    for row in table.rows():
        yield {name: "" if at is None else row[at] for name, at in places.items()}
