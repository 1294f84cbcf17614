"""What a phone downloads beside a form: uploaded files, and lists the site makes for it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from server.errors import Missing
from server.survey import entity_lists
from server.survey.entity_lists import VILLAGES_FILE
from server.survey.form_versions import ListedVersion, needed_version
from server.tables.truth import FormFile

FILE, VILLAGES, LIST = "file", "villages", "list"
Columns = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing beside a form, as one phone gets it.

    `kind` is FILE (kept in the file store under `sha256`), VILLAGES (made now) or LIST (an entity
    list with these columns). `md5` is that of the bytes; for a list it changes when they do.
    """

    name: str
    kind: str
    md5: str
    sha256: str = ""
    list_name: str = ""
    columns: tuple[str, ...] = ()


def uploaded_names(session: Session, project_id: int) -> dict[str, set[str]]:
    """Return the names of all uploaded files, by form id."""
    names: dict[str, set[str]] = {}
    rows = session.execute(
        select(FormFile.form_id, FormFile.name).where(FormFile.project_id == project_id)
    )
    for form_id, name in rows:
        names.setdefault(form_id, set()).add(name)
    return names


def has_any(
    version: ListedVersion, uploaded: Mapping[str, AbstractSet[str]], columns: Columns
) -> bool:
    """Say whether `beside` returns anything, from `uploaded_names` and `list_columns`."""
    names = uploaded.get(version.form_id, frozenset())
    return any(
        name in names or name == VILLAGES_FILE or _list_name(name) in columns
        for name in version.attachments
    )


def beside(session: Session, version: ListedVersion, villages: Sequence[str]) -> list[Delivery]:
    """Return what is there of what a form expects, in its order.

    An expected file that nobody uploaded is left out: a phone could not install the form.
    """
    uploaded = _uploaded(session, version.project_id, version.form_id)
    connection = session.connection()
    columns = entity_lists.list_columns(connection, version.project_id)
    found = [
        uploaded.get(name) or _made(connection, name, columns, villages)
        for name in version.attachments
    ]
    return [one for one in found if one is not None]


def find(
    session: Session, project_id: int, form_id: str, name: str, villages: Sequence[str]
) -> Delivery:
    """Return one thing beside a form, also what only an older version expects. Raises Missing."""
    needed_version(session, project_id, form_id)
    connection = session.connection()
    found = _uploaded(session, project_id, form_id).get(name)
    if found is None:
        columns = entity_lists.list_columns(connection, project_id)
        found = _made(connection, name, columns, villages)
    if found is None:
        raise Missing("Form %(form_id)s has no file %(name)s.", form_id=form_id, name=name)
    return found


def _uploaded(session: Session, project_id: int, form_id: str) -> dict[str, Delivery]:
    rows = session.execute(
        select(FormFile.name, FormFile.md5, FormFile.sha256).where(
            FormFile.project_id == project_id, FormFile.form_id == form_id
        )
    )
    return {name: Delivery(name, FILE, md5, sha256=sha256) for name, md5, sha256 in rows}


def _made(
    connection: Connection, name: str, columns: Columns, villages: Sequence[str]
) -> Delivery | None:
    if name == VILLAGES_FILE:
        text = entity_lists.villages_csv(connection, villages)
        return Delivery(name, VILLAGES, hashlib.md5(text, usedforsecurity=False).hexdigest())
    list_name = _list_name(name)
    if list_name not in columns:
        return None
    told = entity_lists.list_hash(connection, list_name, columns[list_name], villages)
    return Delivery(name, LIST, told, list_name=list_name, columns=columns[list_name])


def _list_name(name: str) -> str:
    """Return the entity list a file name stands for: Collect goes by the part before ".csv"."""
    return name.removesuffix(".csv") if name.endswith(".csv") else ""
