"""Workers with whom a talk is worthwhile: a list for people, and what they found out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from server.errors import Missing, NotValid
from server.survey import phones
from server.survey.areas import Scope
from server.survey.quality.unusual import LONGEST_NOTE, Reply
from server.tables import signals
from server.tables.decisions import WorkerReply

WORKED = signals.Signal

REASONS = ("talked", "corrected", "explained", "false_alarm")
"""Talked about, done otherwise from now on · answers corrected · another reason · nothing."""

TALK, USUAL, TOO_FEW = "flag", "usual", "too_few"
_ORDER = (TALK, USUAL, TOO_FEW)


@dataclass(frozen=True, slots=True)
class Signal:
    """What one check says of one worker (tables.Signal of family worker).

    `reply` is what somebody found out while the inputs were these, None while it is open.
    """

    check: str
    phone_id: int
    worker: str
    indicator: str
    figures: Mapping[str, Any]
    verdict: str
    reply: Reply | None

    @property
    def is_open(self) -> bool:
        """Whether somebody should talk with the worker, and nobody has."""
        return self.verdict == TALK and self.reply is None


@dataclass(frozen=True, slots=True)
class WorkerStanding:
    """One worker and the most that any check says: talk (open or closed), usual or too_few."""

    phone_id: int
    worker: str
    verdict: str
    open: int


def worth_a_talk(
    session: Session, project_id: int, scope: Scope, *, is_open: bool = True
) -> list[Signal]:
    """Return what is worth a talk, by worker; what is closed on request.

    Of the phones that serve a village of the scope.
    """
    signals = _signals(session, project_id, scope, _lines().where(WORKED.verdict == TALK))
    return [one for one in signals if one.is_open == is_open]


def standings(session: Session, project_id: int, scope: Scope) -> list[WorkerStanding]:
    """Return every worker of the scope that any check looked at, those worth a talk first."""
    names = _names(session, project_id, scope)
    worst: dict[int, str] = {}
    is_open: Counter[int] = Counter()
    told = _lines().with_only_columns(
        WORKED.phone_id, WORKED.verdict, WorkerReply.id, maintain_column_froms=True
    )
    for phone_id, verdict, reply in session.execute(told.order_by(None)):
        worst[phone_id] = min(verdict, worst.get(phone_id, TOO_FEW), key=_ORDER.index)
        is_open[phone_id] += verdict == TALK and reply is None
    seen = [
        WorkerStanding(phone_id, names[phone_id], verdict, is_open[phone_id])
        for phone_id, verdict in worst.items()
        if phone_id in names
    ]
    return sorted(seen, key=lambda one: (-one.open, _ORDER.index(one.verdict), one.worker))


def of_worker(session: Session, project_id: int, scope: Scope, phone_id: int) -> list[Signal]:
    """Return all that checks say of one worker, what is worth a talk first.

    Raises Missing for a phone that serves no village of the scope.
    """
    phones.find(session, phone_id, scope)
    told = _lines().where(WORKED.phone_id == phone_id)
    return sorted(
        _signals(session, project_id, scope, told), key=lambda one: _ORDER.index(one.verdict)
    )


def worked_out_at(session: Session) -> datetime | None:
    """Return when the checks last found something new, None before the first time."""
    return session.scalar(select(func.max(WORKED.noticed_at)).where(WORKED.family == "worker"))


def close(
    session: Session, scope: Scope, phone_id: int, line: tuple[str, str], reply: Reply
) -> None:
    """Close what a check (`line`: check, indicator) says of a worker, with a reason.

    It opens again when the worker's own readings or times change. Raises Missing for what is not
    worth a talk or not in the scope, NotValid for another reason or a note that is too long.
    """
    phones.find(session, phone_id, scope)
    check, indicator = line
    found = session.get(WORKED, (check, str(phone_id), indicator))
    if found is None or found.verdict != TALK:
        raise Missing("This is as usual, or is so by now.")
    if reply.reason not in REASONS:
        raise NotValid("Choose what was found out.", "reason")
    if len(reply.note) > LONGEST_NOTE:
        raise NotValid("Write at most %(most)s characters.", "note", most=LONGEST_NOTE)
    session.add(
        WorkerReply(
            check=check,
            phone_id=phone_id,
            indicator=indicator,
            inputs=found.inputs,
            reason=reply.reason,
            note=reply.note.strip(),
            at=reply.at,
            who=reply.who,
        )
    )


def _lines() -> Select[*tuple[Any, ...]]:
    newest = (
        select(func.max(WorkerReply.id))
        .where(
            WorkerReply.check == WORKED.check,
            WorkerReply.phone_id == WORKED.phone_id,
            WorkerReply.indicator == WORKED.indicator,
            WorkerReply.inputs == WORKED.inputs,
        )
        .correlate(WORKED)
        .scalar_subquery()
    )
    return (
        select(WORKED, WorkerReply)
        .outerjoin(WorkerReply, WorkerReply.id == newest)
        .where(WORKED.family == "worker")
        .order_by(WORKED.phone_id, WORKED.check, WORKED.indicator)
    )


def _names(session: Session, project_id: int, scope: Scope) -> dict[int, str]:
    return {one.id: one.name for one in phones.phone_list(session, project_id, scope)}


def _signals(
    session: Session, project_id: int, scope: Scope, query: Select[*tuple[Any, ...]]
) -> list[Signal]:
    names = _names(session, project_id, scope)
    return [
        Signal(
            check=signal.check,
            phone_id=signal.phone_id,
            worker=names[signal.phone_id],
            indicator=signal.indicator,
            figures=signal.figures,
            verdict=signal.verdict,
            reply=Reply(reply.reason, reply.note, reply.who, reply.at) if reply else None,
        )
        for signal, reply in session.execute(query)
        if signal.phone_id in names
    ]
