"""What submissions bring to the comparison with others, as plain numbers in long rows."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

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
class Facts:
    """All facts in the order of submissions. `of_reading` are indexes into `told`.

    Answers stand one submission after the other, as many as each has. `words` are the form ids
    and names of measurements by their numbers.
    """

    ids: NDArray[np.int64]
    told: NDArray[Any]
    readings: NDArray[Any]
    of_reading: NDArray[np.int32]
    answers: NDArray[Any]
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
    each = np.arange(len(told), dtype=np.int32)
    words = connection.execute(select(FactWord.code, FactWord.word)).all()
    return Facts(
        ids=np.array(ids, np.int64),
        told=told,
        readings=np.frombuffer(b"".join(parts[1]), READING),
        of_reading=np.repeat(each, told["readings"]),
        answers=np.frombuffer(b"".join(parts[2]), ANSWER),
        words={row.code: row.word for row in words},
    )
