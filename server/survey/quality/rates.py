"""Counts of each village held against what is usual, indicator by indicator.

Worked out by `doorstep checks`, in a process of its own. Reads tallies alone, so it costs the
villages, not the submissions. Same counts, same outcome.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, func, select

from maps import rates, smoothing
from maps.rates import Limits, RateVerdict, Reference
from server.database import insert_rows, table_of, writing
from server.survey import catalogue
from server.survey.quality import nearby, signals, thresholds
from server.survey.quality.nearby import Nearby
from server.survey.quality.signals import NOTHING, Change
from server.survey.site import Site
from server.tables.projections import DiseaseTally, VillageTally
from server.tables.reference import Village
from server.tables.signals import RateModel, VillageRate

MODEL = table_of(RateModel)
RATE = table_of(VillageRate)

CHECK = "rate"

FOUND, REFUSED = "found", "refused"
"""Persons found with a disease of the 13/19 list, of those screened · refusals, of households done.

Any other indicator is the code of a disease or clue: its cases, of persons screened.
"""

FUNNEL_TAILS = (0.001, 0.025, 0.975, 0.999)
_FUNNEL_POINTS = 40


@dataclass(frozen=True, slots=True)
class Counted:
    """One indicator: by village code, in order, how many of how many."""

    indicator: str
    villages: tuple[str, ...]
    events: tuple[int, ...]
    tried: tuple[int, ...]

    @property
    def hash(self) -> str:
        """Stands for the counts: the same while they are."""
        return hashlib.sha256(json.dumps([*map(list, self._lines())]).encode()).hexdigest()

    def _lines(self) -> Iterable[tuple[str, int, int]]:
        return zip(self.villages, self.events, self.tried, strict=True)


def work_out(site: Site, chosen: Mapping[str, float], now: datetime) -> Change:
    """Bring figures and signals up to date with counts and thresholds."""
    with site.engine.connect() as connection:
        counted = counts(connection, chosen["rate.fewest_cases"])
        around = nearby.nearby(connection)
        known = dict(connection.execute(select(MODEL.c.indicator, MODEL.c.inputs)).all())
        townships = dict(connection.execute(select(Village.code, Village.township_code)).all())
    own = f"{thresholds.hash_of(thresholds.of_check(chosen, CHECK))}:{around.hash}"
    changed = [one for one in counted if known.get(one.indicator) != _inputs(one, own)]
    gone = known.keys() - {one.indicator for one in counted}
    if not changed and not gone:
        return NOTHING
    limits = limits_of(chosen)
    told = [_told(one, limits, around, now, _inputs(one, own)) for one in changed]
    listed = [
        {**row, "township_code": townships.get(row["subject"], "")}
        for one in told
        for row in one.signals
    ]
    names = sorted([*gone, *(one.indicator for one in changed)])
    with writing(site.engine, is_durable=False) as connection:
        for table in (MODEL, RATE):
            connection.execute(delete(table).where(table.c.indicator.in_(names)))
        insert_rows(connection, MODEL, [one.model for one in told])
        insert_rows(connection, RATE, [row for one in told for row in one.rates])
        return signals.bring(connection, [CHECK], listed, now, indicators=names)


def counts(connection: Connection, fewest_cases: float) -> list[Counted]:
    """Return all indicators that somebody was asked for anywhere.

    A disease with fewer than `fewest_cases` in all says nothing about any one village. Diseases
    whose names not everybody may see are left out: a village that stands out would tell.
    """
    tallies = connection.execute(select(VillageTally).order_by(VillageTally.village_code)).all()
    screened = {row.village_code: row.screened for row in tallies}
    found = {
        # Somebody with one disease suspected and another documented counts as documented.
        row.village_code: min(row.suspected + row.documented, row.screened)
        for row in tallies
    }
    refused = {row.village_code: row.refused for row in tallies}
    done = {row.village_code: row.completed + row.refused for row in tallies}
    several = [_counted(FOUND, found, screened), _counted(REFUSED, refused, done)]
    cases: dict[str, dict[str, int]] = {}
    query = select(DiseaseTally.code, DiseaseTally.village_code, func.sum(DiseaseTally.cases))
    for code, village, number in connection.execute(
        query.group_by(DiseaseTally.code, DiseaseTally.village_code)
    ):
        cases.setdefault(code, {})[village] = min(int(number), screened.get(village, 0))
    several += [
        _counted(code, by_village, screened)
        for code, by_village in sorted(cases.items())
        if sum(by_village.values()) >= fewest_cases and not catalogue.is_sensitive(code)
    ]
    return [one for one in several if any(one.tried)]


def _counted(indicator: str, events: Mapping[str, int], tried: Mapping[str, int]) -> Counted:
    villages = tuple(sorted(code for code, number in tried.items() if number))
    return Counted(
        indicator,
        villages,
        tuple(events.get(code, 0) for code in villages),
        tuple(tried[code] for code in villages),
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """The rows that one indicator gives: its model, its villages, and those that stand apart."""

    model: dict[str, Any]
    rates: list[dict[str, Any]]
    signals: list[dict[str, Any]]


def _inputs(counted: Counted, own: str) -> str:
    return f"{counted.hash}:{own}"


def limits_of(chosen: Mapping[str, float]) -> Limits:
    """Return what counts as unusual at this site."""
    return Limits(
        q=chosen["rate.q"],
        watch_q=chosen["rate.watch_q"],
        smallest_ratio=chosen["rate.smallest_ratio"],
        fewest=int(chosen["rate.fewest"]),
        trimmed=chosen["rate.trimmed"],
    )


def _told(counted: Counted, limits: Limits, around: Nearby, now: datetime, inputs: str) -> _Told:
    events, tried = np.asarray(counted.events), np.asarray(counted.tried)
    reference = rates.reference_of(events, tried, limits.trimmed)
    beside = around.neighbours(counted.villages)
    model = {
        "indicator": counted.indicator,
        "share": reference.share,
        "alpha": reference.alpha,
        "beta": reference.beta,
        "funnel": funnel(reference, max(counted.tried)),
        "alikeness": smoothing.alikeness(counted.events, counted.tried, beside),
        "inputs": inputs,
        "scanned": "",
        "worked_out_at": now,
    }
    told = rates.held_against(reference, events, tried, limits)
    drawn = smoothing.smoothed(counted.events, counted.tried)
    by_neighbours = smoothing.locally_smoothed(counted.events, counted.tried, beside)
    pairs = list(zip(counted.villages, told, strict=True))
    return _Told(
        model,
        [
            _row(counted.indicator, village, one)
            | {"smoothed": drawn[at], "smoothed_locally": by_neighbours[at] if beside[at] else None}
            for at, (village, one) in enumerate(pairs)
        ],
        [
            _signal(counted.indicator, village, one, reference) | {"compared": inputs}
            for village, one in pairs
            if one.verdict in _LISTED
        ],
    )


# What a village's verdict is called among signals; what is as usual gives none.
_LISTED = {"unusual": "flag", "watch": "watch"}


def _signal(indicator: str, village: str, one: RateVerdict, reference: Reference) -> dict[str, Any]:
    low, high = (reference.limit(one.tried, tail) * one.tried for tail in (0.025, 0.975))
    return {
        "check": CHECK,
        "subject": village,
        "indicator": indicator,
        "family": "village",
        "village_code": village,
        "phone_id": None,
        "submission_id": None,
        "figures": {
            "events": one.events,
            "tried": one.tried,
            "expected": round(one.expected, 6),
            "ratio": None if one.ratio is None else round(one.ratio, 6),
            "q": float(f"{one.q:.6g}"),
            # Between these lie 95 of 100 counts of so many tried.
            "low": round(max(low, 0.0), 6),
            "high": round(high, 6),
        },
        "verdict": _LISTED[one.verdict],
        "inputs": f"{one.events}/{one.tried}",
    }


def _row(indicator: str, village: str, one: RateVerdict) -> dict[str, Any]:
    return {
        "indicator": indicator,
        "village_code": village,
        "events": one.events,
        "tried": one.tried,
        "expected": one.expected,
        "ratio": one.ratio,
        "p": one.p,
        "q": one.q,
        "verdict": one.verdict,
    }


def funnel(reference: Reference, most: int) -> list[list[float]]:
    """Return rows of a funnel plot up to `most` persons: persons, then a limit for each tail."""
    steps = _steps(most)
    return [
        [tried, *(round(reference.limit(tried, tail), 6) for tail in FUNNEL_TAILS)]
        for tried in steps
    ]


def _steps(most: int) -> Sequence[int]:
    """Return numbers of persons, dense where the limits bend."""
    squeezed = [(at / _FUNNEL_POINTS) ** 2 * most for at in range(1, _FUNNEL_POINTS + 1)]
    whole = [max(1, round(one)) for one in squeezed]
    return [whole[0], *(one for before, one in pairwise(whole) if one != before)]
