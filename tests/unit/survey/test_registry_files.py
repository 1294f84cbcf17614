"""Files offices send: what is read from them, and every fault named by sheet, row and column."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from server.survey.registry.units import FileRead, ImportOptions, read_file

SAMPLES = Path(__file__).parents[2] / "samples" / "registry"
HEADINGS = ["村代码", "村名", "乡镇名称", "户数", "人口", "来源", "日期", "经度", "纬度"]
GAOCHUAN = ["130921211201", "高川村", "高川乡", 312, 1050, "户籍", "2018-06-30", 116.83, 38.04]
HOUCUN = ["130921211202", "后村", "高川乡", 88, 290, "户籍", "2018-06-30", 116.85, 38.05]
AS_VALUES = {
    "name": "高川村",
    "households": 312,
    "persons": 1050,
    "register_source": "register",
    "register_on": "2018-06-30",
    "latitude": 38.04,
    "longitude": 116.83,
}


def csv_bytes(rows: Sequence[Any], separator: str = ",") -> bytes:
    return "\r\n".join(separator.join(str(cell) for cell in row) for row in rows).encode()


def xlsx_bytes(rows: Sequence[Any], *merged: str, title: str = "各村") -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for cells in merged:
        sheet.merge_cells(cells)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def read(content: bytes, **options: Any) -> FileRead:
    return read_file("list.csv", content, ImportOptions(**options))


def faults(found: FileRead) -> list[str]:
    return [str(fault) for fault in found.notes.faults]


def warnings(found: FileRead) -> list[str]:
    return [str(warning) for warning in found.notes.warnings]


def villages(found: FileRead) -> dict[str, Any]:
    return {one.code: dict(one.values) for one in found.units if one.table == "village"}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_text_tables_are_read_in_any_usual_encoding_and_separator(
    encoding: str, separator: str
) -> None:
    content = csv_bytes([HEADINGS, GAOCHUAN], separator).decode().encode(encoding)

    found = read(content)

    assert villages(found) == {"130921211201": AS_VALUES}
    assert faults(found) == warnings(found) == []


def test_a_workbook_is_read_by_its_content_whatever_its_name() -> None:
    row = [130921211201, *GAOCHUAN[1:6], date(2018, 6, 30), *GAOCHUAN[7:]]

    found = read_file("list.csv", xlsx_bytes([HEADINGS, row]), ImportOptions())

    assert villages(found) == {"130921211201": AS_VALUES}


def test_an_old_workbook_is_read_too_without_its_hidden_sheet() -> None:
    found = read_file("villages.xlsx", (SAMPLES / "villages.xls").read_bytes(), ImportOptions())

    assert found.kinds == ("villages",)
    assert villages(found) == {
        "130921211201": {
            "name": "高川村",
            "households": 312,
            "persons": 1050,
            "register_on": "2018-06-30",
        },
        "130921211202": {
            "name": "后村",
            "households": 88,
            "persons": 290,
            "register_on": "2018-06-30",
        },
    }


def test_the_list_of_the_country_is_read_county_by_county() -> None:
    rows = [
        ["code", "name", "streetCode", "areaCode", "cityCode", "provinceCode"],
        ["110101001001", "多福巷社区居委会", "110101001", "110101", "1101", "11"],
        ["130921211201", "高川村村民委员会", "130921211", "130921", "1309", "13"],
        ["not a code", "x", "", "", "", ""],
    ]

    found = read(csv_bytes(rows), area="130921")

    assert villages(found) == {"130921211201": {"name": "高川村村民委员会"}}
    assert (found.kinds, faults(found)) == (("villages",), [])


def test_parents_named_beside_a_village_become_divisions() -> None:
    rows = [
        ["village_code", "village_name", "township_name", "county_name", "province_name"],
        ["130921211201", "高川村", "高川乡", "沧县", "河北省"],
    ]

    found = read(csv_bytes(rows))

    assert [(one.table, one.code, one.name) for one in found.units] == [
        ("village", "130921211201", "高川村"),
        ("division", "130000000000", "河北省"),
        ("division", "130921000000", "沧县"),
        ("division", "130921211000", "高川乡"),
    ]


def test_a_list_of_codes_may_hold_divisions_of_all_levels_and_villages() -> None:
    rows = [["代码", "名称"], ["13", "河北省"], ["130921", "沧县"], ["130921211201", "高川村"]]

    found = read(csv_bytes(rows))

    assert [(one.table, one.code) for one in found.units] == [
        ("division", "130000000000"),
        ("division", "130921000000"),
        ("village", "130921211201"),
    ]


def test_clinics_are_told_by_their_columns() -> None:
    rows = [
        ["卫生室代码", "卫生室名称", "村代码", "机构类别"],
        ["PDY1", "高川村卫生室", "130921211201", "村卫生室"],
    ]

    (clinic,) = read(csv_bytes(rows)).units

    assert (clinic.table, clinic.code) == ("clinic", "PDY1")
    assert clinic.values == {
        "name": "高川村卫生室",
        "kind": "village_clinic",
        "village_code": "130921211201",
        "township_code": "130921211000",
    }


def test_the_kind_may_be_said_where_columns_do_not() -> None:
    rows = [["code", "name", "township_code"], ["PDY2", "高川乡卫生院", "130921211"]]

    (clinic,) = read(csv_bytes(rows), kind="clinics").units

    assert (clinic.table, clinic.values["township_code"]) == ("clinic", "130921211000")


def test_titles_sums_notes_and_repeated_headings_are_left_out() -> None:
    rows = [
        ["沧县高川乡各村基本情况表", "", "", ""],
        [],
        ["村代码", "村名", "户数(户)", "备注"],
        ["130921211201", "高川村", 312, ""],
        ["村代码", "村名", "户数(户)", "备注"],
        ["合计", "", 312, ""],
        ["注\uff1a户数为户籍数", "", "", ""],
    ]

    found = read(xlsx_bytes(rows, "A1:D1"))

    assert list(villages(found)) == ["130921211201"]
    assert faults(found) == []
    assert [one.row for one in found.notes.warnings] == [3, 3, 6, 7]
    assert "备注" in warnings(found)[0]


def test_every_fault_is_listed_at_once_with_its_cell() -> None:
    rows = [
        ["村代码", "村名", "乡镇代码", "户数", "纬度", "经度"],
        ["1.3E+11", "高川村", "130921211", 3.5, "", ""],
        ["130921211202", "后村", "130921212", -4, "", ""],
        ["130921211203", "南北村", "", 12.5, 38.1, ""],
        ["", "南邢村", "", 5, "", ""],
    ]

    found = read(xlsx_bytes(rows))

    assert faults(found) == [
        "各村, A2, 村代码: 1.3E+11 has lost digits, as Excel rounds long numbers. Format the "
        "column as text, then paste the codes again.",
        "各村, D2, 户数: 3.5 is no whole number.",
        "各村, C3, 乡镇代码: 130921211202 does not lie in 130921212000: its code begins "
        "differently.",
        "各村, D3, 户数: -4 is below zero.",
        "各村, D4, 户数: 12.5 is no whole number.",
        "各村, F4, 经度: Latitude and longitude belong together: one of the two is missing.",
        "各村, A5, 村代码: This cell is empty, and the row cannot do without it.",
    ]


def test_a_formulas_saved_value_is_used_and_told(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["村代码", "村名", "户数"])
    sheet.append(["130921211201", "高川村", "=300+12"])
    path = tmp_path / "formula.xlsx"
    book.save(path)
    # openpyxl saves no value with a formula: what Excel would have put there is put in by hand.
    with_value = _with_saved_value(path.read_bytes(), "<f>300+12</f><v></v>", "312")

    saved, unsaved = read(with_value), read(path.read_bytes())

    assert villages(saved)["130921211201"]["households"] == 312
    assert "Sheet, 户数: Formulas in this column: 1." in warnings(saved)[1]
    assert faults(unsaved) == [
        "Sheet, C2, 户数: The formula has no saved value: open the file in Excel, save it and "
        "send it again."
    ]


def _with_saved_value(content: bytes, formula: str, value: str) -> bytes:
    source, target = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for entry in source.infolist():
            part = source.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                text = part.decode()
                assert formula in text
                part = text.replace(formula, f"<f>300+12</f><v>{value}</v>").encode()
            packed.writestr(entry, part)
    return target.getvalue()


def test_an_error_in_a_cell_is_named() -> None:
    found = read(xlsx_bytes([["村代码", "村名", "户数"], ["130921211201", "高川村", "#REF!"]]))

    assert faults(found) == [
        "各村, C2, 户数: The cell shows the error #REF!: mend its formula, or write the value."
    ]


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_merged_cells_are_named(kind: str) -> None:
    rows = [["村代码", "村名", "乡镇名称"], GAOCHUAN[:3], HOUCUN[:3]]
    made = {"xls": (SAMPLES / "merged.xls").read_bytes(), "xlsx": xlsx_bytes(rows, "C2:C3")}

    found = read(made[kind])

    assert faults(found) == [
        "各村, C2, 乡镇名称: The cells C2:C3 are merged: split them and fill in every row."
    ]


def test_swapped_and_foreign_positions_are_taken_and_told() -> None:
    rows = [
        ["村代码", "村名", "纬度", "经度"],
        ["130921211201", "高川村", 116.83, 38.04],
        ["130921211202", "后村", 48.85, 2.35],
    ]

    found = read(csv_bytes(rows))

    placed = villages(found)
    assert placed["130921211201"] == {"name": "高川村", "latitude": 38.04, "longitude": 116.83}
    assert placed["130921211202"] == {"name": "后村", "latitude": 48.85, "longitude": 2.35}
    assert warnings(found) == [
        "C2, 纬度: Latitude and longitude look swapped: read as 38.04 north, 116.83 east.",
        "C3, 纬度: 48.85 north, 2.35 east lies outside China.",
    ]


@pytest.mark.parametrize(
    ("crs", "latitude", "longitude"),
    [
        ("wgs84", 39.916404, 116.410244),
        ("cgcs2000", 39.916404, 116.410244),
        # tests/samples/oracles/wgs84_gcj02_points.csv, first row.
        ("gcj02", 39.915, 116.404),
    ],
)
def test_positions_are_kept_in_wgs84_whatever_the_file_declares(
    crs: str, latitude: float, longitude: float
) -> None:
    row = ["130921211201", "高川村", 39.916404282, 116.410244499]

    found = read(csv_bytes([["村代码", "村名", "纬度", "经度"], row]), crs=crs)

    kept = villages(found)["130921211201"]
    assert (kept["latitude"], kept["longitude"]) == (latitude, longitude)


def test_fewer_persons_than_households_are_told() -> None:
    found = read(
        csv_bytes([HEADINGS, ["130921211201", "高川村", "", 312, 30, "户籍", "2018-06-30"]])
    )

    assert warnings(found) == ["E2, 人口: 30 persons in 312 households: fewer people than homes."]


def test_figures_without_source_and_day_are_told() -> None:
    found = read(csv_bytes([["村代码", "村名", "户数"], ["130921211201", "高川村", 312]]))

    assert warnings(found) == [
        "row 1: No column says where the figures come from and of which day they are."
    ]


def test_two_columns_that_mean_the_same_are_refused() -> None:
    rows = [["村代码", "村名", "户籍人口", "常住人口"], ["130921211201", "高川村", 1050, 800]]

    assert faults(read(csv_bytes(rows))) == [
        "row 1: The columns “户籍人口” and “常住人口” mean the same: delete one of them."
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "list.csv is empty."),
        (b"\xef\xbb\xbf\r\n,,\r\n", "list.csv is empty."),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "is no table this program can read"),
        (b"<html><table></table></html>", "is no table this program can read"),
        (b"PK\x03\x04 cut off", "is damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 cut off", "is damaged"),
        ("姓名,电话\n张三,1\n".encode(), "No headings were found in the first 10 rows"),
        ("村代码,村名\n".encode(), "There is no row to import in list.csv."),
        ('村代码,村名\n"130921211201,高川村\n'.encode(), "a quotation mark that is never closed"),
    ],
)
def test_a_file_that_is_no_list_says_why(content: bytes, said: str) -> None:
    found = read(content)

    assert len(found.notes.faults) == 1
    assert said in faults(found)[0]


def test_a_locked_workbook_asks_for_the_password_to_be_removed() -> None:
    found = read((SAMPLES / "locked.xlsx").read_bytes())

    assert "protected by a password" in faults(found)[0]


def test_an_archive_that_is_no_workbook_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("villages.csv", "村代码,村名")

    assert "is no table this program can read" in faults(read(packed.getvalue()))[0]


def test_no_code_in_the_asked_area_is_told() -> None:
    found = read(csv_bytes([HEADINGS, GAOCHUAN]), area="53")

    assert faults(found) == ["No code in list.csv begins with 53."]


def test_one_workbook_may_hold_villages_and_clinics() -> None:
    book = Workbook()
    book.worksheets[0].append(["村代码", "村名"])
    book.worksheets[0].append(["130921211201", "高川村"])
    book.create_sheet("notes").append(["any", "words"])
    clinics = book.create_sheet("clinics")
    clinics.append(["clinic_code", "clinic_name", "village_code"])
    clinics.append(["PDY1", "高川村卫生室", "130921211201"])
    written = io.BytesIO()
    book.save(written)

    found = read(written.getvalue())

    assert found.kinds == ("villages", "clinics")
    assert [one.table for one in found.units] == ["village", "clinic"]


@given(st.sampled_from(["villages.xls", "merged.xls", "locked.xlsx"]), st.data())
@settings(max_examples=60, deadline=None)
def test_a_file_broken_on_its_way_gives_faults_and_never_an_exception(
    name: str, data: st.DataObject
) -> None:
    content = bytearray((SAMPLES / name).read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=20)):
        content[at] = data.draw(st.integers(0, 255))

    found = read(bytes(content[: data.draw(st.integers(1, len(content)))]))

    assert found.units or found.notes.faults
