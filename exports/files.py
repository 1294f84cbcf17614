"""A Table as CSV, XLSX or GeoJSON, a piece at a time.

Every function returns an iterator of bytes to be sent as they come; rows are asked for while they
are written, so memory stays flat and the first bytes leave at once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from csv import writer
from datetime import date
from io import StringIO
from itertools import islice

from exports.cells import plain_text
from exports.safe_text import legible, not_a_formula
from exports.table import Cell, Table, label
from exports.workbook import write_workbook
from exports.zip_stream import ZipStream

_ROWS_A_PIECE = 1_000


def csv(
    table: Table, language: str, *, bom: bool = True, whole_digits: bool = False
) -> Iterator[bytes]:
    """Return the table as CSV (RFC 4180: commas, CRLF), UTF-8, labels in the first row.

    `bom` puts the mark in front without which Excel in Chinese shows garbage; programs read better
    without it. Text that a spreadsheet would run as a formula gets an apostrophe in front, in the
    head too; numbers stay numbers. Days and instants by ISO 8601, shares as 0–1.
    `whole_digits` ends every text of 12 or more digits with a tab, which keeps Excel from turning
    it into 1.3E+17 when the file is opened by a double click; leave it off for programs.
    """
    head = [label(column.labels, language, column.name) for column in table.columns]
    yield b"\xef\xbb\xbf" * bom + _csv_lines([[_csv_cell(words, False) for words in head]])
    rows = iter(table.rows)
    while several := list(islice(rows, _ROWS_A_PIECE)):
        yield _csv_lines([[_csv_cell(cell, whole_digits) for cell in row] for row in several])


def zipped_csv(tables: Iterable[Table], language: str, *, bom: bool = True) -> Iterator[bytes]:
    """Return a zip of one CSV a table, named by its title."""
    archive = ZipStream()
    for number, table in enumerate(tables, start=1):
        name = f"{number}-{_file_name(table.title)}.csv"
        yield from archive.add(name, csv(table, language, bom=bom))
    yield from archive.close()


def xlsx(tables: Iterable[Table], language: str) -> Iterator[bytes]:
    """Return an Excel workbook of one sheet a table; see `workbook.write_workbook`.

    Ids and codes stay text, days are real dates, instants show the clock of their own zone.
    """
    return write_workbook(tables, language)


def geojson(
    table: Table, *, latitude: str = "latitude", longitude: str = "longitude"
) -> Iterator[bytes]:
    """Return the table as a GeoJSON FeatureCollection (RFC 7946): WGS 84, longitude first.

    Properties carry the columns' names. A row without a place on earth has `geometry` null.
    """
    names = [column.name for column in table.columns]
    north, east = names.index(latitude), names.index(longitude)
    properties = [(at, name) for at, name in enumerate(names) if at not in (north, east)]
    yield b'{"type":"FeatureCollection","features":['
    between = ""
    rows = iter(table.rows)
    while several := list(islice(rows, _ROWS_A_PIECE)):
        features = [
            {
                "type": "Feature",
                "geometry": _geometry(row[north], row[east]),
                "properties": {name: _json_cell(row[at]) for at, name in properties},
            }
            for row in several
        ]
        lines = ",\n".join(_compact(feature) for feature in features)
        yield f"{between}\n{lines}".encode()
        between = ","
    yield b"\n]}\n"


def _csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = StringIO(newline="")
    writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _csv_cell(cell: Cell, whole_digits: bool) -> str:
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return plain_text(cell)
    if whole_digits and len(cell) >= 12 and cell.isdecimal():
        return f"{cell}\t"
    return not_a_formula(legible(cell))


def _file_name(title: str) -> str:
    """Return the title without what a file name may not hold on any system."""
    plain = "".join("_" if letter in '<>:"/\\|?*' else letter for letter in legible(title))
    return not_a_formula(" ".join(plain.split()).strip(". ")[:80]) or "table"


def _geometry(latitude: Cell, longitude: Cell) -> dict[str, object] | None:
    if isinstance(latitude, str | date | None) or isinstance(longitude, str | date | None):
        return None
    north, east = float(latitude), float(longitude)
    if not (-90 <= north <= 90 and -180 <= east <= 180):
        return None
    return {"type": "Point", "coordinates": [round(east, 7), round(north, 7)]}


def _json_cell(cell: Cell) -> str | float | bool | None:
    if cell is None or isinstance(cell, bool | int):
        return cell
    if isinstance(cell, str):
        return legible(cell)
    if isinstance(cell, date):
        return plain_text(cell)
    return float(cell) if math.isfinite(cell) else None


def _compact(feature: Mapping[str, object]) -> str:
    return json.dumps(feature, ensure_ascii=False, separators=(",", ":"))
