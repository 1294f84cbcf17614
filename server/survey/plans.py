"""Reading plans of published form versions, made once a process."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, select
from sqlalchemy.orm import Session

from forms.plan import ReadingPlan
from server.database import first_row
from server.survey import publishing
from server.tables.decisions import VersionReading
from server.tables.truth import Form, FormVersion

# Written once: SQLAlchemy takes longer to make a statement than to run it.
_ASKED = (
    select(Form.state, Form.revision, FormVersion.id)
    .outerjoin(
        FormVersion,
        and_(
            FormVersion.project_id == Form.project_id,
            FormVersion.form_id == Form.form_id,
            FormVersion.version == bindparam("version"),
        ),
    )
    .where(Form.project_id == bindparam("project"), Form.form_id == bindparam("form"))
)
# What a person decided an unknown version is read as; asked of such versions alone.
_READ_AS = (
    select(FormVersion.id)
    .join(
        VersionReading,
        and_(
            FormVersion.project_id == VersionReading.project_id,
            FormVersion.form_id == VersionReading.form_id,
            FormVersion.version == VersionReading.read_as,
            VersionReading.version == bindparam("version"),
        ),
    )
    .where(
        VersionReading.project_id == bindparam("project"),
        VersionReading.form_id == bindparam("form"),
    )
)


@dataclass(frozen=True, slots=True)
class FormAsked:
    """A form as a submission names it: its state, and its version's plan, None when unknown."""

    state: str
    plan: ReadingPlan | None


class Plans:
    """A shelf of reading plans by version and by revision of the mapping beside the form."""

    def __init__(self) -> None:
        """Start empty."""
        self._plans: dict[tuple[int, int], ReadingPlan] = {}
        self._lock = threading.Lock()

    def find(
        self, connection: Connection, project_id: int, form_id: str, version: str
    ) -> FormAsked | None:
        """Return what is published under a form id and version; None for an unknown form."""
        asked = {"project": project_id, "form": form_id, "version": version}
        row = first_row(connection, _ASKED, asked)
        if row is None:
            return None
        state, revision, version_id = row
        if version_id is None:
            version_id = connection.scalar(_READ_AS, asked)
        if version_id is None:
            return FormAsked(state, None)
        return FormAsked(state, self._plan(connection, version_id, revision))

    def _plan(self, connection: Connection, version_id: int, revision: int) -> ReadingPlan:
        plan = self._plans.get((version_id, revision))
        if plan is None:
            with self._lock, Session(connection) as session:
                version = session.get_one(FormVersion, version_id)
                plan = ReadingPlan(publishing.compiled(session, version))
                self._plans[version_id, revision] = plan
        return plan
