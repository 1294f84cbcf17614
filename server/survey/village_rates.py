"""How a village's counts stand among the others': what its page and its funnels are drawn of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.survey.areas import Scope
from server.tables.signals import RateModel, VillageRate

MOST_POINTS = 300
"""Other villages that a funnel draws: more are a cloud, and a page that is slow to load."""
_ORDER = ("unusual", "watch", "usual", "too_few")


@dataclass(frozen=True, slots=True)
class RateStanding:
    """One village's count of one indicator and what would be usual.

    `verdict` is unusual, watch, usual or too_few. `mean` is the share of all villages, `limits`
    rows of how many were tried and the shares that 0.1, 2.5, 97.5 and 99.9 % lie below.
    """

    indicator: str
    events: int
    tried: int
    expected: float
    verdict: str
    mean: float
    limits: Sequence[Sequence[float]]


def standings(session: Session, scope: Scope, village_code: str) -> list[RateStanding]:
    """Return a village's counts, the unusual ones first; none of a village outside the scope."""
    rows = session.execute(
        select(VillageRate, RateModel)
        .join(RateModel, RateModel.indicator == VillageRate.indicator)
        .where(VillageRate.village_code == village_code, scope.where(VillageRate.village_code))
        .order_by(VillageRate.q, VillageRate.indicator)
    )
    told = [
        RateStanding(
            indicator=rate.indicator,
            events=rate.events,
            tried=rate.tried,
            expected=rate.expected,
            verdict=rate.verdict,
            mean=model.share,
            limits=model.funnel,
        )
        for rate, model in rows
    ]
    return sorted(told, key=lambda one: _ORDER.index(one.verdict) if one.verdict in _ORDER else 9)


def others(session: Session, scope: Scope, indicator: str) -> list[tuple[int, int]]:
    """Return counts and how many were tried of the scope's villages, MOST_POINTS at most.

    Nobody sees a neighbour he may not see. Of more villages every so many-th is taken.
    """
    rows = session.execute(
        select(VillageRate.events, VillageRate.tried)
        .where(VillageRate.indicator == indicator, scope.where(VillageRate.village_code))
        .order_by(VillageRate.village_code)
    )
    points = [(events, tried) for events, tried in rows]
    step = -(-len(points) // MOST_POINTS)
    return points[:: max(1, step)]


def worked_out_at(session: Session) -> datetime | None:
    """Return when the figures were last worked out, None before the first time."""
    return session.scalar(select(func.max(RateModel.worked_out_at)))
