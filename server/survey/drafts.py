"""Drafts of forms: tried on phones under a token of their own, then published or thrown away."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from forms.faults import Fault
from forms.fields import CompiledForm, form_from_json, form_to_json
from server.errors import Missing
from server.survey import form_files, publishing
from server.survey.areas import Scope
from server.survey.form_mappings import with_mapping
from server.survey.phone_villages import known_villages
from server.survey.phones import TOKEN_CHARACTERS, TOKEN_LENGTH
from server.survey.publishing import Prepared, Published
from server.tables.drafts import DraftAttachment, DraftFile, DraftSubmission, FormDraft
from server.tables.truth import Form

NO_DRAFT = "Form %(form_id)s has no draft."
GONE = (
    "This draft is no longer here: it was published or thrown away. "
    "Remove this test project from the phone; if there is a new draft, scan its code."
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A form that is being tried. `form` is as its own sheets say, without the mapping.

    `villages` are the codes of those whose lists testers are given; with none the lists of people
    are empty. `token` opens the draft to phones.
    """

    id: int
    project_id: int
    form: CompiledForm
    token: str
    mapping: str | None
    warnings: tuple[Fault, ...]
    villages: tuple[str, ...]
    source_name: str
    made_at: datetime
    made_by: str

    @property
    def form_id(self) -> str:
        """The form's id."""
        return self.form.form_id


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A draft as a list shows it; `sent` counts the answers that were sent to try it."""

    form_id: str
    title: str
    version: str
    made_at: datetime
    made_by: str
    sent: int


def keep(session: Session, folder: Path, project_id: int, prepared: Prepared, who: str) -> Draft:
    """Keep a form that compiled as the draft of its form, in place of an earlier draft.

    A phone that has the earlier one stays connected and gets this one; answers to it stay until
    the draft is published or thrown away. Files that came along are laid beside it in the store
    at `folder`. Raises StoreFull.
    """
    made = prepared.form
    row = _row(session, project_id, made.form_id)
    if row is None:
        token = "".join(secrets.choice(TOKEN_CHARACTERS) for _ in range(TOKEN_LENGTH))
        row = FormDraft(project_id=project_id, form_id=made.form_id, token=token, villages=[])
        session.add(row)
    row.version, row.title, row.xml, row.md5 = made.version, made.title, made.xml, made.md5
    row.shape, row.attachments = form_to_json(made), list(made.attachments)
    row.questions = publishing.question_count(made)
    row.mapping, row.warnings = prepared.mapping, [asdict(one) for one in prepared.warnings]
    row.source_name, row.source = prepared.source_name, prepared.source
    row.made_at, row.made_by = datetime.now(UTC), who
    session.flush()
    form_files.attach_all_to_draft(session, folder, row.id, prepared.files)
    return _draft(row)


def drafts(session: Session, project_id: int) -> list[DraftLine]:
    """Return all drafts of a project, by title."""
    sent = (
        select(func.count())
        .where(DraftSubmission.draft_id == FormDraft.id)
        .select_from(DraftSubmission)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            FormDraft.form_id,
            FormDraft.title,
            FormDraft.version,
            FormDraft.made_at,
            FormDraft.made_by,
            sent,
        )
        .where(FormDraft.project_id == project_id)
        .order_by(FormDraft.title, FormDraft.form_id)
    )
    return [DraftLine(*row) for row in rows]


def find(session: Session, project_id: int, form_id: str) -> Draft | None:
    """Return the draft of a form, None when there is none."""
    row = _row(session, project_id, form_id)
    return None if row is None else _draft(row)


def needed(session: Session, project_id: int, form_id: str) -> Draft:
    """Return the draft of a form. Raises Missing."""
    return _draft(needed_row(session, project_id, form_id))


def by_token(session: Session, token: str, project_id: int, form_id: str) -> Draft:
    """Return the draft a phone asks for. Raises Missing, in words for its worker.

    Never an empty list for a token that ended: a phone would take its forms for deleted.
    """
    row = session.scalar(select(FormDraft).where(FormDraft.token == token))
    if row is None or (row.project_id, row.form_id) != (project_id, form_id):
        raise Missing(GONE)
    return _draft(row)


def choose_villages(
    session: Session, project_id: int, form_id: str, codes: Iterable[str], scope: Scope
) -> None:
    """Give testers the lists of these villages of `scope`; of none, the lists of people are empty.

    Raises Missing, and NotValid for a code that is no village there.
    """
    wanted = [code for code in codes if code.strip()]
    row = needed_row(session, project_id, form_id)
    row.villages = known_villages(session, wanted, scope) if wanted else []


def publish(session: Session, project_id: int, form_id: str, who: str) -> Published:
    """Publish a draft with the files beside it; what was sent to try it is thrown away.

    Raises Missing, and Conflict when its version was published before with other content: then
    the draft stays.
    """
    row = needed_row(session, project_id, form_id)
    draft = _draft(row)
    done = publishing.publish_prepared(session, project_id, prepared(session, draft), who)
    form_files.take_over(session, row.id)
    _throw_away(session, row)
    return done


def discard(session: Session, project_id: int, form_id: str) -> None:
    """Throw a draft away, with what was sent to try it. Raises Missing."""
    _throw_away(session, needed_row(session, project_id, form_id))


def as_it_would_read(session: Session, draft: Draft) -> CompiledForm:
    """Return a draft with the mapping that would lie beside it: its own, else the form's."""
    form = session.get(Form, (draft.project_id, draft.form_id))
    return with_mapping(draft.form, draft.mapping or (form.mapping if form else None))


def prepared(session: Session, draft: Draft) -> Prepared:
    """Return a draft as it was taken in, without the files beside it."""
    row = session.get_one(FormDraft, draft.id)
    return Prepared(draft.form, draft.warnings, row.source_name, row.source, row.mapping, files={})


def needed_row(session: Session, project_id: int, form_id: str) -> FormDraft:
    """Return a draft's row. Raises Missing."""
    row = _row(session, project_id, form_id)
    if row is None:
        raise Missing(NO_DRAFT, form_id=form_id)
    return row


def _row(session: Session, project_id: int, form_id: str) -> FormDraft | None:
    return session.scalar(
        select(FormDraft).where(FormDraft.project_id == project_id, FormDraft.form_id == form_id)
    )


def _throw_away(session: Session, row: FormDraft) -> None:
    sent = select(DraftSubmission.id).where(DraftSubmission.draft_id == row.id)
    session.execute(delete(DraftAttachment).where(DraftAttachment.submission_id.in_(sent)))
    for beside in (DraftSubmission, DraftFile):
        session.execute(delete(beside).where(beside.draft_id == row.id))
    session.delete(row)
    session.flush()


def _draft(row: FormDraft) -> Draft:
    return Draft(
        id=row.id,
        project_id=row.project_id,
        form=form_from_json(row.shape, row.xml),
        token=row.token,
        mapping=row.mapping,
        warnings=tuple(Fault(**one) for one in row.warnings),
        villages=tuple(row.villages),
        source_name=row.source_name,
        made_at=row.made_at,
        made_by=row.made_by,
    )
