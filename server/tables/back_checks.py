"""Interviews that are held a second time by somebody else: who was drawn, and whom it was given."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, UtcTime


class BackCheckDraw(Base):
    """One sample of households that were interviewed from `starts_on` to `ends_on`.

    `stratum` is worker or village: of each, `share` (0 to 1) was drawn, at least `least`. The same
    `seed` draws the same households. `phone_id` is the phone that asks again, None for each
    township's own phones in turn.
    """

    __tablename__ = "back_check_draw"
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    area_code: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    stratum: Mapped[str]
    share: Mapped[float]
    least: Mapped[int]
    seed: Mapped[int]
    phone_id: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str]


class BackCheckEntry(Base):
    """One household that was drawn: an entry of the list `backchecks` of the phone `phone_id`.

    `entity_id` names it there. `said` is what the first interview said on the day of the draw, by
    question: a correction made afterwards does not undo that it was wrong. `first_phone_id` held
    the first interview, whose record `root_instance_id` begins. `person_id` is of whom the second
    worker asks, None where no grown-up is known.
    """

    __tablename__ = "back_check_entry"
    __table_args__ = (
        Index("back_check_entry_by_draw", "draw_id"),
        Index("back_check_entry_by_household", "household_id"),
        Index("back_check_entry_by_phone", "phone_id"),
        Index("back_check_entry_by_village", "village_code"),
        Index("back_check_entry_by_record", "root_instance_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    draw_id: Mapped[int]
    project_id: Mapped[int]
    entity_id: Mapped[str] = mapped_column(unique=True)
    household_id: Mapped[str]
    village_code: Mapped[str]
    person_id: Mapped[str | None]
    form_id: Mapped[str]
    root_instance_id: Mapped[str]
    interviewed_on: Mapped[date]
    first_phone_id: Mapped[int]
    phone_id: Mapped[int | None]
    label: Mapped[str]
    said: Mapped[dict[str, Any]] = mapped_column(JSON)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcTime)
    withdrawn_by: Mapped[str | None]
