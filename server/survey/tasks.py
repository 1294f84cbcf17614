"""What asks something of a person: signals of checks, with what people did about them.

Nothing here is stored twice: a task is a signal (tables.signals) and the newest step on it
(tables.tasks).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import Session

from server.errors import Missing
from server.survey import task_queries
from server.survey.areas import Scope
from server.survey.quality.checks import CHECKS, FAMILIES, Family
from server.survey.stored_rows import chunks
from server.survey.task_queries import CLOSED
from server.tables.reference import Village
from server.tables.signals import Signal
from server.tables.tasks import TaskStep
from server.tables.truth import Phone

PAGE = 50
STATES = ("open", "mine", "late", "closed")
"""What a queue shows: all that is open, what is the reader's own, what is late, what is closed."""

Key = tuple[str, str, str]
"""Check, subject and indicator: what names a task."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Who closed it, when and why."""

    reason: str
    note: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Task:
    """One signal that asks something of a person.

    `village`, `township` and `worker` are names, "" where there is none. `owner` is an account's
    name, "" for nobody. `named_due_on` is the day that somebody named, None where `due_on` follows
    from its check. `closing` is None while it is open.
    """

    check: str
    family: Family
    subject: str
    indicator: str
    inputs: str
    verdict: str
    figures: Mapping[str, Any]
    village_code: str
    village: str
    township_code: str
    township: str
    phone_id: int | None
    worker: str
    submission_id: int | None
    noticed_at: datetime
    owner: str
    due_on: date
    named_due_on: date | None
    closing: Closing | None

    @property
    def key(self) -> str:
        """What names it in addresses and forms."""
        return write_key((self.check, self.subject, self.indicator))

    @property
    def is_open(self) -> bool:
        """Whether nobody has closed it while its inputs were these."""
        return self.closing is None


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks, and when, in the site's own time. `name` is that of his account."""

    scope: Scope
    name: str
    now: datetime
    sees_sensitive: bool = False

    @property
    def today(self) -> date:
        """The day it is at the site."""
        return self.now.date()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks of a family: a state of STATES; of one village, worker, check or record alone."""

    family: Family
    state: str = "open"
    village: str = ""
    phone_id: int | None = None
    check: str = ""
    submission_id: int | None = None


@dataclass(frozen=True, slots=True)
class TaskPage:
    """Some tasks, the first due first; `total` is how many there are in all."""

    tasks: Sequence[Task]
    total: int
    number: int

    @property
    def has_more(self) -> bool:
        """Whether others follow."""
        return self.number * PAGE < self.total


@dataclass(frozen=True, slots=True)
class Choices:
    """What a queue can be narrowed to: names of checks, villages and workers with their names."""

    checks: Sequence[str]
    villages: Sequence[tuple[str, str]]
    workers: Sequence[tuple[int, str]]


def write_key(key: Key) -> str:
    """Return what names a task in addresses: letters, digits, - and _."""
    told = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def read_key(text: str) -> Key:
    """Return the key that `write_key` wrote; raises Missing for anything else."""
    try:
        told = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        check, subject, indicator = map(str, told)
        is_text = b"\0" not in f"{check}{subject}{indicator}".encode()
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        raise Missing("There is no such task.") from error
    if not is_text:  # No database holds one.
        raise Missing("There is no such task.")
    return check, subject, indicator


def open_counts(
    session: Session,
    scope: Scope,
    *,
    village: str = "",
    phone_id: int | None = None,
    sees_sensitive: bool = False,
) -> dict[Family, int]:
    """Return how many tasks of each family are open in a scope; of one village or worker alone.

    Costs what is listed, by an index, and what was ever closed.
    """
    conditions = task_queries.conditions(scope, sees_sensitive=sees_sensitive)
    conditions.append(task_queries.is_at(village, phone_id))
    listed: dict[str, int] = dict(
        session.execute(
            select(Signal.family, func.count()).where(*conditions).group_by(Signal.family)
        ).all()
    )
    own = task_queries.newest()
    closed: dict[str, int] = dict(
        session.execute(
            select(Signal.family, func.count())
            .join(own, task_queries.is_step_on(own))
            .join(TaskStep, TaskStep.id == own.c.id)
            .where(TaskStep.kind == CLOSED, *conditions)
            .group_by(Signal.family)
        ).all()
    )
    return {family: listed.get(family, 0) - closed.get(family, 0) for family in FAMILIES}


def page(session: Session, reader: Reader, wanted: Wanted, number: int = 1) -> TaskPage:
    """Return one page of tasks (`number` from 1): what is due first, or was closed last, first."""
    query = _queue(session, reader, wanted)
    rows = session.execute(query.limit(PAGE).offset((number - 1) * PAGE)).all()
    if not rows and number > 1:  # Somebody closed the last ones meanwhile.
        return page(session, reader, wanted)
    return TaskPage(_told(session, rows), rows[0].total if rows else 0, number)


def choices(session: Session, reader: Reader, family: Family) -> Choices:
    """Return what a queue can be narrowed to, open or closed."""
    conditions = task_queries.conditions(reader.scope, sees_sensitive=reader.sees_sensitive)
    mine = select(Signal.check).where(Signal.family == family, *conditions)
    known = {*session.scalars(mine.distinct())}
    villages = session.execute(
        select(Village.code, Village.name)
        .where(Village.code.in_(mine.with_only_columns(Signal.village_code)))
        .order_by(Village.code)
    )
    workers = session.execute(
        select(Phone.id, Phone.name)
        .where(Phone.id.in_(mine.with_only_columns(Signal.phone_id)))
        .order_by(Phone.name, Phone.id)
    )
    return Choices(
        checks=[name for name in CHECKS if name in known],
        villages=[(code, name) for code, name in villages],
        workers=[(number, name) for number, name in workers],
    )


def every(session: Session, reader: Reader, wanted: Wanted) -> list[Task]:
    """Return all tasks of a queue, in the order of its pages: for a file."""
    return _told(session, session.execute(_queue(session, reader, wanted)).all())


def find(session: Session, reader: Reader, key: Key) -> Task:
    """Return one task, open or closed. Raises Missing for what is not listed in the scope."""
    several = found(session, reader, [key])
    if not several:
        raise Missing("This is as usual, or is so by now.")
    return several[0]


def found(session: Session, reader: Reader, keys: Collection[Key]) -> list[Task]:
    """Return those of some tasks that are listed in the scope, open or closed, in no order."""
    query, _due, _step = task_queries.standings(
        session, reader.scope, reader.now, sees_sensitive=reader.sees_sensitive
    )
    columns = tuple_(Signal.check, Signal.subject, Signal.indicator)
    rows = [row for some in chunks(keys) for row in session.execute(query.where(columns.in_(some)))]
    return _told(session, rows)


def _queue(session: Session, reader: Reader, wanted: Wanted) -> Select[*tuple[Any, ...]]:
    query, due, step = task_queries.standings(
        session, reader.scope, reader.now, sees_sensitive=reader.sees_sensitive
    )
    order = (step.id.desc(),) if wanted.state == "closed" else (due, Signal.noticed_at)
    return query.where(*_conditions(reader, wanted, due, step)).order_by(
        *order, Signal.check, Signal.subject, Signal.indicator
    )


def _told(session: Session, rows: Sequence[Any]) -> list[Task]:
    known = task_queries.details(session, rows)
    return [_task(row, known[row.check, row.subject, row.indicator]) for row in rows]


def _conditions(
    reader: Reader, wanted: Wanted, due: ColumnElement[date], step: Any
) -> list[ColumnElement[bool]]:
    is_closed = func.coalesce(step.kind, "") == CLOSED
    conditions: list[ColumnElement[bool]] = [
        Signal.family == wanted.family,
        is_closed if wanted.state == "closed" else ~is_closed,
        task_queries.is_at(wanted.village, wanted.phone_id),
    ]
    if wanted.state == "mine":
        conditions.append(task_queries.owner(step) == reader.name)
    if wanted.state == "late":
        conditions.append(due < reader.today)
    if wanted.check:
        conditions.append(Signal.check == wanted.check)
    if wanted.submission_id is not None:
        conditions.append(Signal.submission_id == wanted.submission_id)
    return conditions


def _task(row: Any, known: Any) -> Task:
    signal: Signal = known.Signal
    step: TaskStep | None = known.TaskStep
    closing = None
    if step is not None and step.kind == CLOSED:
        closing = Closing(step.reason, step.note, step.who, step.at)
    return Task(
        check=signal.check,
        family=cast("Family", signal.family),
        subject=signal.subject,
        indicator=signal.indicator,
        inputs=signal.inputs,
        verdict=signal.verdict,
        figures=signal.figures,
        village_code=signal.village_code,
        village=known.village or signal.village_code,
        township_code=signal.township_code,
        township=known.township or "",
        phone_id=signal.phone_id,
        worker=known.worker or "",
        submission_id=signal.submission_id,
        noticed_at=signal.noticed_at,
        owner=row.owner,
        due_on=row.due_on,
        named_due_on=row.named_due_on,
        closing=closing,
    )
