"""A submission with its edits: the chain of those that replace one another, and who may see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.errors import Missing
from server.survey import submissions
from server.survey.areas import Scope
from server.survey.decisions import LONGEST_CHAIN, Key
from server.survey.form_mappings import WAITING
from server.tables.projections import Projected, Visit
from server.tables.truth import Submission

NO_SUBMISSION = "There is no such submission here."


def chain(session: Session, row: Submission) -> list[Submission]:
    """Return the submissions that replace one another, this one among them, first to last."""
    same_form = (Submission.project_id == row.project_id, Submission.form_id == row.form_id)
    found = [row]
    while found[0].deprecated_id and len(found) < LONGEST_CHAIN:
        before = session.scalar(
            select(Submission).where(*same_form, Submission.instance_id == found[0].deprecated_id)
        )
        if before is None or before in found:
            break
        found.insert(0, before)
    while len(found) < LONGEST_CHAIN:
        after = session.scalar(
            select(Submission)
            .where(*same_form, Submission.deprecated_id == found[-1].instance_id)
            .order_by(Submission.id)
        )
        if after is None or after in found:
            break
        found.append(after)
    return found


def root_of(found: Sequence[Submission]) -> Key:
    """Return what decisions about a chain name: the instance id that all of it goes back to."""
    first = found[0]
    return first.project_id, first.form_id, first.root_instance_id


def visible(session: Session, submission_id: int, scope: Scope) -> list[Submission]:
    """Return the chain of a submission of the scope. Raises Missing, also outside the scope.

    The visit's village tells; where none is known, the phone that sent it.
    """
    row = session.get(Submission, submission_id)
    if row is None:
        raise Missing(NO_SUBMISSION)
    found = chain(session, row)
    visit = session.get(Visit, row.id) or session.get(Visit, found[-1].id)
    if visit is not None:
        is_seen = scope.covers(visit.village_code)
    else:
        is_sent = submissions.sent_from(scope)
        seen = session.scalar(select(Submission.id).where(Submission.id == row.id, is_sent))
        is_seen = seen == row.id
    if not is_seen:
        raise Missing(NO_SUBMISSION)
    return found


def let_chain_wait(session: Session, found: Iterable[Submission]) -> None:
    """Mark a chain to be projected once more: call `replay.catch_up` after the commit."""
    session.execute(
        update(Projected)
        .where(Projected.submission_id.in_([one.id for one in found]))
        .values(state=WAITING)
        .execution_options(synchronize_session=False)
    )
