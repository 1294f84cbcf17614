"""A treatment batch laid out for a hospital."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta, timezone
from typing import Any

import openpyxl
import pytest

from exports.files import csv, xlsx
from exports.screening_list import (
    BatchHeader,
    ListedDisease,
    ListEntry,
    RemovedEntry,
    in_order,
    lay_out,
)
from exports.screening_words import ABOUT, CHANGES, HEADS, REASONS, SEXES, SHEETS, STATES
from exports.table import Table

BEIJING = timezone(timedelta(hours=8))
ALL = ListedDisease(
    code="leukaemia_all",
    labels={"zh": "急性淋巴细胞白血病", "en": "Acute lymphoblastic leukaemia"},
    type_labels={"zh": "儿童白血病", "en": "Childhood leukaemia"},
    state="documented",
    found_on=date(2026, 8, 3),
)
ESRD = ListedDisease(
    code="esrd",
    labels={"zh": "终末期肾病", "en": "End-stage renal disease"},
    type_labels={"zh": "终末期肾病", "en": "End-stage renal disease"},
    state="suspected",
    found_on=date(2026, 8, 1),
)


def an_entry(**said: Any) -> ListEntry:
    known: dict[str, Any] = {
        "id": "p1",
        "township_code": "130921211",
        "township": "高川乡",
        "village_code": "130921211201",
        "village": "高川村村民委员会",
        "household_number": "12",
        "name": "王小明",
        "sex": "male",
        "birth_date": date(2016, 5, 4),
        "birth_year": 2016,
        "id_number": "990000201605040017",
        "phone": "13812341234",
        "diseases": (ALL,),
        "worker": "李医生",
        "change": "new",
        "note": "父亲电话 13912345678",
    }
    return ListEntry(**{**known, **said})


def a_removed(**said: Any) -> RemovedEntry:
    known: dict[str, Any] = {
        "id": "p9",
        "township_code": "130921211",
        "township": "高川乡",
        "village_code": "130921211201",
        "village": "高川村村民委员会",
        "household_number": "7",
        "name": "赵大山",
        "sex": "male",
        "birth_date": None,
        "birth_year": 1950,
        "diseases": (ESRD,),
        "reason": "excluded",
        "last_batch": 3,
    }
    return RemovedEntry(**{**known, **said})


def a_header(**said: Any) -> BatchHeader:
    known: dict[str, Any] = {
        "number": 4,
        "title": "第四批集中救治",
        "starts_on": date(2026, 8, 1),
        "ends_on": date(2026, 10, 31),
        "hospital": "沧县医院",
        "catalogue": "云南 13 类 19 种",
        "filters": (("乡镇", "高川乡"),),
        "made_by": "office",
        "made_at": datetime(2026, 8, 5, 9, 0, tzinfo=BEIJING),
        "taken_by": "wang",
        "taken_at": datetime(2026, 8, 6, 10, 20, tzinfo=BEIJING),
        "previous": 3,
    }
    return BatchHeader(**{**known, **said})


def rows_of(table: Table) -> list[dict[str, Any]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def about_of(table: Table) -> dict[str, Any]:
    return {row["about"]: row["content"] for row in rows_of(table)}


def test_entries_are_ordered_by_place_household_and_name_and_numbered() -> None:
    entries = [
        an_entry(id="e", township_code="130921212", village_code="130921212201"),
        an_entry(id="d", village_code="130921211202", household_number="1"),
        an_entry(id="c", household_number="10"),
        an_entry(id="b", household_number="9", name="王小明"),
        an_entry(id="a", household_number="9", name="李小红"),
        an_entry(id="f", household_number=""),
        an_entry(id="g", household_number="9-2"),
        an_entry(id="h", household_number="B1"),
    ]

    listed = rows_of(lay_out(a_header(), entries, [], "zh", masked=False)[0])

    assert "".join(row["id"] for row in listed) == "fabgchde"
    assert [row["number"] for row in listed] == list(range(1, 9))
    assert [entry.id for entry in in_order(entries)] == [row["id"] for row in listed]


def test_a_person_with_two_diseases_stands_once_with_both() -> None:
    (row,) = rows_of(
        lay_out(a_header(), [an_entry(diseases=(ALL, ESRD))], [], "zh", masked=False)[0]
    )

    assert row["diseases"] == "急性淋巴细胞白血病、终末期肾病"
    assert row["types"] == "儿童白血病、终末期肾病"
    assert row["states"] == "有诊断证明、疑似"
    assert row["found_on"] == date(2026, 8, 1)


def test_a_masked_list_holds_no_name_number_phone_day_of_birth_or_note() -> None:
    tables = lay_out(a_header(), [an_entry()], [a_removed()], "zh", masked=True)

    (row,), (gone,) = rows_of(tables[0]), rows_of(tables[1])
    assert (row["name"], row["phone"]) == ("王*", "138****1234")
    assert (row["id_number"], row["note"]) == ("9900**********0017", "****")
    assert row["birth_year"] == 2016
    assert gone["name"] == "赵*"
    assert gone["birth_year"] == 1950


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_sheet_of_a_masked_workbook_holds_anything_in_full(language: str) -> None:
    tables = lay_out(a_header(), [an_entry()], [a_removed()], language, masked=True)

    book = openpyxl.load_workbook(io.BytesIO(b"".join(xlsx(tables, language))))
    text = "\n".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
    for secret in (
        "王小明",
        "赵大山",
        "13812341234",
        "990000201605040017",
        "13912345678",
        "2016-05",
    ):
        assert secret not in text


def test_a_full_list_opens_with_ids_as_text_and_days_as_days() -> None:
    tables = lay_out(a_header(reason="住院登记"), [an_entry()], [], "zh", masked=False)

    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(xlsx(tables, "zh")))).worksheets[0]
    cells = {head.value: cell for head, cell in zip(sheet[1], sheet[2], strict=True)}
    assert cells["身份证号"].value == "990000201605040017"
    assert cells["村代码"].value == "130921211201"
    assert cells["村代码"].number_format == "@"
    assert cells["出生日期"].value == datetime(2016, 5, 4)  # noqa: DTZ001 - no zones in a cell


def test_a_birth_year_alone_is_shown_for_the_birth_date() -> None:
    (row,) = rows_of(
        lay_out(a_header(), [an_entry(birth_date=None, birth_year=1950)], [], "en", masked=False)[0]
    )

    assert row["birth_date"] == "1950"


def test_about_says_what_was_chosen_counted_made_and_taken() -> None:
    entries = [
        an_entry(id="a", change="new", diseases=(ALL, ESRD)),
        an_entry(id="b", change="kept", diseases=(ESRD,)),
    ]

    about = about_of(lay_out(a_header(), entries, [a_removed()], "zh", masked=True)[2])

    assert about["批次"] == "第 4 批"
    assert about["救治时间"] == "2026-08-01 – 2026-10-31"
    assert about["定点医院"] == "沧县医院"
    assert about["乡镇"] == "高川乡"
    assert about["对比批次"] == "第 3 批"
    assert (about["人数"], about["新增"], about["变更"], about["保留"], about["移出人数"]) == (
        2,
        1,
        0,
        1,
        1,
    )
    assert (about["终末期肾病（人）"], about["儿童白血病 · 急性淋巴细胞白血病（人）"]) == (2, 1)
    assert about["制表"] == "office  2026-08-05 09:00"
    assert about["下载"] == "wang  2026-08-06 10:20"
    assert about["个人信息"] == "已脱敏"


def test_the_first_batch_and_the_reason_are_said() -> None:
    header = a_header(previous=None, reason="admission")

    about = about_of(lay_out(header, [], [], "en", masked=False)[2])

    assert about["Compared with"] == "nothing: this is the first batch"
    assert about["Personal data"] == "in full, because: admission"


def test_every_sheet_says_on_paper_who_took_it() -> None:
    tables = lay_out(a_header(), [an_entry()], [], "zh", masked=True)

    assert {table.footer for table in tables} == {
        "第 4 批 · wang 2026-08-06 10:20 · 已脱敏 · 沧县医院"
    }
    assert tables[0].page_break == "township"


def test_an_unknown_code_is_shown_as_it_is() -> None:
    tables = lay_out(
        a_header(), [an_entry(sex="")], [a_removed(reason="搬走了")], "en", masked=False
    )

    assert rows_of(tables[0])[0]["sex"] == ""
    assert rows_of(tables[1])[0]["reason"] == "搬走了"


def test_the_csv_of_the_list_has_heads_in_the_readers_language() -> None:
    table = lay_out(a_header(), [an_entry()], [], "en", masked=True)[0]

    text = b"".join(csv(table, "en")).decode("utf-8-sig")

    assert text.splitlines()[0].startswith("No.,Change,Township,Village code,Village,Household no.")
    assert "王*,male,2016,9900**********0017,138****1234" in text


def test_an_empty_batch_is_three_sheets_with_heads() -> None:
    tables = lay_out(a_header(), [], [], "en", masked=True)

    book = openpyxl.load_workbook(io.BytesIO(b"".join(xlsx(tables, "en"))))

    assert book.sheetnames == ["List", "Removed", "About"]
    assert book["List"].max_row == 1


@pytest.mark.parametrize("words", [SHEETS, HEADS, SEXES, CHANGES, STATES, REASONS, ABOUT])
def test_every_word_is_said_in_both_languages(words: dict[str, dict[str, str]]) -> None:
    assert all(labels["zh"] and labels["en"] for labels in words.values())
