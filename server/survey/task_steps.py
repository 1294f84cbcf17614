"""What people do about tasks: take them on, close them with a reason, open them again, note."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import Conflict, NotValid
from server.survey import accounts, task_queries, tasks
from server.survey.accounts import RIGHTS, Right, Role
from server.survey.areas import Scope
from server.survey.task_queries import ASSIGNED, CLOSED, NOTED, REOPENED
from server.survey.tasks import Key, Reader, Task
from server.tables.tasks import TaskStep
from server.tables.truth import Account, AccountArea

REASONS = ("confirmed", "corrected", "retrained", "explained", "false_alarm")
"""So it is, and was followed up · answers, lists or the register were corrected · the worker was
shown how · there is another reason · nothing was there."""

LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class Step:
    """One thing somebody did. `is_of_these` tells whether it was about the inputs of today."""

    kind: str
    owner: str
    due_on: date | None
    reason: str
    note: str
    at: datetime
    who: str
    is_of_these: bool


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does something, when (in the site's own time), and the note he leaves."""

    who: str
    at: datetime
    note: str = ""


def history(session: Session, task: Task) -> list[Step]:
    """Return all that was done about a task, the newest first; also while its inputs differed."""
    rows = session.scalars(
        select(TaskStep)
        .where(
            TaskStep.check == task.check,
            TaskStep.subject == task.subject,
            TaskStep.indicator == task.indicator,
        )
        .order_by(TaskStep.id.desc())
    )
    return [
        Step(
            kind=row.kind,
            owner=row.owner,
            due_on=row.due_on,
            reason=row.reason,
            note=row.note,
            at=row.at,
            who=row.who,
            is_of_these=row.inputs == task.inputs,
        )
        for row in rows
    ]


def close(session: Session, several: Sequence[Task], reason: str, deed: Deed) -> int:
    """Close the open ones of some tasks with a reason; return how many that were.

    They stay closed until their inputs change. Raises NotValid for another reason or a long note.
    """
    if reason not in REASONS:
        raise NotValid("Choose what was found out.", "reason")
    open_ones = [one for one in several if one.is_open]
    _add(session, open_ones, CLOSED, deed, reason=reason)
    return len(open_ones)


def reopen(session: Session, task: Task, deed: Deed) -> None:
    """Open a closed task again, due as if it were new. Raises Conflict when it is open."""
    if task.is_open:
        raise Conflict("This is open already.")
    days = task_queries.due_days(session).get(task.check, task_queries.DUE_DAYS)
    due_on = deed.at.date() + timedelta(days=days)
    _add(session, [task], REOPENED, deed, due_on=due_on)


def note(session: Session, task: Task, deed: Deed) -> None:
    """Leave a note at a task, open or closed. Raises NotValid for an empty or long one."""
    if not deed.note.strip():
        raise NotValid("Write what is to be noted.", "note")
    _add(session, [task], NOTED, deed)


def assign(
    session: Session,
    reader: Reader,
    several: Sequence[Task],
    owner: str | None,
    due_on: date | None,
    deed: Deed,
) -> int:
    """Give the open ones of some tasks to an account until a day; return how many that were.

    `owner` "" is nobody; None leaves it as it is, as None does the day. Raises NotValid for an
    account that cannot see them all, and for a day that is over.
    """
    if due_on is not None and due_on < reader.today:
        raise NotValid("Choose today or a later day.", "due_on")
    open_ones = [one for one in several if one.is_open]
    if owner:
        owner = accounts.clean_name(owner)
        _demand_sight(session, reader, open_ones, owner)
    _add(session, open_ones, ASSIGNED, deed, owner=owner, due_on=due_on)
    return len(open_ones)


def owners(session: Session, scope: Scope) -> list[str]:
    """Return the names of accounts that may act on tasks and share some area with `scope`."""
    return sorted(name for name, theirs in _actors(session).items() if _overlap(theirs, scope))


def _actors(session: Session) -> dict[str, Scope]:
    """Return the area of every account that is in use and may act on tasks, by its name."""
    roles = [role.value for role in Role if Right.SEE_SUBMISSIONS in RIGHTS[role]]
    rows = session.execute(
        select(Account.name, AccountArea.code)
        .join(AccountArea, AccountArea.account_id == Account.id)
        .where(Account.disabled_at.is_(None), Account.role.in_(roles))
    )
    codes: dict[str, list[str]] = {}
    for name, code in rows:
        codes.setdefault(name, []).append(code)
    return {name: Scope.of(several) for name, several in codes.items()}


def _overlap(one: Scope, other: Scope) -> bool:
    return any(map(one.covers, other.stems)) or any(map(other.covers, one.stems))


def _demand_sight(session: Session, reader: Reader, several: Sequence[Task], owner: str) -> None:
    theirs = _actors(session).get(owner)
    if theirs is None or not _overlap(theirs, reader.scope):
        raise NotValid("Choose one of the accounts.", "owner")
    keys = [_key(one) for one in several]
    seen = tasks.found(session, Reader(theirs, owner, reader.now, True), keys)
    if len(seen) < len(keys):
        raise NotValid("%(name)s does not see all of these.", "owner", name=owner)


def _key(task: Task) -> Key:
    return task.check, task.subject, task.indicator


def _add(
    session: Session,
    several: Iterable[Task],
    kind: str,
    deed: Deed,
    *,
    owner: str | None = None,
    due_on: date | None = None,
    reason: str = "",
) -> None:
    if len(deed.note) > LONGEST_NOTE:
        raise NotValid("Write at most %(most)s characters.", "note", most=LONGEST_NOTE)
    session.add_all(
        TaskStep(
            check=task.check,
            subject=task.subject,
            indicator=task.indicator,
            inputs=task.inputs,
            kind=kind,
            # Each step carries on what it does not change, so that the newest one tells all.
            owner=task.owner if owner is None else owner,
            due_on=due_on or task.named_due_on,
            reason=reason,
            note=deed.note.strip(),
            at=deed.at,
            who=deed.who,
        )
        for task in several
    )
    session.flush()
