"""Changes that wait: for the one before them, for approval, or for somebody to look at a fault."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal_column, or_, select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.errors import Conflict, Missing
from server.survey import decisions
from server.survey.areas import Scope
from server.survey.entities import actions, folding
from server.survey.entities.actions import NewAction
from server.survey.entities.history import ERRORS, FAULTY, HELD, REJECTED, WAITING
from server.survey.site import Site
from server.tables.decisions import EntityList
from server.tables.projections import EntityChange
from server.tables.truth import Phone, PhoneVillage, Submission

PAGE = 50
# Lets both databases use the small index of what is open.
_OPEN = EntityChange.outcome != literal_column("'applied'")

CLOCK = "clock"
"""Who is named for what is done without anybody: forcing what waited too long."""


@dataclass(frozen=True, slots=True)
class OpenChange:
    """A change that was not applied, and why: `outcome` as in tables, `form_id` its form."""

    submission_id: int
    number: int
    list_name: str
    entity_id: str
    label: str
    outcome: str
    fault: str
    base_version: int | None
    form_id: str
    received_at: datetime
    sent_by: str
    village_code: str


@dataclass(frozen=True, slots=True)
class OpenPage:
    """Open changes, the longest waiting first, and how many there are in all."""

    lines: list[OpenChange]
    total: int


def counts(session: Session, scope: Scope) -> dict[str, int]:
    """Return how many changes wait, by outcome: held, waiting, and "faults" for all errors."""
    rows = session.execute(
        select(EntityChange.outcome, func.count())
        .where(_OPEN, _seen(scope))
        .group_by(EntityChange.outcome)
    )
    found = {"held": 0, "waiting": 0, "faults": 0}
    for outcome, number in rows:
        if outcome in (HELD, WAITING):
            found[outcome] += number
        elif outcome in ERRORS or outcome == FAULTY:
            found["faults"] += number
    return found


def page(session: Session, scope: Scope, kind: str, start: int = 0) -> OpenPage:
    """Return a page of changes: `kind` is held, waiting, rejected or faults."""
    wanted = [*sorted(ERRORS), FAULTY] if kind == "faults" else [kind]
    where = and_(_OPEN, EntityChange.outcome.in_(wanted), _seen(scope))
    total = session.scalar(select(func.count()).select_from(EntityChange).where(where)) or 0
    rows = session.execute(
        _lines()
        .where(where)
        .order_by(EntityChange.submission_id, EntityChange.number)
        .offset(start)
        .limit(PAGE)
    )
    return OpenPage([_line(row) for row in rows], total)


def of_submission(session: Session, scope: Scope, submission_id: int) -> list[OpenChange]:
    """Return all that a submission says to entities, applied or not, by its blocks' numbers."""
    rows = session.execute(
        _lines()
        .where(EntityChange.submission_id == submission_id, _seen(scope))
        .order_by(EntityChange.number)
    )
    return [_line(row) for row in rows]


def open_change(session: Session, scope: Scope, submission_id: int, number: int) -> OpenChange:
    """Return one change that is not applied. Raises Missing when there is none in the scope."""
    row = session.execute(
        _lines().where(
            EntityChange.submission_id == submission_id, EntityChange.number == number, _seen(scope)
        )
    ).one_or_none()
    if row is None:
        raise Missing("There is no such change here.")
    return _line(row)


def decide(session: Session, project_id: int, who: str, change: OpenChange, kind: str) -> None:
    """Force a held change, or approve or reject one that waits for approval.

    Raises Conflict when it does not wait for that any more.
    """
    wanted = {"force": (HELD,), "approve": (WAITING, REJECTED), "reject": (WAITING,)}[kind]
    if change.outcome not in wanted:
        raise Conflict("This change does not wait any more. Look at the entity.")
    one = NewAction(
        change.list_name,
        change.entity_id,
        kind,
        submission_id=change.submission_id,
        number=change.number,
    )
    actions.act(session, project_id, who, [one])


def force_overdue(site: Site, project_id: int, now: datetime | None = None) -> int:
    """Apply what waits for its predecessor longer than the site allows; return how many.

    Each branch in its own order, as it was made on its phone. Kept as decisions of the clock, so
    that a rebuild comes out the same. Safe to call from several processes.
    """
    before = (now or datetime.now(UTC)) - timedelta(days=site.settings.held_days)
    with site.engine.connect() as connection:
        if connection.scalar(select(func.count()).select_from(_overdue(before).subquery())) == 0:
            return 0
    forced = 0
    with writing_session(site.engine) as session:
        for row in session.execute(_overdue(before)).all():
            # Forcing one may have released the next.
            if session.get_one(EntityChange, (row[0], row[1])).outcome == HELD:
                one = NewAction(row[2], row[3], "force", submission_id=row[0], number=row[1])
                actions.act(session, project_id, CLOCK, [one], now)
                forced += 1
    return forced


def _overdue(before: datetime) -> Select[*tuple[Any, ...]]:
    """Return the query of held changes received before an instant, in the order to force them.

    One that would create in a list that needs approval stays: a person decides.
    """
    approved_lists = select(EntityList.name).where(EntityList.needs_approval)
    query: Select[*tuple[Any, ...]] = (
        select(
            EntityChange.submission_id,
            EntityChange.number,
            EntityChange.list_name,
            EntityChange.entity_id,
        )
        .join(Submission, Submission.id == EntityChange.submission_id)
        .where(
            _OPEN,
            EntityChange.outcome == HELD,
            Submission.received_at < before,
            EntityChange.list_name.not_in(approved_lists),
        )
        .order_by(EntityChange.branch_id, EntityChange.base_version, EntityChange.submission_id)
    )
    return query


def reconsider(session: Session, project_id: int, form_id: str, root_instance_id: str) -> None:
    """Fold the entities of a submission and its edits anew: call it after a review was kept."""
    session.flush()
    connection = session.connection()
    ids = list(decisions.members(connection, [(project_id, form_id, root_instance_id)]))
    rows = connection.execute(
        select(EntityChange.list_name, EntityChange.entity_id).where(
            EntityChange.submission_id.in_(ids)
        )
    )
    folding.refold(connection, [(row.list_name, row.entity_id) for row in rows])
    session.expire_all()


def set_approval(
    session: Session, project_id: int, who: str, list_name: str, *, is_needed: bool
) -> None:
    """Let creations in a list wait for approval from now on, or let all that wait count.

    What was rejected stays out.
    """
    after = folding.last_submission_id(session.connection())
    rejected = _of_outcome(session, list_name, REJECTED)
    kept = session.get(EntityList, (project_id, list_name))
    if kept is None:
        kept = EntityList(project_id=project_id, name=list_name, owner_only=False)
        session.add(kept)
    kept.needs_approval = is_needed
    kept.approval_after_submission_id = after
    kept.made_at = datetime.now(UTC)
    kept.made_by = who
    session.flush()
    actions.act(
        session,
        project_id,
        who,
        [
            NewAction(list_name, one.entity_id, "reject", submission_id=one.submission_id, number=n)
            for one in rejected
            if (n := one.number) is not None
        ],
    )
    waiting = _of_outcome(session, list_name, WAITING)
    folding.refold(session.connection(), [(list_name, one.entity_id) for one in waiting])
    session.expire_all()


def _of_outcome(session: Session, list_name: str, outcome: str) -> list[EntityChange]:
    return list(
        session.scalars(
            select(EntityChange).where(
                _OPEN, EntityChange.outcome == outcome, EntityChange.list_name == list_name
            )
        )
    )


def _seen(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that a change belongs to a reader: by the village its visit names.

    Where it names none, by the villages its phone serves.
    """
    serving = select(PhoneVillage.phone_id).where(scope.where(PhoneVillage.village_code))
    is_of_phone = and_(EntityChange.village_code == "", EntityChange.phone_id.in_(serving))
    return or_(scope.where(EntityChange.village_code), is_of_phone)


def _lines() -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = (
        select(
            EntityChange,
            Submission.form_id,
            Submission.received_at,
            Phone.name.label("phone"),
        )
        .join(Submission, Submission.id == EntityChange.submission_id)
        .outerjoin(Phone, Phone.id == Submission.phone_id)
    )
    return query


def _line(row: Row[Any]) -> OpenChange:
    change: EntityChange = row.EntityChange
    return OpenChange(
        submission_id=change.submission_id,
        number=change.number,
        list_name=change.list_name,
        entity_id=change.entity_id,
        label=change.label or "",
        outcome=change.outcome,
        fault=change.fault,
        base_version=change.base_version,
        form_id=row.form_id,
        received_at=row.received_at,
        sent_by=row.phone or "",
        village_code=change.village_code,
    )
