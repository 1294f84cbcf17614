"""Lists of what phones sent: where a number on a page opens to, and what waits for somebody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, false, func, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from forms import checks, domain_checks
from server.survey import placing, review_states
from server.survey.areas import Scope
from server.survey.entities import folding
from server.tables.projections import (
    DayTally,
    Flag,
    NamedFile,
    PersonReport,
    Projected,
    VillageTally,
    Visit,
)
from server.tables.reference import Village
from server.tables.truth import Attachment, Form, FormVersion, Phone, PhoneVillage, Submission

PAGE = 50
RARE = 5_000
"""Submissions of a form below which they are looked up by village and day."""
ANY_FLAG = "any"
"""In a filter: submissions with a flag of whatever kind."""

STUCK = ("parked", "failed", "replaced", "binned")
"""States without a visit: nothing is known of where such a submission belongs but who sent it."""

FLAG_MESSAGES = {
    **checks.MESSAGES,
    **domain_checks.MESSAGES,
    **placing.MESSAGES,
    **folding.MESSAGES,
}
"""English message ids of all flags, by code."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list; None and "" ask for all. `state` is one of STUCK, or "" for what counts.

    `review` is what the newest review says (reviews.STATES, or edited); `person_ids` are those
    who must be spoken of, None for anybody.
    """

    village: str = ""
    form_id: str = ""
    phone_id: int | None = None
    day: date | None = None
    flag: str = ""
    state: str = ""
    lacks_files: bool = False
    review: str = ""
    person_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SubmissionLine:
    """One submission of a list. What only a visit tells is None or "" for one without.

    `state` is projected, waiting, parked, failed or replaced; `reason` says why it is stuck.
    """

    id: int
    form_id: str
    title: str
    received_at: datetime
    sent_by: str
    state: str
    reason: str
    visited_on: date | None
    village_code: str
    village: str
    outcome: str
    flags: int
    review: str


@dataclass(frozen=True, slots=True)
class SubmissionPage:
    """Lines, newest first, and the id to go on before; None at the end."""

    lines: list[SubmissionLine]
    before: int | None


def page(
    session: Session, project_id: int, scope: Scope, wanted: Wanted, before: int | None = None
) -> SubmissionPage:
    """Return a page of submissions from the villages of a scope, the last received first."""
    if wanted.state in STUCK:
        query, key = _stuck(scope, wanted), Projected.submission_id
    else:
        query, key = counted(session, scope, wanted), Submission.id
    query = query.where(Submission.project_id == project_id)
    if before is not None:
        query = query.where(key < before)
    rows = session.execute(query.order_by(key.desc()).limit(PAGE + 1)).all()
    lines = [line_of(row) for row in rows[:PAGE]]
    return SubmissionPage(lines, lines[-1].id if len(rows) > PAGE else None)


def stuck_count(session: Session, project_id: int, scope: Scope) -> dict[str, int]:
    """Return how many submissions are parked and failed, by state; states without are left out."""
    rows = session.execute(
        select(Projected.state, func.count().label("number"))
        .join(Submission, Submission.id == Projected.submission_id)
        .where(
            Projected.state.in_(("parked", "failed")),
            Submission.project_id == project_id,
            sent_from(scope),
        )
        .group_by(Projected.state)
    )
    return {row.state: row.number for row in rows}


def flag_counts(session: Session, scope: Scope, village: str = "") -> list[tuple[str, int]]:
    """Return flag codes with how often they stand in a scope, the most frequent first."""
    count = func.count()
    is_here = Flag.village_code == village if village else true()
    rows = session.execute(
        select(Flag.code, count)
        .where(scope.where(Flag.village_code), is_here)
        .group_by(Flag.code)
        .order_by(count.desc(), Flag.code)
    )
    return [(code, number) for code, number in rows]


def visited_villages(session: Session, scope: Scope) -> list[tuple[str, str]]:
    """Return code and name of the villages of a scope that anybody has visited, by code."""
    visited = select(VillageTally.village_code).where(scope.where(VillageTally.village_code))
    rows = session.execute(
        select(Village.code, Village.name).where(Village.code.in_(visited)).order_by(Village.code)
    )
    return [(code, name) for code, name in rows]


def sent_from(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that a submission's phone serves a village of the scope.

    It stands in for the visit's village where no visit is known.
    """
    if scope.covers(""):
        return true()
    serves = select(PhoneVillage.phone_id).where(scope.where(PhoneVillage.village_code))
    return Submission.phone_id.in_(serves)


def counted(session: Session, scope: Scope, wanted: Wanted) -> Select[*tuple[Any, ...]]:
    """Return the query of submissions that count: each has a visit, and that a village.

    Its rows are read by `line_of`.
    """
    query = (
        _lines()
        .join(Visit, Visit.submission_id == Submission.id)
        .outerjoin(Village, Village.code == Visit.village_code)
        .where(scope.where(Visit.village_code))
    )
    for condition in _conditions(session, scope, wanted):
        query = query.where(condition)
    return query


def _conditions(session: Session, scope: Scope, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    equal = (
        (Visit.village_code, wanted.village or None),
        (Visit.form_id, wanted.form_id or None),
        (Visit.phone_id, wanted.phone_id),
        (Projected.state, wanted.state or None),
    )
    yield from (column == value for column, value in equal if value is not None)
    if wanted.day is not None:
        yield and_(Visit.visited_on == wanted.day, _visited(scope, wanted.day))
    if wanted.flag:
        yield _is_flagged(wanted.flag)
    if wanted.lacks_files:
        yield _LACKS_FILES
    if wanted.review:
        yield review_states.is_reviewed(wanted.review)
    if wanted.person_ids is not None:
        yield Submission.id.in_(
            select(PersonReport.submission_id).where(PersonReport.person_id.in_(wanted.person_ids))
        )
    if wanted.form_id and _is_rare(session, wanted.form_id):
        yield _when_sent(wanted.form_id)


# What its answers name has not come, with it or with what it is an edit of (openrosa C7).
_earlier = aliased(Submission)
_LACKS_FILES = (
    exists()
    .where(
        NamedFile.submission_id == Submission.id,
        ~exists().where(
            Attachment.submission_id == Submission.id, Attachment.name == NamedFile.name
        ),
        ~exists()
        .where(
            _earlier.instance_id.in_((Submission.deprecated_id, Submission.root_instance_id)),
            _earlier.form_id == Submission.form_id,
            _earlier.project_id == Submission.project_id,
            Attachment.submission_id == _earlier.id,
            Attachment.name == NamedFile.name,
        )
        .correlate(Submission, NamedFile),
    )
    .correlate(Submission)
)


def _is_flagged(flag: str) -> ColumnElement[bool]:
    if flag == ANY_FLAG:
        return Visit.flags > 0
    return Visit.submission_id.in_(select(Flag.submission_id).where(Flag.code == flag))


def _visited(scope: Scope, day: date) -> ColumnElement[bool]:
    # The index leads by village: name the few that were visited rather than read every visit.
    return Visit.village_code.in_(
        select(DayTally.village_code).where(DayTally.day == day, scope.where(DayTally.village_code))
    )


def _is_rare(session: Session, form_id: str) -> bool:
    """Say whether so little was sent of a form that a walk from the newest on would be long."""
    query = select(func.sum(DayTally.submissions)).where(DayTally.form_id == form_id)
    return (session.scalar(query) or 0) < RARE


def _when_sent(form_id: str) -> ColumnElement[bool]:
    """Return the condition that names villages and days of a form's visits, by their index."""
    sent = select(DayTally.village_code, DayTally.day).where(DayTally.form_id == form_id)
    return tuple_(Visit.village_code, Visit.visited_on).in_(sent)


def _stuck(scope: Scope, wanted: Wanted) -> Select[*tuple[Any, ...]]:
    query = (
        _lines()
        .outerjoin(Visit, false())
        .outerjoin(Village, false())
        .where(Projected.state == wanted.state, sent_from(scope))
    )
    if wanted.form_id:
        query = query.where(Submission.form_id == wanted.form_id)
    if wanted.phone_id is not None:
        query = query.where(Submission.phone_id == wanted.phone_id)
    return query


def _lines() -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = (
        select(
            Submission.id,
            Submission.form_id,
            FormVersion.title,
            Submission.received_at,
            Phone.name.label("phone"),
            Projected.state,
            Projected.reason,
            Visit.worker,
            Visit.visited_on,
            Visit.village_code,
            Village.name.label("village"),
            Visit.outcome,
            Visit.flags,
            review_states.newest_review.label("review"),
        )
        .select_from(Submission)
        .join(Projected, Projected.submission_id == Submission.id)
        .outerjoin(
            Form,
            and_(Form.project_id == Submission.project_id, Form.form_id == Submission.form_id),
        )
        .outerjoin(FormVersion, FormVersion.id == Form.current_version_id)
        .outerjoin(Phone, Phone.id == Submission.phone_id)
    )
    return query


def line_of(row: Row[Any]) -> SubmissionLine:
    """Return the line that a row of `counted` tells."""
    return SubmissionLine(
        id=row.id,
        form_id=row.form_id,
        title=row.title or row.form_id,
        received_at=row.received_at,
        sent_by=row.phone or row.worker or "",
        state=row.state,
        reason=row.reason,
        visited_on=row.visited_on,
        village_code=row.village_code or "",
        village=row.village or row.village_code or "",
        outcome=row.outcome or "",
        flags=row.flags or 0,
        review=row.review,
    )
