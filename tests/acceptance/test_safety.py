"""The security checklist for phones' doors, held from outside: addresses, words, logs, codes.

What stands in a test of its own place (headers of photos, formulas in CSV, the passwords' hashes)
is not repeated here; docs/openrosa-rules.md tells where.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import publishing
from server.survey.phones import NewPhone
from server.survey.site import Site
from server.tables.truth import Submission
from tests import live, phone_site
from tests.collect import Collect
from tests.phone_site import PLAIN, ROSTER, add_phone, path, submission_xml
from tests.signed_in import Browser, browser_of

MARKUP = "<script>alert(1)</script>"
# A form that would have a careless server ask other hosts, in every place an address may stand.
OUTWARD = b"""<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:orx="http://openrosa.org/xforms"><h:head><h:title>Outward</h:title><model>
<instance><data id="outward" version="1"><a/><meta><instanceID/></meta></data></instance>
<instance id="far" src="http://169.254.169.254/latest/meta-data"/>
<submission action="http://203.0.113.9/submission" method="post"/>
<bind nodeset="/data/a" type="string" calculate="pulldata('http://203.0.113.9/x.csv','a','b','c')"/>
</model></h:head><h:body><input ref="/data/a"><label>![x](http://203.0.113.9/x.png)</label></input>
</h:body></h:html>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("safety") / "site"
    database = f"sqlite:///{folder / 'doorstep.db'}"
    opened = phone_site.open_phone_site(folder, database, PLAIN, ROSTER)
    yield opened
    opened.close()


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return phone_site.client_of(site)


@pytest.fixture
def phone(site: Site) -> NewPhone:
    return add_phone(site)


@pytest.fixture(scope="module")
def office(site: Site) -> Browser:
    return browser_of(site, "office")


def send(client: FlaskClient, phone: NewPhone, xml: bytes) -> tuple[int, str]:
    answer = client.post(path(phone, "submission"), data=xml, content_type="text/xml")
    return answer.status_code, etree.fromstring(answer.data).findtext("{*}message") or ""


def refuse(*_: object, **__: object) -> NoReturn:
    raise AssertionError("an address was asked for or connected to")


def test_addresses_in_forms_and_answers_are_never_asked(
    site: Site, client: FlaskClient, phone: NewPhone, monkeypatch: pytest.MonkeyPatch
) -> None:  # J2
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    answers = '<a>http://203.0.113.9/</a><b src="http://203.0.113.9/">jr://images/x</b>'

    with writing_session(site.engine) as session:
        publishing.publish(session, 1, "outward.xml", OUTWARD, "Li")
    xml = submission_xml("uuid:outward", answers, form="outward")
    statuses = [client.get(path(phone, f"forms/outward{rest}")).status_code for rest in (".xml",)]

    assert statuses == [200]
    assert send(client, phone, xml)[0] == 201


@pytest.mark.parametrize(
    "xml",
    [
        submission_xml("uuid:12", f"<age>{MARKUP}</age>")[:-9],
        submission_xml("uuid:12", form="&lt;script&gt;"),
        submission_xml("x" * 300),
        b"<data>" + MARKUP.encode() + b"</data>",
    ],
)
def test_a_refusal_holds_nothing_of_what_was_sent_but_escaped_names(
    client: FlaskClient, phone: NewPhone, xml: bytes
) -> None:  # J12
    answer = client.post(path(phone, "submission"), data=xml, content_type="text/xml")

    root = etree.fromstring(answer.data)
    assert 400 <= answer.status_code < 500
    assert answer.data.count(b"<") == 4 + answer.data.count(b"<?xml")
    assert [etree.QName(one).localname for one in root.iter()] == ["OpenRosaResponse", "message"]
    assert b"alert(1)" not in answer.data


def test_titles_and_labels_of_forms_are_shown_as_text(site: Site, office: Browser) -> None:  # J12
    text = f"""
| survey |
| | type | name | label |
| | text | a | {MARKUP} [x](javascript:alert(2)) |
| settings |
| | form_id | version | form_title |
| | marked | 1 | {MARKUP} |
"""
    with writing_session(site.engine) as session:
        phone_site.publish(session, text)

    pages = [office.get(address).text for address in ("/forms", "/forms/marked")]

    assert all(MARKUP not in page for page in pages)
    assert all("&lt;script&gt;alert(1)" in page for page in pages)


def test_a_sign_in_cookie_opens_no_phones_door(office: Browser) -> None:  # J11
    answers = [
        office.get("/v1/projects/1/formList"),
        office.get(f"/v1/key/{'x' * 64}/projects/1/formList"),
        office.client.post(
            "/v1/projects/1/submission", data=submission_xml(), content_type="text/xml"
        ),
    ]

    assert [one.status_code for one in answers] == [401, 403, 401]


def test_no_phones_door_sets_a_cookie(client: FlaskClient, phone: NewPhone) -> None:  # D10
    for rest in ("formList", "forms/plain.xml", "forms/roster/manifest", "nothing"):
        assert "Set-Cookie" not in client.get(path(phone, rest)).headers


def test_wrong_passwords_of_one_phone_shut_no_other_out(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:  # D16: thirty phones share one address.
    wrong = 'Digest username="p1", realm="doorstep", nonce="x", uri="/", response="x"'
    address = "/v1/projects/1/formList"
    for number in range(60):
        assert client.get(f"/v1/key/{number:064}/projects/1/formList").status_code == 403
        assert client.get(address, headers={"Authorization": wrong}).status_code == 401

    assert client.get(path(phone, "formList")).status_code == 200
    assert client.get(address).status_code == 401


def test_a_token_is_good_for_its_own_project_alone(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:  # J8
    for rest in (
        "formList",
        "submission",
        "forms/plain.xml",
        "forms/roster/manifest",
        "forms/roster/attachments/persons.csv",
        "datasets/persons/integrity",
    ):
        address = f"/v1/key/{phone.token}/projects/2/{rest}"
        answer = client.post(address) if rest == "submission" else client.get(address)
        assert answer.status_code in (403, 404)


@pytest.mark.parametrize("name", ["'; DROP TABLE form; --", '" OR 1=1', "%", "_", "../plain"])
def test_names_from_outside_are_nothing_but_names(
    client: FlaskClient, phone: NewPhone, name: str
) -> None:  # J8
    word = quote(name, safe="")

    assert client.get(path(phone, f"forms/{word}.xml")).status_code in (400, 404)
    assert client.get(path(phone, f"forms/roster/attachments/{word}")).status_code in (400, 404)
    assert client.get(path(phone, f"formList?formID={word}")).data.count(b"<xform>") == 0
    assert client.get(path(phone, "formList")).data.count(b"<xform>") >= 2


def test_tokens_stand_in_no_file_and_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:  # J9
    folder = tmp_path / "site"
    database = f"sqlite:///{folder / 'doorstep.db'}"
    site = phone_site.open_phone_site(folder, database, PLAIN)
    new = add_phone(site)
    with live.serving(site.settings) as address, caplog.at_level(logging.DEBUG):
        phone = Collect(address + path(new, ""))
        answers = [
            phone.get("formList"),
            phone.send(submission_xml()),
            phone.send(b"<broken"),
            phone.get("nothing/here"),
        ]
        with writing_session(site.engine) as session:
            session.connection().exec_driver_sql("ALTER TABLE form RENAME TO elsewhere")
        answers.append(phone.get("formList"))
    site.close()

    secret = new.token.encode()
    kept = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert [one.status for one in answers][:4] == [200, 201, 400, 404]
    assert answers[4].status >= 500
    assert (folder / "server.log").stat().st_size > 0
    assert [one.name for one in kept if secret in one.read_bytes()] == []
    assert new.token not in caplog.text


def test_the_clock_of_a_phone_is_not_believed(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:  # A3, J13
    xml = submission_xml("uuid:clock", "<start>1999-01-01T00:00:00.000Z</start><age>7</age>")

    answer = client.post(
        path(phone, "submission"),
        data=xml,
        content_type="text/xml",
        headers={"Date": "Mon, 01 Jan 1990 03:04:05 GMT"},
    )

    with Session(site.engine) as session:
        found = select(Submission.received_at).where(Submission.instance_id == "uuid:clock")
        received_at = session.scalars(found).one()
    assert answer.status_code == 201
    assert abs(datetime.now(UTC) - received_at) < timedelta(minutes=5)


def test_what_comes_again_for_days_takes_no_more_room(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:  # J15
    parked = submission_xml("uuid:poison", version="none such")
    refused = submission_xml("uuid:poison", form="none such")

    statuses = [send(client, phone, xml)[0] for _ in range(30) for xml in (parked, refused)]

    with Session(site.engine) as session:
        kept = session.scalars(select(Submission).where(Submission.instance_id == "uuid:poison"))
        assert len(list(kept)) == 1
    assert {*statuses} == {201, 202, 404} or {*statuses} == {202, 404}
