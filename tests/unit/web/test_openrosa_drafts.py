"""Drafts as phones try them: addresses of their own, and nothing that leaks into the survey."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import etree
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from forms.source import FormSource
from server.database import writing_session
from server.errors import Conflict
from server.survey import draft_submissions, drafts, form_files, form_versions, publishing
from server.survey.areas import WHOLE_SITE
from server.survey.drafts import Draft
from server.survey.site import Site
from server.tables.drafts import DraftAttachment, DraftFile, DraftSubmission, FormDraft
from server.tables.projections import Entity, Projected
from server.tables.truth import FormFile, Submission
from tests.phone_site import (
    HERE,
    PLAIN,
    ROSTER,
    add_phone,
    client_of,
    open_phone_site,
    path,
    person_xml,
    submission_xml,
)

PICTURED = """
| survey |
| | type | name | label | media::image |
| | note | hello | Hello | logo.png |
| | integer | age | Age | |
| | image | photo | Photo | |
| settings |
| | form_id | version | form_title |
| | plain | 2 | Plain |
"""


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    opened = open_phone_site(tmp_path / "site", database_url, PLAIN)
    yield opened
    opened.close()


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return client_of(site)


def keep(site: Site, text: str) -> Draft:
    prepared = publishing.prepare(publishing.read_source("form.md", text.encode()))
    with writing_session(site.engine) as session:
        return drafts.keep(session, site.settings.files, 1, prepared, "Li")


def at(draft: Draft, rest: str, *, token: str = "", form_id: str = "", project: int = 1) -> str:
    """Return an address of a draft."""
    form = form_id or draft.form_id
    return f"/v1/test/{token or draft.token}/projects/{project}/forms/{form}/draft{rest}"


def local(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def send(client: FlaskClient, draft: Draft, xml: bytes, **sent_files: bytes) -> TestResponse:
    parts: dict[str, object] = {
        "xml_submission_file": (io.BytesIO(xml), "answers.xml", "text/xml"),
    }
    for name, content in sent_files.items():
        file_name = f"{name}.jpg"
        parts[file_name] = (io.BytesIO(content), file_name, "image/jpeg")
    return client.post(at(draft, "/submission?deviceID=collect%3Aabc"), data=parts)


def count(site: Site, table: type) -> int:
    with Session(site.engine) as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_a_draft_is_listed_at_its_own_address_only(site: Site, client: FlaskClient) -> None:
    # G8, A10, rule 1
    draft = keep(site, PICTURED)

    listed = client.get(at(draft, "/formList"))
    (form,) = etree.fromstring(listed.data)
    told = {str(one.tag).rpartition("}")[2]: one.text for one in form}
    xml = client.get(local(told["downloadUrl"] or "")).data
    of_phones = client.get(path(add_phone(site), "formList")).text

    assert listed.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert listed.headers["X-OpenRosa-Version"] == "1.0"
    assert (told["formID"], told["version"], told["name"]) == ("plain", "2", "Plain")
    assert told["hash"] == f"md5:{hashlib.md5(xml).hexdigest()}"
    assert (told["downloadUrl"] or "").startswith("http://localhost/v1/test/")
    assert "<version>1</version>" in of_phones
    assert "<version>2</version>" not in of_phones


@pytest.mark.parametrize("rest", ["/formList", ".xml", "/manifest", "/attachments/logo.png"])
def test_a_wrong_token_or_place_is_told_so_and_is_never_an_empty_list(
    site: Site, client: FlaskClient, rest: str
) -> None:
    # G8, rule 2
    draft = keep(site, PICTURED)
    other = keep(site, ROSTER)

    refused = [
        client.get(at(draft, rest, token="a" * 64)),
        client.get(at(draft, rest, token=other.token)),
        client.get(at(draft, rest, project=2)),
        client.get(path(add_phone(site), "formList").replace("/key/", "/test/")),
    ]

    assert [one.status_code for one in refused] == [404] * 4
    for one in refused[:3]:
        assert one.headers["Content-Type"] == "text/xml; charset=utf-8"
        assert "草稿已不在" in one.text


def test_a_draft_takes_answers_that_count_nowhere(site: Site, client: FlaskClient) -> None:
    # G8, C1, C5, rule 5
    draft = keep(site, PICTURED)
    xml = submission_xml("uuid:1", "<age>7</age><photo>a.jpg</photo>", version="2")

    asked = client.head(at(draft, "/submission"))
    first = send(client, draft, xml, a=b"picture")
    again = send(client, draft, xml, b=b"second")
    other = send(client, draft, xml.replace(b">7<", b">8<"))

    assert asked.status_code == 204
    assert asked.headers["X-OpenRosa-Accept-Content-Length"] == "10000000"
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert (count(site, DraftSubmission), count(site, DraftAttachment)) == (1, 2)
    assert (count(site, Submission), count(site, Projected)) == (0, 0)
    with Session(site.engine) as session:
        (line,) = draft_submissions.sent(session, draft)
        shown = draft_submissions.view(
            session, draft, line.id, "en", shows_personal=True, shows_sensitive=True
        )
    assert (line.instance_id, line.device_id, line.files) == ("uuid:1", "collect:abc", 2)
    assert shown.sheet is not None
    answers = [(one.label, one.words) for part in shown.sheet.sections for one in part.answers]
    assert answers == [("Age", "7"), ("Photo", "a.jpg")]


def test_answers_to_a_draft_never_touch_entities(site: Site, client: FlaskClient) -> None:
    # G8
    draft = keep(site, ROSTER)

    sent = send(client, draft, person_xml("uuid:9", "11111111-1111-4111-8111-111111111111"))

    assert sent.status_code == 201
    assert count(site, Entity) == 0


def test_answers_to_another_form_or_after_the_end_are_refused_in_words(
    site: Site, client: FlaskClient
) -> None:
    # G8
    draft = keep(site, PICTURED)

    other = send(client, draft, submission_xml("uuid:1", form="roster"))
    with writing_session(site.engine) as session:
        drafts.discard(session, 1, "plain")
    late = send(client, draft, submission_xml("uuid:1", version="2"))

    assert (other.status_code, late.status_code) == (404, 404)
    assert "plain" in other.text
    assert "草稿已不在" in late.text


def test_publishing_throws_what_was_tried_away_and_keeps_the_files(
    site: Site, client: FlaskClient
) -> None:
    # G8, G3
    draft = keep(site, PICTURED)
    send(client, draft, submission_xml("uuid:1", version="2"), a=b"picture")
    with writing_session(site.engine) as session:
        form_files.attach_to_draft(session, site.settings.files, draft.id, "logo.png", b"logo")

    with writing_session(site.engine) as session:
        done = drafts.publish(session, 1, "plain", "Li")

    assert (done.version, done.is_new) == ("2", True)
    for gone in (FormDraft, DraftFile, DraftSubmission, DraftAttachment):
        assert count(site, gone) == 0
    assert count(site, FormFile) == 1
    assert client.get(at(draft, "/formList")).status_code == 404
    phone = add_phone(site)
    assert "<version>2</version>" in client.get(path(phone, "formList")).text
    assert client.get(path(phone, "forms/plain/attachments/logo.png")).data == b"logo"
    assert client.get(path(phone, "forms/plain.xml")).data == draft.form.xml


def test_a_version_that_is_out_cannot_be_published_again_from_a_draft(site: Site) -> None:
    # G3
    draft = keep(site, PICTURED.replace("| plain | 2 |", "| plain | 1 |"))

    with pytest.raises(Conflict), writing_session(site.engine) as session:
        drafts.publish(session, 1, "plain", "Li")

    with Session(site.engine) as session:
        assert drafts.find(session, 1, "plain") is not None
        assert form_versions.form_xml(session, 1, "plain") != draft.form.xml


def test_a_new_upload_takes_the_place_of_the_draft_and_testers_stay_connected(
    site: Site, client: FlaskClient
) -> None:
    first = keep(site, PICTURED)
    send(client, first, submission_xml("uuid:1", "<age>7</age>", version="2"))

    second = keep(site, PICTURED.replace("| | integer | age | Age | |\n", ""))

    assert second.token == first.token
    assert second.id == first.id
    assert client.get(at(second, ".xml")).data == second.form.xml
    with Session(site.engine) as session:
        (line,) = draft_submissions.sent(session, second)
        shown = draft_submissions.view(
            session, second, line.id, "en", shows_personal=True, shows_sensitive=True
        )
    assert shown.unknown == ("age",)


def test_a_new_draft_has_another_token(site: Site, client: FlaskClient) -> None:
    # G8
    first = keep(site, PICTURED)
    with writing_session(site.engine) as session:
        drafts.discard(session, 1, "plain")

    second = keep(site, PICTURED)

    assert second.token != first.token
    assert client.get(at(second, "/formList", token=first.token)).status_code == 404


def manifest(client: FlaskClient, draft: Draft) -> dict[str, dict[str, str]]:
    root = etree.fromstring(client.get(at(draft, "/manifest")).data)
    entries = [{str(c.tag).rpartition("}")[2]: c.text or "" for c in one} for one in root]
    return {one["filename"]: one for one in entries}


def test_testers_get_the_files_of_the_draft_before_those_of_the_form(
    site: Site, client: FlaskClient
) -> None:
    # B1, B6
    draft = keep(site, PICTURED)
    without = manifest(client, draft)
    with writing_session(site.engine) as session:
        publishing.publish(session, 1, "form.md", PICTURED.encode(), "Li")
        form_files.attach_file(session, site.settings.files, 1, "plain", "logo.png", b"old")
    of_form = manifest(client, draft)["logo.png"]
    with writing_session(site.engine) as session:
        form_files.attach_to_draft(session, site.settings.files, draft.id, "logo.png", b"new")
    own = manifest(client, draft)["logo.png"]

    assert without == {}
    assert of_form["hash"] == f"md5:{hashlib.md5(b'old').hexdigest()}"
    assert own["hash"] == f"md5:{hashlib.md5(b'new').hexdigest()}"
    fetched = client.get(local(own["downloadUrl"]))
    assert (fetched.data, fetched.headers["Content-Type"]) == (b"new", "image/png")
    etag = fetched.headers["ETag"]
    known = client.get(local(own["downloadUrl"]), headers={"If-None-Match": etag})
    assert known.status_code == 304


def test_lists_of_people_are_empty_until_villages_are_chosen(
    site: Site, client: FlaskClient
) -> None:
    draft = keep(site, ROSTER)

    before = manifest(client, draft)
    villages = client.get(local(before["villages.csv"]["downloadUrl"])).text
    people = client.get(local(before["persons.csv"]["downloadUrl"])).text
    clinics = client.get(local(before["clinics.csv"]["downloadUrl"])).text
    integrity = client.get(local(before["persons.csv"]["integrityUrl"]) + "?id=x")
    with writing_session(site.engine) as session:
        drafts.choose_villages(session, 1, "roster", [HERE], WHOLE_SITE)
    after = manifest(client, draft)

    assert len(villages.splitlines()) == 4
    assert people.splitlines() == ["name,label,__version,pname,village_code"] or (
        len(people.splitlines()) == 1
    )
    assert len(clinics.splitlines()) == 1
    assert integrity.status_code == 200
    assert integrity.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert after["clinics.csv"]["hash"] != before["clinics.csv"]["hash"]
    assert len(client.get(local(after["clinics.csv"]["downloadUrl"])).text.splitlines()) == 2
    assert len(client.get(local(after["villages.csv"]["downloadUrl"])).text.splitlines()) == 2


@pytest.mark.parametrize("name", publishing.PACK)
def test_a_draft_of_a_shipped_form_comes_with_all_its_lists(
    site: Site, client: FlaskClient, name: str
) -> None:
    # B6, B9, rule 10
    prepared = publishing.prepare(FormSource.of_path(publishing.LIBRARY / name))
    with writing_session(site.engine) as session:
        draft = drafts.keep(session, site.settings.files, 1, prepared, "Li")

    listed = manifest(client, draft)

    assert set(listed) == set(draft.form.attachments)
    for one in listed.values():
        assert client.get(local(one["downloadUrl"])).status_code == 200
        if "integrityUrl" in one:
            assert client.get(local(one["integrityUrl"])).status_code == 200
