"""How far the true share may lie from a counted one: two intervals, from counts alone.

Both hold to the worked examples of Newcombe (Statistics in Medicine 17, 1998, 857-872).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

_STEPS = 60  # Halving 60 times leaves less than 1e-17 of an interval of shares.


def wilson(events: int, tried: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval (1927); 0 to 1 where nothing was tried."""
    if not tried:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = events / tried
    middle = share + z * z / (2 * tried)
    half = z * math.sqrt(share * (1 - share) / tried + z * z / (4 * tried * tried))
    whole = 1 + z * z / tried
    # Rounding must not leave a speck below none, or above all.
    low = 0.0 if events == 0 else (middle - half) / whole
    high = 1.0 if events == tried else (middle + half) / whole
    return low, high


def clopper_pearson(events: int, tried: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval (Clopper and Pearson 1934): never too narrow, often too wide."""
    tail = (1 - level) / 2
    low = 0.0 if events == 0 else _where(lambda share: _at_least(events, tried, share) >= tail)
    high = 1.0
    if events < tried:
        high = _where(lambda share: 1 - _at_least(events + 1, tried, share) <= tail)
    return low, high


def _where(is_reached: Callable[[float], bool]) -> float:
    """Return the share from which on something that grows with the share is reached."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_reached(middle) else (middle, high)
    return high


def _at_least(events: int, tried: int, share: float) -> float:
    """Return the chance of so many events or more."""
    if not 0 < share < 1:
        return float(share >= 1 or events == 0)
    up, down = math.log(share), math.log1p(-share)
    whole = math.lgamma(tried + 1)
    return math.fsum(
        math.exp(
            whole
            - math.lgamma(count + 1)
            - math.lgamma(tried - count + 1)
            + count * up
            + (tried - count) * down
        )
        for count in range(events, tried + 1)
    )
