"""Two that look like one: merged and counted once, or kept apart. Both can be undone.

A decision is truth; what follows from it is folded at once, and again by every rebuild.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server.database import Base
from server.errors import Conflict, Missing, NotAllowed, NotValid
from server.survey import projection
from server.survey.areas import Scope
from server.survey.entities import actions
from server.survey.entities.actions import NewAction
from server.survey.likeness import decided, saying, settling
from server.survey.likeness.decided import kept_of
from server.survey.likeness.settling import HOUSEHOLD, PERSON
from server.tables.merges import PairDecision
from server.tables.projections import Entity, Household, Person

LONGEST_NOTE = 500
PERSONS = "persons"
SUBJECTS: Mapping[str, type[Base]] = {PERSON: Person, HOUSEHOLD: Household}
_GONE = {
    PERSON: "There is no such person here.",
    HOUSEHOLD: "There is no such household here.",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """Who decides, in which project and for which areas."""

    project_id: int
    who: str
    scope: Scope


@dataclass(frozen=True, slots=True)
class Merge:
    """That `merged_id` shall count with `kept_id`."""

    kind: str
    kept_id: str
    merged_id: str


def merge(
    session: Session, desk: Desk, wanted: Merge, note: str, members: Sequence[Merge] = ()
) -> int:
    """Count two as one from now on; return the decision's number. Does not commit.

    `members` are persons of two merged households who are one as well. Raises Missing for one that
    is not there, NotAllowed outside the areas, Conflict where it was decided already, NotValid for
    what cannot be one.
    """
    group_id = str(uuid.uuid4())
    _demand_families(session, wanted, members)
    made = [
        _decide(session, desk, one, one.merged_id, note, group_id) for one in (wanted, *members)
    ]
    for one in (wanted, *members):
        _carry(session, desk, one, group_id)
    _resettle(session, (wanted, *members))
    for row in made:
        _take_entity(session, desk, row)
        saying.close(session.connection(), row)
    session.flush()
    return made[0].id


def keep_apart(session: Session, desk: Desk, wanted: Merge, note: str) -> int:
    """Say that two are two, whatever they share; return the decision's number.

    Raises as `merge` does.
    """
    row = _decide(session, desk, wanted, None, note, str(uuid.uuid4()))
    saying.close(session.connection(), row)
    return row.id


def undo(session: Session, desk: Desk, decision_id: int) -> PairDecision:
    """Take a decision back; with two households', what was decided about their members along.

    Raises Missing, also outside the areas, and Conflict when it was taken back already.
    """
    row = session.get(PairDecision, decision_id)
    if row is None or not _is_seen(row, desk.scope):
        raise Missing("There is no such decision here.")
    if row.undone_at is not None:
        raise Conflict("This was undone already.")
    several = [row]
    if row.kind == HOUSEHOLD:
        query = select(PairDecision).where(
            PairDecision.group_id == row.group_id, PairDecision.undone_at.is_(None)
        )
        several = list(session.scalars(query.order_by(PairDecision.id)))
    elif row.merged_id:
        several += _carried(session, row)
    merges = [_merge_of(one) for one in several if one.merged_id]
    counted = _counted(session, merges)
    for one in several:
        one.undone_at, one.undone_by = datetime.now(UTC), desk.who
    _resettle(session, merges, counted)
    for one in several:
        _give_entity(session, desk, one)
        saying.reopen(session.connection(), one)
    session.flush()
    return row


def _decide(
    session: Session, desk: Desk, wanted: Merge, merged_id: str | None, note: str, group_id: str
) -> PairDecision:
    ids = wanted.kept_id, wanted.merged_id
    places = {one: _village(session, desk, wanted.kind, one) for one in ids}
    first, second = sorted((wanted.kept_id, wanted.merged_id))
    if first == second:
        raise NotValid("Choose two different ones.", "kept")
    if wanted.kind == HOUSEHOLD and merged_id and len(set(places.values())) > 1:
        raise NotValid(
            "These households lie in different villages: move one of them first.", "kept"
        )
    if decided.holds(session, wanted.kind, first, second):
        raise Conflict("This was decided already. Undo that first.")
    row = _row(desk.project_id, wanted.kind, places, merged_id, note, desk.who, group_id)
    session.add(row)
    session.flush()
    return row


def _row(
    project_id: int,
    kind: str,
    places: Mapping[str, str],
    merged_id: str | None,
    note: str,
    who: str,
    group_id: str,
) -> PairDecision:
    """Return a decision about the two whose villages `places` tells."""
    first, second = sorted(places)
    return PairDecision(
        project_id=project_id,
        kind=kind,
        first_id=first,
        second_id=second,
        merged_id=merged_id,
        first_village=places[first],
        second_village=places[second],
        group_id=group_id,
        takes_entity=False,
        note=_clean(note),
        at=datetime.now(UTC),
        who=who,
    )


def _village(session: Session, desk: Desk, kind: str, subject_id: str) -> str:
    found: Any = session.get(SUBJECTS[kind], subject_id)
    if found is None:
        raise Missing(_GONE[kind])
    village: str = found.village_code
    if not desk.scope.covers(village):
        raise NotAllowed("One of the two lies outside your areas: who looks after both decides.")
    return village


def _demand_families(session: Session, wanted: Merge, members: Iterable[Merge]) -> None:
    """Members are of the two households; each is merged once."""
    homes = {wanted.kept_id, wanted.merged_id}
    gone: set[str] = set()
    for one in members:
        both = [session.get(Person, some) for some in (one.kept_id, one.merged_id)]
        if any(person is None or person.household_id not in homes for person in both):
            raise NotValid("These persons are of other households.", "members")
        if one.merged_id in gone or one.kept_id in gone:
            raise NotValid("One person is named twice: merge them one by one.", "members")
        gone.add(one.merged_id)


def _carry(session: Session, desk: Desk, done: Merge, group_id: str) -> None:
    """Keep whom the merged one was apart from apart from the kept one too."""
    rows = session.scalars(
        select(PairDecision).where(
            PairDecision.kind == done.kind,
            PairDecision.merged_id.is_(None),
            PairDecision.undone_at.is_(None),
            or_(PairDecision.first_id == done.merged_id, PairDecision.second_id == done.merged_id),
        )
    ).all()
    for row in rows:
        is_first = row.first_id == done.merged_id
        other = row.second_id if is_first else row.first_id
        if other == done.kept_id or decided.holds(
            session, done.kind, *sorted((done.kept_id, other))
        ):
            continue
        kept: Any = session.get_one(SUBJECTS[done.kind], done.kept_id)
        places = {
            done.kept_id: kept.village_code,
            other: row.second_village if is_first else row.first_village,
        }
        session.add(_row(desk.project_id, done.kind, places, None, row.note, row.who, group_id))
    session.flush()


def _carried(session: Session, row: PairDecision) -> list[PairDecision]:
    query = select(PairDecision).where(
        PairDecision.group_id == row.group_id,
        PairDecision.kind == row.kind,
        PairDecision.merged_id.is_(None),
        PairDecision.undone_at.is_(None),
        PairDecision.id != row.id,
        or_(PairDecision.first_id == kept_of(row), PairDecision.second_id == kept_of(row)),
    )
    return list(session.scalars(query))


def _counted(session: Session, merges: Iterable[Merge]) -> dict[settling.Subject, str]:
    return settling.counted(session.connection(), [(one.kind, one.kept_id) for one in merges])


def _resettle(
    session: Session,
    merges: Sequence[Merge],
    before: dict[settling.Subject, str] | None = None,
) -> None:
    """Fold what merges concern anew; `before` is whom their kept ones counted for until now."""
    session.flush()
    connection = session.connection()
    # Households first: their persons' reports move along, and are folded once more with their own.
    for kind in (HOUSEHOLD, PERSON):
        ids = {some for one in merges if one.kind == kind for some in (one.kept_id, one.merged_id)}
        ids |= {kept for (of, _), kept in (before or {}).items() if of == kind}
        if ids:
            projection.resettle(connection, kind, ids)
    session.expire_all()


def _take_entity(session: Session, desk: Desk, row: PairDecision) -> None:
    """Take the merged person off the phones' list, where it stands on it."""
    if row.kind != PERSON or not row.merged_id:
        return
    entity = session.get(Entity, (row.merged_id, PERSONS))
    if entity is None or not entity.is_created or entity.is_deleted:
        return
    row.takes_entity = True
    one = NewAction(PERSONS, row.merged_id, "delete", reason=f"= {kept_of(row)}")
    actions.act(session, desk.project_id, desk.who, [one])


def _give_entity(session: Session, desk: Desk, row: PairDecision) -> None:
    if not row.takes_entity or not row.merged_id:
        return
    entity = session.get(Entity, (row.merged_id, PERSONS))
    if entity is not None and entity.is_deleted:
        actions.act(
            session, desk.project_id, desk.who, [NewAction(PERSONS, row.merged_id, "restore")]
        )


def _is_seen(row: PairDecision, scope: Scope) -> bool:
    return scope.covers(row.first_village) and scope.covers(row.second_village)


def _merge_of(row: PairDecision) -> Merge:
    return Merge(row.kind, kept_of(row), row.merged_id or "")


def _clean(note: str) -> str:
    return "".join(one for one in note.strip() if one.isprintable() or one == "\n")[:LONGEST_NOTE]
