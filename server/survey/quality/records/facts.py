"""What one submission brings to the comparison with others, as plain numbers.

Pure but for reading them all back. Answers to declared don't-know codes mean nothing by the form's
own table (`ds:values`, "99="), so they are gone before any number is taken.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from forms.answers import Answers, Group
from forms.audit_log import AuditLog
from forms.persons import age_years
from forms.plan import ReadingPlan
from forms.values import read_number
from forms.visits import was_met
from server.database import table_of
from server.tables.record_facts import FactWord, RecordFacts

NO_MINUTE, NO_TIME = -1, -(1 << 40)
"""Where the phone told no time: of the day, and in seconds since 1970."""

TOLD = np.dtype(
    [
        ("form", "<i4"),
        ("phone", "<i4"),
        ("village", "<i8"),
        ("started", "<i8"),
        ("took", "<f8"),
        ("active", "<f8"),
        ("back", "<f8"),
        ("minute", "<i2"),
        ("day", "<i4"),
        ("met", "?"),
        ("early", "?"),
        ("household", "<u8"),
        ("latitude", "<f8"),
        ("longitude", "<f8"),
        ("accuracy", "<f8"),
        ("asked", "<i4"),
        ("blank", "<i4"),
        ("readings", "<i2"),
        ("answers", "<i2"),
    ]
)
"""One submission. `took` from beginning to end and `active` on questions are seconds, `back` is the
farthest the phone's clock went back meanwhile; NaN where not told. `early`: before its form version
was published. `asked` questions were shown, `blank` of them left empty, not known or refused."""

READING = np.dtype([("name", "<i4"), ("stratum", "u1"), ("position", "<i2"), ("value", "<f8")])
"""One measurement of one person; `stratum` is `stratum_of` him."""

ANSWER = np.dtype([("question", "<u4"), ("answer", "u1")])
"""One answer that another record may have as well: short hashes, 0 for no answer."""

AGE_BANDS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18, 30, 45, 60, 75)
"""Years of age at which another stratum begins: narrow where children grow."""

FIRST_ADULT_BAND = AGE_BANDS.index(18) + 1
UNKNOWN_STRATUM = 255
BANDS = 32
"""A stratum is the sex times this, and the band: more than there are bands."""
_SEXES = {"male": 1, "female": 2}

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


def code_of(word: str) -> int:
    """Return the number that stands for a form id or the name of a measurement."""
    return zlib.crc32(word.encode()) & 0x7FFF_FFFF


def stratum_of(sex: str, age: float | None) -> int:
    """Return the stratum of a person: sex and age band; UNKNOWN_STRATUM without an age."""
    if age is None:
        return UNKNOWN_STRATUM
    band = sum(age >= start for start in AGE_BANDS)
    return _SEXES.get(sex, 0) * BANDS + band


def band_of(stratum: int) -> int:
    """Return a stratum's age band."""
    return stratum % BANDS


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


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts in the order of submissions. `of_reading` and `of_answer` are indexes into `told`.

    `words` are the form ids and names of measurements by their numbers.
    """

    ids: NDArray[np.int64]
    told: NDArray[Any]
    readings: NDArray[Any]
    of_reading: NDArray[np.int64]
    answers: NDArray[Any]
    of_answer: NDArray[np.int64]
    words: Mapping[int, str]


_AT_ONCE = 20_000


def load(connection: Connection) -> Facts:
    """Return the facts of all submissions that have been read."""
    table = table_of(RecordFacts)
    query = select(table).order_by(table.c.submission_id)
    ids: list[int] = []
    parts: tuple[list[bytes], list[bytes], list[bytes]] = ([], [], [])
    streamed = connection.execution_options(yield_per=_AT_ONCE).execute(query)
    for rows in streamed.partitions():
        columns = list(zip(*rows, strict=True))
        ids += columns[0]
        for part, column in zip(parts, columns[1:], strict=True):
            part.append(b"".join(column))
    told = np.frombuffer(b"".join(parts[0]), TOLD)
    each = np.arange(len(told))
    words = connection.execute(select(FactWord.code, FactWord.word)).all()
    return Facts(
        ids=np.array(ids, np.int64),
        told=told,
        readings=np.frombuffer(b"".join(parts[1]), READING),
        of_reading=np.repeat(each, told["readings"]),
        answers=np.frombuffer(b"".join(parts[2]), ANSWER),
        of_answer=np.repeat(each, told["answers"]),
        words={row.code: row.word for row in words},
    )


def instant(seconds: int) -> datetime:
    """Return an instant told as seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)
