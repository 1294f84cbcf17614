"""Takes forms in: compiles and publishes them, opens and closes them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

import forms
from forms import choice_files
from forms import mapping as form_mapping
from forms.changes import losses
from forms.compile import compile_form
from forms.faults import Fault, FormProblem
from forms.fields import CompiledForm, form_from_json, form_to_json
from forms.reading import decoded, form_file
from forms.source import FormSource
from server.errors import Conflict, NotValid
from server.survey import encryption_keys
from server.survey.form_mappings import FaultyForm, let_wait, needed_form, remap, with_mapping
from server.tables.truth import Form, FormVersion, Submission

STATES = ("open", "closing", "closed")
"""Listed and accepting · not listed, still accepting · neither."""

LIBRARY = Path(forms.__path__[0]) / "library"
PACK = ("household_roster", "disease_screening", "chronic_followup", "clinic_audit")
"""The shipped forms, in the order in which a county meets them."""

VERSION_TAKEN = (
    "Form %(form_id)s, version “%(version)s”, was published before with other content. "
    "Raise the version on the settings sheet and publish again."
)

# A fixed day, so that one folder always packs to the same bytes.
_ZIP_DAY = (2000, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A form that compiles, and what it came with.

    `form` is as its own sheets say, without the mapping. `source` is the author's file, or a zip
    of the sheets when they came loose. `mapping` is the text of the CSV beside the form, None
    without one; `files` are those the form expects and brought along.
    """

    form: CompiledForm
    warnings: tuple[Fault, ...]
    source_name: str
    source: bytes
    mapping: str | None
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did. `waiting` counts submissions here already that read differently now."""

    form_id: str
    version: str
    title: str
    is_new: bool
    warnings: tuple[Fault, ...]
    waiting: int


def prepare(source: FormSource) -> Prepared:
    """Compile a form. Needs no database, as a long form takes seconds. Raises FaultyForm."""
    files = dict(source.files)
    beside = files.pop(form_mapping.FILE, None)
    own = replace(source, files=files)
    try:
        made = compile_form(own)
        doubts = [] if beside is None else form_mapping.mapped(made.form, beside)[1]
        mapping = None if beside is None else decoded(form_mapping.FILE, beside)
        for one, brought in made.files.items():
            doubts = [*doubts, *choice_files.doubts_of(one, brought)]
        name, content = _kept_source(own)
    except FormProblem as problem:
        raise FaultyForm(problem.faults) from problem
    warnings = (*made.warnings, *doubts)
    return Prepared(made.form, warnings, name, content, mapping, made.files)


def _kept_source(source: FormSource) -> tuple[str, bytes]:
    """Return name and bytes of what the next author works on: the form's file, or its sheets."""
    whole = form_file(source)
    if whole is not None:
        return whole[0], whole[1]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(source.files.items()):
            if name.lower().endswith(".csv"):
                entry = zipfile.ZipInfo(name, _ZIP_DAY)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, content)
    return f"{source.name.removesuffix('.zip')}.zip", packed.getvalue()


def publish(
    session: Session,
    project_id: int,
    source_name: str,
    source_bytes: bytes,
    who: str,
    mapping: bytes | None = None,
) -> Published:
    """Compile and publish one file, a zip counting as its folder; see `publish_prepared`."""
    return publish_prepared(
        session, project_id, prepare(read_source(source_name, source_bytes, mapping)), who
    )


def read_source(name: str, content: bytes, mapping: bytes | None = None) -> FormSource:
    """Return the source of an uploaded file. Raises FaultyForm for a damaged or locked archive."""
    try:
        return FormSource.of_bytes(name, content, mapping)
    except FormProblem as problem:
        raise FaultyForm(problem.faults) from problem


def publish_prepared(session: Session, project_id: int, prepared: Prepared, who: str) -> Published:
    """Publish a form that compiled: its version is the current one from now on.

    The same form again is a quiet success that changes nothing. Raises Conflict when this version
    was published before with other content: phones tell versions apart by their name alone.
    """
    form = session.get(Form, (project_id, prepared.form.form_id))
    made = encryption_keys.sealed(session, form, prepared.form)
    prepared = replace(prepared, form=made)
    known = _known_version(session, project_id, made)
    if known is not None and not _is_same(known, prepared):
        raise Conflict(VERSION_TAKEN, form_id=made.form_id, version=made.version)
    warnings = (*prepared.warnings, *losses_of(session, project_id, prepared))
    if form is None:
        form = Form(project_id=project_id, form_id=made.form_id, state="open", revision=0)
        session.add(form)
    waiting = 0
    if prepared.mapping is not None:
        waiting += remap(session, form, prepared.mapping)
    if known is None:
        row = _version_row(project_id, prepared, warnings, who)
        session.add(row)
        session.flush()
        form.current_version_id = row.id
        # Submissions of a version that nobody had published are parked until somebody does.
        waiting += let_wait(session, form, Submission.version == made.version)
    return Published(made.form_id, made.version, made.title, known is None, warnings, waiting)


def losses_of(session: Session, project_id: int, prepared: Prepared) -> tuple[Fault, ...]:
    """Return what the form would lose against its current version; nothing for a new form."""
    form = session.get(Form, (project_id, prepared.form.form_id))
    if form is None or form.current_version_id is None:
        return ()
    current = session.get_one(FormVersion, form.current_version_id)
    new = with_mapping(prepared.form, prepared.mapping or form.mapping)
    return losses(compiled(session, current), new)


def is_known(session: Session, project_id: int, form_id: str) -> bool:
    """Say whether any version of a form is published."""
    return session.get(Form, (project_id, form_id)) is not None


def is_taken(session: Session, project_id: int, prepared: Prepared) -> bool:
    """Say whether this version was published before with other content."""
    form = session.get(Form, (project_id, prepared.form.form_id))
    made = encryption_keys.sealed(session, form, prepared.form)
    known = _known_version(session, project_id, made)
    return known is not None and not _is_same(known, prepared)


def _known_version(session: Session, project_id: int, form: CompiledForm) -> FormVersion | None:
    return session.scalar(
        select(FormVersion).where(
            FormVersion.project_id == project_id,
            FormVersion.form_id == form.form_id,
            FormVersion.version == form.version,
        )
    )


def _is_same(known: FormVersion, prepared: Prepared) -> bool:
    # A newer compiler may write other XML for the same sheets: phones keep what they have.
    return known.md5 == prepared.form.md5 or known.source == prepared.source


def _version_row(
    project_id: int, prepared: Prepared, warnings: tuple[Fault, ...], who: str
) -> FormVersion:
    form = prepared.form
    return FormVersion(
        project_id=project_id,
        form_id=form.form_id,
        version=form.version,
        title=form.title,
        xml=form.xml,
        md5=form.md5,
        shape=form_to_json(form),
        questions=question_count(form),
        attachments=list(form.attachments),
        source_name=prepared.source_name,
        source=prepared.source,
        warnings=[asdict(fault) for fault in warnings],
        published_at=datetime.now(UTC),
        published_by=who,
    )


def question_count(form: CompiledForm) -> int:
    """Return how many questions a form asks people; notes and calculations are none."""
    return sum(1 for field in form.fields if field.labels and field.kind != "note")


def publish_pack(session: Session, project_id: int, who: str = "doorstep") -> list[Published]:
    """Publish the shipped forms that the project lacks, in the order of `PACK`.

    One that is here in any version stays as the site has it.
    """
    here = set(session.scalars(select(Form.form_id).where(Form.project_id == project_id)))
    return [
        publish_prepared(session, project_id, prepare(FormSource.of_path(LIBRARY / name)), who)
        for name in PACK
        if name not in here
    ]


def publish_shipped(session: Session, project_id: int, form_id: str, who: str = "doorstep") -> None:
    """Publish one form of the library that is not in the pack, where the project lacks it."""
    if session.get(Form, (project_id, form_id)) is None:
        source = FormSource.of_path(LIBRARY / form_id)
        publish_prepared(session, project_id, prepare(source), who)


def set_state(session: Session, project_id: int, form_id: str, state: str) -> None:
    """Open a form, begin to close it, or close it. Raises Missing, NotValid for another word."""
    if state not in STATES:
        raise NotValid("A form is open, closing or closed, not “%(state)s”.", "state", state=state)
    needed_form(session, project_id, form_id).state = state


def compiled(session: Session, version: FormVersion) -> CompiledForm:
    """Return a version as it reads today: its own concepts, and over them the form's mapping.

    The same for the same version id and `Form.revision`.
    """
    form = session.get_one(Form, (version.project_id, version.form_id))
    return with_mapping(form_from_json(version.shape, version.xml), form.mapping)


def compiled_version(session: Session, version_id: int) -> CompiledForm:
    """Return `compiled` of the version with this id."""
    return compiled(session, session.get_one(FormVersion, version_id))
