"""Two versions of one submission side by side, question by question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from forms.answers import Answers
from forms.plan import ReadingPlan
from forms.submission import open_envelope, read_answers
from server.errors import Missing
from server.survey import publishing
from server.survey.submission_chain import NO_SUBMISSION, visible
from server.survey.submission_sheet import Part, Sheet, ShownAnswer, anchor_of
from server.survey.submission_view import Reader
from server.survey.veil import veil_of
from server.survey.version_readings import version_of
from server.tables.truth import Submission


@dataclass(frozen=True, slots=True)
class Difference:
    """A question answered differently; None where one of the versions has no answer.

    `place` names the repetition ("Member 2"), "" outside. Masked answers may look alike.
    """

    label: str
    place: str
    before: ShownAnswer | None
    after: ShownAnswer | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two versions: what was asked, and what the phone noted by itself.

    `is_readable` is false where one of them has no form version here.
    """

    before: int
    before_at: datetime
    after: int
    after_at: datetime
    asked: list[Difference]
    recorded: list[Difference]
    is_readable: bool


def compare(session: Session, before_id: int, after_id: int, reader: Reader) -> Comparison:
    """Return what differs between two versions of one submission. Raises Missing for others."""
    found = {one.id: one for one in visible(session, before_id, reader.scope)}
    if after_id not in found:
        raise Missing(NO_SUBMISSION)
    before, after = found[before_id], found[after_id]
    first, second = (_read(session, one, reader) for one in (before, after))
    asked: list[Difference] = []
    recorded: list[Difference] = []
    if first is not None and second is not None:
        (old, old_texts), (new, new_texts) = first, second
        for anchor in dict.fromkeys([*old, *new]):
            if old_texts.get(anchor) == new_texts.get(anchor):
                continue
            one = Difference(
                (new.get(anchor) or old[anchor]).answer.label,
                (new.get(anchor) or old[anchor]).place,
                old[anchor].answer if anchor in old else None,
                new[anchor].answer if anchor in new else None,
            )
            (asked if (new.get(anchor) or old[anchor]).is_asked else recorded).append(one)
    return Comparison(
        before.id,
        before.received_at,
        after.id,
        after.received_at,
        asked,
        recorded,
        first is not None and second is not None,
    )


@dataclass(frozen=True, slots=True)
class _Placed:
    answer: ShownAnswer
    place: str
    is_asked: bool


def _read(
    session: Session, row: Submission, reader: Reader
) -> tuple[dict[str, _Placed], dict[str, str]] | None:
    """Return what is shown and what was sent of a version, by place; None for one unread."""
    envelope = open_envelope(row.xml)
    version = version_of(session, row)
    if version is None or envelope.is_encrypted:
        return None
    form = publishing.compiled(session, version)
    answers = read_answers(envelope, ReadingPlan(form))
    veil = veil_of(
        answers, shows_personal=reader.shows_personal, shows_sensitive=reader.shows_sensitive
    )
    sheet = Sheet(session, form, veil, reader.language).of(answers)
    return {one.answer.anchor: one for one in _placed(sheet, "")}, dict(_texts(answers))


def _placed(part: Part, place: str) -> Iterator[_Placed]:
    for section in part.sections:
        yield from (_Placed(one, place, True) for one in section.answers)
    yield from (_Placed(one, place, False) for one in part.recorded)
    for inner in part.parts:
        yield from _placed(inner, f"{inner.title} {inner.number}")


def _texts(answers: Answers) -> Iterator[tuple[str, str]]:
    for group in answers.everywhere():
        for path, text in group.values.items():
            yield anchor_of(path, group.position), text
