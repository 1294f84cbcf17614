"""What a phone downloads beside a form: uploaded files, and lists the site makes for it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, literal, select, union_all
from sqlalchemy.orm import Session

from server.errors import Missing
from server.survey import corrections, entity_lists
from server.survey.back_checks import entries as back_checks
from server.survey.entity_columns import ListRules, list_rules
from server.survey.entity_lists import VILLAGES_FILE
from server.survey.form_versions import ListedVersion, needed_version
from server.tables.drafts import SharedFile
from server.tables.truth import FormFile

FILE, VILLAGES, LIST, CORRECTIONS = "file", "villages", "list", "corrections"
MADE_FILES = (VILLAGES_FILE, corrections.FILE, back_checks.FILE)
"""Made for each phone, and lists of no entities: nobody uploads them."""
Columns = Mapping[str, tuple[str, ...]]

# Asked with every list of forms: written once, as that costs more than the answer.
_NAMES = union_all(
    select(FormFile.form_id, FormFile.name).where(FormFile.project_id == bindparam("project_id")),
    select(literal(""), SharedFile.name).where(SharedFile.project_id == bindparam("project_id")),
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing beside a form, as one phone gets it.

    `kind` is FILE (kept in the file store under `sha256`), VILLAGES (made now), LIST (an entity
    list with these columns) or CORRECTIONS (what was sent back, or is to be asked again: a list
    whose few rows are in `content`). `md5` is that
    of the bytes; for a list it changes when they do. `owner` is the phone of which the list holds
    only what it created itself; None for other lists. What a phone creates in a list that
    `needs_approval` is not there for it before the office agreed.
    """

    name: str
    kind: str
    md5: str
    sha256: str = ""
    list_name: str = ""
    columns: tuple[str, ...] = ()
    owner: int | None = None
    content: bytes = b""
    needs_approval: bool = False


def uploaded_names(session: Session, project_id: int) -> dict[str, set[str]]:
    """Return the names of all uploaded files, by form id; those all forms share under ""."""
    names: dict[str, set[str]] = {}
    for form_id, name in session.execute(_NAMES, {"project_id": project_id}):
        names.setdefault(form_id, set()).add(name)
    return names


def has_any(
    version: ListedVersion, uploaded: Mapping[str, AbstractSet[str]], columns: Columns
) -> bool:
    """Say whether `beside` returns anything, from `uploaded_names` and `list_columns`."""
    names = uploaded.get(version.form_id, frozenset()) | uploaded.get("", frozenset())
    return any(
        name in names or name in MADE_FILES or _list_name(name) in columns
        for name in version.attachments
    )


def beside(
    session: Session, version: ListedVersion, villages: Sequence[str], phone_id: int = 0
) -> list[Delivery]:
    """Return what is there of what a form expects, in its order, as one phone is served it.

    A form's own file comes before a list made here, and that before a file all forms share. An
    expected file that nobody uploaded is left out: a phone could not install the form.
    """
    uploaded = _uploaded(session, version.project_id, version.form_id)
    connection = session.connection()
    rules = list_rules(connection, version.project_id)
    found = [
        uploaded.get(name) or _made(connection, name, rules, villages, phone_id)
        for name in version.attachments
    ]
    # Asked only where it matters: every phone asks for every manifest every quarter of an hour.
    shared = _shared(session, version.project_id) if None in found else {}
    both = (one or shared.get(name) for name, one in zip(version.attachments, found, strict=True))
    return [one for one in both if one is not None]


def find(
    session: Session,
    project_id: int,
    form_id: str,
    name: str,
    villages: Sequence[str],
    phone_id: int = 0,
) -> Delivery:
    """Return one thing beside a form, also what only an older version expects. Raises Missing."""
    needed_version(session, project_id, form_id)
    connection = session.connection()
    found = _uploaded(session, project_id, form_id).get(name)
    if found is None:
        rules = list_rules(connection, project_id)
        found = _made(connection, name, rules, villages, phone_id)
    if found is None:
        found = _shared(session, project_id).get(name)
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


def _shared(session: Session, project_id: int) -> dict[str, Delivery]:
    rows = session.execute(
        select(SharedFile.name, SharedFile.md5, SharedFile.sha256).where(
            SharedFile.project_id == project_id
        )
    )
    return {name: Delivery(name, FILE, md5, sha256=sha256) for name, md5, sha256 in rows}


def listed(
    connection: Connection,
    rules: ListRules,
    list_name: str,
    villages: Sequence[str],
    phone_id: int,
) -> Delivery:
    """Return an entity list as one phone is served it."""
    columns = rules.columns[list_name]
    owner = phone_id if list_name in rules.owner_only else None
    told = entity_lists.list_hash(connection, list_name, columns, villages, owner)
    return Delivery(
        f"{list_name}.csv",
        LIST,
        told,
        list_name=list_name,
        columns=columns,
        owner=owner,
        needs_approval=list_name in rules.needs_approval,
    )


def sent_back(connection: Connection, phone_id: int) -> Delivery:
    """Return what was sent back to one phone; for a number no phone has, the bare header."""
    rows = corrections.list_csv(connection, phone_id)
    return _own(corrections.LIST, corrections.COLUMNS, rows)


def to_ask_again(connection: Connection, phone_id: int) -> Delivery:
    """Return whom one phone asks again; for a number no phone has, the bare header."""
    rows = back_checks.list_csv(connection, phone_id)
    return _own(back_checks.LIST, back_checks.COLUMNS, rows)


def _own(list_name: str, columns: tuple[str, ...], rows: bytes) -> Delivery:
    told = hashlib.md5(rows, usedforsecurity=False).hexdigest()
    return Delivery(f"{list_name}.csv", CORRECTIONS, told, "", list_name, columns, content=rows)


def _made(
    connection: Connection, name: str, rules: ListRules, villages: Sequence[str], phone_id: int
) -> Delivery | None:
    if name == VILLAGES_FILE:
        text = entity_lists.villages_csv(connection, villages)
        return Delivery(name, VILLAGES, hashlib.md5(text, usedforsecurity=False).hexdigest())
    if name == corrections.FILE:
        return sent_back(connection, phone_id)
    if name == back_checks.FILE:
        return to_ask_again(connection, phone_id)
    list_name = _list_name(name)
    if list_name not in rules.columns:
        return None
    return listed(connection, rules, list_name, villages, phone_id)


def _list_name(name: str) -> str:
    """Return the entity list a file name stands for: Collect goes by the part before ".csv"."""
    return name.removesuffix(".csv") if name.endswith(".csv") else ""
