"""Neighbouring villages that stand out together: Kulldorff's circular scan, Poisson model.

Each village with its nearest neighbours, ever more of them, is a window; the window whose cases
exceed the expected by the largest likelihood ratio is held against what chance alone gives. Where
villages are known to differ for real, chance is asked to differ as much: else nearly every county
has "clusters" of one village.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# As many replications at once as keep the rows of all windows within some 20 MB.
_PIECE = 20

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Search:
    """How clusters are looked for.

    Windows hold at most the share `largest` of all people (a larger one would be half the county
    and tell nobody where to go) and at least `fewest_cases`. `alpha` and `beta` say how far
    villages differ for real (rates.Reference); None for Kulldorff's own model, where they do not.
    With `worst_p` the replications end as soon as no cluster can come out that low any more, and
    nothing is returned then: for who wants no others.
    """

    seed: int
    largest: float = 0.10
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
    ratios = windows.ratios(counted[None, :])[0]
    by_chance = _largest_by_chance(windows, inhabitants, float(ratios.max(initial=0)), search)
    return [] if by_chance is None else _best(windows, counted, ratios, by_chance)


class _Windows:
    """All windows: for each village the nested sets of its nearest, up to a share of the people."""

    def __init__(self, places: Floats, people: Floats, total: int, search: Search) -> None:
        expected = people / people.sum() * total
        self.total, self.fewest = total, search.fewest_cases
        self.orders: list[NDArray[np.intp]] = []
        self.starts: list[int] = []
        sums: list[Floats] = []
        start = 0
        for here in places:
            apart = ((places - here) ** 2).sum(axis=1)
            order = np.argsort(apart, kind="stable")
            reached = expected[order].cumsum()
            size = int(np.searchsorted(reached, search.largest * total, side="right"))
            self.orders.append(order[:size])
            self.starts.append(start)
            sums.append(reached[:size])
            start += size
        self.expected = np.concatenate(sums) if sums else np.empty(0)
        # A window of villages that tried nobody holds no case either.
        known = np.maximum(self.expected, 1e-300)
        self._log_inside = np.log(known)
        self._log_outside = np.log(total - self.expected)
        self._logs = np.zeros(total + 1)  # k log k, for every count there can be.
        self._logs[1:] = np.arange(1, total + 1) * np.log(np.arange(1, total + 1))

    def ratios(self, cases: Whole) -> Floats:
        """Return the log likelihood ratio of each window, a row for each row of `cases`."""
        inside = np.concatenate([cases[:, order].cumsum(axis=1) for order in self.orders], axis=1)
        outside = self.total - inside
        ratios: Floats = self._logs[inside]
        ratios += self._logs[outside]
        ratios -= inside * self._log_inside
        ratios -= outside * self._log_outside
        ratios[(inside <= self.expected) | (inside < self.fewest)] = 0
        return ratios

    def members(self, window: int) -> tuple[int, ...]:
        """Return the villages of a window, by position."""
        village = int(np.searchsorted(self.starts, window, side="right")) - 1
        while not len(self.orders[village]):
            village -= 1
        size = window - self.starts[village] + 1
        return tuple(sorted(self.orders[village][:size].tolist()))


def _largest_by_chance(
    windows: _Windows, people: Floats, found: float, search: Search
) -> Floats | None:
    """Return the largest ratio of each replication: as many cases, thrown by people alone.

    None when `found` can no longer come out at `worst_p`.
    """
    chance = np.random.default_rng(search.seed)
    largest: list[Floats] = []
    above = 0
    for start in range(0, search.replications, _PIECE):
        several = min(_PIECE, search.replications - start)
        thrown = _thrown(chance, people, windows.total, search, several)
        largest.append(windows.ratios(thrown).max(axis=1, initial=0))
        above += int((largest[-1] >= found).sum())
        if search.worst_p is not None and _p(above, search.replications) > search.worst_p:
            return None
    return np.concatenate(largest) if largest else np.empty(0)


def _thrown(
    chance: np.random.Generator, people: Floats, total: int, search: Search, several: int
) -> Whole:
    if search.alpha is None or search.beta is None:
        return chance.multinomial(total, people / people.sum(), size=several)
    shares = people * chance.beta(search.alpha, search.beta, size=(several, len(people)))
    return chance.multinomial(total, shares / shares.sum(axis=1, keepdims=True))


def _p(above: int, replications: int) -> float:
    return (1 + above) / (replications + 1)


def _best(windows: _Windows, cases: Whole, ratios: Floats, by_chance: Floats) -> list[Cluster]:
    taken: set[int] = set()
    found = []
    for window in np.argsort(-ratios, kind="stable").tolist():
        ratio = float(ratios[window])
        if ratio <= 0:
            break
        members = windows.members(window)
        if taken.intersection(members):
            continue
        taken.update(members)
        inside, expected = int(cases[list(members)].sum()), float(windows.expected[window])
        p = _p(int((by_chance >= ratio).sum()), len(by_chance))
        risk = relative_risk(inside, expected, windows.total)
        found.append(Cluster(members, inside, expected, ratio, risk, p))
    return found
