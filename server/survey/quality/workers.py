"""Checks on workers: each phone's readings and times against those of its township's others.

Worked out by `doorstep checks`, in a process of its own: it loads scipy. A check and indicator
whose inputs did not change is not worked out again. Same inputs, same outcome.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import select

from server.database import table_of, writing
from server.survey.quality import signals, worker_statistics
from server.survey.quality.signals import NOTHING, Change
from server.survey.quality.worker_counts import (
    CHECKS,
    DIGITS,
    OVERLAPS,
    REPEATS,
    SPEED,
    Compared,
    compared,
)
from server.survey.quality.worker_statistics import INTERVIEWS_LEAST, REPEATS_LEAST, Share
from server.survey.site import Site
from server.tables.signals import Signal

SIGNAL = table_of(Signal)

Outcome = tuple[dict[str, Any], str]
"""The figures to show, and the verdict."""


def work_out(site: Site, now: datetime) -> Change:
    """Bring the signals up to date, of the checks and indicators whose inputs changed."""
    with site.engine.connect() as connection:
        several = compared(connection)
        query = select(SIGNAL.c.check, SIGNAL.c.indicator, SIGNAL.c.compared)
        rows = connection.execute(query.where(SIGNAL.c.check.in_(CHECKS)).distinct())
        known = {(row.check, row.indicator): row.compared for row in rows}
    rows_of: dict[tuple[str, str], list[dict[str, Any]]] = {
        gone: [] for gone in known.keys() - {(one.check, one.indicator) for one in several}
    }
    for one in several:
        if known.get((one.check, one.indicator)) != (whole := one.hash):
            rows_of[one.check, one.indicator] = _rows(one, whole)
    if not rows_of:
        return NOTHING
    with writing(site.engine, is_durable=False) as connection:
        changes = (
            signals.bring(connection, [check], told, now, indicators=[indicator])
            for (check, indicator), told in sorted(rows_of.items())
        )
        return sum(changes, NOTHING)


def _rows(one: Compared, whole: str) -> list[dict[str, Any]]:
    told = _WAYS[one.check](one)
    return [
        {
            "check": one.check,
            "subject": str(phone_id),
            "indicator": one.indicator,
            "family": "worker",
            "village_code": "",
            "township_code": one.township[phone_id],
            "phone_id": phone_id,
            "submission_id": None,
            "figures": figures,
            "verdict": verdict,
            "inputs": one.hash_of(phone_id),
            "compared": whole,
        }
        for phone_id, (figures, verdict) in told.items()
    ]


def _digits(one: Compared) -> dict[int, Outcome]:
    told: dict[int, Outcome] = {}
    for phone_id, counts in one.inputs.items():
        found = worker_statistics.digits(counts)
        figures = {
            "counts": counts,
            "tried": sum(counts),
            "even_only": found.is_even_only,
            "expected": found.expected,
            "p": found.p,
            "v": found.v,
        }
        told[phone_id] = (figures, found.verdict)
    return told


def _repeats(one: Compared) -> dict[int, Outcome]:
    by_phone = {phone_id: Counter(dict(pairs)) for phone_id, pairs in one.inputs.items()}
    together: dict[str, Counter[str]] = defaultdict(Counter)
    for phone_id, counted in by_phone.items():
        together[one.township[phone_id]].update(counted)
    shares, values = {}, {}
    for phone_id, counted in by_phone.items():
        value = min(counted, key=lambda key, of=counted: (-of[key], key))  # type: ignore[misc]
        everybody = together[one.township[phone_id]]
        tried = counted.total()
        values[phone_id] = value
        shares[phone_id] = Share(
            counted[value],
            tried,
            everybody[value] - counted[value],
            everybody.total() - tried,
            looked_at=len(counted),
        )
    return _shares(shares, REPEATS_LEAST, {key: {"value": one} for key, one in values.items()})


def _overlaps(one: Compared) -> dict[int, Outcome]:
    events: dict[int, int] = {}
    together: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for phone_id, times in one.inputs.items():
        starts, ends = np.asarray(times, np.float64).T
        events[phone_id] = worker_statistics.overlapping(starts, ends)
        both = together[one.township[phone_id]]
        both[0] += events[phone_id]
        both[1] += len(times)
    shares = {}
    for phone_id, times in one.inputs.items():
        of_all, tried = together[one.township[phone_id]]
        mine = events[phone_id]
        shares[phone_id] = Share(mine, len(times), of_all - mine, tried - len(times))
    return _shares(shares, INTERVIEWS_LEAST, {})


def _shares(
    shares: Mapping[int, Share], least: int, more: Mapping[int, dict[str, Any]]
) -> dict[int, Outcome]:
    told = worker_statistics.shares(list(shares.values()), least)
    return {
        phone_id: (
            {
                **more.get(phone_id, {}),
                "events": share.events,
                "tried": share.tried,
                "colleague_events": share.colleague_events,
                "colleague_tried": share.colleague_tried,
                "expected": found.expected,
                "p": found.p,
                "q": found.q,
            },
            found.verdict,
        )
        for (phone_id, share), found in zip(shares.items(), told, strict=True)
    }


def _speed(one: Compared) -> dict[int, Outcome]:
    of_township: dict[str, list[int]] = defaultdict(list)
    for phone_id in one.inputs:
        of_township[one.township[phone_id]].append(phone_id)
    took = {key: np.asarray(times, np.float64) for key, times in one.inputs.items()}
    told: dict[int, Outcome] = {}
    for phone_ids in of_township.values():
        for phone_id in phone_ids:
            others = [took[other] for other in phone_ids if other != phone_id]
            theirs = np.concatenate(others) if others else np.empty(0)
            found = worker_statistics.speed(took[phone_id], theirs)
            figures = {
                "tried": len(took[phone_id]),
                "colleague_tried": len(theirs),
                "median_s": found.median_s,
                "usual_s": found.usual_s,
            }
            told[phone_id] = (figures, found.verdict)
    return told


_WAYS: Mapping[str, Callable[[Compared], dict[int, Outcome]]] = {
    DIGITS: _digits,
    REPEATS: _repeats,
    OVERLAPS: _overlaps,
    SPEED: _speed,
}
