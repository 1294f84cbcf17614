"""Everything a site holds, as files that other programs read and `move in` takes in again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Table, select
from sqlalchemy.orm import Session

from exports.zip_stream import ZipStream
from server.database import table_of
from server.survey import files
from server.survey.moving import desk, shared_media
from server.survey.moving.brought_forms import known_forms, natural
from server.survey.moving.central_tables import CentralTables, csv_lines
from server.survey.moving.contents import SHARED, SHARED_TABLE
from server.survey.moving.kept_answers import KeptAnswers, Wanted, form_ids, last_id, walk
from server.survey.site import Site
from server.tables.projections import Entity
from server.tables.reference import Clinic, Division, Village
from server.tables.truth import Form, FormFile, FormVersion

_PIECE_BYTES = 1 << 20
_LARGE_BYTES = 1 << 31
_PACKED = (".jpg", ".jpeg", ".png", ".webp", ".mp4", ".3gp", ".m4a", ".mp3", ".amr", ".zip", ".enc")
_PLAIN = re.compile(r"[\w][\w.\-]{0,99}\Z", re.ASCII)
_UUID = re.compile(r"uuid:([0-9a-f-]{36})\Z")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)")
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f<>:"/\\|?*\x7f]')

README = """This folder holds everything of a doorstep site: names, numbers and illnesses in full.

forms.csv          every form version; forms/ has its XForm and its source, and files beside it
shared.csv         the names of the files in shared/, which all forms may take
received.csv       every submission: when it came, from whom; submissions/ has it as it was sent
tables/            the same answers as tables, in the layout of ODK Central's submissions.csv.zip
entities/          entity lists, in the layout of ODK Central's
register/          divisions, villages and clinics, as `doorstep registry import` takes them
decisions.jsonl    comments, reviews, corrections, the bin, what desks did to entities, plans,
                   signed registers, borders, tasks of records and villages, thresholds

`doorstep move in` takes all of it in again.
"""

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Member:
    """One file that leaves: its slash path, its bytes, whether they are packed or many."""

    path: str
    pieces: Iterable[bytes]
    is_packed: bool = False
    is_large: bool = False


@dataclass
class Counts:
    """How much has left so far."""

    forms: int = 0
    submissions: int = 0
    files: int = 0
    missing_files: int = 0
    entities: int = 0


@dataclass
class Leaving:
    """One taking: what is wanted, and how much of it has left."""

    site: Site
    wanted: Wanted = field(default_factory=Wanted)
    progress: Progress = lambda done: None
    counts: Counts = field(default_factory=Counts)

    def members(self) -> Iterator[Member]:
        """Give the files one after another, each to be taken before the next; flat in memory."""
        until = last_id(self.site)
        yield Member("README.txt", [README.encode()])
        yield from self._forms()
        yield from self._answers(until)
        yield from self._tables(until)
        if self.wanted.form_id is None:
            yield from self._shared()
            yield from self._lists()
            yield from self._register()
            with self.site.engine.connect() as connection:
                yield Member(desk.FILE, desk.lines(connection))

    def _forms(self) -> Iterator[Member]:
        rows: list[tuple[object, ...]] = []
        with Session(self.site.engine) as session:
            versions = session.execute(
                select(FormVersion.id, FormVersion.form_id)
                .where(FormVersion.project_id == self.wanted.project_id)
                .order_by(FormVersion.id)
            ).all()
            for version_id, form_id in versions:
                if self.wanted.form_id not in (None, form_id):
                    continue
                version = session.get_one(FormVersion, version_id)
                form = session.get_one(Form, (self.wanted.project_id, form_id))
                folder = (
                    f"forms/{_named(form_id, version_id)}/{_named(version.version, version_id)}"
                )
                current = "yes" if form.current_version_id == version_id else "no"
                rows.append((form_id, version.version, folder, form.state, current))
                yield Member(f"{folder}/{_named(form_id, version_id)}.xml", [version.xml])
                if version.source != version.xml:
                    name = _safe(version.source_name)
                    yield Member(f"{folder}/{name}", [version.source], name.endswith(".xlsx"))
                if current == "yes":
                    yield from self._beside(session, form, folder)
                self.counts.forms += 1
                session.expunge(version)
        yield Member(
            "forms.csv",
            [csv_lines([("form_id", "version", "folder", "state", "is_current"), *rows])],
        )

    def _beside(self, session: Session, form: Form, folder: str) -> Iterator[Member]:
        if form.mapping is not None:
            yield Member(f"{folder}/mapping.csv", [form.mapping.encode()])
        for row in session.scalars(
            select(FormFile)
            .where(FormFile.project_id == form.project_id, FormFile.form_id == form.form_id)
            .order_by(FormFile.name)
        ):
            place = files.path_of(self.site.settings.files, row.sha256)
            yield _member(f"{folder}/media/{_safe(row.name)}", place, row.size)

    def _shared(self) -> Iterator[Member]:
        with Session(self.site.engine) as session:
            rows = shared_media.kept(session, self.wanted.project_id)
        told = []
        for number, (name, sha256, size) in enumerate(rows):
            place = files.path_of(self.site.settings.files, sha256)
            if not place.is_file():
                self.counts.missing_files += 1
                continue
            safe = _safe(name)
            safe = safe if safe == name else f"{number}-{safe}"
            told.append((safe, name))
            yield _member(f"{SHARED}/{safe}", place, size)
        if told:
            yield Member(SHARED_TABLE, [csv_lines([shared_media.COLUMNS, *told])])

    def _answers(self, until: int) -> Iterator[Member]:
        head = (
            "form_id", "version", "instance_id", "received_at", "device_id", "submitter", "source",
        )  # fmt: skip
        told: list[bytes] = [csv_lines([head])]
        renamed: list[tuple[str, ...]] = []
        for one in walk(self.site, self.wanted, None, until):
            folder = f"submissions/{_named(one.form_id, 0)}/{_folder(one)}"
            yield Member(f"{folder}/submission.xml", [one.xml])
            for name, sha256, size in one.files:
                place = files.path_of(self.site.settings.files, sha256)
                if not place.is_file():
                    self.counts.missing_files += 1
                    continue
                safe = _safe(name)
                if safe != name or name == "submission.xml":
                    safe = f"{sha256[:8]}-{safe}"
                    renamed.append((one.form_id, _folder(one), safe, name))
                yield _member(f"{folder}/{safe}", place, size)
                self.counts.files += 1
            told.append(csv_lines([_received(one)]))
            self.counts.submissions += 1
            self.progress(self.counts.submissions)
        yield Member("received.csv", told)
        if renamed:
            yield Member(
                "files.csv", [csv_lines([("form_id", "folder", "file", "name"), *renamed])]
            )

    def _tables(self, until: int) -> Iterator[Member]:
        with Session(self.site.engine) as session:
            forms = known_forms(session, self.wanted.project_id)
        for form_id in form_ids(self.site, self.wanted):
            versions = dict(sorted(forms.get(form_id, {}).items(), key=lambda one: natural(one[0])))
            if not versions:
                continue
            tables = CentralTables(
                form_id, versions, lambda form_id=form_id: walk(  # type: ignore[misc]
                    self.site, self.wanted, form_id, until
                ),
            )  # fmt: skip
            yield Member(f"tables/{_named(form_id, 0)}.csv.zip", tables.zipped(), is_packed=True)

    def _lists(self) -> Iterator[Member]:
        with self.site.engine.connect() as connection:
            asked = select(Entity.list_name).distinct().order_by(Entity.list_name)
            names = list(connection.scalars(asked))
            for name in names:
                yield Member(f"entities/{_safe(name)}.csv", self._entities(connection, name))

    def _entities(self, connection: Connection, list_name: str) -> Iterator[bytes]:
        entity = table_of(Entity)
        query = (
            select(entity)
            .where(entity.c.list_name == list_name, entity.c.is_created.is_(True))
            .order_by(entity.c.entity_id)
        )
        names: dict[str, None] = {}
        for row in connection.execution_options(yield_per=500).execute(query):
            names.update(dict.fromkeys(row.properties))
        tail = ("__createdAt", "__creatorId", "__creatorName", "__updates", "__updatedAt")
        yield csv_lines([("__id", "label", *names, *tail, "__version")])
        for row in connection.execution_options(yield_per=500).execute(query):
            self.counts.entities += 1
            values = [row.properties.get(name, "") for name in names]
            updates = max(0, row.version - 1)
            line = (row.entity_id, row.label, *values, "", "", "", updates, "", row.version)
            yield csv_lines([line])

    def _register(self) -> Iterator[Member]:
        columns = {
            "divisions": (Division, ("code", "name", "valid_from", "valid_to", "successor_code")),
            "villages": (
                Village,
                ("code", "name", "township_code", "kind", "households", "persons",
                 "register_source", "register_on", "latitude", "longitude", "valid_from",
                 "valid_to", "successor_code"),
            ),
            "clinics": (
                Clinic,
                ("code", "name", "kind", "village_code", "township_code", "latitude", "longitude"),
            ),
        }  # fmt: skip
        for name, (model, headings) in columns.items():
            yield Member(f"register/{name}.csv", self._rows(table_of(model), name, headings))

    def _rows(self, table: Table, name: str, headings: tuple[str, ...]) -> Iterator[bytes]:
        shown = [_REGISTER_HEADINGS.get((name, one), one) for one in headings]
        yield csv_lines([shown])
        with self.site.engine.connect() as connection:
            for row in connection.execute(select(table).order_by(table.c.code)).mappings():
                yield csv_lines([["" if row[one] is None else row[one] for one in headings]])


_REGISTER_HEADINGS: Mapping[tuple[str, str], str] = {
    ("villages", "code"): "village_code",
    ("villages", "name"): "village_name",
    ("clinics", "code"): "clinic_code",
    ("clinics", "name"): "clinic_name",
}


def into_folder(members: Iterable[Member], folder: Path) -> None:
    """Write the files into an empty folder, made when it is not there. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for member in members:
        place = folder.joinpath(*member.path.split("/"))
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with place.open("wb") as stream:
            for piece in member.pieces:
                stream.write(piece)


def zipped(members: Iterable[Member]) -> Iterator[bytes]:
    """Give the bytes of a zip of the files as they come."""
    archive = ZipStream()
    for one in members:
        yield from archive.add(one.path, one.pieces, is_packed=one.is_packed, is_large=one.is_large)
    yield from archive.close()


def _member(path: str, place: Path, size: int) -> Member:
    return Member(path, _poured(place), path.lower().endswith(_PACKED), size >= _LARGE_BYTES)


def _poured(place: Path) -> Iterator[bytes]:
    with place.open("rb") as stream:
        while several := stream.read(_PIECE_BYTES):
            yield several


def _received(one: KeptAnswers) -> tuple[str, ...]:
    at = one.received_at.isoformat()
    return one.form_id, one.version, one.instance_id, at, one.device_id, one.phone, one.source


def _folder(one: KeptAnswers) -> str:
    """Return a submission's folder, as Collect and Briefcase name it where they would."""
    found = _UUID.match(one.instance_id)
    return f"uuid{found[1]}" if found else f"{_safe(one.instance_id)[:80]}-{one.id}"


def _named(text: str, number: int) -> str:
    """Return a form id or version as a name any disk takes, told apart by a number if need be."""
    if _PLAIN.match(text) and not _RESERVED.match(text):
        return text
    return f"{_safe(text)[:80]}-{number}" if text else "blank"


def _safe(name: str) -> str:
    """Return a name without what leads elsewhere or some disk refuses (openrosa.md J4)."""
    plain = _NOT_IN_NAMES.sub("_", name).strip(". ")
    while len(plain.encode()) > 200:
        plain = plain[1:]
    return f"_{plain}" if not plain or _RESERVED.match(plain) else plain
