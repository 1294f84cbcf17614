"""What moving in would do: forms, submissions, files and entities, and what is missing.

Making a plan changes nothing. It keeps the XML written from tables in the parcel's scratch
folder and everything else as a few words a submission, so that a county fits into memory.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO

from sqlalchemy.orm import Session

from forms.fields import CompiledForm
from forms.plan import ReadingPlan
from forms.problems import SubmissionProblem
from forms.submission import MAX_BYTES, Envelope, open_envelope
from server.database import rows_with
from server.survey.keeping import SUBMISSION
from server.survey.moving import contents as sorting
from server.survey.moving import media, shared_media, table_answers, told
from server.survey.moving.brought_entities import BroughtList, read_lists
from server.survey.moving.brought_forms import BroughtForm, known_forms, natural, read_forms
from server.survey.moving.contents import Contents, Note
from server.survey.moving.media import Media
from server.survey.moving.parcel import Parcel, Piece
from server.survey.moving.tables import told_rows
from server.survey.moving.told import Told

UNREADABLE_XML = "%(name)s is not taken: %(why)s"
NO_FORM = "%(count)s submissions name form %(form_id)s, which is neither here nor among the files."
NO_VERSION = (
    "%(count)s submissions of %(form_id)s name version “%(version)s”, which is not among the "
    "forms: they are kept and wait until it is published."
)
OTHER_VERSION = (
    "%(count)s rows of %(form_id)s name version “%(version)s”, which is not among the forms: "
    "they are written by version “%(used)s”."
)
CLASHING = (
    "%(count)s files have the name of another one in the same folder; nobody can tell whose is "
    "whose, so they are left out: %(names)s."
)
UNUSED = "%(count)s files belong to nothing that was brought: %(names)s."
_FAR_PAST = datetime.min.replace(tzinfo=UTC)

OWN_COLUMNS = ("form_id", "instance_id", "received_at", "device_id", "submitter", "source")


@dataclass(frozen=True, slots=True)
class Submitted:
    """One submission to be received. `standing` is new, here (the same bytes) or other.

    `origin` is xml (its own bytes) or table (written anew). `used_version` is what the XML says.
    """

    piece: Piece
    form_id: str
    version: str
    instance_id: str
    deprecated_id: str
    sha256: str
    origin: str
    told: Told
    files: tuple[tuple[str, Piece], ...] = ()
    missing: int = 0
    standing: str = "new"


@dataclass
class Plan:
    """All that a parcel would do, in the order in which it would be done."""

    forms: list[BroughtForm] = field(default_factory=list)
    submissions: list[Submitted] = field(default_factory=list)
    entities: list[BroughtList] = field(default_factory=list)
    register: list[Piece] = field(default_factory=list)
    decisions: list[Piece] = field(default_factory=list)
    shared: dict[str, Piece] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    files: int = 0
    missing_files: int = 0


def make_plan(session: Session, project_id: int, parcel: Parcel) -> Plan:
    """Look at everything that was brought. Raises NotValid and TooLarge for what cannot be."""
    brought = sorting.sort_out(parcel)
    plan = Plan(notes=list(brought.notes))
    plan.forms, notes = read_forms(brought)
    plan.notes += notes
    forms = _versions(plan.forms, known_forms(session, project_id))
    found = _Found(brought, parcel, forms)
    plan.submissions = _stood(session, project_id, found.submissions())
    plan.notes += [*found.notes, *_of_versions(plan.submissions, forms)]
    plan.entities, notes = read_lists(brought)
    plan.notes += notes
    plan.register = [brought.register[one] for one in sorting.REGISTER if one in brought.register]
    plan.decisions = brought.decisions
    plan.shared = shared_media.brought(brought)
    plan.files = sum(len(one.files) for one in plan.submissions)
    plan.missing_files = sum(one.missing for one in plan.submissions)
    plan.notes += _of_files(found.media, brought, plan.forms)
    return plan


def _versions(
    brought: Sequence[BroughtForm], known: dict[str, dict[str, CompiledForm]]
) -> dict[str, dict[str, CompiledForm]]:
    for one in brought:
        known.setdefault(one.form.form_id, {}).setdefault(one.form.version, one.form)
    return {
        form_id: dict(sorted(versions.items(), key=lambda pair: natural(pair[0])))
        for form_id, versions in known.items()
    }


class _Found:
    """Reads the submissions of a parcel; what cannot be read becomes a note."""

    def __init__(
        self, brought: Contents, parcel: Parcel, forms: Mapping[str, Mapping[str, CompiledForm]]
    ) -> None:
        self.notes: list[Note] = []
        self.media = Media(brought)
        self._brought = brought
        self._forms = forms
        self._scratch = parcel.scratch / "written"
        self._plans: dict[tuple[str, str], ReadingPlan] = {}
        self._told: dict[str, Told] = {}

    def submissions(self) -> list[Submitted]:
        """Return them oldest first; where XML and a table tell the same one, the XML counts."""
        from_tables = list(self._from_tables())
        from_xml = list(self._from_xml())
        of_xml = {(one.form_id, one.instance_id) for one in from_xml}
        merged: dict[tuple[str, str], Submitted] = {}
        for one in (*from_xml, *from_tables):
            key = (one.form_id, one.instance_id)
            if one.origin == "xml" or key not in of_xml:
                merged.setdefault(key, one)
        return sorted(
            merged.values(),
            key=lambda one: (
                one.told.place,
                one.told.submitted_at or _FAR_PAST,
                one.deprecated_id != "",
            ),
        )

    def _from_tables(self) -> Iterator[Submitted]:
        matched, notes = table_answers.match(
            self._brought.roots, self._brought.repeats, self._forms
        )
        self.notes += notes
        with self._scratch.open("wb") as stream:
            for tables in matched:
                self.notes += tables.notes()
                if encrypted := tables.encrypted():
                    self.notes.append(
                        Note(
                            table_answers.ENCRYPTED_ROWS,
                            {"name": tables.root.path, "count": encrypted},
                        )
                    )
                for one in tables:
                    self._told.setdefault(one.instance_id, one.told)
                    piece = _written(stream, self._scratch, tables.root.path, one.xml)
                    envelope = open_envelope(one.xml)
                    yield self._submitted(piece, envelope, one.xml, "table", one.told)

    def _from_xml(self) -> Iterator[Submitted]:
        own = self._own_told()
        for piece in self._brought.answers:
            xml = piece.read(MAX_BYTES)
            try:
                envelope = open_envelope(xml)
            except SubmissionProblem as problem:
                why = problem.msgid % problem.params
                self.notes.append(Note(UNREADABLE_XML, {"name": piece.path, "why": why}))
                continue
            said = own.get(envelope.instance_id) or self._told.get(envelope.instance_id) or Told()
            at = said.submitted_at or told.instant(envelope.root.get("submissionDate", ""))
            source = said.source if envelope.instance_id in own else ""
            known = replace(said, source=source or f"xml {piece.path}", submitted_at=at, version="")
            yield self._submitted(piece, envelope, xml, "xml", known)

    def _submitted(
        self, piece: Piece, envelope: Envelope, xml: bytes, origin: str, said: Told
    ) -> Submitted:
        plan = self._plan(envelope.form_id, envelope.version)
        names = media.wanted(envelope, plan, self.media.offered(piece.folder))
        files, missing = self.media.files_of(names, piece.folder, envelope.instance_id)
        return Submitted(
            piece=piece,
            form_id=envelope.form_id,
            version=envelope.version,
            instance_id=envelope.instance_id,
            deprecated_id=envelope.deprecated_id or "",
            sha256=hashlib.sha256(xml).hexdigest(),
            origin=origin,
            told=said,
            files=tuple(files),
            missing=len(missing),
        )

    def _plan(self, form_id: str, version: str) -> ReadingPlan | None:
        form = self._forms.get(form_id, {}).get(version)
        if form is None:
            return None
        if (form_id, version) not in self._plans:
            self._plans[form_id, version] = ReadingPlan(form)
        return self._plans[form_id, version]

    def _own_told(self) -> dict[str, Told]:
        """Return what `move out` wrote of each submission."""
        table = self._brought.own.get("received.csv")
        if table is None:
            return {}
        return {
            row["instance_id"]: Told(
                row["source"],
                told.instant(row["received_at"]),
                row["submitter"],
                "",
                row["device_id"],
                place=place,
            )
            for place, row in enumerate(told_rows(table, OWN_COLUMNS))
        }


def _written(stream: IO[bytes], place: Path, path: str, xml: bytes) -> Piece:
    """Add an XML to the scratch file and return it as a piece that lies where its table does."""
    start, size = stream.tell(), len(xml)
    stream.write(xml)

    def opened() -> IO[bytes]:
        with place.open("rb") as kept:
            kept.seek(start)
            return BytesIO(kept.read(size))

    return Piece(path, size, opened)


def _stood(session: Session, project_id: int, found: list[Submitted]) -> list[Submitted]:
    """Say of each submission whether it is here already."""
    names = ("project_id", "form_id", "instance_id", "sha256")
    ids = [one.instance_id for one in found]
    here = {
        (form_id, instance_id): sha256
        for project, form_id, instance_id, sha256 in rows_with(
            session.connection(), SUBMISSION, names, "instance_id", ids
        )
        if project == project_id
    }
    return [_standing(one, here.get((one.form_id, one.instance_id))) for one in found]


def _standing(one: Submitted, sha256: str | None) -> Submitted:
    if sha256 is None:
        return one
    standing = "here" if sha256 == one.sha256 else "other"
    return replace(one, standing=standing)


def _of_versions(
    found: Sequence[Submitted], forms: Mapping[str, Mapping[str, CompiledForm]]
) -> Iterator[Note]:
    lacking: Counter[tuple[str, str, str]] = Counter()
    for one in found:
        versions = forms.get(one.form_id)
        if versions is None:
            lacking[NO_FORM, one.form_id, ""] += 1
        elif one.version not in versions:
            lacking[NO_VERSION, one.form_id, one.version] += 1
        elif one.told.version and one.told.version not in versions:
            lacking[OTHER_VERSION, one.form_id, one.told.version] += 1
    for (msgid, form_id, version), count in lacking.items():
        used = list(forms.get(form_id, {"": None}))[-1]
        yield Note(msgid, {"count": count, "form_id": form_id, "version": version, "used": used})


def _of_files(shelf: Media, brought: Contents, forms: Sequence[BroughtForm]) -> Iterator[Note]:
    if shelf.clashes:
        names = ", ".join(sorted(shelf.clashes)[:10])
        yield Note(CLASHING, {"count": len(shelf.clashes), "names": names})
    used = shelf.used | {piece.path for one in forms for piece in one.files.values()}
    left = [piece.path for piece in brought.media if piece.path not in used]
    if left:
        yield Note(UNUSED, {"count": len(left), "names": ", ".join(left[:5])})
