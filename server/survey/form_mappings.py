"""Mappings beside forms: what a form's questions mean, told by the site and not by the form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, select, update
from sqlalchemy.orm import Session

from forms import mapping as form_mapping
from forms.faults import Fault, FormProblem
from forms.fields import CompiledForm, form_from_json
from forms.reading import decoded
from server.errors import Missing, NotValid
from server.survey.form_versions import NO_FORM
from server.tables.projections import Projected
from server.tables.truth import Form, FormVersion, Submission

WAITING = "waiting"
"""State of a submission that was projected and has to be once more."""


class FaultyForm(NotValid):
    """A form or its mapping cannot be taken; `faults` say why, with sheet, row and column."""

    code = "form_faulty"

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        """Keep the faults in the order they stand in the form."""
        if len(faults) == 1:
            super().__init__(faults[0].msgid, "file", **faults[0].params)
        else:
            super().__init__("The form has faults: %(count)s.", "file", count=len(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Remapped:
    """What a new mapping did: what is doubtful about it, and how many submissions wait."""

    doubts: tuple[Fault, ...]
    waiting: int


def set_mapping(session: Session, project_id: int, form_id: str, content: bytes | None) -> Remapped:
    """Lay a mapping (CSV path, concept, values) beside a form, or take it away with None.

    Its submissions wait to be projected again: the caller sees to it once this is committed.
    Raises Missing, and FaultyForm for a table without its columns.
    """
    form = needed_form(session, project_id, form_id)
    if content is None:
        return Remapped((), remap(session, form, None))
    current = session.get_one(FormVersion, form.current_version_id)
    try:
        mapping = decoded(form_mapping.FILE, content)
        _, doubts = form_mapping.mapped(form_from_json(current.shape, current.xml), content)
    except FormProblem as problem:
        raise FaultyForm(problem.faults) from problem
    return Remapped(tuple(doubts), remap(session, form, mapping))


def mapping_of(session: Session, project_id: int, form_id: str) -> str | None:
    """Return the mapping beside a form as CSV text, None when the form says all itself."""
    return needed_form(session, project_id, form_id).mapping


def doubts(session: Session, project_id: int, form_id: str) -> tuple[Fault, ...]:
    """Return what is doubtful about a form's mapping, against its current version."""
    form = needed_form(session, project_id, form_id)
    if form.mapping is None:
        return ()
    current = session.get_one(FormVersion, form.current_version_id)
    own = form_from_json(current.shape, current.xml)
    return tuple(form_mapping.mapped(own, form.mapping.encode())[1])


def with_mapping(form: CompiledForm, mapping: str | None) -> CompiledForm:
    """Return a form with the concepts of the mapping laid over its own."""
    # Lines about questions that this version lacks are passed over: they may be another version's.
    return form if mapping is None else form_mapping.mapped(form, mapping.encode())[0]


def remap(session: Session, form: Form, mapping: str | None) -> int:
    """Set the mapping, count the change, and return how many submissions wait because of it."""
    if form.mapping == mapping:
        return 0
    form.mapping = mapping
    form.revision += 1
    return let_wait(session, form)


def let_wait(session: Session, form: Form, *conditions: ColumnElement[bool]) -> int:
    """Mark submissions of a form as waiting to be projected again; return how many there are."""
    concerned = select(Submission.id).where(
        Submission.project_id == form.project_id, Submission.form_id == form.form_id, *conditions
    )
    marked = session.execute(
        update(Projected)
        .where(Projected.submission_id.in_(concerned))
        .values(state=WAITING)
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", marked).rowcount


def needed_form(session: Session, project_id: int, form_id: str) -> Form:
    """Return a form's row. Raises Missing."""
    form = session.get(Form, (project_id, form_id))
    if form is None:
        raise Missing(NO_FORM, form_id=form_id)
    return form
