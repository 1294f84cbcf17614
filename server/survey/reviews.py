"""What people say about a submission: comments, and a review that says whether it can stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import NotValid
from server.survey.areas import Scope
from server.survey.decisions import Key
from server.survey.entities import backlog
from server.survey.review_states import EDITED, RECEIVED
from server.survey.submission_chain import root_of, visible
from server.tables.decisions import SubmissionNote
from server.tables.truth import Submission

STATES = ("approved", "has_issues", "rejected", RECEIVED)
"""What a review can say; ODK Central's words, of which "edited" follows by itself."""

LONGEST_BODY = 2000
MOST_AT_ONCE = 200
NOTHING_SAID = "Write a comment, or choose what the review says."


@dataclass(frozen=True, slots=True)
class Note:
    """A comment; `state` is what a review said, None for a comment alone."""

    state: str | None
    body: str
    at: datetime
    who: str


def add_note(
    session: Session, submission_id: int, scope: Scope, state: str, body: str, who: str
) -> None:
    """Add a comment, a review ("" for none) or both to a chain. Raises Missing and NotValid."""
    found = visible(session, submission_id, scope)
    told = "".join(one for one in body.strip() if one.isprintable() or one == "\n")[:LONGEST_BODY]
    if state not in ("", *STATES) or not (told or state):
        raise NotValid(NOTHING_SAID, "body")
    project_id, form_id, root = root_of(found)
    session.add(
        SubmissionNote(
            project_id=project_id,
            form_id=form_id,
            root_instance_id=root,
            state=state or None,
            body=told,
            at=datetime.now(UTC),
            who=who,
        )
    )
    session.flush()
    if state:
        # What a phone created may have waited for this (ODK entities: approvalRequired).
        backlog.reconsider(session, project_id, form_id, root)


def review_many(
    session: Session, submission_ids: Sequence[int], scope: Scope, state: str, body: str, who: str
) -> int:
    """Say the same of several submissions; return of how many, each chain of edits once.

    Raises NotValid for no submission, too many or no review, and Missing when any of them is not
    of the scope: then nothing is said of any.
    """
    if not submission_ids:
        raise NotValid("Choose submissions first.", "ids")
    if len(submission_ids) > MOST_AT_ONCE:
        raise NotValid("At most %(most)s at once.", "ids", most=MOST_AT_ONCE)
    if state not in STATES:
        raise NotValid("Choose what the review says.", "state")
    done = set()
    for submission_id in submission_ids:
        root = root_of(visible(session, submission_id, scope))
        if root not in done:
            add_note(session, submission_id, scope, state, body, who)
            done.add(root)
    return len(done)


def notes_on(session: Session, key: Key) -> list[Note]:
    """Return what was said about the chain with this root, first to last."""
    project_id, form_id, root = key
    rows = session.scalars(
        select(SubmissionNote)
        .where(
            SubmissionNote.root_instance_id == root,
            SubmissionNote.form_id == form_id,
            SubmissionNote.project_id == project_id,
        )
        .order_by(SubmissionNote.id)
    )
    return [Note(one.state, one.body, one.at, one.who) for one in rows]


def state_of(notes: Sequence[Note], chain: Sequence[Submission]) -> str:
    """Return the newest review, "edited" when a version came after it, "received" without one."""
    reviewed = next((one for one in reversed(notes) if one.state), None)
    newest = chain[-1]
    if reviewed is None or reviewed.state is None:
        return EDITED if len(chain) > 1 else RECEIVED
    return EDITED if newest.deprecated_id and newest.received_at > reviewed.at else reviewed.state
