"""Neighbouring villages that stand out together: Kulldorff's circular scan, Poisson model.

Each village with its nearest neighbours, ever more of them, is a window; the window whose cases
exceed the expected by the largest likelihood ratio is held against what chance alone gives. Where
villages are known to differ for real, chance is asked to differ as much: else nearly every county
has "clusters" of one village.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# As many replications at once as keep the rows of all windows within some 20 MB.
_PIECE = 20
# Nobody goes to more groups than these for one indicator.
_LOOKED_AT = 5

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Search:
    """How clusters are looked for.

    Windows hold at least `fewest_villages` and `fewest_cases`, and at most the share `largest` of
    all people: a larger one would be half the county and tell nobody where to go. `alpha` and
    `beta` say how far villages differ for real (rates.Reference); None for Kulldorff's own model,
    where they do not. With `worst_p` only clusters as unlikely as that are returned, and the
    replications end as soon as there can be none.
    """

    seed: int
    largest: float = 0.10
    fewest_villages: int = 1
    fewest_cases: int = 2
    replications: int = 999
    alpha: float | None = None
    beta: float | None = None
    worst_p: float | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """Villages (their positions, in order) with more cases together than their people explain.

    `llr` is the log likelihood ratio, `p` its Monte Carlo p-value, `relative_risk` inside over
    outside.
    """

    members: tuple[int, ...]
    cases: int
    expected: float
    llr: float
    relative_risk: float
    p: float


def log_likelihood_ratio(cases: float, expected: float, total: float) -> float:
    """Return the log likelihood ratio of a window with more cases than expected, else 0."""
    if cases <= expected:
        return 0.0
    outside = total - cases
    inside = cases * np.log(cases / expected)
    rest = outside * np.log(outside / (total - expected)) if outside else 0.0
    return float(inside + rest)


def relative_risk(cases: float, expected: float, total: float) -> float:
    """Return the risk inside a window over that outside; infinite when no case is outside."""
    outside = total - cases
    return float("inf") if not outside else (cases / expected) / (outside / (total - expected))


def clusters(
    cases: Sequence[int],
    people: Sequence[float],
    places: Sequence[tuple[float, float]],
    search: Search,
) -> list[Cluster]:
    """Return the clusters of high rates, best first, none overlapping a better one.

    `places` are plane coordinates in any unit; ties in distance go by position. The same seed gives
    the same p-values.
    """
    counted, inhabitants = np.asarray(cases, np.int64), np.asarray(people, np.float64)
    total = int(counted.sum())
    if total < search.fewest_cases or inhabitants.sum() <= 0:
        return []
    windows = _Windows(np.asarray(places, np.float64), inhabitants, total, search)
    candidates = windows.best(counted, None if search.worst_p is None else _LOOKED_AT)
    if not candidates:
        return []
    ratios = [ratio for _, ratio in candidates]
    by_chance = _largest_by_chance(windows, inhabitants, ratios, search)
    if by_chance is None:
        return []
    found = []
    for window, ratio in candidates:
        p = _p(int((by_chance >= ratio).sum()), len(by_chance))
        if search.worst_p is None or p <= search.worst_p:
            found.append(_cluster(windows, window, ratio, counted, p))
    return found


def _cluster(windows: _Windows, window: int, ratio: float, cases: Whole, p: float) -> Cluster:
    members = windows.members(window)
    inside, expected = int(cases[list(members)].sum()), float(windows.expected[window])
    risk = relative_risk(inside, expected, windows.total)
    return Cluster(members, inside, expected, ratio, risk, p)


class _Windows:
    """All windows: for each village the nested sets of its nearest, up to a share of the people."""

    def __init__(self, places: Floats, people: Floats, total: int, search: Search) -> None:
        expected = people / people.sum() * total
        self.total, self.fewest = total, search.fewest_cases
        self.first = search.fewest_villages - 1
        self.orders: list[NDArray[np.intp]] = []
        self.starts: list[int] = []
        sums: list[Floats] = []
        start = 0
        for here in places:
            apart = ((places - here) ** 2).sum(axis=1)
            order = np.argsort(apart, kind="stable")
            reached = expected[order].cumsum()
            size = int(np.searchsorted(reached, search.largest * total, side="right"))
            if size <= self.first:
                size = 0
            self.orders.append(order[:size])
            self.starts.append(start)
            sums.append(reached[self.first : size])
            start += max(size - self.first, 0)
        self.expected = np.concatenate(sums) if sums else np.empty(0)
        # A window of villages that tried nobody holds no case either.
        self._log_inside = np.log(np.maximum(self.expected, 1e-300))
        self._log_outside = np.log(total - self.expected)
        self._logs = np.zeros(total + 1)  # k log k, for every count there can be.
        self._logs[1:] = np.arange(1, total + 1) * np.log(np.arange(1, total + 1))

    def sums(self, cases: Whole) -> NDArray[np.int32]:
        """Return the cases in each window, a row for each row of `cases`."""
        small = cases.astype(np.int32)
        several = [
            small[:, order].cumsum(axis=1, dtype=np.int32)[:, self.first :]
            for order in self.orders
            if len(order)
        ]
        return np.concatenate(several, axis=1) if several else np.empty((len(cases), 0), np.int32)

    def ratios(self, inside: NDArray[Any], windows: NDArray[Any]) -> Floats:
        """Return the log likelihood ratio of some windows with so many cases inside."""
        outside = self.total - inside
        ratios: Floats = self._logs[inside]
        ratios += self._logs[outside]
        ratios -= inside * self._log_inside[windows]
        ratios -= outside * self._log_outside[windows]
        ratios[(inside <= self.expected[windows]) | (inside < self.fewest)] = 0
        return ratios

    def best(self, cases: Whole, most: int | None) -> list[tuple[int, float]]:
        """Return at most so many windows with their ratios, best first, none overlapping."""
        ratios = self.ratios(self.sums(cases[None, :])[0], np.arange(len(self.expected)))
        taken: set[int] = set()
        found: list[tuple[int, float]] = []
        for window in np.argsort(-ratios, kind="stable").tolist():
            if ratios[window] <= 0 or len(found) == most:
                break
            members = self.members(window)
            if not taken.intersection(members):
                taken.update(members)
                found.append((window, float(ratios[window])))
        return found

    def fewest_for(self, ratio: float) -> NDArray[np.int32]:
        """Return for each window the fewest cases that reach a ratio; one more than all if none."""
        every = np.arange(len(self.expected))
        low = np.maximum(np.floor(self.expected).astype(np.int64), self.fewest - 1)
        high = np.full(len(self.expected), self.total + 1)
        while np.any(high - low > 1):
            middle = (low + high) // 2
            reaches = self.ratios(np.minimum(middle, self.total), every) >= ratio
            reaches |= high - low <= 1  # Done already: stays as it is.
            high = np.where(reaches & (high - low > 1), middle, high)
            low = np.where(reaches, low, middle)
        return high.astype(np.int32)

    def members(self, window: int) -> tuple[int, ...]:
        """Return the villages of a window, by position."""
        village = int(np.searchsorted(self.starts, window, side="right")) - 1
        while not len(self.orders[village]):
            village -= 1
        size = window - self.starts[village] + 1 + self.first
        return tuple(sorted(self.orders[village][:size].tolist()))


def _largest_by_chance(
    windows: _Windows, people: Floats, ratios: Sequence[float], search: Search
) -> Floats | None:
    """Return the largest ratio of each replication: as many cases, thrown by people alone.

    None when the first of `ratios` can no longer come out at `worst_p`. With it, a largest ratio
    below all of them is told as 0: to know that takes no logarithm.
    """
    chance = np.random.default_rng(search.seed)
    least = 0.0 if search.worst_p is None else ratios[-1]
    fewest = windows.fewest_for(least)
    largest: list[float] = []
    above = 0
    for start in range(0, search.replications, _PIECE):
        several = min(_PIECE, search.replications - start)
        inside = windows.sums(_thrown(chance, people, windows.total, search, several))
        for row in inside:
            at = np.flatnonzero(row >= fewest)
            largest.append(float(windows.ratios(row[at], at).max(initial=0)))
            above += largest[-1] >= ratios[0]
        if search.worst_p is not None and _p(above, search.replications) > search.worst_p:
            return None
    return np.asarray(largest)


def _thrown(
    chance: np.random.Generator, people: Floats, total: int, search: Search, several: int
) -> Whole:
    if search.alpha is None or search.beta is None:
        return chance.multinomial(total, people / people.sum(), size=several)
    shares = people * chance.beta(search.alpha, search.beta, size=(several, len(people)))
    return chance.multinomial(total, shares / shares.sum(axis=1, keepdims=True))


def _p(above: int, replications: int) -> float:
    return (1 + above) / (replications + 1)
