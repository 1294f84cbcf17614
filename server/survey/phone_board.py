"""The phone board: of each phone which app and forms it holds, and when it was last heard of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from maps.layers import short_name
from server.survey import form_versions, phones
from server.survey.areas import Scope
from server.survey.devices import is_older
from server.survey.form_versions import ListedVersion
from server.survey.phone_villages import VillageName
from server.survey.phones import PhoneLine
from server.tables.devices import Device, DeviceForm
from server.tables.truth import Phone

# Sending takes a while, so a clock that seems slow by less may well be right.
AHEAD_S, BEHIND_S = 120, -600


class State(StrEnum):
    """How a phone stands: shut out, not heard of yet, silent for too long, or fine."""

    REVOKED = "revoked"
    NEW = "new"
    SILENT = "silent"
    FINE = "fine"


class Clock(StrEnum):
    """What visits tell of a device's clock; BEHIND may also be answers that were sent late."""

    UNKNOWN = "unknown"
    RIGHT = "right"
    AHEAD = "ahead"
    BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class HeldForm:
    """An open form and the version of it a device fetched last; None when it never did."""

    form_id: str
    title: str
    current_version: str
    held_version: str | None
    fetched_at: datetime | None
    is_current: bool

    @property
    def is_old(self) -> bool:
        """Whether the device holds another version than the current."""
        return self.held_version is not None and not self.is_current


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """One device that used a phone's code. `offset_s`: its clock's seconds ahead, None unknown."""

    device_id: str
    app: str
    version: str
    is_app_old: bool
    first_contact_at: datetime
    last_contact_at: datetime
    last_submission_at: datetime | None
    offset_s: float | None
    forms: tuple[HeldForm, ...]

    @property
    def clock(self) -> Clock:
        """What the offset means."""
        if self.offset_s is None:
            return Clock.UNKNOWN
        if self.offset_s > AHEAD_S:
            return Clock.AHEAD
        return Clock.BEHIND if self.offset_s < BEHIND_S else Clock.RIGHT

    @property
    def has_old_form(self) -> bool:
        """Whether it holds an old version of an open form."""
        return any(one.is_old for one in self.forms)

    @property
    def current_forms(self) -> int:
        """How many open forms it holds in their current version."""
        return sum(one.is_current for one in self.forms)


@dataclass(frozen=True, slots=True)
class BoardLine:
    """A phone with its devices, the one heard of last first.

    `villages` are those of the reader's scope, `elsewhere` counts the others.
    """

    phone: PhoneLine
    villages: tuple[VillageName, ...]
    elsewhere: int
    devices: tuple[DeviceLine, ...]
    state: State
    silent_days: int
    last_contact_at: datetime | None
    last_submission_at: datetime | None

    @property
    def device(self) -> DeviceLine | None:
        """The device heard of last."""
        return self.devices[0] if self.devices else None

    @property
    def village_names(self) -> tuple[str, ...]:
        """Its villages of the reader's scope, as a map names them."""
        return tuple(short_name(one.name) for one in self.villages)

    @property
    def is_in_use(self) -> bool:
        """Whether it is let in."""
        return self.state != State.REVOKED

    @property
    def has_old_form(self) -> bool:
        """Whether a phone in use holds an old version of a form."""
        return self.is_in_use and self.device is not None and self.device.has_old_form

    @property
    def has_old_app(self) -> bool:
        """Whether a phone in use runs an old Collect."""
        return self.is_in_use and self.device is not None and self.device.is_app_old


@dataclass(frozen=True, slots=True)
class Marks:
    """From when on something is marked: days of silence, the oldest version of Collect."""

    silent_days: int
    oldest_app: str


def board(
    session: Session, project_id: int, scope: Scope, now: datetime, marks: Marks
) -> list[BoardLine]:
    """Return the phones that serve a village of `scope`, those in use first, then by name."""
    listed = phones.phone_list(session, project_id, scope)
    return _lines(session, project_id, listed, scope, now, marks)


def find(
    session: Session, project_id: int, phone_id: int, scope: Scope, now: datetime, marks: Marks
) -> BoardLine:
    """Return one phone. Raises Missing when there is none that serves a village of `scope`."""
    listed = [phones.find(session, phone_id, scope)]
    return _lines(session, project_id, listed, scope, now, marks)[0]


def _lines(
    session: Session,
    project_id: int,
    listed: Sequence[PhoneLine],
    scope: Scope,
    now: datetime,
    marks: Marks,
) -> list[BoardLine]:
    devices = _devices(session, project_id, [one.id for one in listed], marks.oldest_app)
    return [_line(one, devices.get(one.id, ()), scope, now, marks) for one in listed]


def _line(
    phone: PhoneLine, devices: Iterable[DeviceLine], scope: Scope, now: datetime, marks: Marks
) -> BoardLine:
    newest_first = tuple(sorted(devices, key=lambda one: one.last_contact_at, reverse=True))
    # Sites that began before devices were noted know of submissions alone.
    contact = _newest(phone.last_submission_at, *(one.last_contact_at for one in newest_first))
    sent = _newest(phone.last_submission_at, *(one.last_submission_at for one in newest_first))
    silent_days = max(0, (now - (contact or phone.created_at)).days)
    seen = tuple(one for one in phone.villages if scope.covers(one.code))
    return BoardLine(
        phone=phone,
        villages=seen,
        elsewhere=len(phone.villages) - len(seen),
        devices=newest_first,
        state=_state(phone, contact, is_silent=silent_days >= marks.silent_days),
        silent_days=silent_days,
        last_contact_at=contact,
        last_submission_at=sent,
    )


def _state(phone: PhoneLine, contact: datetime | None, *, is_silent: bool) -> State:
    if phone.revoked_at is not None:
        return State.REVOKED
    if is_silent:
        return State.SILENT
    return State.FINE if contact else State.NEW


def _newest(*moments: datetime | None) -> datetime | None:
    return max((one for one in moments if one is not None), default=None)


def _devices(
    session: Session, project_id: int, phone_ids: Sequence[int], oldest_app: str
) -> dict[int, list[DeviceLine]]:
    # By project and not by id: a county's phones are more than a statement's places on SQLite.
    wanted = set(phone_ids)
    rows = session.scalars(
        select(Device)
        .join(Phone, Phone.id == Device.phone_id)
        .where(Phone.project_id == project_id)
    )
    held = _held(session, project_id)
    listed = form_versions.listed_forms(session, project_id)
    devices: dict[int, list[DeviceLine]] = {}
    for row in rows:
        if row.phone_id not in wanted:
            continue
        devices.setdefault(row.phone_id, []).append(
            DeviceLine(
                device_id=row.device_id,
                app=row.app,
                version=row.app_version,
                is_app_old=row.app in ("Collect", "KoboCollect")
                and is_older(row.app_version, oldest_app),
                first_contact_at=row.first_contact_at,
                last_contact_at=row.last_contact_at,
                last_submission_at=row.last_submission_at,
                offset_s=row.clock_offset_s,
                forms=_forms(listed, held.get((row.phone_id, row.device_id), {})),
            )
        )
    return devices


def _held(session: Session, project_id: int) -> dict[tuple[int, str], dict[str, DeviceForm]]:
    held: dict[tuple[int, str], dict[str, DeviceForm]] = {}
    rows = session.scalars(
        select(DeviceForm)
        .join(Phone, Phone.id == DeviceForm.phone_id)
        .where(Phone.project_id == project_id)
    )
    for row in rows:
        held.setdefault((row.phone_id, row.device_id), {})[row.form_id] = row
    return held


def _forms(listed: Sequence[ListedVersion], held: Mapping[str, DeviceForm]) -> tuple[HeldForm, ...]:
    return tuple(
        HeldForm(
            form_id=one.form_id,
            title=one.title,
            current_version=one.version,
            held_version=fetched.version if (fetched := held.get(one.form_id)) else None,
            fetched_at=fetched.fetched_at if fetched else None,
            is_current=fetched is not None and fetched.md5 == one.md5,
        )
        for one in listed
    )
