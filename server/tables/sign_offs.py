"""What is settled about a round beyond its days: figures that were signed, targets of one day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, UtcTime


class RegisterSignOff(Base):
    """That a township agreed to its register before a round: the figures as they were then.

    `figures` holds one row a village: code, name, households, persons, source and day; `digest`
    is their SHA-256. `signed_by` and `office` are who signed, as they put it; `who` is the account
    that wrote it down. Signed once more is a row more; the newest counts.
    """

    __tablename__ = "register_sign_off"
    __table_args__ = (Index("register_sign_off_by_township", "township_code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    township_code: Mapped[str]
    round_name: Mapped[str]
    signed_by: Mapped[str]
    office: Mapped[str]
    note: Mapped[str]
    figures: Mapped[list[Any]] = mapped_column(JSON)
    digest: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str]


class DayTarget(Base):
    """Households that a village is to do on one day, where that is not its even part of the plan.

    0 is a day off. What it was before a change stands in the journal.
    """

    __tablename__ = "day_target"
    project_id: Mapped[int] = mapped_column(primary_key=True)
    village_code: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    households: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str]
