"""Submissions of a version nobody published: why they wait, and as which version they are read.

A phone cannot mend it (openrosa C17): it is thanked, and a person here publishes the version, has
them read as another version of the form, or leaves them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.errors import NotValid
from server.survey.areas import Scope
from server.survey.form_mappings import let_wait, needed_form
from server.survey.submissions import sent_from
from server.tables.decisions import VersionReading
from server.tables.projections import Projected
from server.tables.truth import FormVersion, Submission

NO_VERSION = "Choose a version of this form that is published."
NOT_WANTED = "This version is published: its submissions are read as what they are."


@dataclass(frozen=True, slots=True)
class ParkedGroup:
    """Submissions of one form and version that wait for one reason.

    `versions` are those published, newest first: what they could be read as.
    """

    form_id: str
    title: str
    version: str
    reason: str
    submissions: int
    first_at: datetime
    last_at: datetime
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadAs:
    """A version that is read as another one, since when and by whose decision."""

    form_id: str
    version: str
    read_as: str
    at: datetime
    who: str


def parked(session: Session, project_id: int, scope: Scope) -> list[ParkedGroup]:
    """Return what is parked and comes from the phones of a scope, the largest group first."""
    number = func.count()
    rows = session.execute(
        select(
            Submission.form_id,
            Submission.version,
            Projected.reason,
            number,
            func.min(Submission.received_at),
            func.max(Submission.received_at),
        )
        .join(Projected, Projected.submission_id == Submission.id)
        .where(Projected.state == "parked", Submission.project_id == project_id, sent_from(scope))
        .group_by(Submission.form_id, Submission.version, Projected.reason)
        .order_by(number.desc(), Submission.form_id, Submission.version)
    ).all()
    known: dict[str, list[tuple[str, str]]] = {}
    published = select(FormVersion.form_id, FormVersion.version, FormVersion.title).where(
        FormVersion.project_id == project_id
    )
    for form_id, version, title in session.execute(published.order_by(FormVersion.id.desc())):
        known.setdefault(form_id, []).append((version, title))
    return [
        ParkedGroup(
            form_id,
            known[form_id][0][1] if form_id in known else form_id,
            version,
            reason,
            count,
            first_at,
            last_at,
            tuple(one for one, _ in known.get(form_id, ())),
        )
        for form_id, version, reason, count, first_at, last_at in rows
    ]


def readings(session: Session, project_id: int) -> list[ReadAs]:
    """Return the versions that are read as another one, by form and version."""
    rows = session.scalars(
        select(VersionReading)
        .where(VersionReading.project_id == project_id)
        .order_by(VersionReading.form_id, VersionReading.version)
    )
    return [ReadAs(one.form_id, one.version, one.read_as, one.at, one.who) for one in rows]


def read_as(
    session: Session, project_id: int, form_id: str, version: str, other: str, who: str
) -> int:
    """Let submissions of an unknown version be read as another; "" ends that.

    Returns how many wait for `replay.catch_up` because of it. Raises Missing and NotValid.
    """
    form = needed_form(session, project_id, form_id)
    published = set(
        session.scalars(
            select(FormVersion.version).where(
                FormVersion.project_id == project_id, FormVersion.form_id == form_id
            )
        )
    )
    if version in published:
        raise NotValid(NOT_WANTED, "version")
    if other and other not in published:
        raise NotValid(NO_VERSION, "version")
    row = session.get(VersionReading, (project_id, form_id, version))
    if row is not None:
        session.delete(row)
        session.flush()
    if other:
        session.add(
            VersionReading(
                project_id=project_id,
                form_id=form_id,
                version=version,
                read_as=other,
                at=datetime.now(UTC),
                who=who,
            )
        )
        session.flush()
    return let_wait(session, form, Submission.version == version)


def version_of(session: Session, row: Submission) -> FormVersion | None:
    """Return the version a submission is read by: its own, else what it is read as, else None."""
    versions = select(FormVersion).where(
        FormVersion.project_id == row.project_id, FormVersion.form_id == row.form_id
    )
    own = session.scalar(versions.where(FormVersion.version == row.version))
    if own is not None:
        return own
    decided = session.get(VersionReading, (row.project_id, row.form_id, row.version))
    if decided is None:
        return None
    return session.scalar(versions.where(FormVersion.version == decided.read_as))
