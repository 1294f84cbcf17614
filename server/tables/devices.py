"""What is known of phones beyond their code: when they were last heard of, and what they hold."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, UtcTime


class Device(Base):
    """One device that used a phone's code: a code may wander from one to the next.

    `clock_offset_s` is the clock of the newest submission against its arrival, where it says so;
    `last_*_at` are written at most once a minute.
    """

    __tablename__ = "device"
    phone_id: Mapped[int] = mapped_column(ForeignKey("phone.id"), primary_key=True)
    device_id: Mapped[str] = mapped_column(primary_key=True)
    app: Mapped[str]
    app_version: Mapped[str]
    user_agent: Mapped[str]
    first_contact_at: Mapped[datetime] = mapped_column(UtcTime)
    last_contact_at: Mapped[datetime] = mapped_column(UtcTime)
    last_list_at: Mapped[datetime | None] = mapped_column(UtcTime)
    last_submission_at: Mapped[datetime | None] = mapped_column(UtcTime)
    clock_offset_s: Mapped[float | None]


class DeviceForm(Base):
    """The version of a form that a device fetched last."""

    __tablename__ = "device_form"
    phone_id: Mapped[int] = mapped_column(ForeignKey("phone.id"), primary_key=True)
    device_id: Mapped[str] = mapped_column(primary_key=True)
    form_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    md5: Mapped[str]
    fetched_at: Mapped[datetime] = mapped_column(UtcTime)
