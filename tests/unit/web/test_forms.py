"""Pages of forms: checked first, published then, looked after."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from forms import validate
from forms.faults import Fault
from server.database import writing_session
from server.survey import form_files, form_mappings, form_versions, intake, publishing
from server.survey import journal as journal_book
from server.survey.site import Site
from server.tables.projections import Projected, Visit
from tests.signed_in import Browser, browser_of

HEADER = "| survey |\n| | type | name | label |\n"
SETTINGS = "| settings |\n| | form_id | version | form_title |\n"
VILLAGE = "130921211201"
ENTITY_BOMB = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b'<h:html xmlns:h="http://www.w3.org/1999/xhtml" xmlns="http://www.w3.org/2002/xforms">'
    b'<h:head><h:title>&b;</h:title><model><instance><data id="bomb"><a/></data></instance>'
    b"</model></h:head><h:body/></h:html>"
)


@pytest.fixture(autouse=True)
def _without_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave ODK Validate out where a test does not ask for it: it takes seconds."""
    monkeypatch.setattr(validate, "java", lambda: None)


@pytest.fixture
def office(site: Site) -> Browser:
    return browser_of(site, "office")


def a_form(*rows: str, version: str = "1", form_id: str = "county") -> bytes:
    lines = "".join(f"| | {row} |\n" for row in rows or ("text | cun | Village",))
    return f"{HEADER}{lines}{SETTINGS}| | {form_id} | {version} | County |\n".encode()


def upload(browser: Browser, content: bytes, name: str = "county.md") -> TestResponse:
    """Choose a file and look at what the check says."""
    return browser.post("/new-form", {"form": (io.BytesIO(content), name)}, follow_redirects=True)


def publish(browser: Browser, content: bytes, name: str = "county.md") -> TestResponse:
    page = upload(browser, content, name)
    return browser.post(page.request.full_path, follow_redirects=True)


def stored(site: Site, form_id: str = "county") -> list[str]:
    with Session(site.engine) as session:
        return [one.version for one in form_versions.versions(session, 1, form_id)]


def test_a_form_is_checked_before_it_is_published(site: Site, office: Browser) -> None:
    check = upload(office, a_form())
    with Session(site.engine) as session:
        before = form_versions.form_version(session, 1, "county")
    done = office.post(check.request.full_path, follow_redirects=True)

    assert check.status_code == 200
    assert "Not published yet" in check.text
    assert before is None
    assert "County, version “1”, is published." in done.text
    assert stored(site) == ["1"]
    with Session(site.engine) as session:
        assert "form_published" in journal_book.actions(session)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "The type integr is unknown."), ("zh", "处错误要改")],
)
def test_faults_are_told_with_their_place_in_the_reader_s_language(
    site: Site, language: str, words: str
) -> None:
    browser = browser_of(site, "office", language=language)

    page = upload(browser, a_form("text | a | A", "integr | b | B"))

    assert page.status_code == 422
    assert "A3" in page.text
    assert words in page.text
    with Session(site.engine) as session:
        assert form_versions.form_version(session, 1, "county") is None


def test_a_check_tells_what_a_new_version_takes_away(office: Browser) -> None:
    publish(office, a_form("integer | age | Age", "text | cun | Village"))

    page = upload(office, a_form("text | age | Age", version="2"))

    assert "The question age was int and is now string" in page.text
    assert "The question cun is gone" in page.text


def test_a_published_version_with_other_content_cannot_be_published(
    site: Site, office: Browser
) -> None:
    publish(office, a_form())

    page = upload(office, a_form("integer | age | Age"))
    forced = office.post(page.request.full_path)

    assert "Raise the version" in page.text
    assert forced.status_code == 409
    assert stored(site) == ["1"]


def test_a_workbook_named_as_an_older_one_is_read_by_what_it_is(
    site: Site, office: Browser
) -> None:
    publish(office, a_form())
    workbook = office.get("/forms/county/form.xlsx").data

    again = publish(office, workbook, "county.xls")

    assert again.status_code == 200
    assert stored(site) == ["1"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("form.xlsx", b"PK\x03\x04 broken"),
        ("form.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 broken"),
        ("form.xlsx", b""),
        ("form.md", b"\0\0\0"),
        ("../../etc/passwd", b"root:x:0:0"),
        ("<script>.md", b"| survey |\n"),
        ("bomb.xml", ENTITY_BOMB),
    ],
)
def test_a_file_that_is_no_form_is_refused_in_words(
    office: Browser, name: str, content: bytes
) -> None:
    page = upload(office, content, name)

    assert page.status_code == 422
    assert "to correct" in page.text
    assert "<script>" not in page.text


def test_nothing_chosen_is_told_beside_the_field(office: Browser) -> None:
    page = office.post("/new-form", {})

    assert page.status_code == 422
    assert "Choose the form" in page.text


def test_an_upload_that_is_gone_says_so(office: Browser) -> None:
    page = office.get(f"/new-form/{'0' * 64}?name=a.md")

    assert page.status_code == 404
    assert "Upload it again" in page.text


def test_what_java_refuses_is_shown_and_needs_a_second_thought(
    office: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validate, "java", lambda: "/usr/bin/java")
    monkeypatch.setattr(
        validate,
        "validate_with_java",
        lambda xml, timeout: [Fault(validate.SAYS, {"words": "no such function"})],
    )

    page = upload(office, a_form("text | unusual | U"))

    assert "no such function" in page.text
    assert "Publish all the same" in page.text


def test_java_itself_finds_what_compiles_and_does_not_run(
    office: Browser, java: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validate, "java", lambda: str(java))
    form = (
        "| survey |\n| | type | name | label | relevant |\n| | text | a | A | no-such(1) |\n"
        f"{SETTINGS}| | county | 1 | County |\n"
    ).encode()

    page = upload(office, form)

    assert "ODK Validate refuses this form" in page.text
    assert "no-such" in page.text


def test_the_form_s_page_offers_it_for_excel_and_as_phones_get_it(office: Browser) -> None:
    publish(office, a_form())

    book = openpyxl.load_workbook(io.BytesIO(office.get("/forms/county/form.xlsx").data))
    xform = office.get("/forms/county/form.xml")
    source = office.get("/forms/county/source")

    assert book["survey"]["A2"].value == "text"
    assert b"<h:html" in xform.data
    assert source.data == a_form()
    for answer in (xform, source):
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_xform_has_no_workbook_but_itself(office: Browser) -> None:
    publish(office, a_form())
    xml = office.get("/forms/county/form.xml").data.replace(b'version="1"', b'version="2"')
    publish(office, xml, "county.xml")

    assert office.get("/forms/county/form.xlsx").status_code == 404
    assert office.get("/forms/county/form.xlsx?version=1").status_code == 200


def test_a_missing_file_is_shown_and_uploaded(site: Site, office: Browser) -> None:
    form = (
        "| survey |\n| | type | name | label | media::image |\n| | note | hi | Hi | logo.png |\n"
        f"{SETTINGS}| | county | 1 | County |\n"
    ).encode()
    page = publish(office, form)

    done = office.post(
        "/forms/county/files",
        {"name": "logo.png", "file": (io.BytesIO(b"picture"), "my logo.PNG")},
        follow_redirects=True,
    )
    refused = office.post(
        "/forms/county/files",
        {"name": "other.png", "file": (io.BytesIO(b"picture"), "x.png")},
        follow_redirects=True,
    )

    assert "Phones get this form without logo.png" in page.text
    assert "logo.png is uploaded" in done.text
    assert "asks for no file other.png" in refused.text
    assert office.get("/forms/county/files/logo.png").data == b"picture"
    with Session(site.engine) as session:
        (kept,) = form_files.expected_files(session, 1, "county")
    assert kept.origin == "uploaded"


def test_files_in_a_zip_come_along(office: Browser) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("logo.png", b"picture")
        archive.writestr("mapping.csv", b"path,concept\ncun,visit.village\n")
        archive.writestr("survey.csv", "type,name,label,media::image\ntext,cun,Village,logo.png\n")
        archive.writestr("settings.csv", "form_id,version\ncounty,1\n")

    page = publish(office, packed.getvalue(), "county.zip")

    assert "Phones get this form without" not in page.text
    assert "in use" in page.text
    assert office.get("/forms/county/files/logo.png").data == b"picture"


@pytest.fixture
def visited(site: Site, office: Browser) -> Iterator[Site]:
    """A site where one submission of a form without concepts has come in."""
    publish(office, a_form())
    xml = (
        f'<data id="county" version="1"><cun>{VILLAGE}</cun>'
        "<meta><instanceID>uuid:1</instanceID></meta></data>"
    )
    at = datetime(2026, 11, 22, tzinfo=UTC)
    intake.receive(site, intake.Upload(1, xml.encode(), (), None, "", at))
    yield site
    _wait_until_read(site)


def _wait_until_read(site: Site) -> str:
    """Wait until nothing has to be read anew; return the village of the one visit."""
    for _ in range(200):
        with Session(site.engine) as session:
            if session.query(Projected).filter_by(state="waiting").count() == 0:
                return session.query(Visit).one().village_code
        time.sleep(0.05)
    pytest.fail("submissions still wait to be read anew")


def test_a_mapping_in_the_browser_reads_submissions_anew(visited: Site, office: Browser) -> None:
    before = _wait_until_read(visited)

    page = office.post(
        "/forms/county/mapping",
        {"mapping": (io.BytesIO(b"path,concept\ncun,visit.village\n"), "mapping.csv")},
        follow_redirects=True,
    )

    assert before == ""
    assert "The mapping is in use." in page.text
    assert "1 submission is being read anew." in page.text
    assert _wait_until_read(visited) == VILLAGE


def test_a_mapping_that_cannot_be_read_changes_nothing(visited: Site, office: Browser) -> None:
    page = office.post(
        "/forms/county/mapping",
        {"mapping": (io.BytesIO(b"question,means\n"), "mapping.csv")},
        follow_redirects=True,
    )

    assert "The mapping lacks the column path." in page.text
    with Session(visited.engine) as session:
        assert form_mappings.mapping_of(session, 1, "county") is None


def test_a_mapping_to_fill_in_lists_every_question(office: Browser) -> None:
    text = office.get("/forms/household_roster/mapping.csv?fill=1").data.decode("utf-8-sig")

    lines = text.splitlines()
    assert lines[0] == "path,concept,values"
    assert "hh/village,visit.village," in lines
    assert "member/pname,person.name," in lines
    assert "hh/outcome,visit.outcome,met= absent=absent vacated=vacated" in lines


def test_a_form_is_closed_in_the_browser(site: Site, office: Browser) -> None:
    page = office.post("/forms/household_roster/state", {"state": "closing"}, follow_redirects=True)
    wrong = office.post("/forms/household_roster/state", {"state": "gone"})

    assert "The form is now: no longer given out." in page.text
    assert wrong.status_code == 422
    with Session(site.engine) as session:
        assert "household_roster" not in {
            one.form_id for one in form_versions.listed_forms(session, 1)
        }


def test_questions_are_shown_in_each_language_of_the_form(office: Browser) -> None:
    chinese = office.get("/forms/household_roster/questions?words=zh").text
    english = office.get("/forms/household_roster/questions?words=en").text

    assert "户主知情并同意登记" in chinese
    assert "Informed and agrees" in english
    assert "person.id_number" in english


def test_who_manages_no_forms_sees_their_titles_only(site: Site) -> None:
    worker = browser_of(site, "worker")

    page = worker.get("/forms")

    assert page.status_code == 200
    assert "村级入户登记" in page.text
    assert "/forms/household_roster" not in page.text
    for path in ("/new-form", "/forms/household_roster", "/forms/household_roster/form.xlsx"):
        assert worker.get(path).status_code == 403
    assert worker.post("/forms/household_roster/state", {"state": "closed"}).status_code == 403


def test_labels_of_a_stranger_s_form_are_shown_as_text(office: Browser) -> None:
    publish(office, a_form("text | cun | <script>alert(1)</script>"))

    page = office.get("/forms/county/questions").text

    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_the_list_counts_the_forms_that_are_open(site: Site, office: Browser) -> None:
    with writing_session(site.engine) as session:
        for form_id in publishing.PACK:
            publishing.set_state(session, 1, form_id, "closed")

    page = office.get("/forms").text

    assert ">0</b> of 4 forms are open to phones" in page
    assert 'href="/new-form"' in page
