"""Is a worker's share of something another than colleagues'? Pure functions on counts.

scipy takes 1.6 s and 150 MB to import: it is loaded at the first use, by the process that runs
checks, never by one that answers requests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from statistics import median
from typing import Any, Literal

Verdict = Literal["flag", "usual", "too_few"]

# Two interviews that overlap are one slip of the thumb.
FEWEST_EVENTS = 3
# The median of chi-square with one degree of freedom.
_MEDIAN_CHI = 0.4549364
# Of fewer workers it cannot be told how much they differ for real.
_FEWEST_WORKERS = 5


@cache
def _stats() -> Any:
    return import_module("scipy.stats")


@dataclass(frozen=True, slots=True)
class Limits:
    """From which on a share is worth a talk.

    `fewest` tried on both sides; q after Benjamini and Hochberg; times the usual (and, of shares
    judged both ways, one over that); and a part of all tried.
    """

    fewest: float
    q: float
    smallest_ratio: float
    smallest_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Share:
    """Something that happened `events` times of `tried` to a worker, and to the colleagues.

    `looked_at` is among how many things this one was picked as the most frequent; 1 where it was
    not picked.
    """

    events: int
    tried: int
    colleague_events: int
    colleague_tried: int
    looked_at: int = 1

    @property
    def expected(self) -> float:
        """How many events the colleagues' share gives; 0 without colleagues."""
        if not self.colleague_tried:
            return 0.0
        return self.tried * self.colleague_events / self.colleague_tried


@dataclass(frozen=True, slots=True)
class ShareVerdict:
    """`expected` is what the colleagues' share gives, `q` is p after Benjamini and Hochberg."""

    expected: float
    p: float
    q: float
    verdict: Verdict


def too_many(several: Sequence[Share], limits: Limits) -> list[ShareVerdict]:
    """Say which workers' shares are too large, all of one indicator, in the order given.

    One-sided exact binomial: of all events, the worker's and the colleagues', so many would fall
    to the worker by the numbers tried (Przyborowski and Wilenski 1940). So it is allowed for that
    the colleagues' share is known from counts, too. Times what was `looked_at`. With FEWEST_EVENTS
    at least.
    """
    is_judged = [min(one.tried, one.colleague_tried) >= limits.fewest for one in several]
    ps = [_p_of_many(one) if yes else 1.0 for one, yes in zip(several, is_judged, strict=True)]
    verdicts = []
    for one, p, q, yes in zip(several, ps, _adjusted(ps, is_judged), is_judged, strict=True):
        least = max(
            FEWEST_EVENTS, limits.smallest_ratio * one.expected, limits.smallest_share * one.tried
        )
        is_flag = q <= limits.q and one.events >= least
        verdicts.append(ShareVerdict(one.expected, p, q, _verdict(yes, is_flag)))
    return verdicts


def _p_of_many(one: Share) -> float:
    events = one.events + one.colleague_events
    falls_here = one.tried / (one.tried + one.colleague_tried)
    return min(1.0, float(_stats().binom.sf(one.events - 1, events, falls_here)) * one.looked_at)


def stands_apart(several: Sequence[Sequence[Share]], limits: Limits) -> list[ShareVerdict]:
    """Say which workers' shares are larger or smaller, all of one indicator (methods W1).

    Each worker has a share for every stratum, a township, in which there is work of colleagues.
    Cochran-Mantel-Haenszel over strata, exact mid-p where there is one. Villages differ for real,
    so workers do: where the middle worker stands further apart than chance would have it, all are
    held against that.
    """
    sums = [added(strata) for strata in several]
    is_judged = [min(one.tried, one.colleague_tried) >= limits.fewest for one in sums]
    raw = [
        p_of_strata(strata) if yes else 1.0 for strata, yes in zip(several, is_judged, strict=True)
    ]
    ps = _held_against_the_middle(raw, is_judged)
    expected = [sum(one.expected for one in strata) for strata in several]
    verdicts = []
    for one, usual, p, q, yes in zip(
        sums, expected, ps, _adjusted(ps, is_judged), is_judged, strict=True
    ):
        low, high = usual / limits.smallest_ratio, usual * limits.smallest_ratio
        is_far = one.events <= low or one.events >= high
        # Of rare things one or two more or less double or halve the share.
        is_flag = q <= limits.q and is_far and abs(one.events - usual) >= FEWEST_EVENTS
        verdicts.append(ShareVerdict(usual, p, q, _verdict(yes, is_flag)))
    return verdicts


def added(strata: Sequence[Share]) -> Share:
    """Return the sums over strata."""
    return Share(
        sum(one.events for one in strata),
        sum(one.tried for one in strata),
        sum(one.colleague_events for one in strata),
        sum(one.colleague_tried for one in strata),
    )


def p_of_strata(strata: Sequence[Share]) -> float:
    """Return the two-sided chance of a worker's shares as far from colleagues', all else equal."""
    telling = [one for one in strata if _spread(one) > 0]
    if not telling:
        return 1.0
    if len(telling) == 1:
        return _mid_p(telling[0])
    return float(_stats().chi2.sf(mantel_haenszel(telling), 1))


def mantel_haenszel(strata: Sequence[Share]) -> float:
    """Return Cochran's and Mantel and Haenszel's chi-square (1959), without correction."""
    apart = sum(one.events - _share_of_all(one) * one.tried for one in strata)
    spread = sum(_spread(one) for one in strata)
    return apart * apart / spread if spread else 0.0


def _share_of_all(one: Share) -> float:
    return (one.events + one.colleague_events) / (one.tried + one.colleague_tried)


def _spread(one: Share) -> float:
    """Return the variance of a worker's events when all margins are given."""
    everybody = one.tried + one.colleague_tried
    events = one.events + one.colleague_events
    if everybody < 2:
        return 0.0
    sides = one.tried * one.colleague_tried * events * (everybody - events)
    return sides / (everybody * everybody * (everybody - 1))


def _mid_p(one: Share) -> float:
    """Return Fisher's exact chance with half of the outcome itself, both ways."""
    margins = (one.tried + one.colleague_tried, one.events + one.colleague_events, one.tried)
    exact = _stats().hypergeom
    half = float(exact.pmf(one.events, *margins)) / 2
    low = float(exact.cdf(one.events, *margins)) - half
    high = float(exact.sf(one.events - 1, *margins)) - half
    return min(1.0, 2 * min(low, high))


def _held_against_the_middle(ps: Sequence[float], is_judged: Sequence[bool]) -> list[float]:
    chi = _stats().chi2
    apart = [
        float(chi.isf(max(p, 1e-300), 1)) if yes else 0.0
        for p, yes in zip(ps, is_judged, strict=True)
    ]
    judged = [one for one, yes in zip(apart, is_judged, strict=True) if yes]
    if len(judged) < _FEWEST_WORKERS:
        return list(ps)
    wider = max(1.0, median(judged) / _MEDIAN_CHI)
    return [
        float(chi.sf(one / wider, 1)) if yes else 1.0
        for one, yes in zip(apart, is_judged, strict=True)
    ]


def _adjusted(ps: Sequence[float], is_judged: Sequence[bool]) -> list[float]:
    """Return p after Benjamini and Hochberg (1995) among those judged, 1 for the others."""
    judged = [p for p, yes in zip(ps, is_judged, strict=True) if yes]
    adjusted = iter(benjamini_hochberg(judged))
    return [next(adjusted) if yes else 1.0 for yes in is_judged]


def benjamini_hochberg(ps: Sequence[float]) -> list[float]:
    """Return each p after adjusting, in the order given."""
    order = sorted(range(len(ps)), key=lambda at: ps[at], reverse=True)
    adjusted, least = [1.0] * len(ps), 1.0
    for rank, at in zip(range(len(ps), 0, -1), order, strict=True):
        least = min(least, ps[at] * (len(ps) / rank))
        adjusted[at] = least
    return adjusted


def _verdict(is_judged: bool, is_flag: bool) -> Verdict:
    if not is_judged:
        return "too_few"
    return "flag" if is_flag else "usual"


def step_of(tried: float) -> int:
    """Return a number that grows by one whenever `tried` has grown by half.

    What somebody closed should not come back with the next reading of a running round.
    """
    return math.floor(math.log(tried) / math.log(1.5)) if tried > 0 else -1
