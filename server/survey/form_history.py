"""The versions of a form and its draft, two of them held against one another."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from forms.changes import losses
from forms.comparison import Difference, differences
from forms.faults import Fault
from forms.fields import CompiledForm
from server.errors import Missing
from server.survey import drafts, form_versions, publishing

DRAFT = "draft"
"""Stands for the draft where a version is named by its number in the database."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A version, or the draft: `key` is its number in the database, or DRAFT."""

    key: str
    version: str
    is_current: bool

    @property
    def is_draft(self) -> bool:
        """Whether it is not published."""
        return self.key == DRAFT


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two editions of a form. `losses`: what answers to the new one lack or hold differently."""

    old: Edition
    new: Edition
    title: str
    old_form: CompiledForm
    new_form: CompiledForm
    differences: list[Difference]
    losses: tuple[Fault, ...]


def editions(session: Session, project_id: int, form_id: str) -> list[Edition]:
    """Return the draft, where there is one, then all versions, newest first; [] for no form."""
    draft = drafts.find(session, project_id, form_id)
    found = [] if draft is None else [Edition(DRAFT, draft.form.version, is_current=False)]
    if form_versions.form_version(session, project_id, form_id) is not None:
        found += [
            Edition(str(one.id), one.version, one.is_current)
            for one in form_versions.versions(session, project_id, form_id)
        ]
    return found


def compare(
    session: Session, project_id: int, form_id: str, old: str = "", new: str = ""
) -> Comparison:
    """Compare two editions by their keys; without them the newest with the one before.

    Raises Missing where there are no two, or a key is none of this form's.
    """
    known = editions(session, project_id, form_id)
    by_key = {one.key: one for one in known}
    if len(known) < 2:
        raise Missing("Form %(form_id)s has no other version to compare with.", form_id=form_id)
    try:
        newer = by_key[new] if new else known[0]
        older = by_key[old] if old else known[min(known.index(newer) + 1, len(known) - 1)]
    except KeyError as error:
        raise Missing("Form %(form_id)s has no such version.", form_id=form_id) from error
    before, after = (_form(session, project_id, form_id, one) for one in (older, newer))
    return Comparison(
        older, newer, after.title, before, after, differences(before, after), losses(before, after)
    )


def losses_of_draft(session: Session, project_id: int, form_id: str) -> tuple[Fault, ...]:
    """Return what publishing the draft would take from the current version. Raises Missing."""
    draft = drafts.needed(session, project_id, form_id)
    return publishing.losses_of(session, project_id, drafts.prepared(session, draft))


def _form(session: Session, project_id: int, form_id: str, one: Edition) -> CompiledForm:
    if one.is_draft:
        return drafts.as_it_would_read(session, drafts.needed(session, project_id, form_id))
    return publishing.compiled_version(session, int(one.key))
