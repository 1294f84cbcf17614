"""Rules: who is told of what, in plain terms, and the events that stand open."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from server.errors import Missing, NotValid
from server.survey import catalogue
from server.survey.areas import Scope, stem
from server.survey.quality.checks import CHECKS
from server.tables.alerts import AlertEvent, AlertRule
from server.tables.reference import Division, Village
from server.tables.truth import Submission

Rule = AlertRule
"""A rule as it is kept."""

LONGEST_NAME = 60
MOST_HOUSEHOLDS, MOST_DAYS = 10_000, 365
MOST_ADDRESSES = 20
# What was found stands on Today for as many days; the other kinds until it is over.
FOUND_DAYS = 7
# Plain letters alone: what the mail program would read as brackets, comments or coded words is not.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=^_`{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,253}\Z")
# Standard Webhooks: the key is 24 to 64 random bytes.
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewRule:
    """A rule as it is asked for; see tables.alerts.AlertRule."""

    name: str
    kind: str
    area_code: str
    condition: Mapping[str, Any]
    mail_to: Sequence[str]
    webhook_url: str
    is_on_today: bool
    hour: int | None
    language: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule, the name of its area, how many events are open, and when the last began."""

    rule: AlertRule
    area_name: str
    open: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class TodayAlert:
    """What a rule has to say on Today: how many events stand open in the reader's area."""

    rule_id: int
    name: str
    kind: str
    condition: Mapping[str, Any]
    count: int
    villages: tuple[str, ...]
    newest_at: datetime


def add(
    session: Session, project_id: int, wish: NewRule, scope: Scope, who: str, now: datetime
) -> AlertRule:
    """Make a rule; it tells of what comes from now on. Raises NotValid."""
    _check(session, wish, scope)
    rule = AlertRule(
        project_id=project_id,
        **_columns(wish),
        secret=secrets.token_urlsafe(_SECRET_BYTES),
        seen_submission_id=session.scalar(select(func.max(Submission.id))) or 0,
        made_at=now,
        made_by=who,
    )
    session.add(rule)
    session.flush()
    return rule


def change(session: Session, rule: AlertRule, wish: NewRule, scope: Scope, now: datetime) -> None:
    """Change a rule. Events of before end where it now asks for something else. Raises NotValid."""
    _check(session, wish, scope)
    asks_other = (rule.kind, rule.area_code, rule.condition) != (
        wish.kind,
        stem(wish.area_code),
        dict(wish.condition),
    )
    for name, value in _columns(wish).items():
        setattr(rule, name, value)
    if asks_other:
        for event in session.scalars(_open_of(rule.id)):
            event.ended_at, event.told_at = now, event.told_at or now


def stop(session: Session, rule: AlertRule, who: str, now: datetime) -> None:
    """Stop a rule for good; its events end, and what was not told of yet never is."""
    if rule.stopped_at is not None:
        return
    rule.stopped_at, rule.stopped_by = now, who
    for event in session.scalars(_open_of(rule.id)):
        event.ended_at, event.told_at = now, event.told_at or now


def find(session: Session, rule_id: int, scope: Scope) -> AlertRule:
    """Return a rule whose area lies in the scope. Raises Missing."""
    rule = session.get(AlertRule, rule_id)
    if rule is None or not scope.covers(rule.area_code):
        raise Missing("There is no such alert.")
    return rule


def listed(session: Session, project_id: int, scope: Scope) -> list[RuleLine]:
    """Return the rules whose areas lie in the scope, those in force first, then by name."""
    rules = session.scalars(select(AlertRule).where(AlertRule.project_id == project_id))
    seen = [one for one in rules if scope.covers(one.area_code)]
    counted = {
        rule_id: (int(number), last)
        for rule_id, number, last in session.execute(
            select(
                AlertEvent.rule_id,
                func.count().filter(AlertEvent.ended_at.is_(None)),
                func.max(AlertEvent.began_at),
            ).group_by(AlertEvent.rule_id)
        )
    }
    names = area_names(session, {one.area_code for one in seen})
    lines = [
        RuleLine(one, names.get(one.area_code, ""), *counted.get(one.id, (0, None))) for one in seen
    ]
    return sorted(lines, key=lambda one: (one.rule.stopped_at is not None, one.rule.name))


def area_names(session: Session, stems: set[str]) -> dict[str, str]:
    """Return the names of areas by stem; "" (the whole site) has none."""
    codes = {one.ljust(12, "0"): one for one in stems if one}
    names: dict[str, str] = {}
    for table in (Division, Village):
        rows = session.execute(select(table.code, table.name).where(table.code.in_(codes)))
        names |= {codes[code]: name for code, name in rows}
    return names


def on_today(
    session: Session, project_id: int, scope: Scope, now: datetime, *, may_see_workers: bool
) -> list[TodayAlert]:
    """Return what rules say on Today, the newest first. Costs the open events of the scope.

    What checks say of workers and which phones are silent is for those who look after them.
    """
    open_or_new = or_(
        AlertEvent.ended_at.is_(None),
        and_(AlertRule.kind == "found", AlertEvent.began_at >= now - timedelta(days=FOUND_DAYS)),
    )
    rows = session.execute(
        select(AlertRule, AlertEvent.village_code, AlertEvent.began_at)
        .join(AlertEvent, AlertEvent.rule_id == AlertRule.id)
        .where(
            AlertRule.project_id == project_id,
            AlertRule.is_on_today,
            AlertRule.stopped_at.is_(None),
            open_or_new,
            scope.where(AlertEvent.village_code),
        )
        .order_by(AlertEvent.began_at.desc(), AlertEvent.id.desc())
    )
    told: dict[int, tuple[AlertRule, list[tuple[str, datetime]]]] = {}
    for rule, village_code, began_at in rows:
        if may_see_workers or rule.kind in ("found", "behind"):
            told.setdefault(rule.id, (rule, []))[1].append((village_code, began_at))
    return [
        TodayAlert(
            rule.id,
            rule.name,
            rule.kind,
            rule.condition,
            len(events),
            tuple(sorted({code for code, _ in events})),
            events[0][1],
        )
        for rule, events in told.values()
    ]


def offered_codes() -> list[str]:
    """Return the diseases and clues one may ask to be told of: none whose name is restricted."""
    codes = [one.code for one in catalogue.diseases()] + [one.code for one in catalogue.clues()]
    return [one for one in codes if not catalogue.is_sensitive(one)]


def _columns(wish: NewRule) -> dict[str, Any]:
    return {
        "name": wish.name.strip(),
        "kind": wish.kind,
        "area_code": stem(wish.area_code),
        "condition": dict(wish.condition),
        "mail_to": list(dict.fromkeys(one.strip() for one in wish.mail_to)),
        "webhook_url": wish.webhook_url.strip(),
        "is_on_today": wish.is_on_today,
        "hour": wish.hour,
        "language": wish.language,
    }


def _check(session: Session, wish: NewRule, scope: Scope) -> None:
    if not 0 < len(wish.name.strip()) <= LONGEST_NAME:
        raise NotValid(
            "Give the alert a name of at most %(most)s characters.", "name", most=LONGEST_NAME
        )
    _check_area(session, wish.area_code, scope)
    _check_condition(wish)
    wrong = [one for one in wish.mail_to if not _ADDRESS.match(one.strip())]
    if wrong:
        raise NotValid("This is no mail address: %(text)s", "mail_to", text=wrong[0][:60])
    if len(wish.mail_to) > MOST_ADDRESSES:
        raise NotValid("At most %(most)s addresses.", "mail_to", most=MOST_ADDRESSES)
    if wish.webhook_url.strip() and not is_web_address(wish.webhook_url.strip()):
        raise NotValid("This is no address: it begins with http:// or https://.", "webhook_url")
    if not (wish.mail_to or wish.webhook_url.strip() or wish.is_on_today):
        raise NotValid("Choose at least one way to be told.", "is_on_today")
    if wish.hour is not None and not 0 <= wish.hour <= 23:
        raise NotValid("Choose an hour from 0 to 23.", "hour")


def is_web_address(text: str) -> bool:
    """Say whether a text is an http address with a host, and no name or password in it."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    is_plain = "@" not in parts.netloc and text.isprintable() and " " not in text
    return parts.scheme in ("http", "https") and bool(parts.hostname) and is_plain


def _check_area(session: Session, code: str, scope: Scope) -> None:
    try:
        inner = stem(code)
    except ValueError as error:
        raise NotValid("This is no code of a division.", "area_code") from error
    if inner and not area_names(session, {inner}):
        raise NotValid("There is no such division or village.", "area_code")
    if not scope.covers(inner):
        raise NotValid("This area is not yours.", "area_code")


def _check_condition(wish: NewRule) -> None:
    if wish.kind not in _CONDITIONS:
        raise NotValid("Choose what to be told of.", "kind")
    _CONDITIONS[wish.kind](wish.condition)


def _check_codes(asked: Mapping[str, Any]) -> None:
    if not asked.get("codes") or not set(offered_codes()).issuperset(asked["codes"]):
        raise NotValid("Choose what may be found.", "codes")


def _check_checks(asked: Mapping[str, Any]) -> None:
    if not asked.get("checks") or not CHECKS.keys() >= set(asked["checks"]):
        raise NotValid("Choose checks.", "checks")


def _check_households(asked: Mapping[str, Any]) -> None:
    if not 1 <= asked.get("households", 0) <= MOST_HOUSEHOLDS:
        raise NotValid("Give a number of households, 1 or more.", "households")


def _check_days(asked: Mapping[str, Any]) -> None:
    if not 1 <= asked.get("days", 0) <= MOST_DAYS:
        raise NotValid("Give a number of days, 1 to 365.", "days")


_CONDITIONS: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "found": _check_codes,
    "flag": _check_checks,
    "behind": _check_households,
    "silent": _check_days,
}


def _open_of(rule_id: int) -> Any:
    condition: ColumnElement[bool] = AlertEvent.rule_id == rule_id
    return select(AlertEvent).where(
        condition, or_(AlertEvent.ended_at.is_(None), AlertEvent.told_at.is_(None))
    )
