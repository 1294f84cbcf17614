"""Every request of a phone tells of its device: what it asked for, by which app."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.survey.phones import NewPhone
from server.survey.site import Site
from server.tables.devices import Device, DeviceForm
from tests import phone_site

KOBO = "org.koboc.collect.android/2025.3.3 Dalvik/2.1.0 (Linux; U; Android 12)"
# A clock of twelve hours, as Collect writes it, and of another year (A3).
HEADERS = {"User-Agent": KOBO, "Date": "Sat, 22 Nov 2036 03:04:05 GMT"}


@pytest.fixture
def plain_site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    opened = phone_site.open_phone_site(tmp_path / "site", database_url, phone_site.PLAIN)
    yield opened
    opened.close()


@pytest.fixture
def client(plain_site: Site) -> FlaskClient:
    return phone_site.client_of(plain_site)


@pytest.fixture
def phone(plain_site: Site) -> NewPhone:
    return phone_site.add_phone(plain_site)


def told(site: Site) -> tuple[list[Device], list[DeviceForm]]:
    written = site.contacts.flush()
    if written:
        written.result()
    with Session(site.engine) as session:
        return list(session.scalars(select(Device))), list(session.scalars(select(DeviceForm)))


def ask(client: FlaskClient, phone: NewPhone, rest: str, **headers: str) -> int:
    address = phone_site.path(phone, rest) + "?deviceID=collect:abc"
    return client.get(address, headers={**HEADERS, **headers}).status_code


def test_the_list_tells_app_version_and_contact(
    plain_site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    """A1, A2, A3: deviceID and User-Agent are read, the Date header is not."""
    ask(client, phone, "formList")

    (device,), _ = told(plain_site)
    assert (device.phone_id, device.device_id) == (phone.id, "collect:abc")
    assert (device.app, device.app_version) == ("KoboCollect", "2025.3.3")
    assert device.last_list_at is not None
    assert device.last_contact_at.year != 2036
    assert device.last_submission_at is None


def test_a_form_is_held_once_it_was_fetched_also_when_it_was_known(
    plain_site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    """B9: with an entity list beside it a form is asked for at each sync, and answered 304."""
    address = phone_site.path(phone, "forms/plain.xml") + "?deviceID=collect:abc"
    etag = client.get(address).headers["ETag"]
    told(plain_site)
    known = client.get(address, headers={"If-None-Match": etag})

    _, (held,) = told(plain_site)
    assert known.status_code == 304
    assert (held.form_id, held.version) == ("plain", "1")
    assert held.md5 in etag


def test_what_is_kept_counts_as_sent_and_a_refusal_as_contact(
    plain_site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    address = phone_site.path(phone, "submission") + "?deviceID=collect:abc"
    refused = client.post(address, data=b"<broken", content_type="text/xml")
    (device,), _ = told(plain_site)
    assert (refused.status_code, device.last_submission_at) == (400, None)

    kept = client.post(address, data=phone_site.submission_xml(), content_type="text/xml")

    (device,), _ = told(plain_site)
    assert kept.status_code == 201
    assert device.last_submission_at is not None


def test_a_phone_that_is_not_let_in_leaves_no_trace(
    plain_site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    phone_site.revoke(plain_site, phone)

    assert ask(client, phone, "formList") == 403
    assert told(plain_site) == ([], [])


def test_closing_the_site_writes_what_was_noted(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'doorstep.db'}"
    site = phone_site.open_phone_site(tmp_path / "site", database, phone_site.PLAIN)
    ask(phone_site.client_of(site), phone_site.add_phone(site), "formList")

    site.close()

    with Session(site.engine) as session:
        assert len(session.scalars(select(Device)).all()) == 1
    site.engine.dispose()
