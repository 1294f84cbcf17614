"""The bin: submissions that shall not count, such as a try-out or a household sent twice.

A submission lies there with all its edits, whole, until somebody takes it out or wipes it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import Conflict, NotValid
from server.survey.areas import Scope
from server.survey.decisions import Key
from server.survey.submission_chain import let_chain_wait, root_of, visible
from server.tables.decisions import Binned

LONGEST_REASON = 500
ALREADY_IN = "It lies in the bin already."
NOT_IN = "It does not lie in the bin."
REASON_NEEDED = "Say why. The reason stays with it."


@dataclass(frozen=True, slots=True)
class BinnedNote:
    """Why, when and by whom a submission was laid in the bin."""

    reason: str
    at: datetime
    who: str


def lay_in(session: Session, submission_id: int, scope: Scope, reason: str, who: str) -> None:
    """Lay a submission with its edits in the bin; `replay.catch_up` then counts it nowhere.

    Raises Missing, NotValid without a reason, Conflict when it lies there.
    """
    found = visible(session, submission_id, scope)
    key = root_of(found)
    if in_bin(session, key) is not None:
        raise Conflict(ALREADY_IN)
    project_id, form_id, instance_id = key
    session.add(
        Binned(
            project_id=project_id,
            form_id=form_id,
            root_instance_id=instance_id,
            reason=clean_reason(reason),
            at=datetime.now(UTC),
            who=who,
        )
    )
    let_chain_wait(session, found)
    session.flush()


def take_out(session: Session, submission_id: int, scope: Scope, who: str) -> None:
    """Take a submission out of the bin; `replay.catch_up` then counts it again.

    Raises Missing, and Conflict when it does not lie there.
    """
    found = visible(session, submission_id, scope)
    row = _row(session, root_of(found))
    if row is None:
        raise Conflict(NOT_IN)
    row.restored_at, row.restored_by = datetime.now(UTC), who
    let_chain_wait(session, found)
    session.flush()


def in_bin(session: Session, key: Key) -> BinnedNote | None:
    """Return why the chain with this root lies in the bin; None when it does not."""
    row = _row(session, key)
    return None if row is None else BinnedNote(row.reason, row.at, row.who)


def clean_reason(reason: str, longest: int = LONGEST_REASON) -> str:
    """Return a reason as it is kept. Raises NotValid for none."""
    told = "".join(one for one in reason.strip() if one.isprintable() or one == "\n")[:longest]
    if not told:
        raise NotValid(REASON_NEEDED, "reason")
    return told


def _row(session: Session, key: Key) -> Binned | None:
    project_id, form_id, instance_id = key
    return session.scalar(
        select(Binned).where(
            Binned.root_instance_id == instance_id,
            Binned.project_id == project_id,
            Binned.form_id == form_id,
            Binned.restored_at.is_(None),
        )
    )
