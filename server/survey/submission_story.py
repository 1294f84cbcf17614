"""What became of a submission: reviews and comments, the bin, corrections, how it was filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from forms.audit_log import FILE, MAX_BYTES, AskedQuestion, AuditLog, read_audit
from forms.values import GeoPoint, read_geopoints
from maps.points import Point
from maps.sketch import Sketch, sketch
from server.survey import bin as the_bin
from server.survey import corrections, files, reviews
from server.survey.areas import Scope
from server.survey.bin import BinnedNote
from server.survey.corrections import CorrectionLine
from server.survey.reviews import Note
from server.survey.submission_chain import root_of, visible
from server.survey.submission_sheet import Part, ShownAnswer
from server.survey.submission_view import ShownFile
from server.tables.projections import Visit
from server.tables.reference import Village

TRACES = ("geotrace", "geoshape")


@dataclass(frozen=True, slots=True)
class Story:
    """`review` is received, has_issues, rejected, approved, or edited: a version came after it.

    `binned` is None for one that does not lie in the bin. `corrects` is the submission this one
    stands in place of, `newest` the last version of its chain.
    """

    review: str
    notes: list[Note]
    binned: BinnedNote | None
    corrections: list[CorrectionLine]
    corrects: int | None
    newest: int
    phone_id: int | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawing of a submission's positions; `names` say what its marks are, in order."""

    sketch: Sketch
    names: list[str]
    village: str


def story(session: Session, submission_id: int, scope: Scope) -> Story:
    """Return what became of a submission of the scope. Raises Missing."""
    found = visible(session, submission_id, scope)
    key = root_of(found)
    notes = reviews.notes_on(session, key)
    return Story(
        review=reviews.state_of(notes, found),
        notes=notes,
        binned=the_bin.in_bin(session, key),
        corrections=corrections.about(session, key),
        corrects=corrections.answered_by(session, submission_id),
        newest=found[-1].id,
        phone_id=found[-1].phone_id,
    )


def audit_of(folder: Path, came: Sequence[ShownFile]) -> AuditLog | None:
    """Return how the form was gone through; None where no log came."""
    log = next((one for one in came if one.name == FILE and one.sha256), None)
    if log is None:
        return None
    place = files.path_of(folder, log.sha256)
    if not place.is_file():
        return None
    with place.open("rb") as opened:
        return read_audit(opened.read(MAX_BYTES))


@dataclass(frozen=True, slots=True)
class SlowQuestion:
    """A question by its words, with the numbers of the repetitions around it: "Name 2"."""

    label: str
    asked: AskedQuestion


def slowest(log: AuditLog, labels: Mapping[str, str], most: int = 10) -> list[SlowQuestion]:
    """Return the questions that took longest, the longest first."""
    found = sorted(log.questions, key=lambda one: -one.seconds)[:most]
    return [
        SlowQuestion(" ".join([labels.get(one.path) or one.path, *map(str, one.position)]), one)
        for one in found
    ]


def drawn(
    session: Session, submission_id: int, sheet: Part | None, log: AuditLog | None
) -> Drawn | None:
    """Return a drawing of what positions a submission tells, its village's middle among them."""
    answers = [one for one in _answers(sheet) if not one.is_hidden] if sheet else []
    fixes = [(one.label, one.fix) for one in answers if one.fix]
    lines = [list(map(_point, points)) for one in answers if (points := _trace(one))]
    if log and log.track:
        lines.append([Point(one.latitude, one.longitude) for one in log.track])
    if not fixes and not lines:
        return None
    names, marks = [name for name, _ in fixes], [_point(fix) for _, fix in fixes]
    village = _middle(session, submission_id)
    if village is not None:
        marks.append(village[1])
    made = sketch(marks, lines)
    return Drawn(made, names, village[0] if village else "") if made else None


def _answers(part: Part) -> list[ShownAnswer]:
    own = [one for section in part.sections for one in section.answers] + part.recorded
    return own + [one for inner in part.parts for one in _answers(inner)]


def _trace(one: ShownAnswer) -> tuple[GeoPoint, ...] | None:
    return read_geopoints(one.words) if one.kind in TRACES else None


def _point(fix: GeoPoint) -> Point:
    return Point(fix.latitude, fix.longitude)


def _middle(session: Session, submission_id: int) -> tuple[str, Point] | None:
    visit = session.get(Visit, submission_id)
    village = session.get(Village, visit.village_code) if visit else None
    if village is None or village.latitude is None or village.longitude is None:
        return None
    return village.name, Point(village.latitude, village.longitude)
