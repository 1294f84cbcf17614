"""Works out the checks that hold a record against others, once an hour and on demand.

What came since is read into facts first. When neither facts nor thresholds, rounds or positions of
villages are others than last time, nothing is compared again. Same inputs, same outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from server.database import insert_or_replace, table_of, writing
from server.survey import boundaries
from server.survey.areas import WHOLE_SITE
from server.survey.quality import signals, thresholds
from server.survey.quality.records import (
    facts,
    filling,
    flagged,
    likeness,
    places,
    readings,
    times,
)
from server.survey.quality.records.found import (
    CLOCK,
    DURATION,
    HEAP,
    POSITION,
    READING,
    SAME_ANSWERS,
    STRAY_CODE,
    SUBMISSION,
    UNANSWERED,
    UNKNOWN_VILLAGE,
    UNREAD,
    VILLAGE,
    Found,
    hash_of,
    rows,
)
from server.survey.quality.records.times import Days
from server.survey.quality.signals import NOTHING, Change
from server.survey.site import Site
from server.tables.decisions import Round, VillagePlan
from server.tables.projections import Flag, Projected
from server.tables.record_facts import RecordsCompared

# Raise this when a check works otherwise, so that all is compared once more.
WAY = "1"

# The checks worked out here; of some the intake tells other indicators, which stay as they are.
_WHOLE = (READING, DURATION, HEAP, SAME_ANSWERS, UNANSWERED, STRAY_CODE)
_PARTS: Mapping[str, tuple[str, ...]] = {
    CLOCK: (times.NIGHT, times.OUTSIDE, times.JUMP, times.EARLY),
    POSITION: ("far",),
}
COMPARED = table_of(RecordsCompared)
COMPARISON, SWITCHES = 1, 2
"""The states that are kept: of the comparison, and which checks are switched off."""

# Why a submission waits that somebody has to help; an encrypted one waits for its key.
_UNREAD_REASONS = ("version_unknown",)


@dataclass(frozen=True, slots=True)
class Around:
    """What records are held against beside one another, by village code as a number.

    Days of the village's round; its registered position: latitude, longitude; its border, a GeoJSON
    geometry.
    """

    rounds: Mapping[int, Days]
    middles: Mapping[int, tuple[float, float]]
    borders: Mapping[int, str]


def work_out(site: Site, chosen: Mapping[str, float], now: datetime) -> Change:
    """Bring the signals of single records up to date; return how many came and went."""
    off = thresholds.off(chosen)
    filling.fill(site)
    change = _bring_flagged(site, off, now)
    change += _bring_few(site, off, now)
    with site.engine.connect() as connection:
        state = _state(connection, chosen)
        if _last_state(connection, COMPARISON) == state:
            return change
        known, around = facts.load(connection), _around(connection)
        told = rows(connection, compare(known, chosen, around))
    with writing(site.engine, is_durable=False) as connection:
        for check in _WHOLE:
            if check not in off:
                change += signals.bring(connection, (check,), _of(told, check), now)
        for check, indicators in _PARTS.items():
            if check not in off:
                some = _of(told, check)
                change += signals.bring(connection, (check,), some, now, indicators=indicators)
        # What came or went meanwhile is another change of its block, and compared the next time.
        _keep_state(connection, COMPARISON, state)
    return change


def compare(known: facts.Facts, chosen: Mapping[str, float], around: Around) -> Iterator[Found]:
    """Give all that stands apart among the facts. Pure: same facts and thresholds, same flags."""
    yield from readings.found(known, chosen)
    yield from times.found(known, chosen, around.rounds)
    yield from places.found(known, chosen, around.middles, around.borders)
    yield from likeness.found(known, chosen)


def _of(told: list[dict[str, Any]], check: str) -> list[dict[str, Any]]:
    return [row for row in told if row["check"] == check]


def _around(connection: Connection) -> Around:
    return Around(_rounds(connection), _middles(connection), _borders(connection))


def _state(connection: Connection, chosen: Mapping[str, float]) -> str:
    of_records = {*_WHOLE, *_PARTS}
    numbers = sorted(
        (name, value) for name, value in chosen.items() if name.split(".")[0] in of_records
    )
    days = [(village, str(one)) for village, one in sorted(_rounds(connection).items())]
    middles = sorted(_middles(connection).items())
    with Session(connection) as session:
        edition = boundaries.edition(session, WHOLE_SITE)
    return hash_of([WAY, filling.filled(connection), numbers, days, middles, edition])


def _last_state(connection: Connection, part: int) -> str:
    return connection.scalar(select(COMPARED.c.state).where(COMPARED.c.id == part)) or ""


def _keep_state(connection: Connection, part: int, state: str) -> None:
    insert_or_replace(connection, COMPARED, [{"id": part, "state": state}])


def _rounds(connection: Connection) -> dict[int, Days]:
    """Return the days of each village's round; a village's own days within it may be overrun."""
    query = select(VillagePlan.village_code, Round.starts_on, Round.ends_on).join(
        Round, Round.id == VillagePlan.round_id
    )
    return {
        int(village): Days(starts_on, ends_on)
        for village, starts_on, ends_on in connection.execute(query)
        if village.isascii() and village.isdigit()
    }


def _middles(connection: Connection) -> dict[int, tuple[float, float]]:
    query = select(VILLAGE.c.code, VILLAGE.c.latitude, VILLAGE.c.longitude).where(
        VILLAGE.c.latitude.is_not(None), VILLAGE.c.longitude.is_not(None)
    )
    return {
        int(code): (latitude, longitude)
        for code, latitude, longitude in connection.execute(query)
        if code.isascii() and code.isdigit()
    }


def _borders(connection: Connection) -> dict[int, str]:
    with Session(connection) as session:
        rows = session.scalars(boundaries.current())
        return {int(one.village_code): one.shape for one in rows if one.village_code.isdigit()}


def _bring_flagged(site: Site, off: set[str], now: datetime) -> Change:
    """Write what the intake raised once more where a check was switched on again since."""
    state = f"off: {' '.join(sorted(off))}"
    with site.engine.connect() as connection:
        if _last_state(connection, SWITCHES) == state:
            return NOTHING
    with writing(site.engine, is_durable=False) as connection:
        change = flagged.bring(connection, off, now)
        _keep_state(connection, SWITCHES, state)
    return change


def _bring_few(site: Site, off: set[str], now: datetime) -> Change:
    """Say which submissions wait for their form version, and which villages nobody knows.

    Few, and found by indexes: worked out at every run.
    """
    change = NOTHING
    for check, find in ((UNREAD, _unread), (UNKNOWN_VILLAGE, _unknown_villages)):
        if check in off:
            continue
        with site.engine.connect() as connection:
            told = rows(connection, find(connection))
            of_check = signals.SIGNAL.c.check == check
            known = connection.scalar(
                select(func.count()).select_from(signals.SIGNAL).where(of_check)
            )
        if told or known:
            with writing(site.engine, is_durable=False) as connection:
                change += signals.bring(connection, (check,), told, now)
    return change


def _unread(connection: Connection) -> list[Found]:
    query = (
        select(
            Projected.submission_id, Projected.reason, SUBMISSION.c.form_id, SUBMISSION.c.version
        )
        .join(SUBMISSION, SUBMISSION.c.id == Projected.submission_id)
        .where(Projected.state == "parked", Projected.reason.in_(_UNREAD_REASONS))
        .order_by(Projected.submission_id)
    )
    return [
        Found(UNREAD, reason, one, {"form": form_id, "version": version}, [form_id, version])
        for one, reason, form_id, version in connection.execute(query)
    ]


def _unknown_villages(connection: Connection) -> list[Found]:
    """Return the villages that are not in the register by now: one task each, for the first."""
    query = (
        select(Flag.village_code, func.min(Flag.submission_id), func.count())
        .outerjoin(VILLAGE, VILLAGE.c.code == Flag.village_code)
        .where(Flag.code == "village_unknown", VILLAGE.c.code.is_(None))
        .group_by(Flag.village_code)
        .order_by(Flag.village_code)
    )
    return [
        Found(UNKNOWN_VILLAGE, code, first, {"village": code, "records": number}, [code])
        for code, first, number in connection.execute(query)
    ]
