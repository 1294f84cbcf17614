"""The phone board: silent phones, old forms and apps, clocks, in the reader's area alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import form_versions, phone_board
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.phone_board import BoardLine, Clock, Marks, State
from server.survey.site import Site
from server.tables.devices import Device, DeviceForm
from server.tables.truth import Phone
from tests import phone_site
from tests.phone_site import AWAY, HERE

MARKS = Marks(silent_days=3, oldest_app="2024.3")
NOW = datetime.now(UTC)


@pytest.fixture
def plain_site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    opened = phone_site.open_phone_site(tmp_path / "site", database_url, phone_site.PLAIN)
    yield opened
    opened.close()


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def heard(
    site: Site, phone_id: int, at: datetime, device: str = "collect:a", **more: object
) -> None:
    told = {
        "app": "Collect",
        "app_version": "2026.3.0",
        "user_agent": "",
        "first_contact_at": at,
        "last_list_at": None,
        "last_submission_at": None,
        "clock_offset_s": None,
        **more,
    }
    with writing_session(site.engine) as session:
        session.add(Device(phone_id=phone_id, device_id=device, last_contact_at=at, **told))


def fetched(site: Site, phone_id: int, md5: str, device: str = "collect:a") -> None:
    with writing_session(site.engine) as session:
        session.add(
            DeviceForm(
                phone_id=phone_id,
                device_id=device,
                form_id="plain",
                version="1",
                md5=md5,
                fetched_at=NOW,
            )
        )


def board(site: Site, scope: Scope = WHOLE_SITE) -> list[BoardLine]:
    with Session(site.engine) as session:
        return phone_board.board(session, 1, scope, NOW, MARKS)


def current_md5(site: Site) -> str:
    with Session(site.engine) as session:
        return form_versions.listed_forms(session, 1)[0].md5


@pytest.mark.parametrize(
    ("contact", "state"),
    [
        (ago(hours=1), State.FINE),
        (ago(days=2, hours=23), State.FINE),
        (ago(days=3), State.SILENT),
        (None, State.NEW),
    ],
)
def test_a_phone_is_silent_after_three_days(
    plain_site: Site, contact: datetime | None, state: State
) -> None:
    phone = phone_site.add_phone(plain_site)
    if contact:
        heard(plain_site, phone.id, contact)

    (line,) = board(plain_site)

    assert (line.state, line.last_contact_at) == (state, contact)


def test_a_phone_nobody_ever_heard_of_is_silent_in_the_end(plain_site: Site) -> None:
    phone = phone_site.add_phone(plain_site)
    with writing_session(plain_site.engine) as session:
        session.get_one(Phone, phone.id).created_at = ago(days=5)

    (line,) = board(plain_site)

    assert (line.state, line.silent_days) == (State.SILENT, 5)


def test_one_that_was_shut_out_is_neither_silent_nor_old(plain_site: Site) -> None:
    phone = phone_site.add_phone(plain_site)
    heard(plain_site, phone.id, ago(days=9), app_version="2022.1.0")
    phone_site.revoke(plain_site, phone)

    (line,) = board(plain_site)

    assert (line.state, line.has_old_app) == (State.REVOKED, False)


def test_forms_are_held_against_the_current_version(plain_site: Site) -> None:
    for md5 in (current_md5(plain_site), "0" * 32, None):
        phone = phone_site.add_phone(plain_site)
        heard(plain_site, phone.id, NOW)
        if md5:
            fetched(plain_site, phone.id, md5)

    lines = sorted(board(plain_site), key=lambda one: one.phone.id)

    told = [(one.device.current_forms, one.has_old_form) for one in lines if one.device]
    assert told == [(1, False), (0, True), (0, False)]


def test_the_newest_device_decides_where_a_code_wandered(plain_site: Site) -> None:
    phone = phone_site.add_phone(plain_site)
    heard(plain_site, phone.id, ago(days=8), "collect:old", app_version="2023.1.0")
    fetched(plain_site, phone.id, "0" * 32, "collect:old")
    heard(plain_site, phone.id, NOW, "collect:new")

    (line,) = board(plain_site)

    assert [one.device_id for one in line.devices] == ["collect:new", "collect:old"]
    assert (line.has_old_app, line.has_old_form, line.devices[1].is_app_old) == (False, False, True)


@pytest.mark.parametrize(
    ("offset_s", "clock"),
    [
        (None, Clock.UNKNOWN),
        (-30, Clock.RIGHT),
        (-599, Clock.RIGHT),
        (119, Clock.RIGHT),
        (1500, Clock.AHEAD),
        (-7200, Clock.BEHIND),
    ],
)
def test_a_clock_is_right_within_what_sending_takes(
    plain_site: Site, offset_s: float | None, clock: Clock
) -> None:
    phone = phone_site.add_phone(plain_site)
    heard(plain_site, phone.id, NOW, clock_offset_s=offset_s)

    (line,) = board(plain_site)

    assert line.device is not None
    assert line.device.clock == clock


def test_a_reader_sees_his_areas_phones_and_names_of_his_villages(plain_site: Site) -> None:
    shared = phone_site.add_phone(plain_site, [HERE, AWAY])
    phone_site.add_phone(plain_site, [AWAY])

    (line,) = board(plain_site, Scope.of(["130921"]))

    assert line.phone.id == shared.id
    assert ([one.code for one in line.villages], line.elsewhere) == ([HERE], 1)
