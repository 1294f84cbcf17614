"""One submission with all that belongs to it: answers, flags, files, earlier and later versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from forms.answers import Answers
from forms.plan import ReadingPlan
from forms.submission import open_envelope, read_answers
from server.errors import Missing
from server.survey import publishing, submissions
from server.survey.areas import Scope
from server.survey.form_mappings import WAITING
from server.survey.form_versions import form_version
from server.survey.submission_sheet import Part, Sheet, anchor_of
from server.survey.submissions import FLAG_MESSAGES
from server.survey.veil import Veil, veil_of
from server.tables.projections import Flag, Projected, Visit
from server.tables.reference import Village
from server.tables.truth import Attachment, FormVersion, Phone, Submission

NO_SUBMISSION = "There is no such submission here."
SENSITIVE_FLAG = "This flag is about an answer that is not for your role."
# More edits of one interview than this are a fault of the client, not work.
_LONGEST_CHAIN = 100


@dataclass(frozen=True, slots=True)
class ShownFlag:
    """A flag: `msgid` with `params` makes its words; `what` among them is a message id itself.

    `label` names the question and `anchor` its answer on the page, both "" for the whole.
    """

    code: str
    msgid: str
    params: Mapping[str, Any]
    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file of a submission; `sha256` is "" while it has not come."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Edit:
    """One of the submissions that replace one another, first to last."""

    id: int
    received_at: datetime
    state: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class SubmissionView:
    """A submission as its page shows it. `sheet` is None when its form cannot read it."""

    id: int
    form_id: str
    title: str
    version: str
    instance_id: str
    name: str
    received_at: datetime
    sent_by: str
    state: str
    reason: str
    village_code: str
    village: str
    sheet: Part | None
    flags: list[ShownFlag]
    files: list[ShownFile]
    edits: list[Edit]
    is_revealed: bool


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: the areas, whether names are revealed, whether sensitive diseases may be seen."""

    scope: Scope
    language: str
    shows_personal: bool
    shows_sensitive: bool


def view(session: Session, submission_id: int, reader: Reader) -> SubmissionView:
    """Return a submission behind a reader's veil. Raises Missing, also outside the scope."""
    row = _visible(session, submission_id, reader.scope)
    mark = session.get(Projected, row.id)
    visit = session.get(Visit, row.id)
    village = session.get(Village, visit.village_code) if visit else None
    phone = session.get(Phone, row.phone_id) if row.phone_id is not None else None
    version = session.scalar(
        select(FormVersion).where(
            FormVersion.project_id == row.project_id,
            FormVersion.form_id == row.form_id,
            FormVersion.version == row.version,
        )
    )
    read = _read(session, row, version, reader)
    return SubmissionView(
        id=row.id,
        form_id=row.form_id,
        title=_title(session, row, version),
        version=row.version,
        instance_id=row.instance_id,
        name=read.name,
        received_at=row.received_at,
        sent_by=phone.name if phone else visit.worker if visit else "",
        state=mark.state if mark else WAITING,
        reason=mark.reason if mark else "",
        village_code=visit.village_code if visit else "",
        village=village.name if village else visit.village_code if visit else "",
        sheet=read.sheet,
        flags=read.flags,
        files=_files(session, row.id, read.file_names),
        edits=_edits(session, row),
        is_revealed=reader.shows_personal,
    )


def raw_xml(session: Session, submission_id: int, scope: Scope) -> tuple[str, bytes]:
    """Return instance id and bytes of a submission, exactly as sent. Raises Missing."""
    row = _visible(session, submission_id, scope)
    return row.instance_id, row.xml


def attachment(session: Session, submission_id: int, name: str, scope: Scope) -> str:
    """Return the SHA-256 of the first file of this name that came. Raises Missing."""
    row = _visible(session, submission_id, scope)
    found = next((one for one in _files(session, row.id, ()) if one.name == name), None)
    if found is None:
        raise Missing("There is no such file.")
    return found.sha256


def _visible(session: Session, submission_id: int, scope: Scope) -> Submission:
    """Return a submission of the scope, by its visit's village, else by the phone that sent it."""
    row = session.get(Submission, submission_id)
    if row is None:
        raise Missing(NO_SUBMISSION)
    newest = _chain(session, row)[-1]
    visit = session.get(Visit, row.id) or session.get(Visit, newest.id)
    if visit is not None:
        is_seen = scope.covers(visit.village_code)
    else:
        is_sent = submissions.sent_from(scope)
        is_seen = (
            session.scalar(select(Submission.id).where(Submission.id == row.id, is_sent)) == row.id
        )
    if not is_seen:
        raise Missing(NO_SUBMISSION)
    return row


def _title(session: Session, row: Submission, version: FormVersion | None) -> str:
    """Return the form's title: of the version that was filled in, else of the current one."""
    if version is not None:
        return version.title
    current = form_version(session, row.project_id, row.form_id)
    return current.title if current else row.form_id


@dataclass(frozen=True, slots=True)
class _Read:
    sheet: Part | None
    name: str
    flags: list[ShownFlag]
    file_names: tuple[str, ...]


def _read(session: Session, row: Submission, version: FormVersion | None, reader: Reader) -> _Read:
    envelope = open_envelope(row.xml)
    if version is None or envelope.is_encrypted:
        return _Read(None, "", [], envelope.file_names)
    form = publishing.compiled(session, version)
    answers = read_answers(envelope, ReadingPlan(form))
    veil = veil_of(
        answers, shows_personal=reader.shows_personal, shows_sensitive=reader.shows_sensitive
    )
    sheet = Sheet(session, form, veil, reader.language)
    flags = [
        _flag(flag, answers, veil, sheet)
        for flag in session.scalars(
            select(Flag).where(Flag.submission_id == row.id).order_by(Flag.number)
        )
    ]
    return _Read(sheet.of(answers), veil.text(answers.instance_name), flags, answers.file_names)


def _flag(flag: Flag, answers: Answers, veil: Veil, sheet: Sheet) -> ShownFlag:
    field = answers.plan.fields.get(flag.path)
    msgid = FLAG_MESSAGES.get(flag.code, flag.code)
    position = tuple(int(number) for number in flag.place.split(".") if number)
    anchor = anchor_of(flag.path, position) if flag.path else ""
    params = dict(flag.params)
    if field and veil.hides(field):
        return ShownFlag(flag.code, SENSITIVE_FLAG, {}, "", "")
    for name, text in params.items():
        if isinstance(text, str) and name != "what":
            params[name] = veil.answer(field, text) if field else veil.text(text)
    return ShownFlag(flag.code, msgid, params, sheet.label(flag.path), anchor)


def _files(session: Session, submission_id: int, expected: tuple[str, ...]) -> list[ShownFile]:
    """Return the files that came, the first of each name, and those the answers still name."""
    rows = session.scalars(
        select(Attachment)
        .where(Attachment.submission_id == submission_id)
        .order_by(Attachment.received_at, Attachment.sha256)
    )
    found: dict[str, ShownFile] = {}
    for row in rows:
        found.setdefault(row.name, ShownFile(row.name, row.sha256, row.size))
    missing = [ShownFile(name, "", 0) for name in expected if name not in found]
    return [*sorted(found.values(), key=lambda one: one.name), *missing]


def _edits(session: Session, row: Submission) -> list[Edit]:
    chain = _chain(session, row)
    if len(chain) == 1:
        return []
    marks = session.scalars(
        select(Projected).where(Projected.submission_id.in_([one.id for one in chain]))
    )
    states = {mark.submission_id: mark.state for mark in marks}
    return [
        Edit(one.id, one.received_at, states.get(one.id, WAITING), one.id == row.id)
        for one in chain
    ]


def _chain(session: Session, row: Submission) -> list[Submission]:
    """Return the submissions that replace one another, this one among them, first to last."""
    same_form = (Submission.project_id == row.project_id, Submission.form_id == row.form_id)
    chain = [row]
    while chain[0].deprecated_id and len(chain) < _LONGEST_CHAIN:
        before = session.scalar(
            select(Submission).where(*same_form, Submission.instance_id == chain[0].deprecated_id)
        )
        if before is None or before in chain:
            break
        chain.insert(0, before)
    while len(chain) < _LONGEST_CHAIN:
        after = session.scalar(
            select(Submission)
            .where(*same_form, Submission.deprecated_id == chain[-1].instance_id)
            .order_by(Submission.id)
        )
        if after is None or after in chain:
            break
        chain.append(after)
    return chain
