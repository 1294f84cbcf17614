"""What phones' requests tell of the devices behind their codes: app, forms, last contact, clock.

A request only notes itself in memory. Once a minute all that was noted goes to the writer, in one
transaction that does not wait for the disk: a power cut may cost the last minute, and no phone
ever waits for it.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, select

from server.database import insert_or_replace, rows_with, table_of
from server.tables.devices import Device, DeviceForm
from server.tables.projections import Visit
from server.tables.truth import Submission

log = logging.getLogger(__name__)

EVERY_S = 60.0
# A code wanders to a new device now and then; more only come from somebody who makes up names.
MOST_DEVICES = 20
MOST_NOTED = 20_000
LONGEST_AGENT = 300
LONGEST_DEVICE_ID = 200
# Half a day's households: enough that one of them was sent as soon as it was done.
VISITS_COMPARED = 10

DEVICE, DEVICE_FORM = table_of(Device), table_of(DeviceForm)
_APP = re.compile(r"([A-Za-z][\w.]*)/v?([0-9][\w.\-+]*)")
# Package names of the apps (openrosa: A2).
_APPS = {"org.odk.collect.android": "Collect", "org.koboc.collect.android": "KoboCollect"}

Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class FetchedForm:
    """A form's version that a device fetched, or was told that it has it (304)."""

    form_id: str
    version: str
    md5: str
    at: datetime


@dataclass(slots=True)
class Sighting:
    """What was noted of one device since the last writing."""

    phone_id: int
    device_id: str
    user_agent: str
    first_at: datetime
    last_at: datetime
    list_at: datetime | None = None
    submission_at: datetime | None = None
    forms: dict[str, FetchedForm] = field(default_factory=dict)


class Contacts:
    """Notes requests of phones, and hands what was noted to `queue` once a minute."""

    def __init__(self, queue: Callable[[Sequence[Sighting]], Future[None]]) -> None:
        """Start with nothing noted."""
        self._queue = queue
        self._lock = threading.Lock()
        self._noted: dict[Key, Sighting] = {}
        self._timer: threading.Timer | None = None

    def note(
        self,
        phone_id: int,
        device_id: str,
        user_agent: str,
        at: datetime,
        *,
        is_list: bool = False,
        is_submission: bool = False,
        form: FetchedForm | None = None,
    ) -> None:
        """Note one request: a look-up in a dictionary, never a wait."""
        key = (phone_id, device_id[:LONGEST_DEVICE_ID])
        with self._lock:
            seen = self._noted.get(key)
            if seen is None:
                if len(self._noted) >= MOST_NOTED:
                    return
                seen = self._noted[key] = Sighting(*key, user_agent[:LONGEST_AGENT], at, at)
            seen.user_agent, seen.last_at = user_agent[:LONGEST_AGENT], at
            seen.list_at = at if is_list else seen.list_at
            seen.submission_at = at if is_submission else seen.submission_at
            if form is not None:
                seen.forms[form.form_id] = form
            if self._timer is None:
                self._timer = threading.Timer(EVERY_S, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> Future[None] | None:
        """Hand on what was noted, now; None when there is nothing."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            noted, self._noted = list(self._noted.values()), {}
        if not noted:
            return None
        handed = self._queue(noted)
        handed.add_done_callback(_tell_failure)
        return handed


def _tell_failure(written: Future[None]) -> None:
    if (error := written.exception()) is not None:
        log.warning("contacts of phones were not written: %s", error)


def app_of(user_agent: str) -> tuple[str, str]:
    """Return app and version: ("Collect", "2026.3.0"); "" for what the agent does not say."""
    found = _APP.match(user_agent)
    if found is None:
        return "", ""
    package, version = found.groups()
    return _APPS.get(package, package), version


def is_older(version: str, oldest: str) -> bool:
    """Say whether a version such as "2024.2.4" comes before another; never for an unknown one."""
    numbers, least = _numbers(version), _numbers(oldest)
    return bool(numbers and least) and numbers[: len(least)] < least


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"v?(\d{1,6}(?:\.\d{1,6})*)", version)
    return tuple(map(int, found[1].split("."))) if found else ()


def write(connection: Connection, batches: Sequence[Sequence[Sighting]]) -> list[None]:
    """Bring the tables up to what was noted. Called by the writer alone."""
    sightings = [one for batch in batches for one in batch]
    phone_ids = sorted({one.phone_id for one in sightings})
    names = [column.name for column in DEVICE.columns]
    rows = rows_with(connection, DEVICE, names, "phone_id", phone_ids)
    known = {(row["phone_id"], row["device_id"]): row for row in _named(names, rows)}
    touched: dict[Key, Mapping[str, Any]] = {}
    for one in sightings:
        key = (one.phone_id, one.device_id)
        touched[key] = known[key] = _device_row(connection, one, known.get(key))
    insert_or_replace(connection, DEVICE, list(touched.values()))
    _write_forms(connection, sightings, phone_ids)
    _drop_oldest(connection, known)
    return [None] * len(batches)


def _named(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]


def _device_row(
    connection: Connection, seen: Sighting, before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the row of a device; another process may have written something newer."""
    old = before or {}
    agent = "".join(sign for sign in seen.user_agent if sign.isprintable())
    if old and old["last_contact_at"] > seen.last_at:
        agent = old["user_agent"]
    app, version = app_of(agent)
    offset = old.get("clock_offset_s")
    if seen.submission_at is not None:
        offset = _clock_offset_s(connection, seen.phone_id, seen.device_id)
    return {
        "phone_id": seen.phone_id,
        "device_id": seen.device_id,
        "app": app,
        "app_version": version,
        "user_agent": agent,
        "first_contact_at": old.get("first_contact_at") or seen.first_at,
        "last_contact_at": _later(old.get("last_contact_at"), seen.last_at),
        "last_list_at": _later(old.get("last_list_at"), seen.list_at),
        "last_submission_at": _later(old.get("last_submission_at"), seen.submission_at),
        "clock_offset_s": offset,
    }


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((told for told in (one, other) if told is not None), default=None)


def _clock_offset_s(connection: Connection, phone_id: int, device_id: str) -> float | None:
    """Return the seconds by which the device's clock is ahead, as its newest visits tell.

    What a visit says of its end comes before its arrival by as long as the sending took; so the
    largest difference of several is nearest to the clock's. None where no visit tells its time.
    """
    rows = connection.execute(
        select(Visit.ended_at, Visit.started_at, Submission.received_at)
        .join(Submission, Submission.id == Visit.submission_id)
        .where(Visit.phone_id == phone_id, Submission.device_id == device_id)
        .order_by(Visit.visited_on.desc(), Visit.submission_id.desc())
        .limit(VISITS_COMPARED)
    )
    told = [
        (told_at - received_at).total_seconds()
        for ended_at, started_at, received_at in rows
        if (told_at := ended_at or started_at) is not None
    ]
    return max(told, default=None)


def _write_forms(
    connection: Connection, sightings: Sequence[Sighting], phone_ids: Sequence[int]
) -> None:
    names = ("phone_id", "device_id", "form_id", "fetched_at")
    before = {
        row[:3]: row[3] for row in rows_with(connection, DEVICE_FORM, names, "phone_id", phone_ids)
    }
    fetched: dict[tuple[int, str, str], dict[str, Any]] = {}
    for seen in sightings:
        for form in seen.forms.values():
            key = (seen.phone_id, seen.device_id, form.form_id)
            if key in before and before[key] > form.at:
                continue
            before[key] = form.at
            fetched[key] = {
                "phone_id": seen.phone_id,
                "device_id": seen.device_id,
                "form_id": form.form_id,
                "version": form.version,
                "md5": form.md5,
                "fetched_at": form.at,
            }
    insert_or_replace(connection, DEVICE_FORM, list(fetched.values()))


def _drop_oldest(connection: Connection, known: Mapping[Key, Mapping[str, Any]]) -> None:
    """Forget the devices of a phone that were silent longest, where it has too many."""
    of_phone: dict[int, list[Mapping[str, Any]]] = {}
    for row in known.values():
        of_phone.setdefault(row["phone_id"], []).append(row)
    for phone_id, rows in of_phone.items():
        rows.sort(key=lambda row: row["last_contact_at"], reverse=True)
        for row in rows[MOST_DEVICES:]:
            for table in (DEVICE_FORM, DEVICE):
                connection.execute(
                    delete(table).where(
                        and_(table.c.phone_id == phone_id, table.c.device_id == row["device_id"])
                    )
                )
