"""Records sent back to who sent them: an entry of the list `corrections` on that phone alone.

The entry says which record and why. Two things close it: an edit of the record (Collect's own
editing, where the form allows it), or a new submission that names the entry, which then stands in
the record's place (`decisions`). Both follow from what phones sent; nothing is ticked by hand.
"""

from __future__ import annotations

import csv
import io
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from forms.plan import ReadingPlan
from forms.submission import open_envelope, read_answers
from server.errors import Conflict, Missing, NotValid
from server.survey import bin as the_bin
from server.survey import phones, publishing
from server.survey.areas import Scope
from server.survey.form_versions import form_version
from server.survey.submission_chain import root_of, visible
from server.survey.version_readings import version_of
from server.tables.decisions import Binned, Correction
from server.tables.projections import CorrectionAnswer, Visit
from server.tables.truth import Phone, PhoneVillage, Submission

LIST = "corrections"
FILE = f"{LIST}.csv"
COLUMNS = ("form_id", "reason", "sent_on")
PAGE = 100
# A worker reads it on a small screen, under the question.
LONGEST_REASON = 200
WAITING, DONE, WITHDRAWN = "waiting", "done", "withdrawn"

SENT_BACK_ALREADY = "It was sent back before, and the phone has not answered yet."
IS_BINNED = "It lies in the bin. Take it out first."
NO_QUESTION = (
    "Form %(form)s does not ask which record is corrected, so that no phone can be told. Publish "
    "a version of it that has the question (handbook for the office: corrections)."
)
NO_PHONE = "Choose a phone that is in use: the one that sent it is not."
NO_CORRECTION = "There is no such correction."
NOT_WAITING = "It is done or withdrawn already."

_edit, _record = aliased(Submission), aliased(Submission)
_IS_EDITED = (
    exists()
    .where(
        _edit.deprecated_id == Correction.instance_id,
        _edit.form_id == Correction.form_id,
        _edit.project_id == Correction.project_id,
    )
    .correlate(Correction)
)
_IS_ANSWERED = (
    exists().where(CorrectionAnswer.entity_id == Correction.entity_id).correlate(Correction)
)
_IS_BINNED = (
    exists()
    .where(
        Binned.root_instance_id == Correction.root_instance_id,
        Binned.form_id == Correction.form_id,
        Binned.project_id == Correction.project_id,
        Binned.restored_at.is_(None),
    )
    .correlate(Correction)
)
_IS_DONE = or_(_IS_EDITED, _IS_ANSWERED)
# Asked at every look of a phone at a manifest; by the phone's index a row or two.
_OPEN = and_(Correction.withdrawn_at.is_(None), ~_IS_DONE, ~_IS_BINNED)


@dataclass(frozen=True, slots=True)
class CorrectionLine:
    """A record that was sent back. `state` is waiting, done or withdrawn.

    `submission_id` is the record's; `answered_by` the new submission in its place, if any.
    """

    id: int
    submission_id: int
    form_id: str
    label: str
    reason: str
    phone: str
    at: datetime
    who: str
    state: str
    answered_by: int | None


def send_back(
    session: Session,
    submission_id: int,
    scope: Scope,
    reason: str,
    who: str,
    phone_id: int | None = None,
) -> str:
    """Send a record back to the phone it came from, or another one; return the phone's name.

    Raises Missing, NotValid without a reason or a phone in use, Conflict for a record that waits
    already, lies in the bin, or whose form cannot tell a phone.
    """
    found = visible(session, submission_id, scope)
    newest, (project_id, form_id, root) = found[-1], root_of(found)
    if the_bin.in_bin(session, (project_id, form_id, root)) is not None:
        raise Conflict(IS_BINNED)
    if FILE not in _expected(session, project_id, form_id):
        raise Conflict(NO_QUESTION, form=form_id)
    waiting = select(Correction.id).where(_about(project_id, form_id, root), _OPEN)
    if session.scalar(waiting) is not None:
        raise Conflict(SENT_BACK_ALREADY)
    told = " ".join(the_bin.clean_reason(reason, LONGEST_REASON).split())
    phone = _phone(session, newest, phone_id, scope)
    session.add(
        Correction(
            entity_id=str(uuid.uuid4()),
            project_id=project_id,
            form_id=form_id,
            root_instance_id=root,
            instance_id=newest.instance_id,
            phone_id=phone.id,
            label=_label(session, newest),
            reason=told,
            at=datetime.now(UTC),
            who=who,
        )
    )
    session.flush()
    return phone.name


def withdraw(session: Session, correction_id: int, scope: Scope, who: str) -> None:
    """Take an entry back: it leaves the phone at its next look. Raises Missing and Conflict."""
    row = session.scalar(select(Correction).where(Correction.id == correction_id, _within(scope)))
    if row is None:
        raise Missing(NO_CORRECTION)
    if session.scalar(select(Correction.id).where(Correction.id == correction_id, _OPEN)) is None:
        raise Conflict(NOT_WAITING)
    row.withdrawn_at, row.withdrawn_by = datetime.now(UTC), who
    session.flush()


def queue(
    session: Session, project_id: int, scope: Scope, state: str, before: int | None = None
) -> list[CorrectionLine]:
    """Return what was sent back to phones of a scope, in one state ("" for all), newest first."""
    query = _lines().where(Correction.project_id == project_id, _within(scope))
    if state:
        query = query.where(_in_state(state))
    if before is not None:
        query = query.where(Correction.id < before)
    rows = session.execute(query.order_by(Correction.id.desc()).limit(PAGE))
    return [_line(row) for row in rows]


def about(session: Session, key: tuple[int, str, str]) -> list[CorrectionLine]:
    """Return the corrections of one chain, first to last, by the chain's root."""
    rows = session.execute(_lines().where(_about(*key)).order_by(Correction.id))
    return [_line(row) for row in rows]


def answered_by(session: Session, submission_id: int) -> int | None:
    """Return the record a submission corrects by naming it; None for one that corrects none."""
    return session.scalar(
        select(Submission.id)
        .join(Correction, _is_sent_back())
        .join(CorrectionAnswer, CorrectionAnswer.entity_id == Correction.entity_id)
        .where(CorrectionAnswer.submission_id == submission_id)
    )


def list_csv(connection: Connection, phone_id: int) -> bytes:
    """Return the list `corrections` of one phone as CSV: name, label, __version, properties."""
    rows = connection.execute(
        select(
            Correction.entity_id,
            Correction.label,
            Correction.form_id,
            Correction.reason,
            Correction.at,
        )
        .where(Correction.phone_id == phone_id, _OPEN)
        .order_by(Correction.id)
    )
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(("name", "label", "__version", *COLUMNS))
    for entity_id, label, form_id, reason, at in rows:
        table.writerow((entity_id, label, 1, form_id, reason, at.date().isoformat()))
    return text.getvalue().encode()


def _lines() -> Select[Any]:
    answer = (
        select(CorrectionAnswer.submission_id)
        .where(CorrectionAnswer.entity_id == Correction.entity_id)
        .order_by(CorrectionAnswer.submission_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            Correction,
            Submission.id.label("submission_id"),
            Phone.name.label("phone"),
            answer.label("answered_by"),
            _IS_DONE.label("is_done"),
        )
        .join(Submission, _is_sent_back())
        .outerjoin(Phone, Phone.id == Correction.phone_id)
    )


def _is_sent_back() -> ColumnElement[bool]:
    return and_(
        Submission.instance_id == Correction.instance_id,
        Submission.form_id == Correction.form_id,
        Submission.project_id == Correction.project_id,
    )


def _line(row: Row[Any]) -> CorrectionLine:
    one: Correction = row.Correction
    state = DONE if row.is_done else WITHDRAWN if one.withdrawn_at else WAITING
    return CorrectionLine(
        one.id,
        row.submission_id,
        one.form_id,
        one.label,
        one.reason,
        row.phone or "",
        one.at,
        one.who,
        state,
        row.answered_by,
    )


def _in_state(state: str) -> ColumnElement[bool]:
    if state == DONE:
        return _IS_DONE
    if state == WITHDRAWN:
        return and_(Correction.withdrawn_at.is_not(None), ~_IS_DONE)
    return _OPEN


def _about(project_id: int, form_id: str, root: str) -> ColumnElement[bool]:
    return and_(
        Correction.root_instance_id == root,
        Correction.form_id == form_id,
        Correction.project_id == project_id,
    )


def _within(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that the record lies in the scope.

    Where no visit of it is known, the phone told stands in for it.
    """
    if scope.covers(""):
        return Correction.id.is_not(None)
    serves = select(PhoneVillage.phone_id).where(scope.where(PhoneVillage.village_code))
    is_here = _visited(scope.where(Visit.village_code))
    return or_(is_here, and_(~_visited(), Correction.phone_id.in_(serves)))


def _visited(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    sent = (
        _record.instance_id == Correction.instance_id,
        _record.form_id == Correction.form_id,
        _record.project_id == Correction.project_id,
    )
    found = exists().where(*sent, Visit.submission_id == _record.id, *conditions)
    return found.correlate(Correction)


def _expected(session: Session, project_id: int, form_id: str) -> list[str]:
    current = form_version(session, project_id, form_id)
    return list(current.attachments) if current else []


def _phone(session: Session, row: Submission, phone_id: int | None, scope: Scope) -> Phone:
    """Return the phone that is told: the one that sent the record, or one of the scope."""
    wanted = row.phone_id if phone_id is None else phone_id
    phone = session.get(Phone, wanted) if wanted is not None else None
    if phone is None or phone.revoked_at is not None:
        raise NotValid(NO_PHONE, "phone")
    if phone.id != row.phone_id:
        phones.find(session, phone.id, scope)  # Raises for one that others look after.
    return phone


def _label(session: Session, row: Submission) -> str:
    """Return what the worker knows the record by: the name its form gave it, and the day."""
    version = version_of(session, row)
    visit = session.get(Visit, row.id)
    day = visit.visited_on if visit else row.received_at.date()
    name = ""
    if version is not None:
        plan = ReadingPlan(publishing.compiled(session, version))
        name = read_answers(open_envelope(row.xml), plan).instance_name
    parts = [" ".join(name.split()), day.isoformat()]
    if version is not None and not parts[0]:
        parts[0] = version.title
    return " · ".join(part for part in parts if part)
