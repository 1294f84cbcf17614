"""What phones' requests tell of devices: noted in memory, written once a minute."""

from __future__ import annotations

import re
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import devices, intake
from server.survey.devices import Contacts, FetchedForm, Sighting
from server.survey.site import Site
from server.tables.devices import Device, DeviceForm
from server.tables.reference import Village
from tests import builders, phone_site

COLLECT = "org.odk.collect.android/v2026.3.0 Dalvik/2.1.0 (Linux; U; Android 13; M2101)"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def later(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def flush(site: Site) -> None:
    written = site.contacts.flush()
    assert written is not None
    written.result()


def kept(site: Site) -> list[Device]:
    with Session(site.engine) as session:
        return list(session.scalars(select(Device).order_by(Device.device_id)))


@pytest.fixture
def phone_id(site: Site) -> int:
    with writing_session(site.engine) as session:
        session.add(Village(code=phone_site.HERE, name="清水村", township_code="130921211000"))
    return phone_site.add_phone(site).id


def ended(xml: bytes, moment: datetime) -> bytes:
    """Return a submission that tells another end."""
    told, count = re.subn(rb"<end>[^<]*</end>", f"<end>{moment.isoformat()}</end>".encode(), xml)
    assert count == 1
    return told


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (COLLECT, ("Collect", "2026.3.0")),
        ("org.koboc.collect.android/2025.3.3 Dalvik/2.1.0", ("KoboCollect", "2025.3.3")),
        ("org.odk.collect.android/v2024.2.4-beta.1 Dalvik", ("Collect", "2024.2.4-beta.1")),
        ("okhttp/4.12.0", ("okhttp", "4.12.0")),
        ("Mozilla", ("", "")),
        ("", ("", "")),
    ],
)
def test_the_agent_tells_app_and_version(agent: str, told: tuple[str, str]) -> None:
    """A2: Collect and KoboCollect begin it with their package and version."""
    assert devices.app_of(agent) == told


@pytest.mark.parametrize(
    ("version", "oldest", "is_old"),
    [
        ("2024.2.4", "2024.3", True),
        ("2024.3.0", "2024.3", False),
        ("2026.1.0", "2024.3", False),
        ("2024.10.1", "2024.3", False),
        ("", "2024.3", False),
        ("1.30.1", "2024.3", True),
        ("2024.3.0-beta.1", "2024.3", False),
    ],
)
def test_versions_are_compared_by_their_numbers(version: str, oldest: str, is_old: bool) -> None:
    assert devices.is_older(version, oldest) is is_old


def test_many_requests_of_a_minute_are_handed_on_as_one() -> None:
    handed: list[list[Sighting]] = []

    def queue(noted: object) -> Future[None]:
        handed.append(list(noted))  # type: ignore[call-overload]
        done: Future[None] = Future()
        done.set_result(None)
        return done

    contacts = Contacts(queue)
    for second in range(50):
        contacts.note(1, "collect:a", COLLECT, NOON + timedelta(seconds=second), is_list=second < 9)
    contacts.flush()

    ((one,),) = handed
    assert (one.first_at, one.list_at, one.last_at) == (
        NOON,
        NOON + timedelta(seconds=8),
        NOON + timedelta(seconds=49),
    )
    assert contacts.flush() is None


def test_a_device_is_written_and_brought_up_to_date(site: Site, phone_id: int) -> None:
    site.contacts.note(phone_id, "collect:a", COLLECT, later(0), is_list=True)
    flush(site)
    newer = COLLECT.replace("v2026.3.0", "v2026.4.0")
    site.contacts.note(phone_id, "collect:a", newer, later(20))
    flush(site)

    (device,) = kept(site)
    assert (device.app, device.app_version) == ("Collect", "2026.4.0")
    assert (device.first_contact_at, device.last_contact_at) == (later(0), later(20))
    assert (device.last_list_at, device.last_submission_at) == (later(0), None)


def test_what_another_process_wrote_later_stays(site: Site, phone_id: int) -> None:
    form = FetchedForm("plain", "2", "b", later(30))
    site.contacts.note(phone_id, "collect:a", COLLECT, later(30), form=form)
    flush(site)
    older = FetchedForm("plain", "1", "a", later(10))
    site.contacts.note(phone_id, "collect:a", "okhttp/1.0", later(10), form=older)
    flush(site)

    (device,) = kept(site)
    with Session(site.engine) as session:
        (held,) = session.scalars(select(DeviceForm)).all()
    assert (device.app, device.last_contact_at, held.version) == ("Collect", later(30), "2")


def test_a_phone_has_no_more_devices_than_a_code_wanders_to(site: Site, phone_id: int) -> None:
    """J15: made-up device ids cost neither memory nor rows without end."""
    for number in range(devices.MOST_DEVICES + 5):
        form = FetchedForm("plain", "1", "a", later(number))
        site.contacts.note(phone_id, f"d{number:03}", COLLECT, later(number), form=form)
    flush(site)

    names = [one.device_id for one in kept(site)]
    assert (len(names), names[0]) == (devices.MOST_DEVICES, "d005")
    with Session(site.engine) as session:
        assert len(session.scalars(select(DeviceForm)).all()) == devices.MOST_DEVICES


@pytest.mark.parametrize(
    ("minutes_ahead", "delays_min", "told_min"),
    [
        (25, (0.1, 180.0), 25),
        (0, (600.0, 0.5, 90.0), 0),
        (-40, (0.2, 0.4), -40),
    ],
)
def test_the_clock_is_told_by_the_visit_that_was_sent_soonest(
    site: Site, phone_id: int, minutes_ahead: int, delays_min: tuple[float, ...], told_min: int
) -> None:
    """A3: by what visits say of their end, never by the Date header."""
    for number, delay in enumerate(delays_min):
        ended_at = later(number * 60 + minutes_ahead)
        received_at = later(number * 60 + delay)
        xml = ended(builders.roster_xml(f"uuid:{number}"), ended_at)
        upload = intake.Upload(1, xml, [], phone_id, "collect:a", received_at)
        intake.receive(site, upload)
    site.contacts.note(phone_id, "collect:a", COLLECT, later(700), is_submission=True)
    flush(site)

    (device,) = kept(site)
    assert device.clock_offset_s is not None
    assert abs(device.clock_offset_s / 60 - told_min) <= 1
