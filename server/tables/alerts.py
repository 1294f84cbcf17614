"""Who wants to be told of what, what was noticed, and every message that went out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, UtcTime


class AlertRule(Base):
    """One wish to be told: of what, where, and by which ways.

    `kind` is found, flag, behind or silent; `condition` holds what of it: `codes`, `checks`,
    `households` or `days`. `mail_to` are addresses. `secret` signs what goes to `webhook_url`.
    `hour` is the local hour of a daily digest, None for at once. `seen_submission_id` is the newest
    submission looked at so far.
    """

    __tablename__ = "alert_rule"
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    name: Mapped[str]
    kind: Mapped[str]
    area_code: Mapped[str]
    condition: Mapped[dict[str, Any]] = mapped_column(JSON)
    mail_to: Mapped[list[Any]] = mapped_column(JSON)
    webhook_url: Mapped[str]
    secret: Mapped[str]
    is_on_today: Mapped[bool]
    hour: Mapped[int | None]
    language: Mapped[str]
    seen_submission_id: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    made_by: Mapped[str]
    stopped_at: Mapped[datetime | None] = mapped_column(UtcTime)
    stopped_by: Mapped[str | None]


class AlertEvent(Base):
    """That a rule's condition came to hold for one subject, and when it ceased to.

    `subject` tells it from others of the rule; while one is open no second begins. `told_at` is
    when it went into a message, None while it waits for one.
    """

    __tablename__ = "alert_event"
    __table_args__ = (
        Index("alert_event_by_subject", "rule_id", "subject"),
        Index("alert_event_by_time", "rule_id", "began_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    rule_id: Mapped[int]
    subject: Mapped[str]
    village_code: Mapped[str]
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)
    began_at: Mapped[datetime] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcTime)


class AlertMessage(Base):
    """One message, frozen when it was written: what is sent again is the same to the byte.

    `message_id` is the same for a repetition, so that who receives it twice knows. `channel` is
    mail or webhook. `state` is waiting (until `next_at`), sent or given_up. `rule_id` is the first
    of its rules.
    """

    __tablename__ = "alert_message"
    __table_args__ = (Index("alert_message_waiting", "state", "next_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str]
    rule_id: Mapped[int]
    channel: Mapped[str]
    target: Mapped[str]
    title: Mapped[str]
    payload: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    state: Mapped[str]
    attempts: Mapped[int]
    next_at: Mapped[datetime] = mapped_column(UtcTime)
    replay_of: Mapped[int | None]


class AlertAttempt(Base):
    """One attempt to deliver a message. `outcome` is sent or failed, `answer` what was said."""

    __tablename__ = "alert_attempt"
    __table_args__ = (Index("alert_attempt_by_message", "alert_message_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    alert_message_id: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcTime)
    took_ms: Mapped[int]
    outcome: Mapped[str]
    answer: Mapped[str]
