"""Pages of a form's life: draft, trial, publishing, versions compared, files, languages."""

from __future__ import annotations

import base64
import io
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from forms import validate
from server.database import writing_session
from server.survey import draft_codes, drafts, form_versions, shared_files
from server.survey import journal as journal_book
from server.survey.site import Site
from tests.phone_site import HERE, PLAIN, ROSTER, client_of, open_phone_site, submission_xml
from tests.signed_in import Browser, browser_of

SECOND = """
| survey |
| | type | name | label::en | label::zh | media::image::en | required | bind::ds:concept |
| | text | age | How old | 年龄 | | yes | person.name |
| | note | hello | Hello | | logo.png | | |
| | select_one yn | ill | Ill | 生病 | | | |
| choices |
| | list_name | name | label::en | label::zh |
| | yn | yes | Yes | 是 |
| | yn | no | No | |
| settings |
| | form_id | version | form_title | namespaces |
| | plain | 2 | Plain | ds="https://doorstep.health/xforms" |
"""


@pytest.fixture(autouse=True)
def _without_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validate, "java", lambda: None)


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    opened = open_phone_site(tmp_path / "site", database_url, PLAIN)
    yield opened
    opened.close()


@pytest.fixture
def office(site: Site) -> Browser:
    return browser_of(site, "office")


def keep(browser: Browser, text: str = SECOND) -> TestResponse:
    """Upload a form, look at the check, keep it as a draft."""
    upload = {"form": (io.BytesIO(text.encode()), "plain.md")}
    check = browser.post("/new-form", upload, follow_redirects=True)
    assert "Keep as a draft" in check.text
    path, _, query = check.request.full_path.partition("?")
    return browser.post(f"{path}/draft?{query}", follow_redirects=True)


def current(site: Site) -> str:
    with Session(site.engine) as session:
        return form_versions.needed_version(session, 1, "plain").version


def token(site: Site) -> str:
    with Session(site.engine) as session:
        return drafts.needed(session, 1, "plain").token


def try_out(site: Site, xml: bytes, **sent_files: bytes) -> None:
    """Send answers as a tester's phone does."""
    parts: dict[str, object] = {"xml_submission_file": (io.BytesIO(xml), "a.xml", "text/xml")}
    for name, content in sent_files.items():
        parts[f"{name}.jpg"] = (io.BytesIO(content), f"{name}.jpg", "image/jpeg")
    address = f"/v1/test/{token(site)}/projects/1/forms/plain/draft/submission"
    assert client_of(site).post(address, data=parts).status_code == 201


def test_a_checked_form_is_kept_as_a_draft_and_publishes_from_its_page(
    site: Site, office: Browser
) -> None:
    # G8
    page = keep(office)
    before = current(site)
    done = office.post("/forms/plain/draft/publish", follow_redirects=True)

    assert "Draft of Plain" in page.text
    assert "The question photo is gone" in page.text
    assert "The question age was int and is now string" in page.text
    assert before == "1"
    assert "Plain, version “2”, is published." in done.text
    assert current(site) == "2"
    assert office.get("/forms/plain/draft").status_code == 404
    with Session(site.engine) as session:
        assert {"draft_kept", "form_published"} <= set(journal_book.actions(session))


def test_the_code_opens_the_draft_alone_and_is_marked_as_one(site: Site, office: Browser) -> None:
    # E1, E2, E8
    page = keep(office)
    with Session(site.engine) as session:
        draft = drafts.needed(session, 1, "plain")
    code = draft_codes.make_code("http://192.168.1.10:8080", draft)

    told = json.loads(zlib.decompress(base64.b64decode(code.text)))

    assert told["general"]["server_url"] == code.server_url
    assert code.server_url == (
        f"http://192.168.1.10:8080/v1/test/{draft.token}/projects/1/forms/plain/draft"
    )
    assert told["project"] == {"name": "Plain", "icon": "📝"}
    assert told["admin"] == {}
    assert f"/v1/test/{draft.token}/projects/1/forms/plain/draft" in page.text


def test_a_draft_of_a_version_that_is_out_is_refused_at_publishing(
    site: Site, office: Browser
) -> None:
    # G3
    keep(office)
    with writing_session(site.engine) as session:
        row = drafts.needed_row(session, 1, "plain")
        row.version, row.shape = "1", row.shape.replace('"version":"2"', '"version":"1"')

    page = office.post("/forms/plain/draft/publish")

    assert page.status_code == 409
    assert "was published before with other content" in page.text
    assert current(site) == "1"


def test_answers_to_a_draft_are_shown_by_question_with_names_masked(
    site: Site, office: Browser
) -> None:
    # G8
    keep(office)
    try_out(site, submission_xml("uuid:7", "<age>王小二</age><ill>yes</ill>", version="2"))
    (address,) = re.findall(
        r"/forms/plain/draft/answers/\d+", office.get("/forms/plain/draft").text
    )

    masked = office.get(address).text
    refused = office.post(address, {"reason": "x"})
    shown = office.post(address, {"reason": "trying the draft"}).text
    of_admin = browser_of(site, "admin").post(address, {"reason": "trying the draft"})

    assert "How old" in masked
    assert "Yes" in masked
    assert "王小二" not in masked
    assert refused.status_code == 422
    assert "王小二" in shown
    assert of_admin.status_code == 403
    with Session(site.engine) as session:
        assert "draft_revealed" in journal_book.actions(session)


def test_a_draft_is_thrown_away(site: Site, office: Browser) -> None:
    keep(office)
    listed = office.get("/forms").text

    page = office.post("/forms/plain/draft/discard", follow_redirects=True)

    assert "Being tried" in listed
    assert "The draft is thrown away." in page.text
    assert "Being tried" not in office.get("/forms").text


def test_testers_get_lists_of_chosen_villages_within_the_account_s_area(
    site: Site, office: Browser
) -> None:
    keep(office, ROSTER.replace("| roster | 1 |", "| plain | 2 |"))
    away = browser_of(site, "office", ["532301"])

    chosen = office.post("/forms/plain/draft/villages", {"village": [HERE]}, follow_redirects=True)
    refused = away.post("/forms/plain/draft/villages", {"village": [HERE]})

    assert "Testers get the lists of 1 village" in chosen.text
    assert "made by the site for each phone" in chosen.text
    assert refused.status_code == 422
    # The code opens these lists to any phone: it is for who may see the people himself.
    assert token(site) in office.get("/forms/plain/draft").text
    assert token(site) not in away.get("/forms/plain/draft").text
    assert token(site) not in browser_of(site, "admin").get("/forms/plain/draft").text


def test_files_of_a_draft_are_uploaded_replaced_and_taken_away(site: Site, office: Browser) -> None:
    # B6, B11
    missing = keep(office).text
    for content in (b"first", b"second"):
        office.post(
            "/forms/plain/draft/files",
            {"name": "logo.png", "file": (io.BytesIO(content), "any.png")},
        )
    kept = office.get("/forms/plain/draft/files/logo.png").data
    page = office.post(
        "/forms/plain/draft/files/remove", {"name": "logo.png"}, follow_redirects=True
    )

    assert "missing" in missing
    assert kept == b"second"
    assert "logo.png is taken away." in page.text
    assert office.get("/forms/plain/draft/files/logo.png").status_code == 404


def test_shared_files_have_a_page(site: Site, office: Browser) -> None:
    keep(office)
    empty = office.get("/shared-files").text
    upload = {"file": (io.BytesIO(b"logo"), "../logo.png")}
    page = office.post("/shared-files", upload, follow_redirects=True).text
    made = office.post("/shared-files", {"file": (io.BytesIO(b"x"), "villages.csv")})
    draft = office.get("/forms/plain/draft").text
    gone = office.post("/shared-files/remove", {"name": "logo.png"}, follow_redirects=True).text

    assert "Nothing shared yet" in empty
    assert "logo.png" in page
    assert "Plain" in page
    assert made.status_code == 422
    assert "shared by all forms" in draft
    assert "logo.png is taken away." in gone
    with Session(site.engine) as session:
        assert shared_files.shared_files(session, 1) == []


def test_two_versions_are_compared(site: Site, office: Browser) -> None:
    # G10
    keep(office)
    of_draft = office.get("/forms/plain/changes").text
    office.post("/forms/plain/draft/publish")
    page = office.get("/forms/plain/changes").text
    history = office.get("/forms/plain").text
    (address,) = re.findall(r'/forms/plain/changes\?[^"]+', history)
    chosen = office.get(address.replace("&amp;", "&")).text

    for text in (of_draft, page, chosen):
        assert "Another type" in text
        assert "New question" in text
        assert "Question is gone" in text
        assert "Must be answered" in text
        assert "The question photo is gone" in text
    assert "draft 2" in of_draft
    assert office.get("/forms/plain/changes?old=9999").status_code == 404


def test_a_form_is_read_in_each_of_its_languages_with_gaps_marked(
    site: Site, office: Browser
) -> None:
    keep(office)

    chinese = office.get("/forms/plain/questions?draft=1&words=zh").text
    english = office.get("/forms/plain/questions?draft=1&words=en").text
    report = office.get("/forms/plain/translations?draft=1").text
    old = office.get("/forms/plain/questions?version=1").text

    assert "年龄" in chinese
    assert "not translated" in chinese
    assert "How old" in english
    assert "must be answered" in english
    assert "not translated" not in english
    assert "logo.png" in english
    assert "3</b> texts or files are missing" in report
    assert "picture" in report
    assert "Photo" in old


@pytest.mark.parametrize("role", ["worker", "supervisor", "auditor"])
def test_who_manages_no_forms_sees_no_draft(site: Site, office: Browser, role: str) -> None:
    keep(office)
    browser = browser_of(site, role)

    for path in ("/forms/plain/draft", "/forms/plain/changes", "/shared-files"):
        assert browser.get(path).status_code == 403
    assert browser.post("/forms/plain/draft/publish").status_code == 403
