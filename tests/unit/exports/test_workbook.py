"""The workbook we write, as openpyxl reads it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import openpyxl
import pytest
from lxml import etree

from exports import sheet as sheets
from exports.cells import column_letters
from exports.files import xlsx
from exports.table import Cell, Column, Kind, Table
from exports.workbook import sheet_name

BEIJING = timezone(timedelta(hours=8))


def a_table(
    *rows: Sequence[Cell], kinds: tuple[Kind, ...] = ("text",), title: str = "名单"
) -> Table:
    columns = tuple(
        Column(f"c{at}", {"zh": f"列{at}", "en": f"C{at}"}, kind) for at, kind in enumerate(kinds)
    )
    return Table(title, columns, iter(rows))


def written(*tables: Table, language: str = "zh") -> bytes:
    return b"".join(xlsx(tables, language))


def read(*tables: Table, language: str = "zh") -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(written(*tables, language=language)))


def one_cell(cell: Cell, kind: Kind) -> openpyxl.cell.Cell:
    sheet = read(a_table([cell], kinds=(kind,))).worksheets[0]
    found = sheet["A2"]
    assert isinstance(found, openpyxl.cell.Cell)
    return found


@pytest.mark.parametrize("text", ["990000199001010017", "130921211201", "007", "13812341234"])
def test_ids_stay_text_to_the_last_digit(text: str) -> None:
    cell = one_cell(text, "text")

    assert (cell.value, cell.data_type, cell.number_format) == (text, "s", "@")


@pytest.mark.parametrize(
    "text", ["=1+1", "+86", "-", "@SUM(A1)", "\t=1", "＝1", '=HYPERLINK("http://x","y")']
)
def test_text_that_looks_like_a_formula_is_text_as_typed(text: str) -> None:
    cell = one_cell(text, "text")

    assert (cell.value, cell.data_type) == (text, "s")


@pytest.mark.parametrize(
    ("number", "kind", "read_back"),
    [
        (-5, "integer", -5),
        (True, "integer", 1),
        (36.6, "decimal", 36.6),
        (Decimal("0.10"), "decimal", 0.1),
        (0.655, "share", 0.655),
        (999_999_999_999_999, "integer", 999_999_999_999_999),
    ],
)
def test_numbers_stay_numbers(number: Cell, kind: Kind, read_back: float) -> None:
    cell = one_cell(number, kind)

    assert (cell.value, cell.data_type) == (read_back, "n")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (10**15, "1000000000000000"),
        (-(10**17), "-100000000000000000"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (Decimal("1234567890.1234567"), "1234567890.1234567"),
    ],
)
def test_a_number_excel_would_change_is_written_as_text(number: Cell, text: str) -> None:
    cell = one_cell(number, "decimal")

    assert (cell.value, cell.data_type) == (text, "s")


def test_days_and_instants_are_real_ones_on_their_own_clock() -> None:
    table = a_table(
        [date(1900, 3, 1), datetime(2026, 8, 1, 23, 59, 58, tzinfo=BEIJING)],
        [date(2024, 2, 29), datetime(1899, 1, 1, tzinfo=BEIJING)],
        [date(1899, 12, 31), "about noon"],
        [1950, None],
        kinds=("date", "instant"),
    )

    rows = list(read(table).worksheets[0].iter_rows(min_row=2, values_only=True))

    assert rows[0] == (
        datetime(1900, 3, 1),  # noqa: DTZ001 - a spreadsheet knows no zones
        datetime(2026, 8, 1, 23, 59, 58),  # noqa: DTZ001
    )
    assert rows[1] == (datetime(2024, 2, 29), "1899-01-01T00:00:00+08:00")  # noqa: DTZ001
    assert rows[2] == ("1899-12-31", "about noon")
    assert rows[3] == (1950, None)


@pytest.mark.parametrize(
    ("text", "read_back"),
    [
        (" a ", " a "),
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a\x00b\x0bc\ufffed\ud800e", "abcde"),
        ("<&>\"']]>", "<&>\"']]>"),
        ("𠮷😀", "𠮷😀"),
    ],
)
def test_any_text_survives_or_loses_only_what_xml_cannot_hold(text: str, read_back: str) -> None:
    assert one_cell(text, "text").value == read_back


def test_text_that_looks_like_an_escape_of_excel_is_escaped() -> None:
    archive = zipfile.ZipFile(io.BytesIO(written(a_table(["_x0041_"]))))

    # Excel reads "_x005F_" as "_"; without it the cell would show "A".
    assert b"<t>_x005F_x0041_</t>" in archive.read("xl/worksheets/sheet1.xml").replace(
        b' xml:space="preserve"', b""
    )


def test_text_longer_than_a_cell_is_cut_and_said() -> None:
    book = read(a_table(["x" * 32_768], ["y" * 32_767], ["😀" * 16_384]))

    cut, whole, pairs = (row[0] for row in book.worksheets[0].iter_rows(2, values_only=True))
    assert cut == "x" * 32_766 + "…"
    assert whole == "y" * 32_767
    assert pairs == "😀" * 16_383 + "…"
    assert "2 个单元格" in str(book["说明"]["A2"].value)


def test_the_head_is_frozen_and_every_column_can_be_filtered() -> None:
    sheet = read(a_table(["a", "b"], ["c", "d"], kinds=("text", "text"))).worksheets[0]

    assert [cell.value for cell in sheet[1]] == ["列0", "列1"]
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == "A1:B3"
    assert sheet.print_title_rows == "$1:$1"


def test_a_text_of_two_columns_has_no_filter() -> None:
    columns = (Column("a", {"en": "A"}), Column("b", {"en": "B"}))

    sheet = read(Table("About", columns, [["x", 1]], is_list=False)).worksheets[0]

    assert sheet.auto_filter.ref is None
    assert sheet["B2"].value == "1"


def test_paper_turns_where_the_township_changes_and_says_who_took_it() -> None:
    columns = (Column("township", {"en": "Township"}), Column("n", {"en": "N"}, "integer"))
    rows: list[list[Cell]] = [["A", 1], ["A", 2], ["B", 3], ["C", 4], ["C", 5]]
    table = Table("t", columns, rows, footer="王 & co 2026-08-01", page_break="township")

    sheet = read(table).worksheets[0]

    assert [one.id for one in sheet.row_breaks.brk] == [3, 4]
    assert sheet.oddFooter is not None
    assert sheet.oddFooter.left.text == "王 && co 2026-08-01"


def test_notes_of_all_tables_stand_in_about() -> None:
    first = Table("a", (Column("c", {}),), [], notes=("one", "=two"))
    second = Table("b", (Column("c", {}),), [], notes=("three",))

    book = read(first, second, language="en")

    assert book.sheetnames == ["a", "b", "About"]
    assert [row[0] for row in book["About"].iter_rows(values_only=True)] == [
        "About",
        "one",
        "=two",
        "three",
    ]


def test_a_table_longer_than_a_sheet_goes_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 5)

    book = read(a_table(*[[number] for number in range(9)], kinds=("integer",)), language="en")

    assert book.sheetnames == ["名单", "名单 (2)", "名单 (3)", "About"]
    numbers = [
        row[0] for name in book.sheetnames[:3] for row in book[name].iter_rows(2, values_only=True)
    ]
    assert numbers == list(range(9))
    assert "3 sheets" in str(book["About"]["A2"].value)


def test_a_table_that_fills_its_sheet_opens_no_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 5)

    book = read(a_table(*[[number] for number in range(4)], kinds=("integer",)))

    assert book.sheetnames == ["名单"]


def test_a_sheet_ends_before_it_needs_zip64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_BYTES", 1)

    book = read(a_table(*[[number] for number in range(1_001)], kinds=("integer",)))

    assert [book[name].max_row for name in book.sheetnames[:3]] == [501, 501, 2]


def test_an_empty_table_is_a_head() -> None:
    sheet = read(a_table()).worksheets[0]

    assert list(sheet.iter_rows(values_only=True)) == [("列0",)]


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        written(a_table(["a", "b"]))


def test_more_columns_than_a_sheet_has_are_refused() -> None:
    columns = tuple(Column(f"c{at}", {}) for at in range(16_385))

    with pytest.raises(ValueError, match="16384 columns"):
        written(Table("t", columns, []))


def test_first_bytes_come_before_the_first_row_is_asked_for() -> None:
    asked = []

    def rows() -> Iterator[list[Cell]]:
        asked.append(1)
        yield ["a"]

    pieces = xlsx([Table("t", (Column("c", {}),), rows())], "en")
    first = next(pieces)

    assert first.startswith(b"PK\x03\x04")
    assert not asked


def test_no_piece_is_empty() -> None:
    pieces = list(xlsx([a_table(*([["a"]] * 2_000))], "en"))

    assert all(pieces)


def test_the_same_table_gives_the_same_bytes() -> None:
    assert written(a_table(["a"])) == written(a_table(["a"]))


def test_every_part_is_well_formed_and_named_in_the_list_of_parts() -> None:
    archive = zipfile.ZipFile(io.BytesIO(written(a_table(["a"], title="A & 'B'"))))

    assert archive.testzip() is None
    for name in archive.namelist():
        etree.fromstring(archive.read(name))
    types = archive.read("[Content_Types].xml").decode()
    parts = [name for name in archive.namelist() if name.startswith("xl/") and "_rels" not in name]
    assert all(f'"/{name}"' in types for name in parts)


@pytest.mark.parametrize(
    ("title", "taken", "name"),
    [
        ("名单", [], "名单"),
        ("名单", ["名单"], "名单 (2)"),
        ("List", ["list", "LIST (2)"], "List (3)"),
        ("a[b]c:d*e?f/g\\h", [], "a b c d e f g h"),
        ("'quoted'", [], "quoted"),
        ("x" * 40, [], "x" * 31),
        ("x" * 40, ["x" * 31], "x" * 27 + " (2)"),
        ("History", [], "History (2)"),
        ("", [], "Sheet"),
        ("\x00/", [], "Sheet"),
        ("😀" * 20, [], "😀" * 15),
    ],
)
def test_a_sheet_gets_a_name_excel_takes(title: str, taken: list[str], name: str) -> None:
    assert sheet_name(title, taken) == name


@pytest.mark.parametrize(
    ("position", "letters"),
    [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")],
)
def test_columns_are_lettered_as_excel_does(position: int, letters: str) -> None:
    assert column_letters(position) == letters


def test_a_row_is_as_high_as_its_longest_text() -> None:
    columns = (Column("c", {}, width=10, wraps=True), Column("d", {}, "integer"))
    rows: list[list[Cell]] = [
        ["short", 1],
        ["终末期肾病、尘肺病", 1],
        ["a\nb\nc", 1],
        ["x" * 5_000, 1],
    ]

    sheet = read(Table("t", columns, rows)).worksheets[0]

    assert [sheet.row_dimensions[number].height for number in range(2, 6)] == [
        None,
        51.0,
        51.0,
        409,
    ]
