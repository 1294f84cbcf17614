"""Sends records and tells which tasks they bring: for tests of checks on records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import intake
from server.survey.quality import thresholds
from server.survey.quality.records import work
from server.survey.quality.signals import Change
from server.survey.site import Site
from server.tables.signals import Signal
from server.tables.tasks import CheckSetting
from tests.builders import RECEIVED_AT, a_member, an_upload, roster_xml, screening_xml

NOW = datetime(2026, 11, 21, tzinfo=UTC)
WRONG, OTHER_WRONG, RIGHT = "990000197005060021", "990000197005060022", "990000197005060020"
Line = tuple[str, str, str]


def send(site: Site, xml: bytes, minutes: int = 0) -> None:
    intake.receive(site, an_upload(xml, RECEIVED_AT + timedelta(minutes=minutes)))


def with_id(instance: str, id18: str, **more: str) -> bytes:
    return roster_xml(instance, members=[a_member(id18=id18, has_id="yes")], **more)


def lines(site: Site) -> dict[Line, Mapping[str, Any]]:
    with site.engine.connect() as connection:
        rows = connection.execute(select(Signal.__table__)).mappings().all()
    return {(row["check"], row["subject"], row["indicator"]): {**row} for row in rows}


def check(site: Site, now: datetime = NOW) -> Change:
    with Session(site.engine) as session:
        chosen = thresholds.current(session)
    return work.work_out(site, chosen, now)


def choose(site: Site, name: str, value: float) -> None:
    with writing_session(site.engine) as session:
        session.add(CheckSetting(name=name, value=value, at=NOW, who="test"))


def several(site: Site) -> None:
    """Send thirty women of about one weight, one far from it, and one with a wrong card."""
    for number in range(30):
        send(site, weighed(f"uuid:s{number}", 60 + number % 9), number)
    send(site, weighed("uuid:heavy", 190), 40)
    send(site, with_id("uuid:a", WRONG), 41)
    send(site, with_id("uuid:old", RIGHT, day="2027-02-03"), 42)


def weighed(instance: str, kilograms: float) -> bytes:
    weight = f"<meas><weight>{kilograms}</weight></meas><known>".encode()
    return screening_xml(instance).replace(b"<known>", weight)
