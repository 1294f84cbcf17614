"""Files of the whole project: taken by every form that names one and has none of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from sqlalchemy.orm import Session

from server.database import writing_session
from server.errors import Missing, NotValid
from server.survey import form_files, shared_files
from server.survey.phones import NewPhone
from server.survey.shared_files import clean_name
from server.survey.site import Site
from tests.phone_site import ROSTER, add_phone, attach, client_of, open_phone_site, path

PICTURED = """
| survey |
| | type | name | label | media::image |
| | note | hello | Hello | logo.png |
| | select_one_from_file crops.csv | crop | Crop | |
| settings |
| | form_id | version | form_title |
| | {form} | 1 | {form} |
"""


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    forms = [PICTURED.format(form=name) for name in ("fields", "farms")]
    opened = open_phone_site(tmp_path / "site", database_url, ROSTER, *forms)
    yield opened
    opened.close()


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return client_of(site)


@pytest.fixture
def phone(site: Site) -> NewPhone:
    return add_phone(site)


def share(site: Site, name: str, content: bytes) -> str:
    with writing_session(site.engine) as session:
        return shared_files.share(session, site.settings.files, 1, name, content, "Li")


def hashes(client: FlaskClient, phone: NewPhone, form_id: str) -> dict[str, str]:
    root = etree.fromstring(client.get(path(phone, f"forms/{form_id}/manifest")).data)
    found = [{str(c.tag).rpartition("}")[2]: c.text or "" for c in one} for one in root]
    return {one["filename"]: one["hash"] for one in found}


def md5(content: bytes) -> str:
    return f"md5:{hashlib.md5(content).hexdigest()}"


def test_a_form_without_its_own_file_gets_the_shared_one(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    # B1, B6, A13
    before = client.get(path(phone, "formList")).text
    share(site, "crops.csv", b"name,label\nrice,Rice\n")
    attach(site, "farms", "crops.csv", b"name,label\nmaize,Maize\n")

    fields, farms = (hashes(client, phone, form) for form in ("fields", "farms"))
    sent = client.get(path(phone, "forms/fields/attachments/crops.csv"))
    known = client.get(
        path(phone, "forms/fields/attachments/crops.csv"),
        headers={"If-None-Match": sent.headers["ETag"]},
    )

    assert "forms/fields/manifest" not in before
    assert "forms/fields/manifest" in client.get(path(phone, "formList")).text
    assert fields == {"crops.csv": md5(b"name,label\nrice,Rice\n")}
    assert farms == {"crops.csv": md5(b"name,label\nmaize,Maize\n")}
    assert sent.data == b"name,label\nrice,Rice\n"
    assert sent.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (known.status_code, known.data) == (304, b"")


def test_another_content_is_another_hash_and_none_is_no_file(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    # B7
    share(site, "logo.png", b"first")
    first = hashes(client, phone, "fields")
    share(site, "logo.png", b"second")
    second = hashes(client, phone, "fields")
    with writing_session(site.engine) as session:
        shared_files.remove(session, 1, "logo.png")

    assert (first["logo.png"], second["logo.png"]) == (md5(b"first"), md5(b"second"))
    assert hashes(client, phone, "fields") == {}
    assert client.get(path(phone, "forms/fields/attachments/logo.png")).status_code == 404
    with writing_session(site.engine) as session, pytest.raises(Missing):
        shared_files.remove(session, 1, "logo.png")


def test_the_list_names_the_forms_that_take_a_file(site: Site) -> None:
    share(site, "crops.csv", b"name,label\n")
    share(site, "unused.png", b"x")
    attach(site, "farms", "crops.csv", b"name,label\n")

    with Session(site.engine) as session:
        listed = {one.name: one.used_by for one in shared_files.shared_files(session, 1)}
        expected = form_files.expected_files(session, 1, "fields")

    assert listed == {"crops.csv": ("fields",), "unused.png": ()}
    assert {one.name: one.origin for one in expected} == {
        "logo.png": "missing",
        "crops.csv": "shared",
    }


def test_a_file_taken_from_a_form_gives_way_to_the_shared_one(site: Site) -> None:
    share(site, "crops.csv", b"shared")
    attach(site, "farms", "crops.csv", b"own")
    with writing_session(site.engine) as session:
        own = form_files.expected_files(session, 1, "farms")
        form_files.remove_file(session, 1, "farms", "crops.csv")
        then = form_files.expected_files(session, 1, "farms")

    assert {one.name: one.origin for one in own}["crops.csv"] == "uploaded"
    assert {one.name: one.origin for one in then}["crops.csv"] == "shared"


@pytest.mark.parametrize("name", ["villages.csv", "persons.csv", "", "..", "a/..", ".htaccess"])
def test_names_of_the_site_s_own_lists_and_names_of_no_file_are_refused(
    site: Site, name: str
) -> None:
    # B10, J4
    with pytest.raises(NotValid):
        share(site, name, b"x")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\li\\图标.png", "图标.png"),
        ("a b'\"<>.png", "a b'\"<>.png"),
    ],
)
def test_hostile_names_lose_their_folders_and_stay_in_the_store(
    site: Site, sent: str, kept: str
) -> None:
    # J4
    assert share(site, sent, b"x") == kept
    places = {path.parent.parent.name for path in site.settings.files.glob("*/*") if path.is_file()}
    assert places == {"files"}


@given(st.text(max_size=300))
def test_a_clean_name_is_one_part_that_a_manifest_can_hold(name: str) -> None:
    try:
        clean = clean_name(name)
    except NotValid:
        return

    assert clean == clean_name(clean)
    assert "/" not in clean
    assert "\\" not in clean
    assert clean.isprintable()
    assert not clean.startswith(".")
