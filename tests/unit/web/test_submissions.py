"""Pages of submissions: masked at first, shown with a reason, files given out safely."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import files, intake, phones
from server.survey.areas import WHOLE_SITE
from server.survey.site import Site
from server.tables.reference import Village
from server.tables.truth import JournalEntry
from tests.builders import (
    NEXT_VILLAGE,
    RECEIVED_AT,
    VILLAGE,
    a_member,
    an_upload,
    roster_xml,
    screening_xml,
)
from tests.signed_in import Browser, browser_of

ID_NUMBER = "11010519491231002X"
WANG = a_member(
    "王小一", has_id="yes", id18=ID_NUMBER, dob="1949-12-31", p_label="王小一 女 1949 002X"
)


@pytest.fixture(autouse=True)
def _villages(site: Site) -> None:
    with writing_session(site.engine) as session:
        session.add_all(
            Village(code=code, name=name, township_code="130921211000")
            for code, name in ((VILLAGE, "高川村"), (NEXT_VILLAGE, "后村"))
        )


@pytest.fixture
def office(site: Site) -> Browser:
    return browser_of(site, "office")


@pytest.fixture
def supervisor(site: Site) -> Browser:
    return browser_of(site, "supervisor")


def send(site: Site, *uploads: bytes) -> None:
    for number, xml in enumerate(uploads):
        intake.receive(site, an_upload(xml, RECEIVED_AT + timedelta(minutes=number)))


def send_with_photo(site: Site, name: str = "paper.jpg", content: bytes = b"\xff\xd8\xff") -> None:
    """Send a screening with the photo of a paper."""
    kept = files.keep(site.settings.files, name, content)
    xml = screening_xml("uuid:1").replace(
        b"</known>", f"<dx_photo>{name}</dx_photo></known>".encode()
    )
    intake.receive(site, intake.Upload(1, xml, (kept,), None, "", RECEIVED_AT))


def journal(site: Site) -> list[tuple[str, str, str]]:
    with Session(site.engine) as session:
        entries = session.scalars(select(JournalEntry).order_by(JournalEntry.id))
        return [(one.action, one.subject, one.detail.get("reason", "")) for one in entries]


def test_names_and_numbers_are_masked_wherever_they_stand(site: Site, office: Browser) -> None:
    send(site, roster_xml("uuid:1", members=[WANG]))

    page = office.get("/submissions/1").text

    assert "王*" in page
    assert "1101**********002X" in page
    assert "1949-**-**" in page
    for personal in ("王小一", ID_NUMBER, "1949-12-31"):
        assert personal not in page


def test_a_reason_reveals_them_and_stands_in_the_journal(site: Site, office: Browser) -> None:
    send(site, roster_xml("uuid:1", members=[WANG]))

    page = office.post("/submissions/1", {"reason": "wrong ID, called back"})

    assert "王小一" in page.text
    assert ID_NUMBER in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert ("submission_revealed", "submission 1", "wrong ID, called back") in journal(site)
    assert "王小一" not in office.get("/submissions/1").text


def test_without_a_reason_nothing_is_revealed(site: Site, office: Browser) -> None:
    send(site, roster_xml("uuid:1", members=[WANG]))

    page = office.post("/submissions/1", {"reason": "  "}, follow_redirects=True)

    assert "Say why you need it." in page.text
    assert "王小一" not in page.text
    assert journal(site) == []


def test_a_supervisor_sees_no_full_names_and_no_sensitive_diseases(
    site: Site, supervisor: Browser
) -> None:
    send(
        site,
        screening_xml(
            "uuid:1",
            codes="gastric_cancer severe_mental_disorder",
            reported="severe_mental_disorder",
        ),
    )

    page = supervisor.get("/submissions/1").text

    assert "mental" not in page.lower()
    assert "not for your role" in page
    assert "Full names and numbers" not in page
    assert supervisor.post("/submissions/1", {"reason": "because"}).status_code == 403
    assert journal(site) == []


def test_the_office_sees_sensitive_diseases(site: Site, office: Browser) -> None:
    send(site, screening_xml("uuid:1", reported="severe_mental_disorder"))

    assert "Severe mental disorder" in office.get("/submissions/1").text


def test_the_answers_come_as_sent_with_a_reason(site: Site, office: Browser) -> None:
    xml = roster_xml("uuid:1", members=[WANG])
    send(site, xml)

    answer = office.post("/submissions/1", {"reason": "court order", "raw": "1"})

    assert answer.data == xml
    assert answer.headers["Content-Disposition"] == "attachment; filename=1.xml"
    assert ("submission_downloaded", "submission 1", "court order") in journal(site)


def test_labels_and_choices_speak_the_reader_s_language(site: Site, office: Browser) -> None:
    send(site, roster_xml("uuid:1", members=[WANG]))

    english = office.get("/submissions/1").text
    office.get("/submissions/1?lang=zh")
    chinese = office.get("/submissions/1").text

    assert "Kind of household" in english
    assert "Registered poor" in english
    assert "住户类别" in chinese
    assert "家庭成员 1" in chinese


def test_flags_are_told_in_words_beside_their_answer(site: Site, office: Browser) -> None:
    members = [a_member("王小二", id18="110105194912310021", has_id="yes", dob="1949-12-31")]
    send(site, roster_xml("uuid:1", members=members))

    page = office.get("/submissions/1").text

    words = "The last character of the ID number does not fit the others."
    # What is to be checked, at its answer, and among the flags.
    assert page.count(words) == 3
    assert 'href="#1.member/id18"' in page
    assert 'id="1.member/id18"' in page


def test_a_photo_opens_safely_and_each_look_is_noted(site: Site, office: Browser) -> None:
    send_with_photo(site)

    page = office.get("/submissions/1").text
    photo = office.get("/submissions/1/files/paper.jpg")

    assert "/submissions/1/files/paper.jpg" in page
    assert photo.data == b"\xff\xd8\xff"
    assert photo.mimetype == "image/jpeg"
    assert photo.headers["Content-Disposition"].startswith("inline")
    assert photo.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in photo.headers["Content-Security-Policy"]
    assert ("submission_file", "submission 1", "") in journal(site)


@pytest.mark.parametrize("name", ["evil.svg", "evil.html", "paper.jpg.html", "noending"])
def test_what_a_browser_would_run_is_a_download(site: Site, office: Browser, name: str) -> None:
    send_with_photo(site, name, b"<script>alert(1)</script>")

    answer = office.get(f"/submissions/1/files/{name}")

    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_photo_that_has_not_come_is_shown_as_such(site: Site, office: Browser) -> None:
    send(
        site,
        screening_xml("uuid:1").replace(b"</known>", b"<dx_photo>paper.jpg</dx_photo></known>"),
    )

    page = office.get("/submissions/1").text

    assert "still on the phone" in page
    assert office.get("/submissions/1/files/paper.jpg").status_code == 404


def test_a_parked_submission_says_what_to_do(site: Site, office: Browser) -> None:
    send(site, roster_xml("uuid:1", version="2099"))

    listed = office.get("/submissions/").text
    page = office.get("/submissions/1").text

    assert "parked: 1" in listed
    assert "Publish that version" in page


def test_an_edit_leads_to_the_one_it_replaced(site: Site, office: Browser) -> None:
    send(site, roster_xml("uuid:1"), roster_xml("uuid:2", deprecated="uuid:1"))

    page = office.get("/submissions/2").text
    old = office.get("/submissions/1").text

    assert 'href="/submissions/1"' in page
    assert "replaced by a later one" in old


def test_the_list_keeps_its_filter_from_page_to_page(
    site: Site, office: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.survey.submissions.PAGE", 2)
    send(site, *(roster_xml(f"uuid:{number}") for number in range(3)))
    send(site, roster_xml("uuid:far", village=NEXT_VILLAGE))

    page = office.get(f"/submissions/?village={VILLAGE}&day=2026-11-20").text
    older = re.search(r'rel="next" href="([^"]+)"', page)
    assert older is not None
    rest = office.get(older[1].replace("&amp;", "&")).text

    assert 'href="/submissions/3?list=' in page
    assert 'href="/submissions/4?list=' not in page
    assert 'href="/submissions/1?list=' in rest
    assert f"village={VILLAGE}" in older[1]


@pytest.mark.parametrize(
    "query", ["day=yesterday", "phone=x", "state=nonsense", "before=x", "flag='; drop table flag"]
)
def test_a_filter_that_makes_no_sense_is_passed_over(
    site: Site, office: Browser, query: str
) -> None:
    send(site, roster_xml("uuid:1"))

    assert office.get(f"/submissions/?{query}").status_code == 200


def test_other_areas_and_roles_do_not_come_in(site: Site) -> None:
    send(site, roster_xml("uuid:1"))
    next_door = browser_of(site, "supervisor", [NEXT_VILLAGE])

    assert next_door.get("/submissions/1").status_code == 404
    assert 'href="/submissions/1' not in next_door.get("/submissions/").text
    for role in ("worker", "hospital", "auditor", "admin"):
        browser = browser_of(site, role)
        assert browser.get("/submissions/").status_code == 403
        assert browser.post("/submissions/1", {"reason": "because"}).status_code == 403


def test_an_empty_site_says_what_to_do_next(site: Site, office: Browser) -> None:
    assert "Nothing has come in yet." in office.get("/submissions/").text
    assert "No submission is like that." in office.get("/submissions/?state=failed").text


def test_answers_of_strangers_are_shown_as_text(site: Site, office: Browser) -> None:
    send(site, roster_xml("uuid:1", number="<script>alert(1)</script>"))

    page = office.get("/submissions/1").text

    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_who_sent_it_is_the_phone(site: Site, office: Browser) -> None:
    with writing_session(site.engine) as session:
        phone = phones.add_phone(session, 1, "Phone of Li", [VILLAGE], WHOLE_SITE)
    upload = intake.Upload(1, roster_xml("uuid:1"), (), phone.id, "", RECEIVED_AT)
    intake.receive(site, upload)

    assert "Phone of Li" in office.get(f"/submissions/?phone={phone.id}").text
    assert "Phone of Li" in office.get("/submissions/1").text


def test_the_phone_s_log_of_answers_is_for_who_may_see_them_all(
    site: Site, office: Browser
) -> None:
    # Where a form asks for it, the log holds each answer before and after a change.
    send_with_photo(site, "audit.csv", "event,node,old-value\n,/data/name,王小一".encode())
    supervisor = browser_of(site, "supervisor")

    refused = supervisor.get("/submissions/1/files/audit.csv")

    assert refused.status_code == 403
    assert "files/audit.csv" not in supervisor.get("/submissions/1").text
    assert office.get("/submissions/1/files/audit.csv").status_code == 200
