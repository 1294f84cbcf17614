"""All there is to know about one form, and what phones have sent of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forms.faults import Fault
from forms.fields import CompiledForm
from forms.translations import MissingTranslation, missing_translations
from server.survey import form_files, form_mappings, form_versions, publishing
from server.survey.areas import Scope
from server.survey.form_files import ExpectedFile
from server.survey.form_mappings import WAITING
from server.survey.form_versions import ListedVersion
from server.tables.projections import DayTally, Projected
from server.tables.truth import Submission


@dataclass(frozen=True, slots=True)
class Sent:
    """What phones sent of one form, by the villages someone may see; `last_on` is a visit's day."""

    submissions: int
    last_on: date


@dataclass(frozen=True, slots=True)
class FormOverview:
    """One form: its versions, newest first, and what lies beside it.

    `warnings` are those the current version was published with, `doubts` what is doubtful about
    the mapping today, `waiting` counts submissions that have to be read anew.
    """

    current: ListedVersion
    versions: list[ListedVersion]
    compiled: CompiledForm
    files: list[ExpectedFile]
    untranslated: list[MissingTranslation]
    warnings: tuple[Fault, ...]
    doubts: tuple[Fault, ...]
    waiting: int

    @property
    def missing_files(self) -> list[str]:
        """Names of the files that phones would need and nobody has uploaded."""
        return [one.name for one in self.files if one.origin == "missing"]


def overview(session: Session, project_id: int, form_id: str) -> FormOverview:
    """Return all about one form. Raises Missing."""
    versions = form_versions.versions(session, project_id, form_id)
    current = next(one for one in versions if one.is_current)
    compiled = publishing.compiled_version(session, current.id)
    return FormOverview(
        current=current,
        versions=versions,
        compiled=compiled,
        files=form_files.expected_files(session, project_id, form_id),
        untranslated=missing_translations(compiled),
        warnings=form_versions.published_warnings(session, current.id),
        doubts=form_mappings.doubts(session, project_id, form_id),
        waiting=waiting(session, project_id, form_id),
    )


def waiting(session: Session, project_id: int, form_id: str) -> int:
    """Return how many submissions of a form have to be read anew."""
    query = (
        select(func.count())
        .select_from(Projected)
        .join(Submission, Submission.id == Projected.submission_id)
        .where(
            Projected.state == WAITING,
            Submission.project_id == project_id,
            Submission.form_id == form_id,
        )
    )
    return session.scalars(query).one()


def sent_by_form(session: Session, scope: Scope) -> Mapping[str, Sent]:
    """Return what was sent of each form from the villages of a scope; forms without are left out.

    Costs villages and days, not submissions.
    """
    rows = session.execute(
        select(DayTally.form_id, func.sum(DayTally.submissions), func.max(DayTally.day))
        .where(scope.where(DayTally.village_code), DayTally.submissions > 0)
        .group_by(DayTally.form_id)
    )
    return {form_id: Sent(int(submissions), last_on) for form_id, submissions, last_on in rows}
