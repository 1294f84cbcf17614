"""Messages, frozen as they are written: several events of a rule in one, once a day where asked.

A message names villages and numbers, never a person, and leads to the pages that ask for a
sign-in: a mailbox and another server's log are not ours to guard.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from maps.layers import short_name
from server.survey import catalogue
from server.survey.areas import full_code
from server.survey.quality.checks import CHECKS
from server.survey.stored_rows import chunks
from server.tables.alerts import AlertEvent, AlertMessage, AlertRule
from server.tables.reference import Division, Village

# A message of more lines is not read.
MOST_LINES = 20
# What comes to light meanwhile goes into one message.
QUIET_MINUTES = 10


class Say(Protocol):
    """Says a text in a language: `say("%(n)s villages", "zh", n=3)`."""

    def __call__(self, msgid: str, language: str, /, **places: object) -> str: ...


@dataclass(frozen=True, slots=True)
class Frame:
    """What every message of one turn shares. `address` is the site's, no slash at its end."""

    address: str
    zone: ZoneInfo
    now: datetime
    say: Say

    @property
    def local(self) -> datetime:
        """Now by the site's calendar."""
        return self.now.astimezone(self.zone)


_PLACES = {"found": "/screening", "behind": "/plan/", "silent": "/phones/"}


def place(kind: str, condition: Mapping[str, Any]) -> str:
    """Return the path of the page where a rule's events can be looked at."""
    if kind == "flag":
        families = [CHECKS[one].family for one in condition["checks"] if one in CHECKS]
        return f"/tasks/{families[0]}s" if families else "/alerts/"
    return _PLACES[kind]


def write(session: Session, project_id: int, frame: Frame) -> int:
    """Put what nobody was told of yet into messages; return how many were written."""
    at_once: list[tuple[AlertRule, list[AlertEvent]]] = []
    daily: list[tuple[AlertRule, list[AlertEvent]]] = []
    for rule in session.scalars(
        select(AlertRule)
        .where(AlertRule.project_id == project_id, AlertRule.stopped_at.is_(None))
        .order_by(AlertRule.id)
    ):
        events = _untold(session, rule)
        if not events:
            continue
        if rule.hour is not None:
            if _is_hour(session, rule, events, frame):
                daily.append((rule, events))
        elif not _is_quiet(session, rule, frame.now):
            at_once.append((rule, events))
    codes = {one.village_code for _, events in (*at_once, *daily) for one in events}
    names = village_names(session, codes)
    messages = [one for rule, events in at_once for one in _of([(rule, events)], names, frame)]
    messages += _of(daily, names, frame)
    session.add_all(messages)
    for _, events in (*at_once, *daily):
        for event in events:
            event.told_at = frame.now
    return len(messages)


def trial(rule: AlertRule, area_name: str, frame: Frame) -> list[AlertMessage]:
    """Return a message to each of a rule's addresses that says that they are reached."""
    title = frame.say("Trial: %(name)s", rule.language, name=rule.name)
    line = frame.say("This address is reached. Nothing has happened.", rule.language)
    body = _frozen(rule, title, [area_name, line] if area_name else [line], "trial", [], frame)
    return [
        _message(rule, channel, target, title, body[channel], frame)
        for channel, target in _targets(rule)
    ]


def again(session: Session, message: AlertMessage, now: datetime) -> AlertMessage:
    """Send a message once more, the same to the byte and under the same message id."""
    copy = AlertMessage(
        message_id=message.message_id,
        rule_id=message.rule_id,
        channel=message.channel,
        target=message.target,
        title=message.title,
        payload=message.payload,
        made_at=now,
        state="waiting",
        attempts=0,
        next_at=now,
        replay_of=message.replay_of or message.id,
    )
    session.add(copy)
    session.flush()
    return copy


def _untold(session: Session, rule: AlertRule) -> list[AlertEvent]:
    query = select(AlertEvent).where(AlertEvent.rule_id == rule.id, AlertEvent.told_at.is_(None))
    return list(session.scalars(query.order_by(AlertEvent.id)))


def _is_quiet(session: Session, rule: AlertRule, now: datetime) -> bool:
    """Say whether the rule spoke a moment ago: what follows waits, and goes together."""
    query = select(func.max(AlertEvent.told_at)).where(AlertEvent.rule_id == rule.id)
    last = session.scalar(query)
    return last is not None and now - last < timedelta(minutes=QUIET_MINUTES)


def _is_hour(session: Session, rule: AlertRule, events: Sequence[AlertEvent], frame: Frame) -> bool:
    """Say whether the digest's hour of today has come since the first event, and none went out."""
    due = frame.local.replace(hour=rule.hour or 0, minute=0, second=0, microsecond=0)
    if due > frame.local:
        due -= timedelta(days=1)
    if events[0].began_at >= due:
        return False
    query = select(func.max(AlertEvent.told_at)).where(AlertEvent.rule_id == rule.id)
    last = session.scalar(query)
    return last is None or last < due


def _of(
    told: Sequence[tuple[AlertRule, Sequence[AlertEvent]]], names: dict[str, str], frame: Frame
) -> list[AlertMessage]:
    """Return one message for each address, of all its rules."""
    by_target: dict[tuple[str, str, str], list[tuple[AlertRule, Sequence[AlertEvent]]]] = {}
    for rule, events in told:
        for channel, target in _targets(rule):
            # Another server wants each rule by itself, signed with that rule's key. A mail holds
            # one area, so that who may see the area may see the mail in the log.
            own = str(rule.id) if channel == "webhook" else f"{rule.language} {rule.area_code}"
            by_target.setdefault((channel, target, own), []).append((rule, events))
    messages = []
    for (channel, target, _), parts in by_target.items():
        first = parts[0][0]
        title, body = _written(parts, names, frame)
        messages.append(_message(first, channel, target, title, body[channel], frame))
    return messages


def _written(
    parts: Sequence[tuple[AlertRule, Sequence[AlertEvent]]], names: dict[str, str], frame: Frame
) -> tuple[str, dict[str, str]]:
    first = parts[0][0]
    total = sum(len(events) for _, events in parts)
    name = first.name if len(parts) == 1 else frame.say("Digest of the day", first.language)
    title = f"{name} ({total})"
    lines: list[str] = []
    for rule, events in parts:
        if len(parts) > 1:
            lines.append(f"{rule.name} ({len(events)})")
        lines += [_line(rule, one, names, frame.say) for one in events[:MOST_LINES]]
        if len(events) > MOST_LINES:
            more = len(events) - MOST_LINES
            lines.append(frame.say("… and %(count)s more.", rule.language, count=more))
        lines += [frame.address + place(rule.kind, rule.condition), ""]
    listed = [event for _, events in parts for event in events]
    return title, _frozen(first, title, lines[:-1], "alert", listed, frame)


def _line(rule: AlertRule, event: AlertEvent, names: dict[str, str], say: Say) -> str:
    where = names.get(event.village_code, event.village_code)
    return f"{where} \u00b7 {sentence(rule.kind, event.figures, rule.language, say)}"


def sentence(kind: str, figures: dict[str, Any], language: str, say: Say) -> str:
    """Return what happened, in a few words without a person's name."""
    if kind == "found":
        label = catalogue.label(figures["code"], language)
        if figures["state"] == "documented":
            return say("documented: %(disease)s", language, disease=label)
        return say("suspected: %(disease)s", language, disease=label)
    if kind == "flag":
        check = CHECKS.get(figures["check"])
        return say(check.title, language) if check else str(figures["check"])
    if kind == "behind":
        return say("%(count)s households behind plan", language, count=figures["behind"])
    return say(
        "%(phone)s: silent for %(days)s days", language, phone=figures["name"], days=figures["days"]
    )


def _frozen(
    rule: AlertRule,
    title: str,
    lines: Sequence[str],
    kind: str,
    listed: Iterable[AlertEvent],
    frame: Frame,
) -> dict[str, str]:
    """Return the words of a mail and the JSON of a webhook."""
    say, local = frame.say, frame.local.strftime("%Y-%m-%d %H:%M")
    feet = [
        say("As of %(time)s.", rule.language, time=local),
        say("Who gets this is settled at %(link)s", rule.language, link=f"{frame.address}/alerts"),
    ]
    events = [
        {
            "rule": one.rule_id,
            "event": one.id,
            "village_code": one.village_code,
            "began_at": one.began_at.isoformat(),
            # A phone bears its worker's name.
            "figures": {key: value for key, value in one.figures.items() if key != "name"},
        }
        for one in listed
    ]
    said = {
        "type": f"doorstep.{kind}",
        "timestamp": frame.now.isoformat(),
        "data": {
            "rule": rule.id,
            "name": rule.name,
            "kind": rule.kind,
            "title": title,
            "area_code": full_code(rule.area_code) if rule.area_code else "",
            "link": frame.address + place(rule.kind, rule.condition),
            "events": events,
        },
    }
    return {
        "mail": "\n".join([*lines, "", *feet, ""]),
        "webhook": json.dumps(said, ensure_ascii=False),
    }


def _targets(rule: AlertRule) -> list[tuple[str, str]]:
    mails = [("mail", one) for one in rule.mail_to]
    return [*mails, ("webhook", rule.webhook_url)] if rule.webhook_url else mails


def _message(
    rule: AlertRule, channel: str, target: str, title: str, payload: str, frame: Frame
) -> AlertMessage:
    return AlertMessage(
        message_id=f"msg_{uuid.uuid4().hex}",
        rule_id=rule.id,
        channel=channel,
        target=target,
        title=title,
        payload=payload,
        made_at=frame.now,
        state="waiting",
        attempts=0,
        next_at=frame.now,
        replay_of=None,
    )


def village_names(session: Session, codes: Collection[str]) -> dict[str, str]:
    """Return short names of villages and divisions by code."""
    names: dict[str, str] = {}
    for table in (Division, Village):
        for some in chunks(sorted(set(codes))):
            query = select(table.code, table.name).where(table.code.in_(some))
            names |= {code: short_name(name) for code, name in session.execute(query)}
    return names
