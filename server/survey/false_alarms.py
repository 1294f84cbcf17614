"""How often a check called for nothing, by those who closed what it noticed; what to loosen then.

Counted over the whole site, since thresholds are the site's, and from the last change of a check's
thresholds on: what was looser or stricter before says nothing about today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, select, true
from sqlalchemy.orm import Session

from server.survey import task_queries
from server.survey.quality import looser
from server.survey.quality.checks import CHECKS, Family
from server.survey.quality.looser import Proposal
from server.survey.task_queries import CLOSED
from server.tables.tasks import CheckSetting, TaskStep

FALSE_ALARM = "false_alarm"
# Fewer closed ones say nothing about a check; more false ones than this, and people stop looking.
FEWEST_CLOSED = 10
LARGEST_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class ClosedCheck:
    """What came of a check: how many were closed, and how many of these for nothing.

    `proposal` is a looser threshold, None while there is no reason for one or none to loosen.
    """

    check: str
    family: Family
    closed: int
    false_alarms: int
    proposal: Proposal | None

    @property
    def share(self) -> float:
        """False alarms of all that was closed."""
        return self.false_alarms / self.closed

    @property
    def is_too_keen(self) -> bool:
        """Whether so many were false, of enough, that people would stop looking."""
        return self.closed >= FEWEST_CLOSED and self.share > LARGEST_SHARE


def by_check(session: Session, chosen: Mapping[str, float]) -> list[ClosedCheck]:
    """Return every check of which something was closed, the largest share of false alarms first.

    `chosen` are the thresholds of today.
    """
    newest = task_queries.newest()
    rows = session.execute(
        select(TaskStep.check, TaskStep.reason, func.count())
        .join(newest, newest.c.id == TaskStep.id)
        .where(TaskStep.kind == CLOSED, _is_of_today(session))
        .group_by(TaskStep.check, TaskStep.reason)
    )
    closed: Counter[str] = Counter()
    false_alarms: Counter[str] = Counter()
    for check, reason, number in rows:
        closed[check] += number
        if reason == FALSE_ALARM:
            false_alarms[check] += number
    told = [
        _closed_check(check, number, false_alarms[check], chosen)
        for check, number in closed.items()
        if check in CHECKS
    ]
    return sorted(told, key=lambda one: (-one.share, -one.closed, one.check))


def _closed_check(
    check: str, closed: int, false_alarms: int, chosen: Mapping[str, float]
) -> ClosedCheck:
    told = ClosedCheck(check, CHECKS[check].family, closed, false_alarms, None)
    if not told.is_too_keen:
        return told
    return ClosedCheck(check, told.family, closed, false_alarms, looser.proposal(check, chosen))


def _is_of_today(session: Session) -> ColumnElement[bool]:
    """Return the condition that a step came after the last change of its check's thresholds."""
    changed: dict[str, datetime] = {}
    for name, at in session.execute(
        select(CheckSetting.name, CheckSetting.at).order_by(CheckSetting.id)
    ):
        check, _, number = name.partition(".")
        if number != "due_days":
            changed[check] = at
    if not changed:
        return true()
    whens = [(TaskStep.check == check, TaskStep.at > at) for check, at in changed.items()]
    return and_(case(*whens, else_=true()))
