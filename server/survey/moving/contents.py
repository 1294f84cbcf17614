"""Sorts the pieces of a parcel: forms, answers (XML, tables), entities, files beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from forms.submission import MAX_BYTES
from server.errors import NotValid
from server.survey.moving import tables
from server.survey.moving.parcel import Parcel, Piece
from server.survey.moving.tables import Table

_XFORM = b"http://www.w3.org/2002/xforms"
_SEVERAL = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>)?\s*<root\b")
# What `move out` writes beside the forms and answers, by the names of the files.
OWN_TABLES = ("forms.csv", "received.csv", "files.csv")
# The files all forms share lie in the folder, the table beside it has their names.
SHARED, SHARED_TABLE = "shared", "shared.csv"
REGISTER = ("divisions.csv", "villages.csv", "clinics.csv")
DECISIONS = "decisions.jsonl"

DAMAGED_XML = "%(name)s is no readable XML."


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell about what was brought: an English message id and what fills its places."""

    msgid: str
    params: dict[str, object]

    def __str__(self) -> str:
        return self.msgid % self.params


@dataclass
class Contents:
    """What was brought, sorted. `media` are files that may belong to any submission or form."""

    forms: list[Piece] = field(default_factory=list)
    answers: list[Piece] = field(default_factory=list)
    roots: list[Table] = field(default_factory=list)
    repeats: list[Table] = field(default_factory=list)
    entities: list[Table] = field(default_factory=list)
    own: dict[str, Table] = field(default_factory=dict)
    register: dict[str, Piece] = field(default_factory=dict)
    decisions: list[Piece] = field(default_factory=list)
    mappings: list[Piece] = field(default_factory=list)
    media: list[Piece] = field(default_factory=list)
    shared: list[Piece] = field(default_factory=list)
    shared_names: list[Piece] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def sort_out(parcel: Parcel) -> Contents:
    """Say of every piece what it is, by its content rather than by its name."""
    found = Contents()
    found.shared_names = [one for one in parcel.pieces if one.name == SHARED_TABLE]
    folders = {f"{one.folder}/{SHARED}".lstrip("/") for one in found.shared_names}
    for piece in list(parcel.pieces):
        if piece in found.shared_names:
            continue
        if piece.folder in folders:  # Whatever it holds, it is no form and no answers.
            found.shared.append(piece)
            continue
        try:
            _sort(parcel, piece, found)
        except NotValid as problem:
            found.notes.append(Note(problem.msgid, dict(problem.params)))
            found.media.append(piece)
    return found


def _sort(parcel: Parcel, piece: Piece, found: Contents) -> None:
    if piece.ending == ".xml":
        _sort_xml(parcel, piece, found)
    elif piece.ending in (".xlsx", ".xls"):
        _sort_workbook(piece, found)
    elif piece.ending == ".csv":
        _sort_csv(piece, found)
    elif piece.name == DECISIONS:
        found.decisions.append(piece)
    elif piece.name == "README.txt":
        return
    else:
        found.media.append(piece)


def _sort_xml(parcel: Parcel, piece: Piece, found: Contents) -> None:
    start = piece.start()
    if _XFORM in start:
        found.forms.append(piece)
    elif _SEVERAL.match(start):
        found.answers.extend(_cut(parcel, piece))
    elif b" id=" in start and piece.size <= MAX_BYTES:
        found.answers.append(piece)
    else:
        found.media.append(piece)


def _cut(parcel: Parcel, piece: Piece) -> Iterator[Piece]:
    """Cut Kobo's file of many submissions (`<root><results>…`) into one piece each."""
    with piece.opened() as stream:
        steps = etree.iterparse(
            stream, events=("end",), resolve_entities=False, no_network=True, load_dtd=False
        )
        number = 0
        try:
            for _, element in steps:
                depth = len(list(element.iterancestors()))
                if element.get("id") is None or depth not in (1, 2):
                    continue
                number += 1
                element.tail = None
                xml = etree.tostring(element, encoding="utf-8")
                yield parcel.add_bytes(f"{piece.path}/{number}.xml", xml)
                element.clear()
        except etree.XMLSyntaxError as error:
            raise NotValid(DAMAGED_XML, "file", name=piece.path) from error


def _sort_workbook(piece: Piece, found: Contents) -> None:
    if piece.ending == ".xls":
        found.forms.append(piece)  # Neither server exports answers in it.
        return
    if "survey" in {name.strip().lower() for name in tables.sheet_names(piece)}:
        found.forms.append(piece)
        return
    if not sum(_sort_table(sheet, piece, found) for sheet in tables.of_workbook(piece)):
        found.media.append(piece)


def _sort_csv(piece: Piece, found: Contents) -> None:
    if piece.name == "mapping.csv":
        found.mappings.append(piece)
        return
    # Forms may bring lists of these names too: the register's lie in its folder.
    if piece.name in REGISTER and piece.folder.rpartition("/")[2] == "register":
        found.register[piece.name] = piece
        return
    table = tables.of_csv(piece)
    if table is None or not _sort_table(table, piece, found):
        found.media.append(piece)


def _sort_table(table: Table, piece: Piece, found: Contents) -> bool:
    name = piece.name
    if name in OWN_TABLES and table.headings[0] == "form_id":
        found.own[name] = table
    elif tables.has(table, "__id", "label") and "__version" in table.headings:
        found.entities.append(table)
    elif tables.has(table, "PARENT_KEY") or tables.has(table, "_parent_table_name"):
        found.repeats.append(table)
    elif tables.has(table, "KEY") or (
        tables.has(table, "_uuid") and tables.has(table, "_submission_time")
    ):
        found.roots.append(table)
    else:
        return False
    return True
