"""What phones send to try a draft: kept beside it, shown, never counted, gone with the draft."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forms.answers import Answers
from forms.plan import ReadingPlan
from forms.problems import SubmissionProblem
from forms.submission import Envelope, open_envelope, read_answers
from server.errors import AlreadyKept, Missing, Unreadable
from server.survey import drafts
from server.survey.drafts import Draft
from server.survey.files import KeptFile
from server.survey.submission_sheet import Part, Sheet
from server.survey.veil import veil_of
from server.tables.drafts import DraftAttachment, DraftSubmission

NO_SUBMISSION = "There are no such answers to this draft."
OTHER_FORM = "This test project takes answers to %(form)s only. Send this form to its own project."


@dataclass(frozen=True, slots=True)
class TrialUpload:
    """One POST of a tester's phone."""

    xml: bytes
    files: Sequence[KeptFile]
    device_id: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class TrialLine:
    """Answers to a draft as a list shows them. `files` counts those that came."""

    id: int
    version: str
    instance_id: str
    received_at: datetime
    device_id: str
    files: int


@dataclass(frozen=True, slots=True)
class TrialFile:
    """A file of the answers; `sha256` is "" while it has not come."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class TrialView:
    """Answers to a draft by question. `sheet` is None when they are encrypted.

    `unknown` are answers to questions the draft does not have: it was another when they were
    given.
    """

    line: TrialLine
    sheet: Part | None
    files: list[TrialFile]
    unknown: tuple[str, ...]


def receive(session: Session, draft: Draft, upload: TrialUpload) -> bool:
    """Keep answers to a draft; return False when they were here, with what files they brought.

    Raises Unreadable, Missing for the answers to another form, AlreadyKept for the same instance
    id with other answers.
    """
    try:
        envelope = open_envelope(upload.xml)
    except SubmissionProblem as problem:
        raise Unreadable(problem.msgid, **problem.params) from problem
    if envelope.form_id != draft.form_id:
        raise Missing(OTHER_FORM, form=draft.form_id)
    sha256 = hashlib.sha256(upload.xml).hexdigest()
    row = session.scalar(
        select(DraftSubmission).where(
            DraftSubmission.draft_id == draft.id,
            DraftSubmission.instance_id == envelope.instance_id,
        )
    )
    is_new = row is None
    if row is None:
        row = _row(draft, upload, envelope, sha256)
        session.add(row)
        session.flush()
    elif row.sha256 != sha256:
        raise AlreadyKept(
            "%(instance)s was received before, with other answers.", instance=envelope.instance_id
        )
    for file in upload.files:
        if session.get(DraftAttachment, (row.id, file.name)) is None:
            session.add(
                DraftAttachment(
                    submission_id=row.id, name=file.name, sha256=file.sha256, size=file.size
                )
            )
            session.flush()
    return is_new


def sent(session: Session, draft: Draft) -> list[TrialLine]:
    """Return what was sent to try a draft, newest first."""
    came = (
        select(func.count())
        .select_from(DraftAttachment)
        .where(DraftAttachment.submission_id == DraftSubmission.id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            DraftSubmission.id,
            DraftSubmission.version,
            DraftSubmission.instance_id,
            DraftSubmission.received_at,
            DraftSubmission.device_id,
            came,
        )
        .where(DraftSubmission.draft_id == draft.id)
        .order_by(DraftSubmission.id.desc())
    )
    return [TrialLine(*row) for row in rows]


def view(
    session: Session,
    draft: Draft,
    submission_id: int,
    language: str,
    *,
    shows_personal: bool,
    shows_sensitive: bool,
) -> TrialView:
    """Return answers to a draft behind a reader's veil. Raises Missing."""
    row = _needed(session, draft, submission_id)
    (line,) = [one for one in sent(session, draft) if one.id == row.id]
    envelope = open_envelope(row.xml)
    if envelope.is_encrypted:
        return TrialView(line, None, _files(session, row.id, envelope.file_names), ())
    form = drafts.as_it_would_read(session, draft)
    answers = read_answers(envelope, ReadingPlan(form))
    veil = veil_of(answers, shows_personal=shows_personal, shows_sensitive=shows_sensitive)
    return TrialView(
        line,
        Sheet(session, form, veil, language).of(answers),
        _files(session, row.id, answers.file_names),
        _unknown(answers),
    )


def raw_xml(session: Session, draft: Draft, submission_id: int) -> tuple[str, bytes]:
    """Return instance id and bytes of answers to a draft, exactly as sent. Raises Missing."""
    row = _needed(session, draft, submission_id)
    return row.instance_id, row.xml


def attachment(session: Session, draft: Draft, submission_id: int, name: str) -> str:
    """Return the SHA-256 of a file that came with answers to a draft. Raises Missing."""
    row = session.get(DraftAttachment, (_needed(session, draft, submission_id).id, name))
    if row is None:
        raise Missing("There is no such file.")
    return row.sha256


def _row(draft: Draft, upload: TrialUpload, envelope: Envelope, sha256: str) -> DraftSubmission:
    return DraftSubmission(
        draft_id=draft.id,
        version=envelope.version,
        instance_id=envelope.instance_id,
        deprecated_id=envelope.deprecated_id,
        xml=upload.xml,
        sha256=sha256,
        received_at=upload.received_at,
        device_id=upload.device_id,
    )


def _needed(session: Session, draft: Draft, submission_id: int) -> DraftSubmission:
    row = session.get(DraftSubmission, submission_id)
    if row is None or row.draft_id != draft.id:
        raise Missing(NO_SUBMISSION)
    return row


def _files(session: Session, submission_id: int, expected: Sequence[str]) -> list[TrialFile]:
    rows = session.scalars(
        select(DraftAttachment)
        .where(DraftAttachment.submission_id == submission_id)
        .order_by(DraftAttachment.name)
    )
    came = [TrialFile(row.name, row.sha256, row.size) for row in rows]
    names = {one.name for one in came}
    return [*came, *(TrialFile(name, "", 0) for name in expected if name not in names)]


def _unknown(answers: Answers) -> tuple[str, ...]:
    return tuple(sorted(answers.unknown))
