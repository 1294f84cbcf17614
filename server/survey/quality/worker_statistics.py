"""Do one worker's readings and times differ from what is usual? Pure functions on counts.

Each returns a verdict and the figures it rests on, so that a page can show both. "flag" is a
reason to talk with somebody, never proof; "too_few" where nothing can be said.

scipy takes 1.6 s and 150 MB to import: it is loaded at the first use, by the process that runs
checks, never by one that answers requests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.float64]
Verdict = Literal["flag", "usual", "too_few"]

# Below this number of readings digits are shown and not judged: thirty would miss half of those
# who round three readings in ten.
DIGITS_LEAST = 50
DIGITS_P = 0.001
# Cramér's V: with thousands of readings p alone would call a trifle worth a talk.
DIGITS_V = 0.2
REPEATS_LEAST = 30
INTERVIEWS_LEAST = 10
UNUSUAL_Q = 0.05
SMALLEST_RATIO = 2.0
# Two interviews that overlap are one slip of the thumb.
FEWEST_EVENTS = 3
# Of thousands of readings one in a hundred may stand apart from chance and still be no matter.
SMALLEST_SHARE = 0.05
FAST_RATIO = 0.5


@cache
def _stats() -> Any:
    return import_module("scipy.stats")


@dataclass(frozen=True, slots=True)
class DigitVerdict:
    """How often each last digit stands, from 0 to 9, and how far that is from evenly.

    `expected` is what each digit that the device can show would have. `p` is of the chi-square
    test, `v` Cramér's V: 0 for evenly, 1 for one digit only.
    """

    counts: tuple[int, ...]
    is_even_only: bool
    expected: float
    p: float
    v: float
    verdict: Verdict


def digits(counts: Sequence[int]) -> DigitVerdict:
    """Judge how often readings end in 0, 1, … 9 (ten counts) against evenly.

    Where all end in even digits and each of the five stands, the device has marks for even numbers
    only, as a mercury column: these five are held against each other.
    """
    odd, even = counts[1::2], counts[::2]
    is_even_only = not any(odd) and all(even)
    cells = even if is_even_only else counts
    n = sum(counts)
    expected = n / len(cells)
    if not n:
        return DigitVerdict(tuple(counts), False, 0.0, 1.0, 0.0, "too_few")
    found = _stats().chisquare(np.asarray(cells, np.float64))
    p, v = float(found.pvalue), math.sqrt(float(found.statistic) / (n * (len(cells) - 1)))
    verdict: Verdict = "too_few"
    if n >= DIGITS_LEAST:
        verdict = "flag" if p < DIGITS_P and v >= DIGITS_V else "usual"
    return DigitVerdict(tuple(counts), is_even_only, expected, p, v, verdict)


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


def shares(several: Sequence[Share], least: int) -> list[ShareVerdict]:
    """Judge the workers' shares, all of one indicator, in the order given.

    One-sided exact binomial: of all events, the worker's and the colleagues', so many would fall
    to the worker by the numbers tried (Przyborowski and Wilenski 1940). So it is allowed for that
    the colleagues' share is known from counts, too. Times what was `looked_at`. Worth a talk at
    q <= UNUSUAL_Q among those with `least` tried on both sides, with FEWEST_EVENTS, at least
    SMALLEST_RATIO times the expected and SMALLEST_SHARE of all tried.
    """
    is_judged = [one.tried >= least and one.colleague_tried >= least for one in several]
    ps = [_p(one) if yes else 1.0 for one, yes in zip(several, is_judged, strict=True)]
    judged = [p for p, yes in zip(ps, is_judged, strict=True) if yes]
    adjusted = iter(_stats().false_discovery_control(judged) if judged else ())
    qs = [float(next(adjusted)) if yes else 1.0 for yes in is_judged]
    return [
        _share_verdict(one, p, q, yes)
        for one, p, q, yes in zip(several, ps, qs, is_judged, strict=True)
    ]


def _p(one: Share) -> float:
    events = one.events + one.colleague_events
    falls_here = one.tried / (one.tried + one.colleague_tried)
    return min(1.0, float(_stats().binom.sf(one.events - 1, events, falls_here)) * one.looked_at)


def _share_verdict(one: Share, p: float, q: float, is_judged: bool) -> ShareVerdict:
    if not is_judged:
        return ShareVerdict(one.expected, p, q, "too_few")
    least = max(FEWEST_EVENTS, SMALLEST_RATIO * one.expected, SMALLEST_SHARE * one.tried)
    is_flag = q <= UNUSUAL_Q and one.events >= least
    return ShareVerdict(one.expected, p, q, "flag" if is_flag else "usual")


@dataclass(frozen=True, slots=True)
class SpeedVerdict:
    """Medians in seconds, the worker's and the colleagues', None where there is none."""

    median_s: float | None
    usual_s: float | None
    verdict: Verdict


def speed(own: Seconds, colleagues: Seconds) -> SpeedVerdict:
    """Judge the durations of a worker's interviews: under FAST_RATIO of the colleagues' median."""
    median = float(np.median(own)) if len(own) else None
    usual = float(np.median(colleagues)) if len(colleagues) else None
    if median is None or usual is None or min(len(own), len(colleagues)) < INTERVIEWS_LEAST:
        return SpeedVerdict(median, usual, "too_few")
    return SpeedVerdict(median, usual, "flag" if median < FAST_RATIO * usual else "usual")


def overlapping(starts: Seconds, ends: Seconds) -> int:
    """Return how many interviews were open while another one was; that they touch is no overlap.

    No interview ends before it starts.
    """
    if len(starts) < 2:
        return 0
    order = np.lexsort((ends, starts))
    starts, ends = starts[order], ends[order]
    into_earlier = starts[1:] < np.maximum.accumulate(ends)[:-1]
    into_later = ends[:-1] > starts[1:]
    is_open = np.zeros(len(starts), np.bool_)
    is_open[1:] |= into_earlier
    is_open[:-1] |= into_later
    return int(is_open.sum())
