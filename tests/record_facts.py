"""Facts of records by hand: only what a test does not say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from server.survey.quality import thresholds
from server.survey.quality.records.facts import (
    ANSWER,
    READING,
    TOLD,
    Facts,
    code_of,
    stratum_of,
)
from server.survey.quality.records.found import Found

FORM = "household_roster"
NINE = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
"""Nine o'clock at the site."""

DEFAULTS = {name: one.default for name, one in thresholds.DEFAULTS.items()}


def a_record(
    *,
    readings: Iterable[tuple[str, float]] = (),
    sex: str = "male",
    age: float = 40,
    answers: Sequence[int] = (),
    **told: Any,
) -> Mapping[str, Any]:
    """A visit of ten minutes to a household of its own, at nine o'clock.

    `answers` are short hashes, one a question; `told` columns of facts.TOLD.
    """
    return {"readings": list(readings), "who": (sex, age), "answers": list(answers), **told}


def facts_of(records: Iterable[Mapping[str, Any]]) -> Facts:
    """Put records into rows, numbered from 1."""
    told, readings, answers = [], [], []
    words = {code_of(FORM): FORM}
    several = list(records)
    for number, record in enumerate(several, start=1):
        columns = {
            "form": code_of(record.get("form_id", FORM)),
            "phone": 7,
            "village": 130921211201,
            "started": int(NINE.timestamp()) + 900 * number,
            "took": 600.0,
            "active": np.nan,
            "back": np.nan,
            "minute": 9 * 60,
            "day": date(2026, 11, 20).toordinal(),
            "met": True,
            "early": False,
            "household": number,
            "latitude": np.nan,
            "longitude": np.nan,
            "accuracy": 10.0,
            "asked": 20,
            "blank": 0,
            **{name: value for name, value in record.items() if name in (TOLD.names or ())},
            "readings": len(record["readings"]),
            "answers": len(record["answers"]),
        }
        words[columns["form"]] = record.get("form_id", FORM)
        told.append(tuple(columns[name] for name in TOLD.names or ()))
        for position, (name, value) in enumerate(record["readings"]):
            words[code_of(name)] = name
            readings.append((code_of(name), stratum_of(*record["who"]), position, value))
        answers += [(question, one) for question, one in enumerate(record["answers"])]
    rows = np.array(told, TOLD)
    each = np.arange(len(rows), dtype=np.int32)
    return Facts(
        ids=np.arange(1, len(rows) + 1),
        told=rows,
        readings=np.array(readings, READING),
        of_reading=np.repeat(each, rows["readings"]),
        answers=np.array(answers, ANSWER),
        words=words,
    )


def told_of(found: Iterable[Found]) -> list[tuple[str, str, int]]:
    """Return check, indicator and submission of what was found, in order."""
    return sorted((one.check, one.indicator, one.submission_id) for one in found)
