"""The log of deliveries: every message, every attempt, and sending once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from server.errors import Missing
from server.survey.alerts import messages
from server.survey.areas import Scope
from server.tables.alerts import AlertAttempt, AlertMessage, AlertRule

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A message and the rule it is of; `last` is the newest attempt, None before the first."""

    message: AlertMessage
    rule: AlertRule
    last: AlertAttempt | None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages, newest first; `older` is the id to go on before, None at the end."""

    lines: Sequence[MessageLine]
    older: int | None


def page(
    session: Session,
    project_id: int,
    scope: Scope,
    *,
    before: int | None = None,
    rule_id: int | None = None,
) -> MessagePage:
    """Return a page of the log of the rules whose areas lie in the scope."""
    query = _lines(project_id, scope).order_by(AlertMessage.id.desc()).limit(PAGE_SIZE + 1)
    if before is not None:
        query = query.where(AlertMessage.id < before)
    if rule_id is not None:
        query = query.where(AlertMessage.rule_id == rule_id)
    lines = [MessageLine(message, rule, last) for message, rule, last in session.execute(query)]
    is_more = len(lines) > PAGE_SIZE
    lines = lines[:PAGE_SIZE]
    return MessagePage(lines, lines[-1].message.id if is_more else None)


def find(session: Session, project_id: int, scope: Scope, message_id: int) -> MessageLine:
    """Return one message. Raises Missing for one of a rule outside the scope."""
    row = session.execute(
        _lines(project_id, scope).where(AlertMessage.id == message_id)
    ).one_or_none()
    if row is None:
        raise Missing("There is no such message.")
    message, rule, last = row
    return MessageLine(message, rule, last)


def attempts(session: Session, message_id: int) -> list[AlertAttempt]:
    """Return the attempts to deliver a message, newest first."""
    query = select(AlertAttempt).where(AlertAttempt.alert_message_id == message_id)
    return list(session.scalars(query.order_by(AlertAttempt.id.desc())))


def repeat(session: Session, message: AlertMessage, now: datetime) -> AlertMessage:
    """Send a message once more: at once where it waits, else a copy of the same bytes."""
    if message.state == "waiting":
        message.next_at = now
        return message
    return messages.again(session, message, now)


def waiting(session: Session, project_id: int, scope: Scope) -> int:
    """Return how many messages of the rules of the scope are not delivered yet."""
    query = (
        select(func.count())
        .select_from(AlertMessage)
        .join(AlertRule, AlertRule.id == AlertMessage.rule_id)
        .where(
            AlertMessage.state == "waiting",
            AlertRule.project_id == project_id,
            scope.where(AlertRule.area_code),
        )
    )
    return session.scalar(query) or 0


def _lines(project_id: int, scope: Scope) -> Select[AlertMessage, AlertRule, AlertAttempt]:
    newest = (
        select(func.max(AlertAttempt.id))
        .where(AlertAttempt.alert_message_id == AlertMessage.id)
        .correlate(AlertMessage)
        .scalar_subquery()
    )
    return (
        select(AlertMessage, AlertRule, AlertAttempt)
        .join(AlertRule, AlertRule.id == AlertMessage.rule_id)
        .outerjoin(AlertAttempt, AlertAttempt.id == newest)
        # A message holds rules of one area alone.
        .where(AlertRule.project_id == project_id, scope.where(AlertRule.area_code))
    )
