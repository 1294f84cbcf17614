"""Submissions by what was answered: a text anywhere, or one question held against a value.

Answers lie in the XML as they were sent, and no column holds them: so a page looks through a
stretch of submissions, says how far it came, and goes on when asked. The database picks those
whose bytes hold the text; what is found is then held against the answers themselves.

A text that is personal (a name, a number) is found only whole, and what is not for the reader is
never found: a search must not tell what a page hides.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, literal, or_, select
from sqlalchemy.orm import Session

from forms.answers import Answers
from forms.fields import Field
from forms.labels import words_in
from forms.plan import MANY, ReadingPlan
from forms.submission import open_envelope, read_answers
from forms.values import read_number
from server.survey import form_versions, submissions
from server.survey.areas import Scope
from server.survey.plans import Plans
from server.survey.submission_view import Reader
from server.survey.submissions import PAGE, SubmissionLine, Wanted
from server.survey.veil import veil_of
from server.tables.projections import DayTally
from server.tables.truth import Submission

COMPARISONS = ("contains", "is", "at_least", "at_most", "empty")
# The bytes of a hundred thousand submissions are looked through in a third of a second.
STRETCH = 50_000
MOST_READ = 1_500
MOST_SECONDS = 1.5
LONGEST_TEXT = 100
_MOST_NEEDLES = 20
# What XML writes otherwise; and an author of a client may write any sign as a number.
_PLAIN = re.compile(r"[^&<>\"'\r\n\t]+")


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for. `question` is a path of the form in `Wanted.form_id`, "" for any."""

    text: str = ""
    question: str = ""
    comparison: str = "contains"

    @property
    def is_asked(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.text or (self.question and self.comparison == "empty"))


@dataclass(frozen=True, slots=True)
class Match:
    """The answer that was found: its question's words and its own, behind the reader's veil."""

    label: str
    words: str


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Lines, newest first, each with its match; `before` as in SubmissionPage.

    `is_partial`: there may be more before the submission with the id `before`.
    """

    lines: list[SubmissionLine]
    matches: Mapping[int, Match]
    before: int | None
    is_partial: bool


def questions(session: Session, project_id: int, form_id: str, plans: Plans) -> list[Field]:
    """Return the questions of a form's current version, in its order."""
    current = form_versions.form_version(session, project_id, form_id)
    if current is None:
        return []
    asked = plans.find(session.connection(), project_id, form_id, current.version)
    if asked is None or asked.plan is None:
        return []
    return [one for one in asked.plan.fields.values() if one.labels and one.kind != "note"]


@dataclass
class _Looking:
    """One look: what to look for, and the reading plans it has asked for so far."""

    session: Session
    project_id: int
    asked: Search
    reader: Reader
    plans: Plans
    _known: dict[tuple[str, str], ReadingPlan | None] = field(default_factory=dict)

    def plan(self, form_id: str, version: str) -> ReadingPlan | None:
        """Return the plan of a version, None for one that is not published."""
        if (form_id, version) not in self._known:
            connection = self.session.connection()
            found = self.plans.find(connection, self.project_id, form_id, version)
            self._known[form_id, version] = found.plan if found else None
        return self._known[form_id, version]

    def match(self, row: Row[Any]) -> Match | None:
        """Return the first answer of a submission that is looked for."""
        envelope = open_envelope(row.xml)
        plan = self.plan(row.form_id, row.version)
        if plan is None or envelope.is_encrypted:
            return None
        return _match(read_answers(envelope, plan), self.asked, self.reader)


def search(
    session: Session,
    project_id: int,
    wanted: Wanted,
    asked: Search,
    reader: Reader,
    plans: Plans,
    before: int | None = None,
) -> SearchPage:
    """Return a page of the submissions of the reader's scope that answer as asked."""
    least = _begin(session, reader.scope, wanted, before)
    looking = _Looking(session, project_id, asked, reader, plans)
    query = _candidates(wanted, looking, least, before)
    lines: list[SubmissionLine] = []
    matches: dict[int, Match] = {}
    until, read, last = time.monotonic() + MOST_SECONDS, 0, None
    is_stopped = False
    with session.execute(query.execution_options(yield_per=100)) as rows:
        for row in rows:
            if len(lines) == PAGE or read == MOST_READ or time.monotonic() > until:
                is_stopped = True
                break
            read, last = read + 1, row.id
            found = looking.match(row)
            if found is not None:
                lines.append(submissions.line_of(row))
                matches[row.id] = found
    if is_stopped:
        return SearchPage(lines, matches, last, is_partial=True)
    return SearchPage(lines, matches, least, is_partial=least is not None)


def _begin(session: Session, scope: Scope, wanted: Wanted, before: int | None) -> int | None:
    """Return the smallest id to look at; None where all may be looked through at once."""
    total = select(func.sum(DayTally.submissions)).where(scope.where(DayTally.village_code))
    if wanted.village:
        total = total.where(DayTally.village_code == wanted.village)
    if wanted.form_id:
        total = total.where(DayTally.form_id == wanted.form_id)
    if (session.scalar(total) or 0) <= STRETCH or wanted.person_ids is not None:
        return None
    newest = before or (session.scalar(select(func.max(Submission.id))) or 0) + 1
    return newest - STRETCH if newest - STRETCH > 1 else None


def _candidates(
    wanted: Wanted,
    looking: _Looking,
    least: int | None,
    before: int | None,
) -> Select[*tuple[Any, ...]]:
    session, asked = looking.session, looking.asked
    query = submissions.counted(session, looking.reader.scope, wanted)
    query = query.add_columns(Submission.xml, Submission.version)
    query = query.where(Submission.project_id == looking.project_id)
    if least is not None:
        query = query.where(Submission.id >= least)
    if before is not None:
        query = query.where(Submission.id < before)
    if asked.comparison in ("contains", "is"):
        held = _holds(session, _needles(looking, wanted))
        if held is not None:
            query = query.where(held)
    return query.order_by(Submission.id.desc()).limit(MOST_READ + 1)


def _needles(looking: _Looking, wanted: Wanted) -> list[str]:
    """Return what the bytes may hold: the text, and the names of choices whose words hold it."""
    session, project_id, text = looking.session, looking.project_id, looking.asked.text
    told = {text, text.lower(), text.upper(), text.title(), text.capitalize()}
    sought = text.casefold()
    for form in form_versions.current_forms(session, project_id):
        if wanted.form_id in ("", form.form_id):
            for one in questions(session, project_id, form.form_id, looking.plans):
                told |= {
                    choice.name
                    for choice in one.choices
                    if any(sought in words.casefold() for words in choice.labels.values())
                }
    return sorted(told)


def _holds(session: Session, needles: list[str]) -> ColumnElement[bool] | None:
    """Return the condition that the XML's bytes hold one of these; None where it could not say."""
    plain = [max(_PLAIN.findall(one) or [""], key=len) for one in needles]
    if len(plain) > _MOST_NEEDLES or not all(plain):
        return None
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    conditions: list[ColumnElement[bool]] = []
    for one in (*plain, "&#"):
        sought = literal(one.encode())
        if is_sqlite:
            conditions.append(func.instr(Submission.xml, sought) > 0)
        else:
            conditions.append(func.position(sought.op("IN")(Submission.xml)) > 0)
    return or_(*conditions)


def _match(answers: Answers, asked: Search, reader: Reader) -> Match | None:
    # What is personal is found whole by everybody, and shown masked all the same.
    veil = veil_of(answers, shows_personal=False, shows_sensitive=reader.shows_sensitive)
    is_answered = False
    for one, text in _answered(answers, asked.question):
        if veil.hides(one):
            continue
        is_answered = True
        # A code that is not for the reader is no part of the answer that he searches.
        text = veil.codes(text)
        shown = veil.answer(one, text)
        is_personal = shown != text
        words = shown if is_personal else _words(one, text, reader.language) or shown
        if text and _fits(one, text, asked, is_personal=is_personal):
            return Match(words_in(one.labels, reader.language) or one.name, words)
    if asked.comparison == "empty" and not is_answered:
        unanswered = answers.plan.fields.get(asked.question)
        if unanswered is not None and not veil.hides(unanswered):
            label = words_in(unanswered.labels, reader.language) or unanswered.name
            return Match(label, "\u2013")
    return None


def _answered(answers: Answers, question: str) -> Iterator[tuple[Field, str]]:
    for group in answers.everywhere():
        for path, text in group.values.items():
            one = answers.plan.fields.get(path)
            if one is not None and text and question in ("", path):
                yield one, text


def _words(one: Field, text: str, language: str) -> str:
    """Return the words of chosen answers, "" where nothing was chosen from the form's list."""
    if not one.choices:
        return ""
    labels = {choice.name: choice.labels for choice in one.choices}
    names = text.split() if one.kind in MANY else [text]
    comma = "\u3001" if language == "zh" else ", "
    return comma.join(words_in(labels.get(name, {}), language) or name for name in names)


def _fits(one: Field, text: str, asked: Search, *, is_personal: bool) -> bool:
    if asked.comparison == "empty":
        return False
    if asked.comparison in ("at_least", "at_most"):
        return not is_personal and _compares(text, asked)
    sought = asked.text.casefold()
    if is_personal:
        return text.casefold() == sought
    told = [text, *_every_word(one, text)]
    if asked.comparison == "is":
        return any(word.casefold() == sought for word in told)
    return any(sought in word.casefold() for word in told)


def _compares(text: str, asked: Search) -> bool:
    number, bound = read_number(text), read_number(asked.text)
    if number is not None and bound is not None:
        return number >= bound if asked.comparison == "at_least" else number <= bound
    # Days and times as ODK writes them are in order as texts.
    is_day = re.match(r"[0-9]{4}-[0-9]{2}", text) and re.match(r"[0-9]{4}-[0-9]{2}", asked.text)
    if not is_day:
        return False
    head = text[: len(asked.text)]
    return head >= asked.text if asked.comparison == "at_least" else head <= asked.text


def _every_word(one: Field, text: str) -> Iterator[str]:
    names = text.split() if one.kind in MANY else [text]
    for choice in one.choices:
        if choice.name in names:
            yield choice.name
            yield from choice.labels.values()
