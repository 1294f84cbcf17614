"""Which threshold makes a check quieter, and what to try first where it calls for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from server.survey.quality.thresholds import DEFAULTS

# The number of each check that says how far off something must be; the other ones ask for more
# observations, which makes a check blind instead of quiet. True: a larger number is looser.
LOOSER: Mapping[str, tuple[str, bool]] = {
    "rate": ("rate.smallest_ratio", True),
    "cluster": ("cluster.smallest_ratio", True),
    "over_register": ("over_register.share", True),
    "back_check": ("back_check.share", True),
}
# A quarter more, or a quarter less: one can see what it does, and still go back.
_STEP = 1.25


@dataclass(frozen=True, slots=True)
class Proposal:
    """A looser value of one threshold."""

    name: str
    now: float
    then: float


def proposal(check: str, chosen: Mapping[str, float]) -> Proposal | None:
    """Return what to try; None where nothing can be loosened, or is as loose as it gets."""
    name, is_upwards = LOOSER.get(check, ("", True))
    if name not in chosen or name not in DEFAULTS:
        return None
    now, limits = chosen[name], DEFAULTS[name]
    then = min(now * _STEP, limits.highest) if is_upwards else max(now / _STEP, limits.lowest)
    then = float(f"{then:.2g}")
    is_looser = now < then <= limits.highest if is_upwards else limits.lowest <= then < now
    return Proposal(name, now, then) if is_looser else None
