"""Is a village's rate unusual? Counts against a reference that knows villages differ for real.

Villages differ, so the limits of a plain binomial call too many of them unusual. The reference is
a beta-binomial whose spread is taken from the villages themselves, without their extremes.
Percentages are never compared with each other: 2 of 15 and 200 of 1,500 say different things.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from maps import tails

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]

FEWEST_TRIMMED = 10
# Below this variance villages cannot be told from chance.
_LEAST_VARIANCE = 1e-9

Verdict = Literal["unusual", "watch", "usual", "too_few"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What counts as unusual: at `q` or less after Benjamini and Hochberg, to be watched at
    `watch_q`, and only where the count is `smallest_ratio` times the expected, or its inverse: an
    effect that is worth a journey. Of `fewest` tried, at least. `trimmed` of the villages are set
    aside at each end before their spread is taken, so that an outlier does not hide itself.
    """

    q: float = 0.05
    watch_q: float = 0.20
    smallest_ratio: float = 2.0
    fewest: int = 10
    trimmed: float = 0.02


USUAL_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Reference:
    """What counts are to be expected: the mean share and, where villages differ, their spread.

    `alpha` and `beta` are those of the beta-binomial; None where a plain binomial fits.
    """

    share: float
    alpha: float | None = None
    beta: float | None = None

    def chances(self, tried: int) -> Shares:
        """Return P(X = 0), P(X = 1), … P(X = tried)."""
        return tails.chances(tried, self.share, self.alpha, self.beta)

    def limit(self, tried: int, tail: float) -> float:
        """Return the exact limit of a funnel plot as a share: `tail` of the counts lie below it.

        A lower limit may be below 0, to be drawn at 0.
        """
        return tails.interpolated(self.chances(tried), tail) / tried


def of_all(reference: Reference, trimmed: float = USUAL_LIMITS.trimmed) -> Reference:
    """Return a reference with the spread of all villages, of those set aside at its making too.

    What is left of a normal spread without its ends has less variance than the whole, by a factor
    that follows from how much was set aside (0.79 for 2 % at each end).
    """
    if reference.alpha is None or reference.beta is None or not trimmed:
        return reference
    normal = NormalDist()
    end = normal.inv_cdf(1 - trimmed)
    left = 1 - 2 * end * normal.pdf(end) / (1 - 2 * trimmed)
    weight = (reference.alpha + reference.beta + 1) * left - 1
    if weight <= 0:
        return reference
    return Reference(reference.share, reference.share * weight, (1 - reference.share) * weight)


@dataclass(frozen=True, slots=True)
class RateVerdict:
    """What is to be said of one village's count.

    `expected` is the count that the mean share gives, `ratio` events over it (None where nothing
    was expected), `p` the two-sided mid-p, `q` after Benjamini and Hochberg. The verdict is
    "too_few" where fewer were tried than the limits ask for, or even none at all would be no
    surprise.
    """

    events: int
    tried: int
    expected: float
    ratio: float | None
    p: float
    q: float
    verdict: Verdict


def mid_p(events: Counts, tried: Counts, reference: Reference) -> Shares:
    """Return two-sided mid-p values: half of a count's own probability belongs to each tail."""
    low, high = _mid_tails(events, tried, reference)
    return np.asarray(np.minimum(1.0, 2 * np.minimum(low, high)), np.float64)


def _mid_tails(events: Counts, tried: Counts, reference: Reference) -> tuple[Shares, Shares]:
    """Return P(X < events) and P(X > events), each with half of P(X = events)."""
    low, high = np.empty(len(events)), np.empty(len(events))
    for place, (count, of) in enumerate(zip(events.tolist(), tried.tolist(), strict=True)):
        told = reference.chances(of)
        half = float(told[count]) / 2
        low[place] = tails.below(told, count) + half
        high[place] = tails.above(told, count) + half
    return low, high


def reference_of(events: Counts, tried: Counts, trimmed: float = USUAL_LIMITS.trimmed) -> Reference:
    """Return the reference that the villages themselves give, their extremes set aside.

    Moment estimate of the beta-binomial over what is left after `trimmed` of the villages at
    each end, ordered by their mid-p under one common share. Villages that tried nobody are left
    out. Raises ValueError when nobody was tried anywhere.
    """
    is_tried = tried > 0
    events, tried = events[is_tried], tried[is_tried]
    if not len(tried):
        raise ValueError("nobody was tried anywhere")
    common = float(events.sum() / tried.sum())
    kept = _without_extremes(events, tried, common, trimmed)
    events, tried = events[kept], tried[kept]
    mean = float(events.sum() / tried.sum())
    shares = events / tried
    spread = float((tried * (shares - mean) ** 2).sum() / tried.sum())
    variance = spread - mean * (1 - mean) / float(tried.mean())
    if variance <= _LEAST_VARIANCE:
        return Reference(common)
    weight = mean * (1 - mean) / variance - 1
    if weight <= 0:  # All or nothing everywhere: no beta has so much spread.
        return Reference(common)
    return Reference(mean, mean * weight, (1 - mean) * weight)


def _without_extremes(
    events: Counts, tried: Counts, share: float, trimmed: float
) -> NDArray[np.intp]:
    place, _ = _mid_tails(events, tried, Reference(share))
    order = np.lexsort((tried, events, place))
    # One at least, where that leaves most of them: of thirty villages one may be the outlier.
    cut = math.ceil(len(order) * trimmed) if len(order) >= FEWEST_TRIMMED else 0
    return order[cut : len(order) - cut]


def verdicts(
    events: Sequence[int], tried: Sequence[int], limits: Limits = USUAL_LIMITS
) -> list[RateVerdict]:
    """Return what is to be said of each village, in the order given, all of one indicator."""
    found, asked = np.asarray(events, np.int64), np.asarray(tried, np.int64)
    if not asked.any():
        return [RateVerdict(0, 0, 0.0, None, 1.0, 1.0, "too_few") for _ in events]
    return held_against(reference_of(found, asked, limits.trimmed), found, asked, limits)


def held_against(
    reference: Reference, events: Counts, tried: Counts, limits: Limits = USUAL_LIMITS
) -> list[RateVerdict]:
    """Return what is to be said of each village by a reference that is known."""
    ps = np.where(tried > 0, mid_p(events, tried, reference), 1.0)
    qs = np.ones(len(ps))
    qs[tried > 0] = discovery_rates(ps[tried > 0])
    none = mid_p(np.zeros_like(tried), tried, reference)
    return [
        _verdict(int(one), int(of), reference.share, (float(p), float(q), float(of_none)), limits)
        for one, of, p, q, of_none in zip(events, tried, ps, qs, none, strict=True)
    ]


def discovery_rates(ps: Shares) -> Shares:
    """Return the q of each p: the smallest false discovery rate at which it is rejected.

    Benjamini and Hochberg 1995.
    """
    order = np.argsort(-ps, kind="stable")
    ranks = np.arange(len(ps), 0, -1)
    qs = np.empty(len(ps))
    qs[order] = np.minimum(1.0, np.minimum.accumulate(ps[order] * len(ps) / ranks))
    return qs


def _verdict(
    events: int, tried: int, share: float, told: tuple[float, float, float], limits: Limits
) -> RateVerdict:
    p, q, of_none = told
    expected = tried * share
    ratio = events / expected if expected else None
    is_worth_a_journey = ratio is not None and (
        ratio >= limits.smallest_ratio or ratio <= 1 / limits.smallest_ratio
    )
    verdict: Verdict = "usual"
    if tried < limits.fewest:
        verdict = "too_few"
    elif is_worth_a_journey and q <= limits.watch_q:
        verdict = "unusual" if q <= limits.q else "watch"
    elif of_none > limits.q:
        verdict = "too_few"
    return RateVerdict(events, tried, expected, ratio, p, q, verdict)
