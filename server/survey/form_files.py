"""Files a form needs on the phone: pictures, sounds and lists that lie beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from forms.faults import Fault
from server.errors import Missing, NotValid
from server.survey import files
from server.survey.entity_columns import PRIVATE_LISTS
from server.survey.form_versions import needed_version
from server.survey.shared_files import doubts_of, made_here
from server.tables.drafts import DraftFile, FormDraft, SharedFile
from server.tables.truth import FormFile

NO_FILE = "Form %(form_id)s has no file %(name)s."

Row = FormFile | DraftFile | SharedFile


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """A file a form expects, and where the phone gets it from.

    `origin` is uploaded (beside this form or draft), published (a draft takes the form's), site
    (a list made here for each phone), shared (the project's) or missing. `sha256` names the
    content in the file store; it, `md5` and `size` are empty for site and missing.
    """

    name: str
    origin: str
    sha256: str = ""
    md5: str = ""
    size: int = 0
    uploaded_at: datetime | None = None


def expected_files(session: Session, project_id: int, form_id: str) -> list[ExpectedFile]:
    """Return the files the current version expects, in its order. Raises Missing."""
    current = needed_version(session, project_id, form_id)
    beside = _with_origin("uploaded", _files_of_form(session, project_id, form_id))
    return _expected(session, project_id, current.attachments, beside)


def expected_by_draft(session: Session, draft_id: int) -> list[ExpectedFile]:
    """Return the files a draft expects, in its order."""
    row = session.get_one(FormDraft, draft_id)
    of_form = _files_of_form(session, row.project_id, row.form_id)
    beside = {
        **_with_origin("published", of_form),
        **_with_origin("uploaded", _files_of_draft(session, draft_id)),
    }
    lists = {name: ExpectedFile(name, "site") for name in _declared(row)}
    return _expected(session, row.project_id, row.attachments, {**lists, **beside})


def form_file(session: Session, project_id: int, form_id: str, name: str) -> ExpectedFile:
    """Return an uploaded file of a form. Raises Missing."""
    row = session.get(FormFile, (project_id, form_id, name))
    if row is None:
        raise Missing(NO_FILE, form_id=form_id, name=name)
    return _told("uploaded", row)


def draft_file(session: Session, draft_id: int, name: str) -> ExpectedFile:
    """Return a file that was uploaded beside a draft. Raises Missing."""
    row = session.get(DraftFile, (draft_id, name))
    if row is None:
        form_id = session.get_one(FormDraft, draft_id).form_id
        raise Missing(NO_FILE, form_id=form_id, name=name)
    return _told("uploaded", row)


def attach_file(
    session: Session, folder: Path, project_id: int, form_id: str, name: str, content: bytes
) -> list[Fault]:
    """Keep a file in the store at `folder` and lay it beside a form, in place of an earlier one.

    Returns what is doubtful about it.
    Raises Missing, StoreFull, and NotValid when the current version asks for no such file, or no
    phone could read it.
    """
    current = needed_version(session, project_id, form_id)
    _demand_expected(made_here(session, project_id), form_id, name, current.attachments)
    doubts = doubts_of(name, content)
    row = session.get(FormFile, (project_id, form_id, name))
    if row is None:
        row = FormFile(project_id=project_id, form_id=form_id, name=name)
        session.add(row)
    _fill(row, folder, name, content)
    return doubts


def attach_to_draft(
    session: Session, folder: Path, draft_id: int, name: str, content: bytes
) -> list[Fault]:
    """Lay a file beside a draft; the published form's of that name stays. As `attach_file`."""
    draft = session.get_one(FormDraft, draft_id)
    made = made_here(session, draft.project_id) | _declared(draft)
    _demand_expected(made, draft.form_id, name, draft.attachments)
    doubts = doubts_of(name, content)
    row = session.get(DraftFile, (draft_id, name))
    if row is None:
        row = DraftFile(draft_id=draft_id, name=name)
        session.add(row)
    _fill(row, folder, name, content)
    return doubts


def remove_file(session: Session, project_id: int, form_id: str, name: str) -> None:
    """Take a file away from a form: a shared one or a list of the site takes its place.

    Raises Missing.
    """
    form_file(session, project_id, form_id, name)
    session.delete(session.get_one(FormFile, (project_id, form_id, name)))
    session.flush()


def remove_from_draft(session: Session, draft_id: int, name: str) -> None:
    """Take a file away from a draft: the published form's takes its place. Raises Missing."""
    draft_file(session, draft_id, name)
    session.delete(session.get_one(DraftFile, (draft_id, name)))
    session.flush()


def attach_all(
    session: Session, folder: Path, project_id: int, form_id: str, brought: Mapping[str, bytes]
) -> list[Fault]:
    """Attach the files that came along with a form; lists the site makes are left out.

    Returns what is doubtful about them.
    """
    made = made_here(session, project_id)
    doubts: list[Fault] = []
    for name, content in brought.items():
        if name not in made:
            doubts += attach_file(session, folder, project_id, form_id, name, content)
    return doubts


def attach_all_to_draft(
    session: Session, folder: Path, draft_id: int, brought: Mapping[str, bytes]
) -> list[Fault]:
    """Attach the files that came along with a draft. As `attach_all`."""
    draft = session.get_one(FormDraft, draft_id)
    made = made_here(session, draft.project_id) | _declared(draft)
    doubts: list[Fault] = []
    for name, content in brought.items():
        if name not in made:
            doubts += attach_to_draft(session, folder, draft_id, name, content)
    return doubts


def take_over(session: Session, draft_id: int) -> None:
    """Lay the files of a draft that is published beside its form, in place of those there."""
    draft = session.get_one(FormDraft, draft_id)
    for name, told in _files_of_draft(session, draft_id).items():
        row = session.get(FormFile, (draft.project_id, draft.form_id, name))
        if row is None:
            row = FormFile(project_id=draft.project_id, form_id=draft.form_id, name=name)
            session.add(row)
        row.sha256, row.md5, row.size = told.sha256, told.md5, told.size
        row.uploaded_at = told.uploaded_at
    session.flush()


def _expected(
    session: Session,
    project_id: int,
    names: Iterable[str],
    beside: Mapping[str, ExpectedFile],
) -> list[ExpectedFile]:
    """Return where each file comes from, as deliveries.py gives it to phones."""
    made = made_here(session, project_id)
    rows = session.scalars(select(SharedFile).where(SharedFile.project_id == project_id))
    shared = _with_origin("shared", {row.name: row for row in rows})
    lists = {name: ExpectedFile(name, "site") for name in made}
    found = {**shared, **lists, **beside}
    return [found.get(name) or ExpectedFile(name, "missing") for name in names]


def _demand_expected(
    made: AbstractSet[str], form_id: str, name: str, expected: Sequence[str]
) -> None:
    if name in made:
        raise NotValid("The site makes %(name)s itself for each phone.", "file", name=name)
    if name not in expected:
        raise NotValid(
            "Form %(form_id)s asks for no file %(name)s. It asks for: %(expected)s.",
            "file",
            form_id=form_id,
            name=name,
            expected=", ".join(expected) or "–",
        )


def _declared(draft: FormDraft) -> frozenset[str]:
    """Return the files of the entity lists that a draft itself will fill."""
    lists = {one["list_name"] for one in json.loads(draft.shape)["entities"]}
    return frozenset(f"{name}.csv" for name in lists - PRIVATE_LISTS)


def _fill(row: FormFile | DraftFile, folder: Path, name: str, content: bytes) -> None:
    kept = files.keep(folder, name, content)
    row.sha256, row.size = kept.sha256, kept.size
    row.md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    row.uploaded_at = datetime.now(UTC)


def _files_of_form(session: Session, project_id: int, form_id: str) -> dict[str, FormFile]:
    rows = session.scalars(
        select(FormFile).where(FormFile.project_id == project_id, FormFile.form_id == form_id)
    )
    return {row.name: row for row in rows}


def _files_of_draft(session: Session, draft_id: int) -> dict[str, DraftFile]:
    rows = session.scalars(select(DraftFile).where(DraftFile.draft_id == draft_id))
    return {row.name: row for row in rows}


def _with_origin(origin: str, rows: Mapping[str, Row]) -> dict[str, ExpectedFile]:
    return {name: _told(origin, row) for name, row in rows.items()}


def _told(origin: str, row: Row) -> ExpectedFile:
    return ExpectedFile(row.name, origin, row.sha256, row.md5, row.size, row.uploaded_at)
