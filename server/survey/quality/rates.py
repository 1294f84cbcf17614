"""Counts of each village held against what is usual, indicator by indicator.

Worked out by `doorstep checks`, in a process of its own: it loads scipy. Reads tallies alone, so
it costs the villages, not the submissions. Same counts, same outcome.
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

from maps import rates
from maps.rates import RateVerdict, Reference
from server.database import insert_rows, table_of, writing
from server.survey import catalogue
from server.survey.site import Site
from server.tables.projections import DiseaseTally, VillageTally
from server.tables.signals import RateModel, VillageRate

MODEL = table_of(RateModel)
RATE = table_of(VillageRate)

FOUND, REFUSED = "found", "refused"
"""Persons found with a disease of the 13/19 list, of those screened · refusals, of households done.

Any other indicator is the code of a disease or clue: its cases, of persons screened.
"""

# A disease with fewer cases in all says nothing about any one village.
FEWEST_CASES = 20
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


def work_out(site: Site, now: datetime) -> int:
    """Bring the figures up to date; return how many indicators had changed counts."""
    with site.engine.connect() as connection:
        counted = counts(connection)
        models = connection.execute(select(MODEL.c.indicator, MODEL.c.inputs))
        known = dict(models.all())
    changed = [one for one in counted if known.get(one.indicator) != one.hash]
    gone = known.keys() - {one.indicator for one in counted}
    if not changed and not gone:
        return 0
    rows = [_rows(one, now) for one in changed]
    names = [*gone, *(one.indicator for one in changed)]
    with writing(site.engine, is_durable=False) as connection:
        for table in (MODEL, RATE):
            connection.execute(delete(table).where(table.c.indicator.in_(names)))
        insert_rows(connection, MODEL, [model for model, _ in rows])
        insert_rows(connection, RATE, [row for _, several in rows for row in several])
    return len(changed)


def counts(connection: Connection) -> list[Counted]:
    """Return all indicators that somebody was asked for anywhere.

    Diseases whose names not everybody may see are left out: a village that stands out would tell.
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
        if sum(by_village.values()) >= FEWEST_CASES and not catalogue.is_sensitive(code)
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


def _rows(counted: Counted, now: datetime) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    reference = rates.reference_of(np.asarray(counted.events), np.asarray(counted.tried))
    model = {
        "indicator": counted.indicator,
        "share": reference.share,
        "alpha": reference.alpha,
        "beta": reference.beta,
        "funnel": funnel(reference, max(counted.tried)),
        "inputs": counted.hash,
        "worked_out_at": now,
    }
    told = rates.verdicts(counted.events, counted.tried)
    return model, [
        _row(counted.indicator, village, verdict)
        for village, verdict in zip(counted.villages, told, strict=True)
    ]


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
