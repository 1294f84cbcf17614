"""Switches a form to encrypted answers and back; each switch is a version of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from sqlalchemy import select
from sqlalchemy.orm import Session

from forms import encrypted_form
from forms.faults import Fault
from forms.fields import CompiledForm, form_from_json
from server.errors import Conflict
from server.survey import encryption_keys, publishing
from server.survey.encryption_keys import Key
from server.survey.form_mappings import needed_form
from server.survey.publishing import Prepared, Published
from server.tables.truth import Form, FormVersion

FOREIGN = (
    "The form brings a key of its own in its settings: take public_key out there, publish it "
    "again, then switch."
)


@dataclass(frozen=True, slots=True)
class FormEncryption:
    """How a form stands: `key` encrypts its new versions, None when it is plain.

    `is_foreign`: the current version carries a key the site does not hold. `lists` are the entity
    lists it writes, `counts` says that its answers feed coverage or lists: what encryption costs.
    """

    form_id: str
    title: str
    version: str
    key: Key | None
    is_foreign: bool
    lists: tuple[str, ...]
    counts: bool


def state_of(session: Session, project_id: int, form_id: str) -> FormEncryption:
    """Return how a form stands. Raises Missing."""
    form = needed_form(session, project_id, form_id)
    current = session.get_one(FormVersion, form.current_version_id)
    compiled = publishing.compiled(session, current)
    public = encrypted_form.public_key(current.xml)
    key = encryption_keys.key_of(session, project_id, public) if public else None
    return FormEncryption(
        form_id=form_id,
        title=current.title,
        version=current.version,
        key=key,
        is_foreign=bool(public) and key is None,
        lists=tuple(dict.fromkeys(entity.list_name for entity in compiled.entities)),
        counts=any(field.concept for field in compiled.fields),
    )


def switch_on(session: Session, project_id: int, form_id: str, key_id: int, who: str) -> Published:
    """Publish the current version anew, encrypted with a key; so are all that follow.

    Raises Missing; Conflict for a retired key, a form under a key of its own, or one that is
    encrypted with this key already.
    """
    key = encryption_keys.find(session, project_id, key_id)
    if key.retired_at is not None:
        raise Conflict("This key is retired. Choose another one.")
    state = _own(session, project_id, form_id)
    if state.key is not None and state.key.id == key_id:
        raise Conflict("The form is encrypted with this key already.")
    form, current, made = _current(session, project_id, form_id)

    def named(turn: int) -> str:
        return encrypted_form.encrypted_version(made.version, key.public_key, turn)

    version = _free(session, form, named)
    form.key_id = key_id
    sealed = encrypted_form.encrypted(made, key.public_key, version)
    return _publish(session, project_id, current, sealed, who)


def switch_off(session: Session, project_id: int, form_id: str, who: str) -> Published:
    """Publish the current version anew without a key; what follows is plain. Raises as above."""
    state = _own(session, project_id, form_id)
    if state.key is None:
        raise Conflict("The form is not encrypted.")
    form, current, made = _current(session, project_id, form_id)
    # Never the version it had before: a phone that holds that one would not take it again (G2).
    version = _free(session, form, lambda turn: encrypted_form.plain_version(made.version, turn))
    form.key_id = None
    return _publish(session, project_id, current, encrypted_form.plain(made, version), who)


def _own(session: Session, project_id: int, form_id: str) -> FormEncryption:
    state = state_of(session, project_id, form_id)
    if state.is_foreign:
        raise Conflict(FOREIGN)
    return state


def _current(
    session: Session, project_id: int, form_id: str
) -> tuple[Form, FormVersion, CompiledForm]:
    form = needed_form(session, project_id, form_id)
    current = session.get_one(FormVersion, form.current_version_id)
    return form, current, form_from_json(current.shape, current.xml)


def _free(session: Session, form: Form, named: Callable[[int], str]) -> str:
    taken = set(
        session.scalars(
            select(FormVersion.version).where(
                FormVersion.project_id == form.project_id, FormVersion.form_id == form.form_id
            )
        )
    )
    return next(version for turn in count(1) if (version := named(turn)) not in taken)


def _publish(
    session: Session, project_id: int, current: FormVersion, made: CompiledForm, who: str
) -> Published:
    warnings = tuple(Fault(**one) for one in current.warnings)
    prepared = Prepared(made, warnings, current.source_name, current.source, None, {})
    return publishing.publish_prepared(session, project_id, prepared, who)
