from __future__ import annotations

from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.survey import intake
from server.survey.site import Site
from server.tables.reference import Village
from server.tables.truth import JournalEntry
from tests.builders import (
    NEXT_VILLAGE,
    VILLAGE,
    a_member,
    an_id,
    an_upload,
    roster_xml,
    screening_xml,
)
from tests.signed_in import Browser, browser_of

ID_NUMBER = "990000197005060028"
WINDOW = {
    "title": "第四批",
    "hospital": "县医院",
    "starts_on": "2026-08-01",
    "ends_on": "2026-10-31",
}


@pytest.fixture
def found(site: Site) -> Site:
    """Two villages: one person with a lung clue and a number, one with a mental disorder."""
    with Session(site.engine) as session, session.begin():
        for code, name in ((VILLAGE, "高川村"), (NEXT_VILLAGE, "后村")):
            session.add(Village(code=code, name=name, township_code="130921211000"))
    member = a_member("王小一", id18=ID_NUMBER, has_id="yes")
    other = a_member("李小二", m_village=NEXT_VILLAGE)
    for xml in (
        roster_xml("uuid:r1", number="HH0001", members=[member]),
        roster_xml("uuid:r2", number="HH0002", village=NEXT_VILLAGE, members=[other]),
        screening_xml("uuid:s1", codes="lung_cancer hypertension"),
        screening_xml(
            "uuid:s2", name="李小二", village=NEXT_VILLAGE, codes="severe_mental_disorder"
        ),
    ):
        intake.receive(site, an_upload(xml))
    return site


def made(office: Browser, **more: str) -> str:
    answer = office.post("/screening", {**WINDOW, **more})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def sheet_rows(content: bytes, number: int = 0) -> list[tuple[object, ...]]:
    book = load_workbook(BytesIO(content))
    return list(book.worksheets[number].iter_rows(values_only=True))


def test_persons_found_are_listed_once_and_masked(found: Site) -> None:
    page = browser_of(found, "office").get("/screening").text

    assert "王*" in page
    assert "王小一" not in page
    assert ID_NUMBER not in page


def test_a_supervisor_sees_no_sensitive_disease(found: Site) -> None:
    page = browser_of(found, "supervisor").get("/screening").text

    assert "王*" in page
    assert "李*" not in page


def test_hypertension_alone_is_not_due_for_central_treatment(found: Site) -> None:
    intake.receive(found, an_upload(screening_xml("uuid:s3", name="张小三", codes="hypertension")))

    assert "张*" not in browser_of(found, "office").get("/screening").text


def test_a_batch_says_what_is_new_changed_and_removed(found: Site) -> None:
    office = browser_of(found, "office")
    first = made(office)
    intake.receive(
        found,
        an_upload(
            screening_xml(
                "uuid:s4", day="2026-11-21", reported="lung_cancer", level="l3", paper="yes"
            )
        ),
    )
    intake.receive(
        found,
        an_upload(
            screening_xml(
                "uuid:s5", name="李小二", village=NEXT_VILLAGE, day="2026-11-21", state="dead"
            )
        ),
    )
    intake.receive(found, an_upload(screening_xml("uuid:s6", name="赵小四", codes="esrd")))

    second = made(office, title="第五批")
    pages = {
        change: office.get(f"{second}?change={change}").text
        for change in ("new", "changed", "kept", "removed")
    }

    assert (first, second) == ("/batches/1", "/batches/2")
    assert "赵*" in pages["new"]
    assert "王*" in pages["changed"]
    assert "李*" in pages["removed"]
    assert "died" in pages["removed"]
    assert "*" not in pages["kept"].split("<table")[-1] or "<table" not in pages["kept"]


def test_a_batch_never_changes(found: Site) -> None:
    office = browser_of(found, "office")
    batch = made(office)
    before = sheet_rows(office.get(f"{batch}/xlsx").data)

    intake.receive(found, an_upload(screening_xml("uuid:s6", name="赵小四", codes="esrd")))

    assert sheet_rows(office.get(f"{batch}/xlsx").data) == before


def test_the_same_id_number_in_two_villages_is_one_person(found: Site) -> None:
    twin = a_member("王小一", id18=ID_NUMBER, has_id="yes", entity=an_id("twin"))
    intake.receive(found, an_upload(roster_xml("uuid:r9", village=NEXT_VILLAGE, members=[twin])))
    intake.receive(
        found,
        an_upload(
            screening_xml(
                "uuid:s9",
                person=an_id("twin"),
                village=NEXT_VILLAGE,
                codes="esrd",
                day="2026-11-21",
            )
        ),
    )

    office = browser_of(found, "office")
    rows = sheet_rows(office.get(f"{made(office)}/xlsx").data)

    assert sum("王*" in row for row in rows) == 1


def test_the_file_keeps_long_numbers_as_text_and_is_masked_without_a_reason(found: Site) -> None:
    office = browser_of(found, "office")
    batch = made(office)

    masked = sheet_rows(office.get(f"{batch}/xlsx").data)
    full = sheet_rows(office.post(f"{batch}/xlsx", {"reason": "送医院核对身份"}).data)

    assert not any(ID_NUMBER in row for row in masked)
    assert any(ID_NUMBER in row and "王小一" in row for row in full)
    assert any(VILLAGE in row for row in masked)


def test_a_full_file_without_a_reason_is_refused(found: Site) -> None:
    office = browser_of(found, "office")
    batch = made(office)

    answer = office.post(f"{batch}/xlsx", {"reason": " "})

    assert answer.status_code == 422


def test_every_download_is_in_the_journal_with_its_reason(found: Site) -> None:
    office = browser_of(found, "office")
    batch = made(office)
    office.get(f"{batch}/csv")
    office.post(f"{batch}/csv", {"reason": "送医院核对身份"})

    with Session(found.engine) as session:
        notes = session.scalars(
            select(JournalEntry.detail)
            .where(JournalEntry.action == "batch_taken")
            .order_by(JournalEntry.id)
        ).all()

    assert [note["masked"] for note in notes] == [True, False]
    assert notes[1]["reason"] == "送医院核对身份"
    assert notes[1]["persons"] == 2


def test_csv_opens_in_excel_in_chinese(found: Site) -> None:
    office = browser_of(found, "office", language="zh")

    content = office.get(f"{made(office)}/csv").data

    assert content.startswith(b"\xef\xbb\xbf")
    assert "病种" in content.decode("utf-8-sig").splitlines()[0]


@pytest.mark.parametrize(
    ("role", "status"), [("worker", 403), ("supervisor", 403), ("auditor", 403), ("admin", 403)]
)
def test_who_has_no_right_to_batches_gets_none(found: Site, role: str, status: int) -> None:
    batch = made(browser_of(found, "office"))
    browser = browser_of(found, role)

    for path in ("/batches", batch, f"{batch}/xlsx", f"{batch}/csv"):
        assert browser.get(path).status_code == status, path
    assert browser.post("/screening", WINDOW).status_code == status


def test_a_hospital_sees_the_batches_of_its_area_only(found: Site) -> None:
    whole = made(browser_of(found, "office"))
    own = made(browser_of(found, "office", ("130921211",)))
    hospital = browser_of(found, "hospital", ("130921",))

    assert hospital.get(whole).status_code == 404
    assert hospital.get(own).status_code == 200
    assert hospital.get("/screening").status_code == 403


def test_an_office_cannot_make_a_batch_beyond_its_area(found: Site) -> None:
    office = browser_of(found, "office", ("990000",))

    answer = office.post("/screening", {**WINDOW, "area": "130921211"})

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("field", "text"),
    [("title", ""), ("ends_on", "2026-07-01"), ("starts_on", "gestern"), ("hospital", "x" * 121)],
)
def test_a_batch_filled_in_wrongly_keeps_what_was_typed(found: Site, field: str, text: str) -> None:
    answer = browser_of(found, "office").post("/screening", {**WINDOW, field: text})

    assert answer.status_code == 422
    assert f"f-{field}-error" in answer.text
    assert "县医院" in answer.text or field == "hospital"
