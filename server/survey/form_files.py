"""Files a form needs on the phone: pictures, sounds and lists that lie beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import Missing, NotValid
from server.survey import entity_lists, files
from server.survey.form_versions import needed_version
from server.tables.truth import FormFile


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """A file a form expects. `origin` is site (made here), uploaded or missing.

    `sha256` names the content in the file store; it, `md5` and `size` are empty unless uploaded.
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
    rows = session.scalars(
        select(FormFile).where(FormFile.project_id == project_id, FormFile.form_id == form_id)
    )
    uploaded = {row.name: row for row in rows}
    made = made_here(session, project_id)
    return [
        ExpectedFile(name, "site") if name in made else _expected(name, uploaded.get(name))
        for name in current.attachments
    ]


def form_file(session: Session, project_id: int, form_id: str, name: str) -> ExpectedFile:
    """Return an uploaded file of a form. Raises Missing."""
    row = session.get(FormFile, (project_id, form_id, name))
    if row is None:
        raise Missing("Form %(form_id)s has no file %(name)s.", form_id=form_id, name=name)
    return _expected(name, row)


def made_here(session: Session, project_id: int) -> frozenset[str]:
    """Return the names of the lists the site makes for each phone, so that nobody uploads them."""
    lists = entity_lists.list_columns(session.connection(), project_id)
    return frozenset({entity_lists.VILLAGES_FILE, *(f"{name}.csv" for name in lists)})


def attach_file(
    session: Session, folder: Path, project_id: int, form_id: str, name: str, content: bytes
) -> None:
    """Keep a file in the store at `folder` and lay it beside a form, in place of an earlier one.

    Raises Missing, StoreFull, and NotValid when the current version asks for no such file.
    """
    current = needed_version(session, project_id, form_id)
    if name in made_here(session, project_id):
        raise NotValid("The site makes %(name)s itself for each phone.", "file", name=name)
    if name not in current.attachments:
        raise NotValid(
            "Form %(form_id)s asks for no file %(name)s. It asks for: %(expected)s.",
            "file",
            form_id=form_id,
            name=name,
            expected=", ".join(current.attachments) or "–",
        )
    kept = files.keep(folder, name, content)
    row = session.get(FormFile, (project_id, form_id, name))
    if row is None:
        row = FormFile(project_id=project_id, form_id=form_id, name=name)
        session.add(row)
    row.sha256, row.size = kept.sha256, kept.size
    row.md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    row.uploaded_at = datetime.now(UTC)


def attach_all(
    session: Session, folder: Path, project_id: int, form_id: str, brought: Mapping[str, bytes]
) -> None:
    """Attach the files that came along with a form; lists the site makes are left out."""
    made = made_here(session, project_id)
    for name, content in brought.items():
        if name not in made:
            attach_file(session, folder, project_id, form_id, name, content)


def _expected(name: str, row: FormFile | None) -> ExpectedFile:
    if row is None:
        return ExpectedFile(name, "missing")
    return ExpectedFile(name, "uploaded", row.sha256, row.md5, row.size, row.uploaded_at)
