"""The forms among what was brought: compiled, paired with their XForms, their files found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from forms.fields import CompiledForm, form_from_json
from forms.source import MAX_FILE_BYTES, FormSource
from server.errors import Problem
from server.survey import publishing
from server.survey.form_mappings import FaultyForm
from server.survey.moving.contents import Contents, Note
from server.survey.moving.parcel import Piece
from server.survey.moving.tables import told_rows
from server.survey.publishing import Prepared
from server.tables.truth import FormVersion

FAULTY = "%(name)s is no form that can be published: %(why)s"
NEWER_SOURCE = (
    "%(name)s: the XForm and the XLSForm of one version ask different questions. "
    "The XForm counts, as phones had it."
)


@dataclass(frozen=True, slots=True)
class BroughtForm:
    """A form version to be published, and the files it expects that were brought along.

    `state` is "" when nobody told it. `is_current` is told by `move out` alone.
    """

    prepared: Prepared
    path: str
    files: Mapping[str, Piece]
    state: str = ""
    is_current: bool = False

    @property
    def form(self) -> CompiledForm:
        """The compiled form."""
        return self.prepared.form

    @property
    def missing(self) -> tuple[str, ...]:
        """The files the form expects that were not brought."""
        return tuple(name for name in self.form.attachments if name not in self.files)


def read_forms(contents: Contents) -> tuple[list[BroughtForm], list[Note]]:
    """Compile the forms of a parcel, each version once, oldest first as far as names tell."""
    notes: list[Note] = []
    made: dict[tuple[str, str], tuple[Prepared, str]] = {}
    # XForms first: their bytes are what phones had; an XLSForm is the source for the next author.
    for piece in sorted(contents.forms, key=lambda one: one.ending != ".xml"):
        try:
            prepared = _prepare(piece)
        except FaultyForm as faulty:
            why = "; ".join(str(fault) for fault in faulty.faults[:3])
            notes.append(Note(FAULTY, {"name": piece.path, "why": why}))
            continue
        except Problem as problem:
            notes.append(Note(problem.msgid, dict(problem.params)))
            continue
        key = (prepared.form.form_id, prepared.form.version)
        before = made.get(key)
        if before is None:
            made[key] = (prepared, piece.path)
        else:
            made[key] = (_paired(before[0], prepared), before[1])
            if not _asks_alike(before[0].form, prepared.form):
                notes.append(Note(NEWER_SOURCE, {"name": piece.path}))
    told = _told_forms(contents)
    forms = [_brought(prepared, path, contents, told) for prepared, path in made.values()]
    return sorted(forms, key=lambda one: _age(one, told)), notes


def _prepare(piece: Piece) -> Prepared:
    content = piece.read(MAX_FILE_BYTES)
    return publishing.prepare(FormSource(piece.name, {piece.name: content}))


def _paired(xform: Prepared, xlsform: Prepared) -> Prepared:
    is_pair = xform.source_name.lower().endswith(
        ".xml"
    ) and not xlsform.source_name.lower().endswith(".xml")
    if not is_pair:
        return xform
    return replace(xform, source_name=xlsform.source_name, source=xlsform.source)


def _asks_alike(one: CompiledForm, other: CompiledForm) -> bool:
    return [field.path for field in one.fields] == [field.path for field in other.fields]


def _told_forms(contents: Contents) -> dict[tuple[str, str], tuple[int, str, bool]]:
    """Return what `move out` told of each version: its place in the order, state, currency."""
    table = contents.own.get("forms.csv")
    if table is None:
        return {}
    rows = told_rows(table, ("form_id", "version", "state", "is_current"))
    return {
        (row["form_id"], row["version"]): (at, row["state"], row["is_current"] == "yes")
        for at, row in enumerate(rows)
    }


def _brought(
    prepared: Prepared,
    path: str,
    contents: Contents,
    told: Mapping[tuple[str, str], tuple[int, str, bool]],
) -> BroughtForm:
    form = prepared.form
    folder = path.rpartition("/")[0]
    mapping = _nearest(contents.mappings, folder, form.form_id)
    if mapping is not None:
        prepared = replace(prepared, mapping=mapping.read(MAX_FILE_BYTES).decode("utf-8-sig"))
    files = {}
    for name in form.attachments:
        piece = _nearest([one for one in _all_files(contents) if one.name == name], folder, "")
        if piece is not None:
            files[name] = piece
    _, state, is_current = told.get((form.form_id, form.version), (0, "", False))
    return BroughtForm(prepared, path, files, state, is_current)


def _all_files(contents: Contents) -> Sequence[Piece]:
    return contents.media


def _nearest(pieces: Sequence[Piece], folder: str, form_id: str) -> Piece | None:
    """Return the piece that lies with a form: in its folder, one above or below; else the only."""
    near = [
        one
        for one in pieces
        if one.folder == folder
        or one.folder.startswith(f"{folder}/" if folder else "")
        or folder.startswith(f"{one.folder}/" if one.folder else folder)
    ]
    if form_id:  # A mapping belongs to the form in whose folder it lies, never to another's.
        near = [one for one in near if len(pieces) == 1 or form_id in one.path.split("/")]
        return near[0] if near else None
    if near:
        return min(near, key=lambda one: len(one.path))
    return pieces[0] if len(pieces) == 1 else None


def _age(
    one: BroughtForm, told: Mapping[tuple[str, str], tuple[int, str, bool]]
) -> tuple[object, ...]:
    key = (one.form.form_id, one.form.version)
    at = told[key][0] if key in told else -1
    return at, one.form.form_id, natural(one.form.version)


def natural(version: str) -> list[tuple[int, int, str]]:
    """Return a key by which "9" comes before "10"."""
    parts = re.split(r"(\d+)", version)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def known_forms(session: Session, project_id: int) -> dict[str, dict[str, CompiledForm]]:
    """Return every version published here, by form and version, the newest last."""
    rows = session.execute(
        select(FormVersion.form_id, FormVersion.version, FormVersion.shape, FormVersion.xml)
        .where(FormVersion.project_id == project_id)
        .order_by(FormVersion.id)
    )
    found: dict[str, dict[str, CompiledForm]] = {}
    for form_id, version, shape, xml in rows:
        found.setdefault(form_id, {})[version] = form_from_json(shape, xml)
    return found
