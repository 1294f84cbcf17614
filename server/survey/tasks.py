"""What asks something of a person: signals of checks, with what people did about them.

Nothing here is stored twice: a task is a signal (tables.signals) and the newest step on it
(tables.tasks). A step on the same inputs holds; one on other inputs passes its owner and its day
on while it is open, and nothing once it is closed.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    false,
    func,
    select,
    true,
)
from sqlalchemy.orm import Session, aliased

from server.database import days_later
from server.errors import Missing
from server.survey import catalogue
from server.survey.areas import Scope
from server.survey.quality import thresholds
from server.survey.quality.checks import CHECKS, FAMILIES, Family
from server.survey.quality.signals import LISTED
from server.tables.reference import Division, Village
from server.tables.signals import Signal
from server.tables.tasks import TaskStep
from server.tables.truth import Phone, PhoneVillage

PAGE = 50
STATES = ("open", "mine", "late", "closed")
"""What a queue shows: all that is open, what is the reader's own, what is late, what is closed."""

CLOSED, ASSIGNED, REOPENED, NOTED = "closed", "assigned", "reopened", "noted"

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
    name, "" for nobody. `closing` is None while it is open.
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
    """Who looks, and on which day it is at the site. `name` is that of his account."""

    scope: Scope
    name: str
    today: date
    sees_sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks of a family: a state of STATES, and of one village, worker or check alone."""

    family: Family
    state: str = "open"
    village: str = ""
    phone_id: int | None = None
    check: str = ""


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


def write_key(key: Key) -> str:
    """Return what names a task in addresses: letters, digits, - and _."""
    told = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def read_key(text: str) -> Key:
    """Return the key that `write_key` wrote; raises Missing for anything else."""
    try:
        told = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        check, subject, indicator = map(str, told)
    except (ValueError, TypeError, binascii.Error) as error:
        raise Missing("There is no such task.") from error
    return check, subject, indicator


def open_counts(
    session: Session, scope: Scope, *, village: str = "", phone_id: int | None = None
) -> dict[Family, int]:
    """Return how many tasks of each family are open in a scope; of one village or worker alone.

    Costs what is listed, by an index, and what was ever closed.
    """
    conditions = [Signal.verdict.in_(LISTED), _is_seen(scope), _is_at(village, phone_id)]
    listed: dict[str, int] = dict(
        session.execute(
            select(Signal.family, func.count()).where(*conditions).group_by(Signal.family)
        ).all()
    )
    own = _newest(is_same_input=True)
    closed: dict[str, int] = dict(
        session.execute(
            select(Signal.family, func.count())
            .join(own, _is_step_on(own, is_same_input=True))
            .join(TaskStep, TaskStep.id == own.c.id)
            .where(TaskStep.kind == CLOSED, *conditions)
            .group_by(Signal.family)
        ).all()
    )
    return {family: listed.get(family, 0) - closed.get(family, 0) for family in FAMILIES}


def page(session: Session, reader: Reader, wanted: Wanted, number: int = 1) -> TaskPage:
    """Return one page of tasks (`number` from 1): what is due first, or was closed last, first."""
    query, due, step = _tasks(session, reader)
    query = query.where(*_conditions(reader, wanted, due, step))
    total = session.scalar(
        query.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)
    )
    order = (step.id.desc(),) if wanted.state == "closed" else (due, Signal.noticed_at)
    rows = session.execute(
        query.order_by(*order, Signal.check, Signal.subject, Signal.indicator)
        .limit(PAGE)
        .offset((number - 1) * PAGE)
    )
    return TaskPage([_task(row) for row in rows], total or 0, number)


def every(session: Session, reader: Reader, wanted: Wanted) -> list[Task]:
    """Return all tasks of a queue, in the order of its pages: for a file."""
    query, due, step = _tasks(session, reader)
    rows = session.execute(
        query.where(*_conditions(reader, wanted, due, step)).order_by(
            due, Signal.noticed_at, Signal.check, Signal.subject, Signal.indicator
        )
    )
    return [_task(row) for row in rows]


def find(session: Session, reader: Reader, key: Key) -> Task:
    """Return one task, open or closed. Raises Missing for what is not listed in the scope."""
    query, _due, _step = _tasks(session, reader)
    check, subject, indicator = key
    row = session.execute(
        query.where(Signal.check == check, Signal.subject == subject, Signal.indicator == indicator)
    ).first()
    if row is None:
        raise Missing("This is as usual, or is so by now.")
    return _task(row)


def _conditions(
    reader: Reader, wanted: Wanted, due: ColumnElement[date], step: Any
) -> list[ColumnElement[bool]]:
    is_closed = func.coalesce(step.kind, "") == CLOSED
    conditions: list[ColumnElement[bool]] = [
        Signal.family == wanted.family,
        is_closed if wanted.state == "closed" else ~is_closed,
        _is_at(wanted.village, wanted.phone_id),
    ]
    if wanted.state == "mine":
        conditions.append(_owner(step) == reader.name)
    if wanted.state == "late":
        conditions.append(due < reader.today)
    if wanted.check:
        conditions.append(Signal.check == wanted.check)
    return conditions


_earlier = aliased(TaskStep)


def _tasks(
    session: Session, reader: Reader
) -> tuple[Select[*tuple[Any, ...]], ColumnElement[date], Any]:
    """Return the query of all tasks of a reader, the column of the day they are due, and the step.

    The step is the newest on the same inputs; None where there is none.
    """
    own, last, step = _newest(is_same_input=True), _newest(is_same_input=False), aliased(TaskStep)
    due = _due(session, step)
    query: Select[*tuple[Any, ...]] = (
        select(
            Signal,
            Village.name.label("village"),
            Division.name.label("township"),
            Phone.name.label("worker"),
            _owner(step).label("owner"),
            due.label("due_on"),
            step.kind,
            step.reason,
            step.note,
            step.who,
            step.at,
        )
        .outerjoin(own, _is_step_on(own, is_same_input=True))
        .outerjoin(step, step.id == own.c.id)
        .outerjoin(last, _is_step_on(last, is_same_input=False))
        .outerjoin(_earlier, and_(_earlier.id == last.c.id, _earlier.kind != CLOSED))
        .outerjoin(Village, Village.code == Signal.village_code)
        .outerjoin(Division, Division.code == Signal.township_code)
        .outerjoin(Phone, Phone.id == Signal.phone_id)
        .where(Signal.verdict.in_(LISTED), _is_seen(reader.scope), _is_told(reader))
    )
    return query, due, step


def _newest(*, is_same_input: bool) -> Any:
    """Return the newest step on each task, by its inputs or whatever they were; notes apart."""
    columns = [TaskStep.check, TaskStep.subject, TaskStep.indicator]
    if is_same_input:
        columns.append(TaskStep.inputs)
    return (
        select(*columns, func.max(TaskStep.id).label("id"))
        .where(TaskStep.kind != NOTED)
        .group_by(*columns)
        .subquery()
    )


def _is_step_on(steps: Any, *, is_same_input: bool) -> ColumnElement[bool]:
    names = ("check", "subject", "indicator", *(("inputs",) if is_same_input else ()))
    return and_(*(steps.c[name] == getattr(Signal, name) for name in names))


def _owner(step: Any) -> ColumnElement[str]:
    return func.coalesce(step.owner, _earlier.owner, "")


def _due(session: Session, step: Any) -> ColumnElement[date]:
    """Return the day that was named, else so many days after it was noticed as its check allows."""
    chosen = thresholds.current(session)
    days = case(
        *(
            (Signal.check == name, int(chosen.get(f"{name}.due_days", check.due_days)))
            for name, check in CHECKS.items()
        ),
        else_=7,
    )
    named = case((step.id.is_not(None), step.due_on), else_=_earlier.due_on)
    return func.coalesce(named, days_later(Signal.noticed_at, days))


def _is_seen(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that a signal is one of the scope: by village, else by its phone.

    Of a worker it is by the villages that his phone serves.
    """
    if "" in scope.stems:
        return true()
    serves = Signal.phone_id.in_(
        select(PhoneVillage.phone_id).where(scope.where(PhoneVillage.village_code))
    )
    return case(
        (and_(Signal.family != "worker", Signal.village_code != ""), _of(scope, "village_code")),
        (Signal.phone_id.is_not(None), serves),
        else_=_of(scope, "township_code"),
    )


def _of(scope: Scope, column: str) -> ColumnElement[bool]:
    return scope.where(getattr(Signal, column)) if scope.stems else false()


def _is_told(reader: Reader) -> ColumnElement[bool]:
    """Return the condition that a signal says nothing of a disease that is not for the reader."""
    if reader.sees_sensitive:
        return true()
    hidden = [one.code for one in catalogue.diseases() if catalogue.is_sensitive(one.code)]
    return Signal.indicator.not_in(hidden)


def _is_at(village: str, phone_id: int | None) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if village:
        conditions.append(Signal.village_code == village)
    if phone_id is not None:
        conditions.append(Signal.phone_id == phone_id)
    return and_(*conditions)


def _task(row: Any) -> Task:
    signal: Signal = row.Signal
    closing = Closing(row.reason, row.note, row.who, row.at) if row.kind == CLOSED else None
    return Task(
        check=signal.check,
        family=signal.family,  # type: ignore[arg-type]
        subject=signal.subject,
        indicator=signal.indicator,
        inputs=signal.inputs,
        verdict=signal.verdict,
        figures=signal.figures,
        village_code=signal.village_code,
        village=row.village or signal.village_code,
        township_code=signal.township_code,
        township=row.township or "",
        phone_id=signal.phone_id,
        worker=row.worker or "",
        submission_id=signal.submission_id,
        noticed_at=signal.noticed_at,
        owner=row.owner,
        due_on=row.due_on,
        closing=closing,
    )
