"""What is published: forms and their versions, as phones and pages are told of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.orm import Session

from forms.faults import Fault
from server.errors import Missing
from server.tables.truth import Form, FormVersion

NO_FORM = "There is no form %(form_id)s here."
NO_VERSION = "Form %(form_id)s has no version “%(version)s”."


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """One version of a form, with the state of the form; `id` names the version in the database.

    `attachments` are the names of the files it expects, `questions` counts what it asks.
    `has_mapping` says that a mapping lies beside the form.
    """

    id: int
    project_id: int
    form_id: str
    version: str
    title: str
    md5: str
    questions: int
    attachments: tuple[str, ...]
    published_at: datetime
    published_by: str
    source_name: str
    state: str
    has_mapping: bool
    is_current: bool


def listed_forms(session: Session, project_id: int) -> list[ListedVersion]:
    """Return the current versions of all open forms, by title: what phones are told of."""
    return [one for one in current_forms(session, project_id) if one.state == "open"]


def current_forms(session: Session, project_id: int) -> list[ListedVersion]:
    """Return the current version of every form, whatever its state, by title."""
    rows = session.execute(
        _versions(project_id)
        .where(Form.current_version_id == FormVersion.id)
        .order_by(FormVersion.title, FormVersion.form_id)
    )
    return [_listed(row) for row in rows]


def versions(session: Session, project_id: int, form_id: str) -> list[ListedVersion]:
    """Return all versions of a form, newest first. Raises Missing when there is no such form."""
    rows = session.execute(
        _versions(project_id).where(Form.form_id == form_id).order_by(FormVersion.id.desc())
    ).all()
    if not rows:
        raise Missing(NO_FORM, form_id=form_id)
    return [_listed(row) for row in rows]


def form_version(
    session: Session, project_id: int, form_id: str, version: str | None = None
) -> ListedVersion | None:
    """Return a version of a form, the current one without `version`; None when it is not known."""
    is_wanted = (
        Form.current_version_id == FormVersion.id
        if version is None
        else FormVersion.version == version
    )
    row = session.execute(
        _versions(project_id).where(Form.form_id == form_id, is_wanted)
    ).one_or_none()
    return None if row is None else _listed(row)


def needed_version(
    session: Session, project_id: int, form_id: str, version: str | None = None
) -> ListedVersion:
    """Return what `form_version` does. Raises Missing where that returns None."""
    found = form_version(session, project_id, form_id, version)
    if found is not None:
        return found
    if version is None:
        raise Missing(NO_FORM, form_id=form_id)
    raise Missing(NO_VERSION, form_id=form_id, version=version)


def form_xml(session: Session, project_id: int, form_id: str, version: str | None = None) -> bytes:
    """Return the XForm, byte for byte as it was published; the current version without `version`.

    Raises Missing.
    """
    found = needed_version(session, project_id, form_id, version)
    return session.scalars(select(FormVersion.xml).where(FormVersion.id == found.id)).one()


def form_source(
    session: Session, project_id: int, form_id: str, version: str | None = None
) -> tuple[str, bytes]:
    """Return name and bytes of the file a version was made from. Raises Missing."""
    found = needed_version(session, project_id, form_id, version)
    source = session.scalars(select(FormVersion.source).where(FormVersion.id == found.id)).one()
    return found.source_name, source


def published_warnings(session: Session, version_id: int) -> tuple[Fault, ...]:
    """Return the warnings a version was published with."""
    told = session.scalars(select(FormVersion.warnings).where(FormVersion.id == version_id)).one()
    return tuple(Fault(**one) for one in told)


def _versions(project_id: int) -> Select[Any]:
    # Neither the XML nor the shape: a list of forms must not drag megabytes along.
    return (
        select(
            FormVersion.id,
            FormVersion.project_id,
            FormVersion.form_id,
            FormVersion.version,
            FormVersion.title,
            FormVersion.md5,
            FormVersion.questions,
            FormVersion.attachments,
            FormVersion.published_at,
            FormVersion.published_by,
            FormVersion.source_name,
            Form.state,
            Form.mapping.is_not(None).label("has_mapping"),
            (Form.current_version_id == FormVersion.id).label("is_current"),
        )
        .join(
            Form,
            and_(Form.project_id == FormVersion.project_id, Form.form_id == FormVersion.form_id),
        )
        .where(Form.project_id == project_id)
    )


def _listed(row: Row[Any]) -> ListedVersion:
    told = dict(row._mapping)
    told["attachments"] = tuple(told["attachments"])
    return ListedVersion(**told)
