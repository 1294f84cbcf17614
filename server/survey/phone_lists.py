"""What one phone is served, for people to look at: the very lists, by the very same filter."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from server.errors import Missing
from server.survey import deliveries, entity_lists, form_versions, phones
from server.survey.deliveries import CORRECTIONS, FILE, LIST, Delivery
from server.survey.entity_veil import veil_of_list

PAGE = 50


@dataclass(frozen=True, slots=True)
class PhoneList:
    """One list beside the forms of a phone. `md5` is what its manifest tells; `forms` their names.

    `is_own`: it holds only what the phone created itself.
    """

    name: str
    kind: str
    rows: int
    md5: str
    is_own: bool
    forms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListPage:
    """Rows of a list as the phone gets them, masked or not; `next_start` is None at the end."""

    list: PhoneList
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    start: int
    next_start: int | None


def phone_lists(session: Session, project_id: int, phone_id: int) -> list[PhoneList]:
    """Return the lists that a phone's forms bring along, by name."""
    connection = session.connection()
    villages = phones.villages_of(connection, phone_id)
    return [
        _phone_list(connection, found, titles, villages)
        for found, titles in _found(session, project_id, phone_id, villages)
    ]


def list_page(
    session: Session,
    project_id: int,
    phone_id: int,
    name: str,
    start: int,
    *,
    shows_personal: bool,
    shows_sensitive: bool,
) -> ListPage:
    """Return up to 50 rows of a list that a phone is served. Raises Missing for another list."""
    connection = session.connection()
    villages = phones.villages_of(connection, phone_id)
    for found, titles in _found(session, project_id, phone_id, villages):
        if found.name != name:
            continue
        told = _phone_list(connection, found, titles, villages)
        if found.kind == LIST:
            columns = ("name", "label", "__version", *found.columns)
            rows = _entities(connection, found, villages, start)
            veil = veil_of_list(
                connection,
                project_id,
                found.list_name,
                shows_personal=shows_personal,
                shows_sensitive=shows_sensitive,
            )
            shown = [
                (
                    row[0],
                    veil.label(row[1]),
                    row[2],
                    *(veil.value(*one) for one in zip(found.columns, row[3:], strict=True)),
                )
                for row in rows
            ]
        else:
            head, *below = _villages(connection, villages)
            columns, shown = tuple(head), [tuple(row) for row in below[start : start + PAGE]]
        is_end = start + PAGE >= told.rows
        return ListPage(told, columns, tuple(shown), start, None if is_end else start + PAGE)
    raise Missing("This phone gets no list %(name)s.", name=name)


def _found(
    session: Session, project_id: int, phone_id: int, villages: Sequence[str]
) -> list[tuple[Delivery, tuple[str, ...]]]:
    """Return the lists beside the open forms, each with the forms that bring it."""
    by_name: dict[str, tuple[Delivery, list[str]]] = {}
    for version in form_versions.listed_forms(session, project_id):
        for found in deliveries.beside(session, version, villages, phone_id):
            # What was sent back has a page of its own, with what became of it.
            if found.kind not in (FILE, CORRECTIONS):
                by_name.setdefault(found.name, (found, []))[1].append(version.title)
    return [(found, tuple(titles)) for _, (found, titles) in sorted(by_name.items())]


def _phone_list(
    connection: Connection, found: Delivery, titles: tuple[str, ...], villages: Sequence[str]
) -> PhoneList:
    if found.kind == LIST:
        rows = entity_lists.row_count(connection, found.list_name, villages, found.owner)
    else:
        rows = len(_villages(connection, villages)) - 1
    return PhoneList(found.name, found.kind, rows, found.md5, found.owner is not None, titles)


def _entities(
    connection: Connection, found: Delivery, villages: Sequence[str], start: int
) -> list[tuple[str, ...]]:
    rows = entity_lists.entity_rows(
        connection, found.list_name, found.columns, villages, found.owner, start
    )
    return [tuple(map(str, row)) for row in itertools.islice(rows, PAGE)]


def _villages(connection: Connection, villages: Sequence[str]) -> list[list[str]]:
    text = entity_lists.villages_csv(connection, villages).decode()
    return list(csv.reader(io.StringIO(text, newline="")))
