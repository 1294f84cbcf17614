"""What goes into a file comes out again."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from decimal import Decimal

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from exports import files
from exports.safe_text import legible, not_a_formula
from exports.table import Cell, Column, Table

WORDS = st.text(max_size=60)
CELLS = st.one_of(
    st.none(),
    WORDS,
    st.integers(-(10**14), 10**14),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.dates(date(1900, 3, 1)),
)
ROWS = st.lists(st.tuples(CELLS, CELLS), max_size=20)
COLUMNS = (Column("a", {"en": "A"}, "decimal"), Column("b", {"en": "B"}, "decimal"))


def as_in_a_cell(cell: Cell) -> object:
    """What a spreadsheet is meant to hold of a cell."""
    if isinstance(cell, str):
        return legible(cell).replace("\r\n", "\n").replace("\r", "\n") or None
    return cell


def as_read(found: object) -> object:
    """What openpyxl found in a cell: days are midnights to it, and "" is as good as nothing."""
    return found.date() if isinstance(found, datetime) else None if found == "" else found


@given(ROWS)
@settings(deadline=None)
def test_xlsx_holds_what_was_written(rows: list[tuple[Cell, Cell]]) -> None:
    pieces = files.xlsx([Table("t", COLUMNS, rows)], "en")

    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(pieces))).worksheets[0]

    read = [
        tuple(as_read(cell.value) for cell in row)
        for row in sheet.iter_rows(min_row=2, max_col=2, max_row=max(2, len(rows) + 1))
    ]
    wanted = [tuple(as_in_a_cell(cell) for cell in row) for row in rows] or [(None, None)]
    assert read == wanted


@given(ROWS)
def test_csv_holds_what_was_written_and_runs_nothing(rows: list[tuple[Cell, Cell]]) -> None:
    text = b"".join(files.csv(Table("t", COLUMNS, rows), "en")).decode("utf-8-sig")

    read = list(csv.reader(io.StringIO(text, newline="")))[1:]

    for row, cells in zip(rows, read, strict=True):
        for cell, written in zip(row, cells, strict=True):
            if isinstance(cell, str):
                assert written in (legible(cell), f"'{legible(cell)}")
                assert not_a_formula(written) == written
            else:
                assert written == ("" if cell is None else str(cell))


@given(
    st.lists(
        st.tuples(st.floats() | st.none(), st.floats() | st.decimals(allow_nan=False), WORDS),
        max_size=9,
    )
)
def test_geojson_is_always_json_and_never_off_the_earth(
    rows: list[tuple[float | None, float | Decimal, str]],
) -> None:
    columns = (
        Column("latitude", {}, "decimal"),
        Column("longitude", {}, "decimal"),
        Column("w", {}),
    )

    written = json.loads(b"".join(files.geojson(Table("t", columns, rows))))

    for feature in written["features"]:
        if feature["geometry"]:
            longitude, latitude = feature["geometry"]["coordinates"]
            assert -90 <= latitude <= 90
            assert -180 <= longitude <= 180
