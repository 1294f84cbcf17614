"""Decisions about pairs that hold: who counts with whom, and who was kept apart."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server.survey.likeness import settling
from server.survey.likeness.settling import PERSON
from server.tables.merges import PairDecision


def counted_as(session: Session, kind: str, subject_id: str) -> str:
    """Return the id that a person or household counts under: its own where nobody merged it."""
    subject = (kind, subject_id)
    return settling.counted(session.connection(), [subject]).get(subject, subject_id)


def decisions_of(session: Session, kind: str, subject_id: str) -> list[PairDecision]:
    """Return the decisions that hold about one and all that were merged with it, the last first."""
    ids, frontier = {subject_id}, {subject_id}
    found: dict[int, PairDecision] = {}
    while frontier:
        rows = session.scalars(
            select(PairDecision).where(
                PairDecision.kind == kind,
                PairDecision.undone_at.is_(None),
                or_(PairDecision.first_id.in_(frontier), PairDecision.second_id.in_(frontier)),
            )
        ).all()
        found.update({row.id: row for row in rows})
        merged = {row.merged_id for row in rows if row.merged_id and kept_of(row) in ids}
        frontier = merged - ids
        ids |= frontier
    return [found[one] for one in sorted(found, reverse=True)]


def all_merged(session: Session) -> dict[str, str]:
    """Return by id of every merged person the one that it was merged with."""
    query = select(PairDecision).where(
        PairDecision.merged_id.is_not(None),
        PairDecision.kind == PERSON,
        PairDecision.undone_at.is_(None),
    )
    return {row.merged_id: kept_of(row) for row in session.scalars(query) if row.merged_id}


def merged_persons(session: Session) -> dict[str, tuple[str, ...]]:
    """Return by id of who is counted the ids of all that were merged with it, in order."""
    steps = all_merged(session)
    found: dict[str, set[str]] = {}
    for merged in steps:
        kept, seen = merged, {merged}
        while (above := steps.get(kept)) is not None and above not in seen:
            kept = above
            seen.add(kept)
        found.setdefault(kept, set()).add(merged)
    return {kept: tuple(sorted(ids)) for kept, ids in found.items()}


def persons_apart(session: Session, ids: Iterable[str]) -> set[tuple[str, str]]:
    """Return the pairs among some persons that were kept apart, the smaller id first."""
    wanted = sorted(set(ids))
    query = select(PairDecision.first_id, PairDecision.second_id).where(
        PairDecision.kind == PERSON,
        PairDecision.merged_id.is_(None),
        PairDecision.undone_at.is_(None),
        PairDecision.first_id.in_(wanted),
        PairDecision.second_id.in_(wanted),
    )
    return {(first, second) for first, second in session.execute(query)}


def holds(session: Session, kind: str, first: str, second: str) -> bool:
    """Say whether a decision about two holds, the smaller id first."""
    query = select(PairDecision.id).where(
        PairDecision.kind == kind,
        PairDecision.first_id == first,
        PairDecision.second_id == second,
        PairDecision.undone_at.is_(None),
    )
    return session.scalar(query) is not None


def kept_of(row: PairDecision) -> str:
    """Return the one that two merged ones count under."""
    return row.second_id if row.merged_id == row.first_id else row.first_id
