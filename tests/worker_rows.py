"""Visits and readings of two workers, written straight into the projected tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Executable, insert, select

from server.database import writing, writing_session
from server.survey import blocks, phones
from server.survey.areas import WHOLE_SITE
from server.survey.first_run import PROJECT
from server.survey.registry.sample import import_sample
from server.survey.site import Site
from server.tables.projections import Measurement, Visit
from server.tables.reference import Village
from server.tables.truth import PhoneVillage, Submission

MORNING = datetime(2026, 11, 1, 0, tzinfo=UTC)


def two_workers(site: Site) -> tuple[int, int]:
    """Add two phones in one township and return their numbers.

    The first tells 60 systolic pressures of which 34 end in 0, in visits of one minute; the second
    tells 60 with even last digits, in visits of ten.
    """
    with writing_session(site.engine) as session:
        import_sample(session, "test")
    first, second = a_phone(site, "王芳"), a_phone(site, "李强")
    rounding = [110, 120, 130, 140] * 8 + [150, 100] + [120 + n % 9 + 1 for n in range(26)]
    add_readings(site, first, 1, rounding, minutes=1)
    add_readings(site, second, 101, [100 + n for n in range(60)], minutes=10)
    return first, second


def a_phone(site: Site, name: str) -> int:
    """Add a phone that serves the first village, and return its number."""
    with writing_session(site.engine) as session:
        village = session.scalars(select(Village.code).order_by(Village.code)).first() or ""
        return phones.add_phone(session, PROJECT, name, [village], WHOLE_SITE).id


def add_readings(
    site: Site, phone_id: int, number: int, systolic: Sequence[int], *, minutes: int = 10
) -> None:
    """Add a screening for each pressure; submissions are numbered from `number` on.

    Each has a first reading and a mean that ends in 5.
    """
    with writing(site.engine) as connection:
        village = connection.execute(
            select(PhoneVillage.village_code).where(PhoneVillage.phone_id == phone_id)
        ).scalar_one()
        for at, upper in enumerate(systolic, start=number):
            start = MORNING + timedelta(minutes=15 * at)
            # Of a version that nobody published: its answers are not looked at here.
            connection.execute(
                insert(Submission),
                {
                    "id": at,
                    "project_id": PROJECT,
                    "form_id": "disease_screening",
                    "version": "none",
                    "instance_id": f"uuid:{at}",
                    "root_instance_id": f"uuid:{at}",
                    "deprecated_id": None,
                    "xml": b"",
                    "sha256": "",
                    "received_at": start,
                    "phone_id": phone_id,
                    "device_id": "",
                },
            )
            connection.execute(
                insert(Visit),
                {
                    "submission_id": at,
                    "moment": f"{start.isoformat()} uuid:{at}",
                    "form_id": "disease_screening",
                    "village_code": village,
                    "household_id": None,
                    "visited_on": date(2026, 11, 1),
                    "started_at": start,
                    "ended_at": start + timedelta(minutes=minutes),
                    "phone_id": phone_id,
                    "worker": "",
                    "way": "home",
                    "outcome": "completed",
                    "latitude": None,
                    "longitude": None,
                    "accuracy_m": None,
                    "household": {},
                    "manner": {},
                    "flags": 0,
                },
            )
            told = {"sbp1": upper, "dbp1": 60 + at % 30, "sbp": 125, "dbp": 75}
            connection.execute(
                insert(Measurement),
                [
                    {
                        "submission_id": at,
                        "position": 0,
                        "name": name,
                        "person_id": f"p{at}",
                        "value": value,
                    }
                    for name, value in told.items()
                ],
            )
        blocks.touch(connection, range(number, number + len(systolic)))


def change(site: Site, statement: Executable) -> None:
    """Change projected rows by hand, and mark every block as changed."""
    with writing(site.engine) as connection:
        connection.execute(statement)
        blocks.touch(connection, range(0, 2 * blocks.BLOCK, blocks.BLOCK))
