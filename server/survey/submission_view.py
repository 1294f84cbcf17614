"""One submission with all that belongs to it: answers, flags, files, earlier and later versions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from forms.answers import Answers
from forms.labels import words_in
from forms.plan import ReadingPlan
from forms.submission import open_envelope, read_answers
from server.errors import Missing
from server.survey import publishing
from server.survey.areas import Scope
from server.survey.form_mappings import WAITING
from server.survey.form_versions import form_version
from server.survey.submission_chain import visible
from server.survey.submission_sheet import Part, Sheet, anchor_of
from server.survey.submissions import FLAG_MESSAGES
from server.survey.veil import Veil, veil_of
from server.survey.version_readings import version_of
from server.tables.projections import Flag, Projected, Visit
from server.tables.reference import Village
from server.tables.truth import Attachment, FormVersion, Phone, Submission

SENSITIVE_FLAG = "This flag is about an answer that is not for your role."


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
    """A file of a submission; `sha256` is "" while it has not come.

    `is_named` by its answers, else kept aside; `is_carried` from an earlier version.
    """

    name: str
    sha256: str
    size: int
    is_named: bool = True
    is_carried: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """One of the submissions that replace one another, first to last."""

    id: int
    received_at: datetime
    state: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class SubmissionView:
    """A submission as its page shows it. `sheet` is None when its form cannot read it.

    `questions` are the form's words by path, without those that are not for the reader.
    """

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
    questions: Mapping[str, str]
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
    found = visible(session, submission_id, reader.scope)
    row = session.get_one(Submission, submission_id)
    mark = session.get(Projected, row.id)
    visit = session.get(Visit, row.id)
    village = session.get(Village, visit.village_code) if visit else None
    phone = session.get(Phone, row.phone_id) if row.phone_id is not None else None
    version = version_of(session, row)
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
        files=files_of(session, found[: found.index(row) + 1], read.file_names),
        edits=_edits(session, row, found),
        questions=read.questions,
        is_revealed=reader.shows_personal,
    )


def raw_xml(session: Session, submission_id: int, scope: Scope) -> tuple[str, bytes]:
    """Return instance id and bytes of a submission, exactly as sent. Raises Missing."""
    visible(session, submission_id, scope)
    row = session.get_one(Submission, submission_id)
    return row.instance_id, row.xml


def attachment(session: Session, submission_id: int, name: str, scope: Scope) -> str:
    """Return the SHA-256 of the first file of this name that came. Raises Missing."""
    versions = visible(session, submission_id, scope)
    row = session.get_one(Submission, submission_id)
    came = files_of(session, versions[: versions.index(row) + 1], (name,))
    found = next((one for one in came if one.name == name and one.sha256), None)
    if found is None:
        raise Missing("There is no such file.")
    return found.sha256


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
    questions: Mapping[str, str]


def _read(session: Session, row: Submission, version: FormVersion | None, reader: Reader) -> _Read:
    envelope = open_envelope(row.xml)
    if version is None or envelope.is_encrypted:
        return _Read(None, "", [], envelope.file_names, {})
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
    questions = {
        one.path: words_in(one.labels, reader.language)
        for one in form.fields
        if one.labels and not veil.hides(one)
    }
    name = veil.text(answers.instance_name)
    return _Read(sheet.of(answers), name, flags, answers.file_names, questions)


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


def files_of(
    session: Session, versions: Sequence[Submission], expected: Collection[str]
) -> list[ShownFile]:
    """Return the files of the last of these versions, the first of each name, by name.

    What its answers name and an edit did not bring again is carried forward from the versions
    before (openrosa C21); what never came stands at the end. Files it does not name are kept aside.
    """
    ids = [one.id for one in versions]
    rows = session.scalars(
        select(Attachment)
        .where(Attachment.submission_id.in_(ids))
        .order_by(Attachment.submission_id.desc(), Attachment.received_at, Attachment.sha256)
    )
    found: dict[str, ShownFile] = {}
    for row in rows:
        is_own = row.submission_id == ids[-1]
        if is_own or row.name in expected:
            shown = ShownFile(row.name, row.sha256, row.size, row.name in expected, not is_own)
            found.setdefault(row.name, shown)
    missing = [ShownFile(name, "", 0) for name in expected if name not in found]
    return [*sorted(found.values(), key=lambda one: one.name), *missing]


def _edits(session: Session, row: Submission, found: list[Submission]) -> list[Edit]:
    if len(found) == 1:
        return []
    marks = session.scalars(
        select(Projected).where(Projected.submission_id.in_([one.id for one in found]))
    )
    states = {mark.submission_id: mark.state for mark in marks}
    return [
        Edit(one.id, one.received_at, states.get(one.id, WAITING), one.id == row.id)
        for one in found
    ]
