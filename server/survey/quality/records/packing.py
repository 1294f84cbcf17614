"""Turns one submission's answers into facts. Pure.

Answers to declared don't-know codes mean nothing by the form's own table (`ds:values`, "99="), so
they are gone before any number is taken.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from forms.answers import Answers, Group
from forms.audit_log import AuditLog
from forms.persons import age_years
from forms.plan import ReadingPlan
from forms.values import read_number
from forms.visits import was_met
from server.survey.quality.records.facts import (
    ANSWER,
    NO_MINUTE,
    NO_TIME,
    READING,
    TOLD,
    code_of,
    stratum_of,
)

_ASKED_KINDS = frozenset(
    [
        "integer",
        "decimal",
        "range",
        "select_one",
        "select_multiple",
        "rank",
        "text",
        "date",
        "time",
        "datetime",
        "barcode",
        "acknowledge",
        "select_one_from_file",
        "select_multiple_from_file",
    ]
)
# By their nature other in every record: who and where it is, and what the visit was.
_OWN_ROOMS = ("visit.", "household.number", "household.key", "household.phone", "clinic.")
_OWN = frozenset(
    [
        "person.id",
        "person.name",
        "person.id_number",
        "person.phone",
        "person.birth_date",
        "person.birth_year",
        "person.age",
        "person.household",
    ]
)
# Names authors give to the choices "do not know" and "does not want to say".
_NO_ANSWERS = frozenset(
    [
        "dk",
        "dont_know",
        "do_not_know",
        "don't_know",
        "unknown",
        "not_known",
        "unsure",
        "refused",
        "refuse",
        "refuses",
        "declined",
        "no_answer",
        "prefer_not",
        "-99",
        "-98",
        "-97",
        "-9",
        "-8",
    ]
)
_MOST = 32_000


@dataclass(frozen=True, slots=True)
class Packed:
    """One submission's facts, and the words behind its numbers."""

    told: bytes
    readings: bytes
    answers: bytes
    words: Mapping[int, str]


def pack(
    visit: Mapping[str, Any], answers: Answers, log: AuditLog | None, zone: ZoneInfo, is_early: bool
) -> Packed:
    """Return the facts of a submission. `visit` is its projected visit, `log` its audit log."""
    words = {code_of(visit["form_id"]): visit["form_id"]}
    readings = _readings(answers, visit["visited_on"], words)
    alike, asked, blank = _alike(answers)
    start, end = visit["started_at"], visit["ended_at"]
    code = visit["village_code"]
    told = np.array(
        (
            code_of(visit["form_id"]),
            visit["phone_id"] or 0,
            int(code) if len(code) <= 18 and code.isascii() and code.isdigit() else 0,
            int(start.timestamp()) if start else NO_TIME,
            (end - start).total_seconds() if start and end else np.nan,
            log.seconds if log and log.questions else np.nan,
            log.back_s if log else np.nan,
            _minute(start, zone),
            visit["visited_on"].toordinal(),
            visit["outcome"] in ("completed", "audited") and was_met(answers),
            is_early,
            _hash_of(visit["household_id"]),
            _or_nan(visit["latitude"]),
            _or_nan(visit["longitude"]),
            _or_nan(visit["accuracy_m"]),
            asked,
            blank,
            len(readings),
            len(alike),
        ),
        TOLD,
    )
    return Packed(told.tobytes(), readings.tobytes(), alike.tobytes(), words)


def _or_nan(number: float | None) -> float:
    return np.nan if number is None else number


def _hash_of(key: str | None) -> int:
    if not key:
        return 0
    return zlib.crc32(key.encode()) << 32 | zlib.adler32(key.encode()) | 1


def _minute(start: datetime | None, zone: ZoneInfo) -> int:
    if start is None:
        return NO_MINUTE
    local = start.astimezone(zone)
    return local.hour * 60 + local.minute


def _readings(answers: Answers, on: date, words: dict[int, str]) -> NDArray[Any]:
    """Return the measurements as read: a mean of two readings that are told as well is left out."""
    rows = []
    for position, person in enumerate(answers.groups("measure.")):
        values = {
            name: value
            for name, text in person.concepts("measure.").items()
            if (value := read_number(text)) is not None
        }
        if not values:
            continue
        stratum = stratum_of(person.concept("person.sex") or "", age_years(person, on))
        for name, value in values.items():
            if f"{name}1" not in values:
                words[code_of(name)] = name
                rows.append((code_of(name), stratum, position, value))
    return np.array(rows[:_MOST], READING)


@dataclass(frozen=True, slots=True)
class _Question:
    """A question people are asked. `nothing` are its answers that say nothing."""

    nothing: frozenset[str]
    is_comparable: bool


@lru_cache(maxsize=256)
def _questions(plan: ReadingPlan) -> Mapping[str, _Question]:
    found = {}
    for path, field in plan.fields.items():
        if field.kind not in _ASKED_KINDS or path.startswith("meta/"):
            continue
        unmeant = {name for name, meaning in field.values.items() if not meaning}
        named = {choice.name for choice in field.choices} & _NO_ANSWERS
        # A choice from a list of persons or places names one of them.
        is_own = field.choices_file is not None or field.concept in _OWN
        is_own = is_own or field.concept.startswith(_OWN_ROOMS)
        is_chosen = field.kind.startswith(("select_", "rank"))
        # A choice without a meaning to the survey may still be an answer: "none of these".
        nothing = frozenset(named if is_chosen else unmeant)
        found[path] = _Question(nothing, not is_own)
    return found


def _alike(answers: Answers) -> tuple[NDArray[Any], int, int]:
    """Return the answers that can be compared, and how many were asked and left blank.

    Clients leave out what they do not show: a question that is there was asked.
    """
    questions = _questions(answers.plan)
    rows: list[tuple[int, int]] = []
    asked = blank = 0
    for group in answers.everywhere():
        for path, text in group.values.items():
            question = questions.get(path)
            if question is None:
                continue
            asked += 1
            if not text or text in question.nothing:
                blank += 1
            elif question.is_comparable:
                rows.append((_place(path, group), 1 + zlib.crc32(text.encode()) % 255))
    return np.array(rows[:_MOST], ANSWER), asked, blank


def _place(path: str, group: Group) -> int:
    if not group.position:
        return _path_code(path)
    return zlib.crc32(str(group.position).encode(), _path_code(path))


@lru_cache(maxsize=16_384)
def _path_code(path: str) -> int:
    return zlib.crc32(path.encode())
