"""Pictures, sounds and choice lists of the whole project: for any form that names one it lacks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from forms import choice_files
from forms.faults import Fault, FormProblem
from server.errors import Missing, NotValid
from server.survey import entity_lists, files, form_versions
from server.survey.deliveries import MADE_FILES
from server.tables.drafts import FormDraft, SharedFile
from server.tables.truth import FormFile

# The limit of Android's own file system.
LONGEST_NAME_BYTES = 255
NO_FILE = "There is no shared file %(name)s."


@dataclass(frozen=True, slots=True)
class SharedLine:
    """A shared file as a list shows it; `used_by` are the titles of the forms that take it."""

    name: str
    sha256: str
    size: int
    uploaded_at: datetime
    uploaded_by: str
    used_by: tuple[str, ...]


def shared_files(session: Session, project_id: int) -> list[SharedLine]:
    """Return the shared files by name, with the forms and drafts that have none of their own."""
    rows = session.scalars(
        select(SharedFile).where(SharedFile.project_id == project_id).order_by(SharedFile.name)
    )
    takers = _takers(session, project_id)
    return [
        SharedLine(
            row.name,
            row.sha256,
            row.size,
            row.uploaded_at,
            row.uploaded_by,
            tuple(takers.get(row.name, ())),
        )
        for row in rows
    ]


def find(session: Session, project_id: int, name: str) -> SharedLine:
    """Return a shared file. Raises Missing."""
    for one in shared_files(session, project_id):
        if one.name == name:
            return one
    raise Missing(NO_FILE, name=name)


def share(
    session: Session, folder: Path, project_id: int, name: str, content: bytes, who: str
) -> str:
    """Keep a file for all forms, in place of the one of this name; return its clean name.

    Raises StoreFull, and NotValid for a name no form could ask for or that the site's own lists
    have, and for choices no phone could read.
    """
    clean = clean_name(name)
    if clean in made_here(session, project_id):
        raise NotValid("The site makes %(name)s itself for each phone.", "file", name=clean)
    if not content:
        raise NotValid("The file %(name)s is empty.", "file", name=clean)
    doubts_of(clean, content)
    kept = files.keep(folder, clean, content)
    row = session.get(SharedFile, (project_id, clean))
    if row is None:
        row = SharedFile(project_id=project_id, name=clean)
        session.add(row)
    row.sha256, row.size = kept.sha256, kept.size
    row.md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    row.uploaded_at, row.uploaded_by = datetime.now(UTC), who
    session.flush()
    return clean


def remove(session: Session, project_id: int, name: str) -> None:
    """Take a shared file away: forms that took it lack it from now on. Raises Missing."""
    row = session.get(SharedFile, (project_id, name))
    if row is None:
        raise Missing(NO_FILE, name=name)
    session.delete(row)
    session.flush()


def clean_name(name: str) -> str:
    """Return the last part of a file's name, as a form would ask for it. Raises NotValid."""
    last = name.replace("\\", "/").rpartition("/")[2].strip()
    is_usable = last.strip(".") and last.isprintable() and not last.startswith(".")
    if not is_usable or len(last.encode()) > LONGEST_NAME_BYTES:
        raise NotValid("A file cannot be called “%(name)s”.", "file", name=last[:40])
    return last


def doubts_of(name: str, content: bytes) -> list[Fault]:
    """Return what is doubtful about a file for forms. Raises NotValid for one no phone can read."""
    try:
        return choice_files.doubts_of(name, content)
    except FormProblem as problem:
        first = problem.faults[0]
        raise NotValid(first.msgid, "file", **first.params) from problem


def made_here(session: Session, project_id: int) -> frozenset[str]:
    """Return the names of the lists the site makes for each phone, so that nobody uploads them."""
    lists = entity_lists.list_columns(session.connection(), project_id)
    return frozenset({*MADE_FILES, *(f"{name}.csv" for name in lists)})


def _takers(session: Session, project_id: int) -> dict[str, list[str]]:
    """Return the titles of forms and drafts by the name of each file they ask for and lack."""
    own: dict[str, set[str]] = {}
    for form_id, name in session.execute(
        select(FormFile.form_id, FormFile.name).where(FormFile.project_id == project_id)
    ):
        own.setdefault(form_id, set()).add(name)
    asking = [
        (one.form_id, one.title, one.attachments)
        for one in form_versions.current_forms(session, project_id)
    ]
    drafts = select(FormDraft.form_id, FormDraft.title, FormDraft.attachments)
    asking += [
        (form_id, title, tuple(names))
        for form_id, title, names in session.execute(
            drafts.where(FormDraft.project_id == project_id)
        )
    ]
    takers: dict[str, list[str]] = {}
    for form_id, title, names in asking:
        for name in names:
            found = takers.setdefault(name, [])
            if name not in own.get(form_id, ()) and title not in found:
                found.append(title)
    return takers
