"""Villages whose counts are unusual: a list for people, and what they found out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from server.errors import Missing, NotValid
from server.survey.areas import Scope
from server.tables.decisions import RateReply
from server.tables.reference import Division, Village
from server.tables.signals import RateModel, VillageRate

REASONS = ("confirmed", "corrected", "explained", "false_alarm")
"""So it is · answers were corrected · it has another reason · there was nothing."""

LONGEST_NOTE = 500
LISTED = ("unusual", "watch")


@dataclass(frozen=True, slots=True)
class UnusualVillage:
    """A village whose count of one indicator stands apart.

    `reply` is what somebody found out while the count was this one, None while it is open.
    """

    village_code: str
    village: str
    township: str
    indicator: str
    events: int
    tried: int
    expected: float
    verdict: str
    reply: Reply | None


@dataclass(frozen=True, slots=True)
class Reply:
    """Who closed it, when and why."""

    reason: str
    note: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class VillageFigure:
    """One village's count of one indicator, whatever its verdict, with the limits around it."""

    line: UnusualVillage
    share: float
    funnel: Sequence[Sequence[float]]
    others: Sequence[tuple[int, int]]


def unusual(session: Session, scope: Scope, *, is_open: bool = True) -> list[UnusualVillage]:
    """Return the unusual villages of the scope, the clearest first; closed ones on request."""
    rows = session.execute(
        _lines(scope)
        .where(VillageRate.verdict.in_(LISTED))
        .order_by(VillageRate.verdict, VillageRate.q, VillageRate.village_code)
    )
    lines = [_line(row) for row in rows]
    return [one for one in lines if (one.reply is None) == is_open]


def open_count(session: Session, scope: Scope) -> int:
    """Return how many wait for somebody to look."""
    return len(unusual(session, scope))


def figures(session: Session, scope: Scope, village_code: str) -> list[VillageFigure]:
    """Return a village's counts, the listed ones first, each with its funnel.

    The other villages' points are those of the scope: nobody sees a neighbour he may not see.
    """
    rows = session.execute(
        _lines(scope)
        .where(VillageRate.village_code == village_code)
        .order_by(VillageRate.q, VillageRate.indicator)
    )
    lines = sorted((_line(row) for row in rows), key=lambda one: one.verdict not in LISTED)
    models = {one.indicator: one for one in session.scalars(select(RateModel))}
    return [
        VillageFigure(
            line,
            models[line.indicator].share,
            models[line.indicator].funnel,
            _others(session, scope, line.indicator),
        )
        for line in lines
        if line.indicator in models
    ]


def worked_out_at(session: Session) -> datetime | None:
    """Return when the figures were last worked out, None before the first time."""
    return session.scalar(select(func.max(RateModel.worked_out_at)))


def close(session: Session, scope: Scope, line: tuple[str, str], reply: Reply) -> None:
    """Close a village's unusual count (`line`: village code, indicator) with a reason.

    It opens again when the count changes. Raises Missing for what is not listed in the scope, and
    NotValid for another reason or a note that is too long.
    """
    village_code, indicator = line
    found = session.get(VillageRate, (indicator, village_code))
    if found is None or found.verdict not in LISTED or not scope.covers(village_code):
        raise Missing("This village's count is not unusual, or not any more.")
    if reply.reason not in REASONS:
        raise NotValid("Choose what was found out.", "reason")
    if len(reply.note) > LONGEST_NOTE:
        raise NotValid("Write at most %(most)s characters.", "note", most=LONGEST_NOTE)
    session.add(
        RateReply(
            village_code=village_code,
            indicator=indicator,
            events=found.events,
            tried=found.tried,
            reason=reply.reason,
            note=reply.note.strip(),
            at=reply.at,
            who=reply.who,
        )
    )


def _lines(scope: Scope) -> Select[*tuple[Any, ...]]:
    newest = (
        select(func.max(RateReply.id))
        .where(
            RateReply.village_code == VillageRate.village_code,
            RateReply.indicator == VillageRate.indicator,
            RateReply.events == VillageRate.events,
            RateReply.tried == VillageRate.tried,
        )
        .correlate(VillageRate)
        .scalar_subquery()
    )
    return (
        select(VillageRate, Village.name, Division.name, RateReply)
        .outerjoin(Village, Village.code == VillageRate.village_code)
        .outerjoin(Division, Division.code == Village.township_code)
        .outerjoin(RateReply, and_(RateReply.id == newest))
        .where(scope.where(VillageRate.village_code))
    )


def _line(row: Any) -> UnusualVillage:
    rate, village, township, reply = row
    return UnusualVillage(
        village_code=rate.village_code,
        village=village or rate.village_code,
        township=township or "",
        indicator=rate.indicator,
        events=rate.events,
        tried=rate.tried,
        expected=rate.expected,
        verdict=rate.verdict,
        reply=Reply(reply.reason, reply.note, reply.who, reply.at) if reply else None,
    )


def _others(session: Session, scope: Scope, indicator: str) -> list[tuple[int, int]]:
    rows = session.execute(
        select(VillageRate.events, VillageRate.tried)
        .where(VillageRate.indicator == indicator, scope.where(VillageRate.village_code))
        .order_by(VillageRate.village_code)
    )
    return [(events, tried) for events, tried in rows]
