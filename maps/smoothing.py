"""Rates for a map: drawn towards the mean, or towards the neighbours', the more the fewer people.

A village of 12 with 3 found is no darker than one of 300 with 60: what is drawn is what is known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Neighbours = Sequence[Sequence[int]]
"""For each village the positions of those beside it."""


def smoothed(events: Sequence[int], tried: Sequence[int]) -> list[float | None]:
    """Return each village's share drawn towards the mean of all, the more the fewer were tried.

    Global empirical Bayes by moments (Marshall 1991). None where nobody was tried: no figure, and
    never the mean.
    """
    found, asked = np.asarray(events, np.float64), np.asarray(tried, np.float64)
    if not asked.any():
        return [None] * len(asked)
    mean, between = mean_and_variance(found, asked)
    return [
        _drawn(one, of, mean, between) if of else None
        for one, of in zip(found.tolist(), asked.tolist(), strict=True)
    ]


def locally_smoothed(
    events: Sequence[int], tried: Sequence[int], neighbours: Neighbours
) -> list[float | None]:
    """Return `smoothed` with a village and its neighbours in place of all."""
    found, asked = np.asarray(events, np.float64), np.asarray(tried, np.float64)
    drawn: list[float | None] = []
    for place, beside in enumerate(neighbours):
        around = [place, *beside]
        if not asked[place]:
            drawn.append(None)
            continue
        mean, between = mean_and_variance(found[around], asked[around])
        drawn.append(_drawn(float(found[place]), float(asked[place]), mean, between))
    return drawn


def mean_and_variance(events: Floats, tried: Floats) -> tuple[float, float]:
    """Return the mean share, and the variance between villages, at least 0 (Marshall 1991)."""
    mean = float(events.sum() / tried.sum())
    shares = np.divide(events, tried, out=np.zeros_like(events), where=tried > 0)
    spread = float((tried * (shares - mean) ** 2).sum() / tried.sum())
    return mean, max(spread - mean / float(tried.mean()), 0.0)


def _drawn(events: float, tried: float, mean: float, between: float) -> float:
    if between == 0:
        return mean
    weight = between / (between + mean / tried)
    return weight * events / tried + (1 - weight) * mean


def alikeness(events: Sequence[int], tried: Sequence[int], neighbours: Neighbours) -> float | None:
    """Return how alike neighbours are: Moran's I of shares allowed for their numbers.

    Near 0 when place tells nothing, towards 1 when neighbours resemble one another. Shares are
    standardised by empirical Bayes first (Assunção and Reis 1999), so that small villages do not
    decide. All are to have tried somebody. None when nobody was found or all are alike.
    """
    found, asked = np.asarray(events, np.float64), np.asarray(tried, np.float64)
    if not found.any():
        return None
    mean = float(found.sum() / asked.sum())
    spread = float((asked * (found / asked - mean) ** 2).sum() / asked.sum())
    between = spread - mean / float(asked.mean())
    variance = between + mean / asked
    # Where so few differ less than chance would have it, chance alone is allowed for.
    variance = np.where(variance > 0, variance, mean / asked)
    return morans_i((found / asked - mean) / np.sqrt(variance), neighbours)


def morans_i(values: Floats, neighbours: Neighbours) -> float | None:
    """Return Moran's I, each village's neighbours weighing one together; None where all are equal.

    Villages without neighbours count among the values and weigh nothing.
    """
    apart = values - values.mean()
    squares = float((apart**2).sum())
    weights = sum(1 for beside in neighbours if beside)
    if not squares or not weights:
        return None
    beside = [float(apart[list(one)].mean()) if one else 0.0 for one in neighbours]
    return len(values) / weights * float((apart * np.asarray(beside)).sum()) / squares


def nearest(places: Sequence[tuple[float, float]], most: int) -> list[list[int]]:
    """Return for each place the positions of the `most` nearest others, nearest first.

    `places` are plane coordinates; ties in distance go by position.
    """
    points = np.asarray(places, np.float64).reshape(-1, 2)
    found = []
    for here, point in enumerate(points):
        apart = ((points - point) ** 2).sum(axis=1)
        apart[here] = np.inf
        order = np.argsort(apart, kind="stable")[: min(most, len(points) - 1)]
        found.append(order.tolist())
    return found
