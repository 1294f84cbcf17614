"""What holds now of each rule: events begin when it comes to hold, and end when it ceases to.

Who is behind by nine, then eight, then nine households is told of once: a village ceases to be
behind when it has made up for half of what the rule names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, func, or_, select
from sqlalchemy.orm import Session, aliased

from server.survey import catalogue, indicators, phone_board, rounds
from server.survey.areas import Scope
from server.survey.phone_board import Marks, State
from server.survey.site import Site
from server.survey.stored_rows import chunks
from server.tables.alerts import AlertEvent, AlertRule
from server.tables.projections import Finding, Visit
from server.tables.signals import Signal
from server.tables.tasks import TaskStep
from server.tables.truth import Submission

# Submissions are worked out beside the requests: one may come to light after later ones.
LOOKED_BACK = 2_000


@dataclass(frozen=True, slots=True)
class Holding:
    """That a rule's condition holds for one subject."""

    village_code: str
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look saw of one rule.

    `lasting` are subjects whose events go on though they would not begin now, None for none.
    `is_once`: what holds is told of once and for good. `newest` is the newest submission there was.
    """

    rule_id: int
    holding: Mapping[str, Holding]
    lasting: frozenset[str] = frozenset()
    is_once: bool = False
    newest: int = 0


def look(site: Site, project_id: int, now: datetime, *, is_thorough: bool) -> list[Seen]:
    """Return what holds of every rule in force. Reads alone: it holds up nobody who writes."""
    with Session(site.engine) as session:
        rules = session.scalars(
            select(AlertRule)
            .where(AlertRule.project_id == project_id, AlertRule.stopped_at.is_(None))
            .order_by(AlertRule.id)
        ).all()
        looked_at = [one for one in rules if is_thorough or one.kind in ("found", "flag")]
        return [_look(site, session, rule, now) for rule in looked_at]


def _look(site: Site, session: Session, rule: AlertRule, now: datetime) -> Seen:
    scope = Scope((rule.area_code,))
    if rule.kind == "found":
        return _found(session, rule, scope)
    if rule.kind == "flag":
        return Seen(rule.id, _flagged(session, rule, scope))
    if rule.kind == "silent":
        return Seen(rule.id, _silent(session, rule, scope, now))
    least = int(rule.condition["households"])
    behind = _behind(site, session, rule, scope, now)
    holding = {code: one for code, one in behind.items() if one.figures["behind"] >= least}
    lasting = frozenset(code for code, one in behind.items() if one.figures["behind"] * 2 > least)
    return Seen(rule.id, holding, lasting)


def note(session: Session, several: Iterable[Seen], now: datetime) -> int:
    """Write down what began and what is over since; return how many events began."""
    return sum(_note(session, seen, now) for seen in several)


def _note(session: Session, seen: Seen, now: datetime) -> int:
    rule = session.get(AlertRule, seen.rule_id)
    if rule is None or rule.stopped_at is not None:
        return 0
    if not seen.is_once:
        return _follow(session, rule, seen, now)
    if rule.seen_submission_id != seen.newest:
        rule.seen_submission_id = seen.newest
    for subject, one in seen.holding.items():
        _begin(session, rule, subject, one, now)
    return len(seen.holding)


def _follow(session: Session, rule: AlertRule, seen: Seen, now: datetime) -> int:
    query = select(AlertEvent).where(AlertEvent.rule_id == rule.id, AlertEvent.ended_at.is_(None))
    known = {event.subject: event for event in session.scalars(query)}
    for subject, event in known.items():
        if subject in seen.holding:
            event.figures = dict(seen.holding[subject].figures)
        elif subject not in seen.lasting:
            event.ended_at = now
            # What is over before anybody was told is no news.
            event.told_at = event.told_at or now
    new = [subject for subject in seen.holding if subject not in known]
    for subject in new:
        _begin(session, rule, subject, seen.holding[subject], now)
    return len(new)


def _begin(session: Session, rule: AlertRule, subject: str, one: Holding, now: datetime) -> None:
    session.add(
        AlertEvent(
            rule_id=rule.id,
            subject=subject,
            village_code=one.village_code,
            figures=dict(one.figures),
            began_at=now,
        )
    )


def _found(session: Session, rule: AlertRule, scope: Scope) -> Seen:
    """Return findings of submissions that came since: each person and code once, for good."""
    newest = session.scalar(select(func.max(Submission.id))) or 0
    rows = session.execute(
        select(Finding.person_id, Finding.code, Finding.state, Visit.village_code)
        .join(Visit, Visit.submission_id == Finding.submission_id)
        .join(Submission, Submission.id == Finding.submission_id)
        .where(
            Finding.submission_id > rule.seen_submission_id - LOOKED_BACK,
            Submission.received_at >= rule.made_at,
            Finding.code.in_(rule.condition["codes"]),
            scope.where(Visit.village_code),
        )
        .order_by(Finding.submission_id, Finding.position, Finding.code)
    )
    found = {
        f"{person_id}:{code}": Holding(village, {"code": code, "state": state})
        for person_id, code, state, village in rows
        if not catalogue.is_sensitive(code)
    }
    known: set[str] = set()
    for some in chunks(list(found)):
        query = select(AlertEvent.subject).where(
            AlertEvent.rule_id == rule.id, AlertEvent.subject.in_(some)
        )
        known.update(session.scalars(query))
    new = {subject: one for subject, one in found.items() if subject not in known}
    return Seen(rule.id, new, is_once=True, newest=newest)


def _flagged(session: Session, rule: AlertRule, scope: Scope) -> dict[str, Holding]:
    """Return flags that nobody has closed; costs those that stand, each with its own steps."""
    rows = session.execute(
        select(
            Signal.check,
            Signal.subject,
            Signal.indicator,
            Signal.inputs,
            Signal.village_code,
            Signal.township_code,
        )
        .outerjoin(TaskStep, TaskStep.id == _newest_step())
        .where(
            Signal.check.in_(rule.condition["checks"]),
            Signal.verdict == "flag",
            Signal.noticed_at >= rule.made_at,
            func.coalesce(TaskStep.kind, "") != "closed",
            or_(
                scope.where(Signal.village_code),
                # A worker belongs to a township and to no one village.
                (Signal.village_code == "") & scope.where(Signal.township_code),
            ),
        )
        .order_by(Signal.check, Signal.subject, Signal.indicator)
    )
    return {
        "\n".join((row.check, row.subject, row.indicator, row.inputs)): Holding(
            row.village_code or row.township_code, {"check": row.check}
        )
        for row in rows
    }


def _newest_step() -> ScalarSelect[int]:
    """Return the number of the newest closing or reopening of a signal as it is now."""
    steps = aliased(TaskStep)
    same = (
        getattr(steps, name) == getattr(Signal, name)
        for name in ("check", "subject", "indicator", "inputs")
    )
    return (
        select(func.max(steps.id))
        .where(*same, steps.kind.in_(("closed", "reopened")))
        .correlate(Signal)
        .scalar_subquery()
    )


def _behind(
    site: Site, session: Session, rule: AlertRule, scope: Scope, now: datetime
) -> dict[str, Holding]:
    today = now.astimezone(site.settings.zone).date()
    villages = indicators.coverage_by_village(session, scope, today)
    planned = rounds.planned(session, rule.project_id, scope, villages)
    told = {code: one.behind(today) for code, one in planned.items()}
    return {code: Holding(code, {"behind": number}) for code, number in told.items() if number}


def _silent(session: Session, rule: AlertRule, scope: Scope, now: datetime) -> dict[str, Holding]:
    marks = Marks(silent_days=int(rule.condition["days"]), oldest_app="")
    board = phone_board.board(session, rule.project_id, scope, now, marks)
    return {
        str(one.phone.id): Holding(
            one.villages[0].code, {"name": one.phone.name, "days": one.silent_days}
        )
        for one in board
        if one.state == State.SILENT and one.villages
    }


def events(session: Session, rule_id: int, most: int) -> Iterator[AlertEvent]:
    """Give a rule's newest events, the newest first."""
    yield from session.scalars(
        select(AlertEvent)
        .where(AlertEvent.rule_id == rule_id)
        .order_by(AlertEvent.began_at.desc(), AlertEvent.id.desc())
        .limit(most)
    )
