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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.survey.quality.worker_shares import Verdict

Numbers = NDArray[np.float64]

# A robust standard deviation of what is normally spread is so many median deviations.
_PER_DEVIATION = 1.4826


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


def digits(
    counts: Sequence[int], *, fewest: float = 50, p: float = 0.001, v: float = 0.2
) -> DigitVerdict:
    """Judge how often readings end in 0, 1, … 9 (ten counts) against evenly (methods W4).

    Where all end in even digits and each of the five stands, the device has marks for even numbers
    only, as a mercury column: these five are held against each other. With thousands of readings
    p alone would call a trifle worth a talk: Cramér's V has to be `v`, too.
    """
    odd, even = counts[1::2], counts[::2]
    is_even_only = not any(odd) and all(even)
    cells = even if is_even_only else counts
    n = sum(counts)
    expected = n / len(cells)
    if not n:
        return DigitVerdict(tuple(counts), False, 0.0, 1.0, 0.0, "too_few")
    found = _stats().chisquare(np.asarray(cells, np.float64))
    chance, apart = float(found.pvalue), math.sqrt(float(found.statistic) / (n * (len(cells) - 1)))
    verdict: Verdict = "too_few"
    if n >= fewest:
        verdict = "flag" if chance < p and apart >= v else "usual"
    return DigitVerdict(tuple(counts), is_even_only, expected, chance, apart, verdict)


@dataclass(frozen=True, slots=True)
class SpeedVerdict:
    """Medians in seconds, the worker's and the colleagues', None where there is none."""

    median_s: float | None
    usual_s: float | None
    verdict: Verdict


def speed(
    own: Numbers, colleagues: Numbers, *, fewest: float = 10, ratio: float = 0.5
) -> SpeedVerdict:
    """Judge how long interviews take: under `ratio` of the colleagues' median (methods W8)."""
    median = float(np.median(own)) if len(own) else None
    usual = float(np.median(colleagues)) if len(colleagues) else None
    if median is None or usual is None or min(len(own), len(colleagues)) < fewest:
        return SpeedVerdict(median, usual, "too_few")
    return SpeedVerdict(median, usual, "flag" if median < ratio * usual else "usual")


def overlapping(starts: Numbers, ends: Numbers) -> int:
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


@dataclass(frozen=True, slots=True)
class MedianVerdict:
    """A worker's median and everybody's; `apart` is their difference in standard deviations.

    `p` is the share of all ways to deal the readings out again with a median as far away.
    """

    median: float
    usual: float
    apart: float
    p: float


def median_among(own: Numbers, everybody: Numbers) -> MedianVerdict:
    """Hold a worker's median against that of all readings, his own included (methods W2).

    The chance is exact: what shuffling the readings among workers without end would come to. Of
    `len(own)` readings drawn from all, the median is at most x where half of them are among the
    readings up to x, and how many are is hypergeometric. The median is the lower middle one.
    """
    values, counts = np.unique(everybody, return_counts=True)
    below = np.cumsum(counts)
    n, total = len(own), int(below[-1])
    middle = (n + 1) // 2
    usual = float(values[np.searchsorted(below, (total + 1) // 2)])
    median = float(np.sort(own)[middle - 1])
    distance = abs(median - usual)
    up_to = _stats().hypergeom.sf(middle - 1, total, below, n)
    exactly = np.diff(up_to, prepend=0.0)
    p = float(exactly[np.abs(values - usual) >= distance - 1e-9].sum()) if distance else 1.0
    spread = _PER_DEVIATION * float(np.median(np.abs(everybody - usual)))
    spread = spread or float(everybody.std()) or 1.0
    return MedianVerdict(median, usual, (median - usual) / spread, min(1.0, max(0.0, p)))


def icc(groups: Sequence[Numbers]) -> float:
    """Return the intraclass correlation ICC(1) of groups of any size (methods W3).

    The part of all differences between readings that is one between groups; one-way analysis of
    variance, as Shrout and Fleiss (1979), with the size corrected where sizes differ.
    """
    sizes = np.array([len(group) for group in groups], np.float64)
    total, several = sizes.sum(), len(groups)
    means = np.array([group.mean() for group in groups])
    whole = float((sizes * means).sum() / total)
    between = float((sizes * (means - whole) ** 2).sum() / (several - 1))
    inside = [float(((group - mean) ** 2).sum()) for group, mean in zip(groups, means, strict=True)]
    within = sum(inside) / (total - several)
    size = (total - float((sizes**2).sum()) / total) / (several - 1)
    below = between + (size - 1) * within
    return float((between - within) / below) if below else 0.0
