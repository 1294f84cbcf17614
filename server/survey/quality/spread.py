"""Which values stand apart from the others. Pure functions on numbers; no database.

Quantiles are by linear interpolation at (n - 1) * p, as NumPy, pandas and R (type 7) have them.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Rule = Literal["linear", "weibull"]
"""How quantiles are told; NIST's handbook takes the (n + 1) rule, "weibull"."""

# 0.6745 is the 75 % point of the normal distribution: MAD / 0.6745 estimates its deviation.
_MAD_SCALE = 0.6745
# The same for the mean absolute deviation: the square root of pi / 2.
_MEAN_SCALE = 1.253314


def modified_z(values: Numbers, among: Numbers | None = None) -> Numbers:
    """Return how far each value lies from the median, in robust deviations (Iglewicz, Hoaglin).

    From the median of `among`, where that is not all of them. By the median absolute deviation;
    where more than half are equal that is 0, and the mean absolute deviation serves; where all are
    equal, or there are none, every z is 0.
    """
    compared = values if among is None else among
    if not len(compared):
        return np.zeros(len(values))
    middle = float(np.median(compared))
    apart = np.abs(compared - middle)
    away = np.asarray(values - middle, np.float64)
    if mad := float(np.median(apart)):
        return np.asarray(_MAD_SCALE * away / mad, np.float64)
    if mean := float(np.mean(apart)):
        return np.asarray(away / (_MEAN_SCALE * mean), np.float64)
    return np.zeros(len(values))


def fences(values: Numbers, width: float, rule: Rule = "linear") -> tuple[float, float]:
    """Return Tukey's fences: `width` interquartile ranges below and above the quartiles."""
    low, high = (float(one) for one in np.quantile(values, [0.25, 0.75], method=rule))
    return low - width * (high - low), high + width * (high - low)


def is_apart(values: Numbers, z: float, width: float) -> NDArray[np.bool_]:
    """Say of each value whether it is far out by both rules: `z` deviations and the fences.

    Each rule alone calls too many: of measurements that are normally spread the first takes one
    in two thousand, and where more than half are equal the second takes every other. Where the
    quartiles are equal nothing can be said.
    """
    low, high = fences(values, width)
    if not low < high:
        return np.zeros(len(values), np.bool_)
    is_out = (values < low) | (values > high)
    return is_out & (np.abs(modified_z(values)) > z)


def is_right_skewed(values: Numbers) -> bool:
    """Say whether positive values stretch far to the right, so that they compare as logarithms.

    When the upper tenth lies more than twice as far from the median as the lower one.
    """
    if not len(values) or values.min() <= 0:
        return False
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
    return bool(high - middle > 2 * (middle - low))
