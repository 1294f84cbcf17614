"""One entity as a desk reads it: its versions and who made them, its conflict, what was not taken.

Values are shown through the veil of the list; which of them differ is told before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.survey.entities import folding
from server.survey.entities.history import APPLIED, History, Version
from server.survey.entity_veil import EntityVeil
from server.survey.stored_rows import Row
from server.tables.projections import Entity, EntityChange
from server.tables.truth import Phone, Submission

LABEL = "label"


@dataclass(frozen=True, slots=True)
class Difference:
    """What one version changed of one property; `before` is None where there was nothing."""

    name: str
    before: str | None
    after: str
    is_conflicting: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to an entity: a version, or an act that made none (`number` 0).

    `verb` is create, update, resolve, delete or restore. `who` is a phone's or a person's name;
    `submission_id` is None for a desk's act.
    """

    number: int
    verb: str
    who: str
    at: datetime | None
    submission_id: int | None
    reason: str
    is_forced: bool
    conflict: str
    differences: Sequence[Difference]


@dataclass(frozen=True, slots=True)
class Refused:
    """A change that an entity did not take, and why: `outcome` as in tables."""

    submission_id: int
    number: int
    outcome: str
    fault: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a property may keep: what the version `number` said, `shown` veiled."""

    number: int
    shown: str
    who: str


@dataclass(frozen=True, slots=True)
class Disputed:
    """A property on which changes differ; the value it has now comes first."""

    name: str
    choices: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class EntityView:
    """An entity with its history, the newest step first."""

    properties: Sequence[tuple[str, str]]
    label: str
    steps: Sequence[Step]
    refused: Sequence[Refused]
    disputed: Sequence[Disputed]


@dataclass(frozen=True, slots=True)
class _Sent:
    who: str
    at: datetime


def view(session: Session, entity: Entity, veil: EntityVeil) -> EntityView:
    """Return what a reader may see of an entity he was let in to."""
    key = (entity.list_name, entity.entity_id)
    connection = session.connection()
    history = folding.histories(connection, {key})[key]
    changes = session.scalars(
        select(EntityChange)
        .where(EntityChange.entity_id == entity.entity_id, EntityChange.list_name == key[0])
        .order_by(EntityChange.submission_id.desc(), EntityChange.number)
    ).all()
    sent = _senders(session, {one.submission_id for one in changes})
    return EntityView(
        [(name, veil.value(name, text)) for name, text in sorted(entity.properties.items())],
        veil.label(entity.label),
        _steps(history, veil, sent),
        [
            Refused(
                one.submission_id,
                one.number,
                one.outcome,
                one.fault,
                sent[one.submission_id].who,
                sent[one.submission_id].at,
            )
            for one in changes
            if one.outcome != APPLIED and one.submission_id in sent
        ],
        _disputed(history, veil, sent) if entity.conflict else (),
    )


def _senders(session: Session, submission_ids: set[int]) -> dict[int, _Sent]:
    rows = session.execute(
        select(Submission.id, Submission.received_at, Phone.name)
        .outerjoin(Phone, Phone.id == Submission.phone_id)
        .where(Submission.id.in_(submission_ids))
    )
    return {id_: _Sent(name or "", at) for id_, at, name in rows}


def _steps(history: History, veil: EntityVeil, sent: Mapping[int, _Sent]) -> list[Step]:
    acts: dict[int, list[Row]] = {}
    for after, action in history.acts:
        acts.setdefault(after, []).append(action)
    steps = [_act(one) for one in acts.get(0, ())]
    before: Mapping[str, str] = {}
    for version in history.versions:
        steps.append(_step(version, before, veil, sent))
        before = version.values
        steps += [_act(one) for one in acts.get(version.number, ())]
    return steps[::-1]


def _act(action: Row) -> Step:
    return Step(
        0, action["kind"], action["who"], action["at"], None, action["reason"], False, "", ()
    )


def _step(
    version: Version, before: Mapping[str, str], veil: EntityVeil, sent: Mapping[int, _Sent]
) -> Step:
    who, at, reason, submission_id = "", None, "", None
    if version.action:
        who, at, reason = version.action["who"], version.action["at"], version.action["reason"]
        submission_id = version.action["submission_id"]
    elif version.change:
        submission_id = version.change["submission_id"]
        if found := sent.get(submission_id):
            who, at = found.who, found.at
    return Step(
        version.number,
        version.verb,
        who,
        at,
        submission_id,
        reason,
        version.is_forced,
        version.conflict,
        _differences(version, before, veil),
    )


def _differences(version: Version, before: Mapping[str, str], veil: EntityVeil) -> list[Difference]:
    return [
        Difference(
            name,
            _shown(veil, name, before[name]) if name in before else None,
            _shown(veil, name, text),
            name in version.conflicting,
        )
        for name, text in version.values.items()
        if before.get(name, None if text else "") != text
    ]


def _disputed(history: History, veil: EntityVeil, sent: Mapping[int, _Sent]) -> list[Disputed]:
    """Return the properties in dispute since the last resolution, each with all that was said."""
    since = 0
    for number, action in history.acts:
        if action["kind"] == "resolve":
            since = max(since, number)
    for version in history.versions:
        if version.verb == "resolve":
            since = version.number
    concerned = [one for one in history.versions[since:] if one.conflict]
    names = sorted({name for one in concerned for name in one.conflicting})
    first = min((one.base or 1 for one in concerned), default=1)
    found = []
    for name in names:
        now = history.versions[-1].values.get(name, "")
        choices = {now: history.versions[-1].number}
        for version in reversed(history.versions[first - 1 :]):
            if name in version.said or version.number == first:
                choices.setdefault(version.values.get(name, ""), version.number)
        found.append(
            Disputed(
                name,
                [
                    Choice(
                        number, _shown(veil, name, text), _who(history.versions[number - 1], sent)
                    )
                    for text, number in choices.items()
                ],
            )
        )
    return found


def chosen_values(
    session: Session, entity: Entity, chosen: Mapping[str, int]
) -> tuple[str, dict[str, str]]:
    """Return label and properties with each chosen property as the version of that number has it.

    A number that is none of its versions leaves the property as it is.
    """
    key = (entity.list_name, entity.entity_id)
    versions = folding.histories(session.connection(), {key})[key].versions
    values = {**entity.properties, LABEL: entity.label}
    for name, number in chosen.items():
        if name in values and 0 < number <= len(versions):
            values[name] = versions[number - 1].values.get(name, "")
    return values.pop(LABEL), values


def _who(version: Version, sent: Mapping[int, _Sent]) -> str:
    if version.action:
        return str(version.action["who"])
    found = sent.get(version.change["submission_id"]) if version.change else None
    return found.who if found else ""


def _shown(veil: EntityVeil, name: str, text: str) -> str:
    return veil.label(text) if name == LABEL else veil.value(name, text)
