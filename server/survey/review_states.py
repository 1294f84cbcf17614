"""What the newest review of a submission says, as a condition of a query.

The same as `reviews.state_of` says of one chain of edits.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from server.tables.decisions import SubmissionNote
from server.tables.truth import Submission

RECEIVED, EDITED = "received", "edited"

_review = aliased(SubmissionNote)
_of_chain = and_(
    _review.root_instance_id == Submission.root_instance_id,
    _review.form_id == Submission.form_id,
    _review.project_id == Submission.project_id,
    _review.state.is_not(None),
)
_newest = select(func.max(_review.id)).where(_of_chain).correlate(Submission).scalar_subquery()
_said = aliased(SubmissionNote)
_state = select(_said.state).where(_said.id == _newest).correlate(Submission).scalar_subquery()
_at = select(_said.at).where(_said.id == _newest).correlate(Submission).scalar_subquery()
_is_edit = Submission.deprecated_id.is_not(None)

newest_review: ColumnElement[str] = case(
    (and_(_is_edit, or_(_at.is_(None), Submission.received_at > _at)), EDITED),
    else_=func.coalesce(_state, RECEIVED),
)
"""Of a row of Submission: received, edited, approved, has_issues or rejected."""


def is_reviewed(state: str) -> ColumnElement[bool]:
    """Return the condition that the newest review says `state`.

    Where a review was written, the chains are named first: they are few among all that came.
    """
    says = newest_review == state
    if state in (RECEIVED, EDITED):
        return and_(says, _is_edit) if state == EDITED else says
    roots = select(SubmissionNote.root_instance_id).where(SubmissionNote.state == state)
    # A chain begins with what its first instance id names; its edits are found as edits.
    return and_(says, or_(Submission.instance_id.in_(roots), _is_edit))
