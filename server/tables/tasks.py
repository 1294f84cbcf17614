"""What people did about what checks noticed, and thresholds they chose: added, never rewritten."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, UtcTime


class TaskStep(Base):
    """One thing somebody did about a signal (tables.signals.Signal).

    `check`, `subject`, `indicator` and `inputs` name the signal as it was then: with other inputs
    it is a new task. `kind` is assigned (to the account `owner`, until `due_on`), closed (with a
    `reason`), reopened or noted.
    """

    __tablename__ = "task_step"
    __table_args__ = (Index("task_step_by_signal", "check", "subject", "indicator"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    check: Mapped[str]
    subject: Mapped[str]
    indicator: Mapped[str]
    inputs: Mapped[str]
    kind: Mapped[str]
    owner: Mapped[str]
    due_on: Mapped[date | None]
    reason: Mapped[str]
    note: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str]


class CheckSetting(Base):
    """A threshold this site chose for itself; the newest of a name counts, None for the default."""

    __tablename__ = "check_setting"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    value: Mapped[float | None]
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str]


class CheckRun(Base):
    """One run of all checks: with which thresholds and seed, and what it changed.

    `fault` is what went wrong, "" for nothing; `ended_at` None while it runs or when it was killed.
    `figures` holds seconds and changes by step.
    """

    __tablename__ = "check_run"
    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    configuration: Mapped[str]
    seed: Mapped[int]
    raised: Mapped[int]
    cleared: Mapped[int]
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)
    fault: Mapped[str]


class Noticed(Base):
    """Since when something was noticed, while what checks say is worked out again after a rebuild.

    As the columns of Signal of these names were; gone once a run has looked at everything.
    """

    __tablename__ = "noticed"
    check: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    indicator: Mapped[str] = mapped_column(primary_key=True)
    verdict: Mapped[str]
    inputs: Mapped[str]
    noticed_at: Mapped[datetime] = mapped_column(UtcTime)
