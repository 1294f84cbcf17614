"""What each phone measured, and how long its interviews took: the inputs of checks on workers.

One pass over the measurements and one over the visits; both databases group them, so that what
comes back grows with phones and different values. Times come one by one.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, or_, select

from server.database import table_of
from server.tables.projections import Measurement, Visit
from server.tables.reference import Village

DIGITS, REPEATS, SPEED, OVERLAPS = "digits", "repeats", "speed", "overlaps"
CHECKS = (DIGITS, REPEATS, SPEED, OVERLAPS)

PRESSURE, INTERVIEWS = "pressure", "interviews"
"""Indicators: systolic over diastolic · all interviews of a phone. Others are measurements or,
of SPEED, forms."""

# A form left open over lunch, or until the next day, says nothing of how long it took.
LEFT_OPEN_S = 8 * 3600
# Nobody was asked anything.
_SHORT_OUTCOMES = ("refused", "absent", "vacated")
# Spread over many tens, so that chance alone gives each last digit its tenth. Not so temperature.
_WHOLE = ("pulse", "waist", "height", "weight")
_SINGLE = (*_WHOLE, "temp")

VISIT, MEASUREMENT = table_of(Visit), table_of(Measurement)


@dataclass(frozen=True, slots=True)
class Compared:
    """The inputs of one check and indicator: by phone, in order, what its kind asks for.

    DIGITS: ten counts. REPEATS: pairs of a value and how often. SPEED: seconds. OVERLAPS: pairs
    of seconds since 1970, beginning and end. `township` is each phone's, where it visits most.
    """

    check: str
    indicator: str
    inputs: Mapping[int, list[Any]]
    township: Mapping[int, str]

    def hash_of(self, phone_id: int) -> str:
        """Stands for one phone's inputs: the same while they are."""
        return _hash(self.inputs[phone_id])

    @property
    def hash(self) -> str:
        """Stands for all inputs and for who is compared with whom."""
        return _hash([[one, self.township[one], self.hash_of(one)] for one in self.inputs])


def compared(connection: Connection) -> list[Compared]:
    """Return the inputs of all checks on workers, of submissions that count."""
    township = _townships(connection)
    gathered: dict[tuple[str, str], dict[int, list[Any]]] = {
        **_of_readings(_readings(connection)),
        **_of_times(connection),
    }
    return [
        Compared(check, indicator, dict(sorted(inputs.items())), township)
        for (check, indicator), inputs in sorted(gathered.items())
    ]


def _townships(connection: Connection) -> dict[int, str]:
    """Return the township where each phone made most of its visits."""
    known = dict(connection.execute(select(Village.code, Village.township_code)).all())
    rows = connection.execute(
        select(VISIT.c.phone_id, VISIT.c.village_code, func.count())
        .where(VISIT.c.phone_id.is_not(None))
        .group_by(VISIT.c.phone_id, VISIT.c.village_code)
    )
    visits: dict[int, Counter[str]] = defaultdict(Counter)
    for phone_id, village, number in rows:
        visits[phone_id][known.get(village, "")] += number
    return {
        phone_id: min(several, key=lambda code, of=several: (-of[code], code))  # type: ignore[misc]
        for phone_id, several in visits.items()
    }


def _readings(connection: Connection) -> dict[str, dict[int, Counter[Any]]]:
    """Return how often each phone told each value, by indicator."""
    readings: dict[str, dict[int, Counter[Any]]] = defaultdict(lambda: defaultdict(Counter))
    for phone_id, systolic, diastolic, number in connection.execute(_pressures()):
        readings[PRESSURE][phone_id][(int(abs(systolic)), int(abs(diastolic)))] += number
    rows = connection.execute(
        select(VISIT.c.phone_id, MEASUREMENT.c.name, MEASUREMENT.c.value, func.count())
        .join(VISIT, VISIT.c.submission_id == MEASUREMENT.c.submission_id)
        .where(MEASUREMENT.c.name.in_(_SINGLE), VISIT.c.phone_id.is_not(None))
        .group_by(VISIT.c.phone_id, MEASUREMENT.c.name, MEASUREMENT.c.value)
    )
    for phone_id, name, value, number in rows:
        told = int(abs(value)) if name in _WHOLE else round(value, 1)
        readings[name][phone_id][told] += number
    return readings


def _pressures() -> Any:
    """Return the query of pressures as read: the first reading, else the only one."""
    upper, lower, first = (MEASUREMENT.alias(name) for name in ("upper", "lower", "first"))
    same = and_(
        lower.c.submission_id == upper.c.submission_id,
        lower.c.position == upper.c.position,
        lower.c.name == case((upper.c.name == "sbp1", "dbp1"), else_="dbp"),
    )
    has_first = exists().where(
        first.c.submission_id == upper.c.submission_id,
        first.c.position == upper.c.position,
        first.c.name == "sbp1",
    )
    is_read = or_(upper.c.name == "sbp1", and_(upper.c.name == "sbp", ~has_first))
    return (
        select(VISIT.c.phone_id, upper.c.value, lower.c.value, func.count())
        .select_from(upper)
        .join(lower, same)
        .join(VISIT, VISIT.c.submission_id == upper.c.submission_id)
        .where(is_read, VISIT.c.phone_id.is_not(None))
        .group_by(VISIT.c.phone_id, upper.c.value, lower.c.value)
    )


def _of_readings(
    readings: Mapping[str, Mapping[int, Counter[Any]]],
) -> dict[tuple[str, str], dict[int, list[Any]]]:
    gathered: dict[tuple[str, str], dict[int, list[Any]]] = defaultdict(dict)
    for name, by_phone in readings.items():
        for phone_id, counted in by_phone.items():
            gathered[REPEATS, name][phone_id] = [
                ["/".join(map(str, value)) if name == PRESSURE else str(value), number]
                for value, number in sorted(counted.items())
            ]
            if name == PRESSURE:
                for at, part in enumerate(("systolic", "diastolic")):
                    gathered[DIGITS, part][phone_id] = _digits(
                        {value: value[at] for value in counted}, counted
                    )
            elif name in _WHOLE:
                whole = {value: value for value in counted}
                gathered[DIGITS, name][phone_id] = _digits(whole, counted)
    return gathered


def _digits(whole: Mapping[Any, int], counted: Counter[Any]) -> list[int]:
    counts = [0] * 10
    for value, number in counted.items():
        counts[whole[value] % 10] += number
    return counts


def _of_times(connection: Connection) -> dict[tuple[str, str], dict[int, list[Any]]]:
    gathered: dict[tuple[str, str], dict[int, list[Any]]] = defaultdict(dict)
    rows = connection.execute(
        select(
            VISIT.c.phone_id, VISIT.c.form_id, VISIT.c.outcome, VISIT.c.started_at, VISIT.c.ended_at
        )
        .where(
            VISIT.c.phone_id.is_not(None),
            VISIT.c.started_at.is_not(None),
            VISIT.c.ended_at.is_not(None),
        )
        .order_by(VISIT.c.phone_id, VISIT.c.started_at, VISIT.c.ended_at)
    )
    for phone_id, form_id, outcome, start, end in rows:
        if not 0 <= (took := _seconds(end) - _seconds(start)) <= LEFT_OPEN_S:
            continue
        times = gathered[OVERLAPS, INTERVIEWS].setdefault(phone_id, [])
        times.append([_seconds(start), _seconds(end)])
        if outcome not in _SHORT_OUTCOMES:
            gathered[SPEED, form_id].setdefault(phone_id, []).append(took)
    for (check, _), by_phone in gathered.items():
        if check == SPEED:
            for durations in by_phone.values():
                durations.sort()
    return gathered


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _hash(told: Any) -> str:
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
