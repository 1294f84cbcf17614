"""The statements behind tasks: signals, and the newest step on each.

A step on the same inputs holds; one on other inputs passes its owner and its day on while it is
open, and nothing once it is closed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, false, func, literal, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from server.database import UtcTime, days_later
from server.survey import catalogue
from server.survey.areas import Scope
from server.survey.quality import thresholds
from server.survey.quality.checks import CHECKS
from server.survey.quality.signals import LISTED
from server.survey.stored_rows import chunks
from server.tables.reference import Division, Village
from server.tables.signals import Signal
from server.tables.tasks import CheckRun, TaskStep
from server.tables.truth import Phone, PhoneVillage

CLOSED, ASSIGNED, REOPENED, NOTED = "closed", "assigned", "reopened", "noted"
# Of a check that a later release has taken away.
DUE_DAYS = 7

_earlier = aliased(TaskStep)
_KEY = ("check", "subject", "indicator")


def standings(
    session: Session, scope: Scope, now: datetime, *, sees_sensitive: bool
) -> tuple[Select[*tuple[Any, ...]], ColumnElement[date], Any]:
    """Return the query of how each task stands, the column of the day it is due, and the step.

    `now` is told in the site's own time: days are those of its calendar.

    The step is the newest on the same inputs; None where there is none. A row is narrow, since all
    tasks of a queue are sorted for one page of them; `details` has the rest.
    """
    step = aliased(TaskStep)
    due = _due(session, step, now)
    query: Select[*tuple[Any, ...]] = (
        select(
            *(getattr(Signal, name) for name in _KEY),
            owner(step).label("owner"),
            due.label("due_on"),
            _named_due(step).label("named_due_on"),
            step.id.label("step_id"),
            func.count().over().label("total"),
        )
        .outerjoin(step, step.id == _newest_id(is_same_input=True))
        .outerjoin(
            _earlier,
            and_(_earlier.id == _newest_id(is_same_input=False), _earlier.kind != CLOSED),
        )
        .where(*conditions(scope, sees_sensitive=sees_sensitive))
    )
    return query, due, step


def details(session: Session, several: Collection[Any]) -> dict[tuple[str, ...], Any]:
    """Return signal, names of village, township and worker, and newest step of some standings."""
    by_key = {tuple(getattr(row, name) for name in _KEY): row for row in several}
    columns = tuple_(*(getattr(Signal, name) for name in _KEY))
    found = {}
    for some in chunks(by_key):
        rows = session.execute(
            select(
                Signal,
                Village.name.label("village"),
                Division.name.label("township"),
                Phone.name.label("worker"),
                TaskStep,
            )
            .outerjoin(Village, Village.code == Signal.village_code)
            .outerjoin(Division, Division.code == Signal.township_code)
            .outerjoin(Phone, Phone.id == Signal.phone_id)
            .outerjoin(TaskStep, TaskStep.id == _newest_id(is_same_input=True))
            .where(columns.in_(some))
        )
        for row in rows:
            found[tuple(getattr(row.Signal, name) for name in _KEY)] = row
    return found


def _newest_id(*, is_same_input: bool) -> Any:
    """Return the number of the newest step on a signal; notes are none of these."""
    steps = aliased(TaskStep)
    names = (*_KEY, *(("inputs",) if is_same_input else ()))
    return (
        select(func.max(steps.id))
        .where(
            steps.kind != NOTED, *(getattr(steps, name) == getattr(Signal, name) for name in names)
        )
        .correlate(Signal)
        .scalar_subquery()
    )


def conditions(scope: Scope, *, sees_sensitive: bool) -> list[ColumnElement[bool]]:
    """Return what makes a signal a task that somebody may see."""
    return [
        Signal.verdict.in_(LISTED),
        is_seen(scope),
        _is_told(sees_sensitive=sees_sensitive),
    ]


def newest() -> Any:
    """Return the newest step on each task and inputs, of all there ever were; notes apart."""
    columns = [TaskStep.check, TaskStep.subject, TaskStep.indicator, TaskStep.inputs]
    return (
        select(*columns, func.max(TaskStep.id).label("id"))
        .where(TaskStep.kind != NOTED)
        .group_by(*columns)
        .subquery()
    )


def is_step_on(steps: Any) -> ColumnElement[bool]:
    """Return the condition that one of `newest` is a step on a signal as it is now."""
    return and_(*(steps.c[name] == getattr(Signal, name) for name in (*_KEY, "inputs")))


def owner(step: Any) -> ColumnElement[str]:
    return func.coalesce(step.owner, _earlier.owner, "")


def due_days(session: Session) -> dict[str, int]:
    """Return how many days after its notice a task of each check is due at this site."""
    chosen = thresholds.current(session)
    return {name: int(chosen[f"{name}.due_days"]) for name in CHECKS}


def _due(session: Session, step: Any, now: datetime) -> ColumnElement[date]:
    """Return the day that was named, else so many days after it was noticed as its check allows.

    Records are noticed when they arrive. What arrived before this site ever checked anything, in
    years of an earlier release, could be seen by nobody: it counts from the first run on.
    """
    days = case(
        *((Signal.check == name, several) for name, several in due_days(session).items()),
        else_=DUE_DAYS,
    )
    noticed: Any = Signal.noticed_at
    first_run = session.scalar(select(CheckRun.started_at).order_by(CheckRun.id).limit(1))
    if first_run is not None:
        noticed = case((noticed < first_run, literal(first_run, UtcTime)), else_=noticed)
    ahead = (now.utcoffset() or timedelta()) // timedelta(minutes=1)
    return func.coalesce(_named_due(step), days_later(noticed, ahead, days))


def _named_due(step: Any) -> ColumnElement[date | None]:
    return case((step.id.is_not(None), step.due_on), else_=_earlier.due_on)


def is_seen(scope: Scope) -> ColumnElement[bool]:
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


def _is_told(*, sees_sensitive: bool) -> ColumnElement[bool]:
    """Return the condition that a signal says nothing of a disease that is not for the reader."""
    if sees_sensitive:
        return true()
    hidden = [one.code for one in catalogue.diseases() if catalogue.is_sensitive(one.code)]
    return Signal.indicator.not_in(hidden)


def is_at(village: str, phone_id: int | None) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if village:
        conditions.append(Signal.village_code == village)
    if phone_id is not None:
        conditions.append(Signal.phone_id == phone_id)
    return and_(*conditions)
