"""Rules of openrosa about forms, their files, versions and states, as a phone meets them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from forms.compile import compile_form
from forms.source import FormSource
from server.database import writing_session
from server.survey import form_files, publishing
from server.survey.phones import NewPhone
from server.survey.site import Site
from tests.phone_site import (
    PLAIN,
    ROSTER,
    add_phone,
    client_of,
    open_phone_site,
    path,
    publish,
    submission_xml,
)

EVERYTHING = """
| survey |
| | type | name | label | appearance | media::image | media::audio | media::video | media::big-image | default | trigger |
| | note | a | A | | a.png | a.mp3 | a.mp4 | a-big.png | | |
| | select_one_from_file crops.csv | b | B | | | | | | | |
| | select_one_from_file fields.geojson | c | C | | | | | | | |
| | select_one_from_file old.xml | d | D | | | | | | | |
| | select_one x | e | E | search('prices') | | | | | | |
| | image | f | F | | | | | | start.jpg | |
| | text | g | G | | | | | | ${last-saved#g} | |
| choices |
| | list_name | name | label |
| | x | name_key | label_key |
| settings |
| | form_id | version |
| | everything | 1 |
"""  # noqa: E501 - a table


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    opened = open_phone_site(tmp_path / "site", database_url, PLAIN)
    yield opened
    opened.close()


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return client_of(site)


@pytest.fixture
def phone(site: Site) -> NewPhone:
    return add_phone(site)


def send(client: FlaskClient, phone: NewPhone, xml: bytes) -> TestResponse:
    part = {"xml_submission_file": (io.BytesIO(xml), "a.xml", "text/xml")}
    return client.post(path(phone, "submission"), data=part)


def listed(client: FlaskClient, phone: NewPhone) -> list[tuple[str, str]]:
    text = client.get(path(phone, "formList")).text
    return re.findall(r"<formID>(\w+)</formID>.*?<version>(\w+)</version>", text)


def set_state(site: Site, state: str) -> None:
    with writing_session(site.engine) as session:
        publishing.set_state(session, 1, "plain", state)


def test_all_files_a_form_needs_are_expected_and_the_last_answers_are_not() -> None:
    # B11, B12
    form = compile_form(FormSource("e.md", {"e.md": EVERYTHING.encode()})).form

    assert b"jr://instance/last-saved" in form.xml
    assert set(form.attachments) == {
        *("a.png", "a.mp3", "a.mp4", "a-big.png", "start.jpg"),
        *("crops.csv", "fields.geojson", "old.xml", "prices.csv"),
    }


def test_the_last_answers_are_never_listed_or_served(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    # B12
    with writing_session(site.engine) as session:
        publish(session, EVERYTHING)
        form_files.attach_file(
            session, site.settings.files, 1, "everything", "crops.csv", b"name,label\n"
        )

    manifest = client.get(path(phone, "forms/everything/manifest")).text

    assert re.findall(r"<filename>(.*?)</filename>", manifest) == ["crops.csv"]
    gone = client.get(path(phone, "forms/everything/attachments/last-saved.xml"))
    assert gone.status_code == 404


def test_a_list_is_linked_by_its_name_as_soon_as_it_is_there(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    # B17, B8
    chooser = PLAIN.replace("integer | age | Age", "select_one_from_file wells.csv | age | Well")
    maker = ROSTER.replace("| persons |", "| wells |").replace("| roster | 1 |", "| maker | 1 |")
    with writing_session(site.engine) as session:
        publish(session, chooser.replace("| plain | 1 |", "| chooser | 1 |"))
    with Session(site.engine) as session:
        before = form_files.expected_files(session, 1, "chooser")
    unlinked = client.get(path(phone, "formList?formID=chooser")).text
    with writing_session(site.engine) as session:
        publish(session, maker)
    with Session(site.engine) as session:
        after = form_files.expected_files(session, 1, "chooser")
    manifest = client.get(path(phone, "forms/chooser/manifest")).text

    assert [(one.name, one.origin) for one in before] == [("wells.csv", "missing")]
    assert [(one.name, one.origin) for one in after] == [("wells.csv", "site")]
    assert "manifestUrl" not in unlinked
    assert 'type="entityList"' in manifest
    assert "/datasets/wells/integrity" in manifest


def test_an_older_version_stays_acceptable_and_is_read_by_its_own_questions(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    # G6, G2
    newer = PLAIN.replace("| plain | 1 |", "| plain | 2 |").replace("integer | age", "text | name")
    with writing_session(site.engine) as session:
        publish(session, newer)

    old = send(client, phone, submission_xml("uuid:1", "<age>7</age>", version="1"))
    new = send(client, phone, submission_xml("uuid:2", "<name>A</name>", version="2"))

    assert (old.status_code, new.status_code) == (201, 201)
    assert listed(client, phone) == [("plain", "2")]


@pytest.mark.parametrize(
    ("state", "is_listed", "status"), [("open", True, 201), ("closing", False, 201)]
)
def test_states_say_who_is_given_a_form_and_who_may_send(
    site: Site, client: FlaskClient, phone: NewPhone, state: str, is_listed: bool, status: int
) -> None:
    # G7, A15
    set_state(site, state)

    assert bool(listed(client, phone)) == is_listed
    assert send(client, phone, submission_xml("uuid:1")).status_code == status


def test_a_closed_form_refuses_what_is_new_and_thanks_for_what_is_here(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    # G7, C6
    send(client, phone, submission_xml("uuid:1"))
    set_state(site, "closed")

    assert listed(client, phone) == []
    assert send(client, phone, submission_xml("uuid:2")).status_code == 409
    assert send(client, phone, submission_xml("uuid:1")).status_code == 201


def test_a_form_s_bytes_are_the_same_for_ever(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    # G3
    before = client.get(path(phone, "forms/plain.xml")).data
    set_state(site, "closing")
    with writing_session(site.engine) as session:
        publish(session, PLAIN.replace("| plain | 1 |", "| plain | 2 |"))

    assert client.get(path(phone, "forms/plain.xml?version=1")).data == before


def test_a_form_cannot_name_a_place_outside_its_own_files() -> None:
    # B3, J4
    names = ("../../etc/passwd", "..", "a/b/c.png", "x%2Fy.png")
    rows = "".join(f"| | note | n{at} | N | {name} |\n" for at, name in enumerate(names))
    text = (
        "| survey |\n| | type | name | label | media::image |\n"
        f"{rows}| settings |\n| | form_id | version |\n| | hostile | 1 |\n"
    )

    form = compile_form(FormSource("h.md", {"h.md": text.encode()})).form

    assert form.attachments == ("passwd", "c.png", "x%2Fy.png")
