"""Does what a plan says: forms, then submissions with their files, then entities.

Everything goes through the doors it would come by anyway: forms are published, submissions are
received. So doing the same again changes nothing, and what was stopped goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy.orm import Session

from forms.submission import MAX_BYTES
from server.database import writing, writing_session
from server.errors import NotValid, Problem
from server.survey import files, form_files, form_versions, intake, projection, publishing, replay
from server.survey.entities import folding
from server.survey.files import KeptFile
from server.survey.intake import Upload
from server.survey.moving import desk, entities, origins, shared_media
from server.survey.moving.brought_forms import BroughtForm
from server.survey.moving.contents import Note
from server.survey.moving.parcel import Piece
from server.survey.moving.plan import Plan, Submitted
from server.survey.registry import apply as registry
from server.survey.registry.plan import plan_import
from server.survey.site import Site
from server.survey.stored_rows import chunks
from server.survey.writer import LARGEST_GROUP
from server.tables.truth import Form, Submission

# A form's file is held in memory: a list of a whole province has 50 MB.
MOST_FILE_BYTES = 200_000_000

FORM_LEFT_OUT = "Form %(form_id)s, version “%(version)s”, is not published: %(why)s"
FILE_LEFT_OUT = "%(name)s is not laid beside form %(form_id)s: %(why)s"
LEFT_OUT = "%(instance)s of form %(form_id)s is not taken: %(why)s"
# More of the same says nothing new.
MOST_NOTES = 200

Progress = Callable[[int, int], None]
"""Told how many submissions are done, and of how many."""


@dataclass
class Moved:
    """What was done. `again` were here before with the same bytes."""

    forms: int = 0
    submissions: int = 0
    again: int = 0
    files: int = 0
    left_out: int = 0
    places: int = 0
    decisions: int = 0
    entities: int = 0
    is_stopped: bool = False
    notes: list[Note] = field(default_factory=list)

    def tell(self, msgid: str, **params: object) -> None:
        """Keep a note, up to a number that people read."""
        if len(self.notes) < MOST_NOTES:
            self.notes.append(Note(msgid, params))


def apply(
    site: Site,
    project_id: int,
    plan: Plan,
    who: str,
    progress: Progress = lambda done, total: None,
    is_to_stop: Callable[[], bool] = lambda: False,
    is_closing: bool = False,
) -> Moved:
    """Do what the plan says. What is done stays done, also when it is stopped half-way.

    With `is_closing` the forms brought are no longer listed at the end, as they go on elsewhere.
    """
    moved = Moved()
    _register(site, plan, who, moved)
    for one in plan.forms:
        _publish(site, project_id, one, who, moved)
    for note in shared_media.share_all(site, project_id, plan.shared, who):
        moved.tell(note.msgid, **note.params)
    _receive_all(site, project_id, plan.submissions, who, moved, progress, is_to_stop)
    # A group broken off by one that was refused leaves kept ones that nobody worked out.
    replay.catch_up(site)
    if not moved.is_stopped:
        _settle_forms(site, project_id, plan.forms, is_closing)
        moved.decisions = _decide(site, project_id, plan)
        moved.entities = sum(entities.take_in(site, project_id, one, who) for one in plan.entities)
    return moved


def _publish(site: Site, project_id: int, brought: BroughtForm, who: str, moved: Moved) -> None:
    form = brought.form
    try:
        with writing_session(site.engine) as session:
            before = session.get(Form, (project_id, form.form_id))
            current = before.current_version_id if before else None
            done = publishing.publish_prepared(session, project_id, brought.prepared, who)
            moved.forms += done.is_new
            if current is not None and not brought.is_current:
                # Phones of this site go on with the version they have.
                session.get_one(Form, (project_id, form.form_id)).current_version_id = current
    except Problem as problem:
        why = problem.msgid % problem.params
        moved.tell(FORM_LEFT_OUT, form_id=form.form_id, version=form.version, why=why)
        return
    for name, piece in brought.files.items():
        _attach(site, project_id, form.form_id, name, piece, moved)


def _attach(
    site: Site, project_id: int, form_id: str, name: str, piece: Piece, moved: Moved
) -> None:
    try:
        with writing_session(site.engine) as session:
            current = form_versions.needed_version(session, project_id, form_id)
            if name not in current.attachments:
                return
            content = piece.read(MOST_FILE_BYTES)
            form_files.attach_file(session, site.settings.files, project_id, form_id, name, content)
    except Problem as problem:
        why = problem.msgid % problem.params
        moved.tell(FILE_LEFT_OUT, name=piece.path, form_id=form_id, why=why)


def _settle_forms(
    site: Site, project_id: int, forms: Sequence[BroughtForm], is_closing: bool
) -> None:
    """Close what was closed at the other site, now that its submissions are in."""
    with writing_session(site.engine) as session:
        for one in forms:
            form = session.get(Form, (project_id, one.form.form_id))
            if form is None or form.state != "open":
                continue
            if one.state in publishing.STATES:
                form.state = one.state
            elif is_closing:
                form.state = "closing"


def _receive_all(
    site: Site,
    project_id: int,
    found: Sequence[Submitted],
    who: str,
    moved: Moved,
    progress: Progress,
    is_to_stop: Callable[[], bool],
) -> None:
    wanted = iter([one for one in found if one.standing != "other"])
    for one in found:
        if one.standing == "other":
            moved.left_out += 1
            moved.tell(
                LEFT_OUT,
                instance=one.instance_id,
                form_id=one.form_id,
                why="It was received before, with other answers.",
            )
    done = 0
    while group := list(islice(wanted, LARGEST_GROUP)):
        if is_to_stop():
            moved.is_stopped = True
            return
        _receive_group(site, project_id, group, moved)
        noted, again = origins.note_origins(site, project_id, group, who)
        moved.submissions += noted
        moved.again += again
        done += len(group)
        progress(done, len(found))


def _receive_group(site: Site, project_id: int, group: Sequence[Submitted], moved: Moved) -> None:
    """Receive a group; after one that is refused, go on behind it."""
    arrived = datetime.now(UTC)
    left = list(group)
    while left:
        done = 0
        try:
            uploads = (_upload(site, project_id, one, arrived, moved) for one in left)
            for _ in intake.receive_many(site, uploads):
                done += 1
        except Problem as problem:
            # Those before it are kept; it may itself be any of those asked for together.
            done = _skip(site, project_id, left, done, problem, moved)
        left = left[done:]


def _skip(
    site: Site,
    project_id: int,
    left: Sequence[Submitted],
    done: int,
    problem: Problem,
    moved: Moved,
) -> int:
    """Return how many of those left are dealt with: all up to the first that is not kept."""
    with site.engine.connect() as connection:
        ids = origins.ids_of(connection, project_id, left)
    for at in range(done, len(left)):
        one = left[at]
        if (one.form_id, one.instance_id) not in ids:
            moved.left_out += 1
            why = problem.msgid % problem.params
            moved.tell(LEFT_OUT, instance=one.instance_id, form_id=one.form_id, why=why)
            return at + 1
    return len(left)


def _upload(site: Site, project_id: int, one: Submitted, arrived: datetime, moved: Moved) -> Upload:
    kept = [
        file for name, piece in one.files if (file := _kept(site, name, piece, moved)) is not None
    ]
    moved.files += len(kept)
    return Upload(
        project_id=project_id,
        xml=one.piece.read(MAX_BYTES),
        files=kept,
        phone_id=None,
        device_id=one.told.device_id,
        received_at=one.told.submitted_at or arrived,
    )


def _kept(site: Site, name: str, piece: Piece, moved: Moved) -> KeptFile | None:
    """Keep a file; None for one that cannot be unpacked, whose submission is worth keeping."""
    try:
        with files.arrivals(site.settings.files) as arriving:
            arrival = arriving.open(name)
            for several in piece.pour():
                arrival.write(several)
            return arriving.keep()[0]
    except NotValid as problem:
        moved.tell(problem.msgid, **problem.params)
        return None


def _decide(site: Site, project_id: int, plan: Plan) -> int:
    """Keep what desks had decided, then work out again what it concerns."""
    done = 0
    for piece in plan.decisions:
        with piece.opened() as stream, writing(site.engine) as connection:
            concerned = desk.take_in(connection, project_id, stream)
            folding.refold(connection, concerned.entities)
            # Households first: their persons move along.
            for kind in sorted(concerned.pairs):
                projection.resettle(connection, kind, concerned.pairs[kind])
        for some in chunks(sorted(concerned.roots)):
            replay.again(site, Submission.root_instance_id.in_(some))
        done += len(concerned.roots) + len(concerned.entities)
        done += sum(map(len, concerned.pairs.values()))
    return done


def _register(site: Site, plan: Plan, who: str, moved: Moved) -> None:
    """Import the places the other doorstep knew; each file as its own import, to be undone."""
    for piece in plan.register:
        if len(piece.start().splitlines()) < 2:
            continue  # A site without clinics has a table of headings.
        with writing_session(site.engine) as session:
            planned_import = plan_import(session, piece.read(MOST_FILE_BYTES), piece.name)
            for fault in planned_import.faults:
                moved.tell(fault.msgid, **fault.params)
            if not planned_import.faults and planned_import.changes:
                registry.apply_import(session, planned_import, who)
                moved.places += len(planned_import.changes)


def planned(session: Session, project_id: int, plan: Plan) -> Mapping[str, int]:
    """Return the plan in numbers: what is new, what is here, what is left out."""
    standing = [one.standing for one in plan.submissions]
    return {
        "forms": len(plan.forms),
        "submissions": len(standing),
        "new": standing.count("new"),
        "here": standing.count("here"),
        "other": standing.count("other"),
        "files": plan.files,
        "missing_files": plan.missing_files,
        "lists": len(plan.entities),
        "entities": sum(one.rows for one in plan.entities),
    }
