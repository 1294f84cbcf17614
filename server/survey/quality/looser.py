"""Which threshold makes a check quieter, and what to try first where it calls for nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from server.survey.quality.thresholds import DEFAULTS

# The number of each check that says how far off something must be; the other ones ask for more
# observations, which makes a check blind instead of quiet. True: a larger number is looser.
LOOSER: Mapping[str, tuple[str, bool]] = {
    "reading": ("reading.z", True),
    "duration": ("duration.z", True),
    "clock": ("clock.jump_minutes", True),
    "position": ("position.farthest_m", True),
    "heap": ("heap.households", True),
    "same_answers": ("same_answers.share", True),
    "unanswered": ("unanswered.floor", True),
    "stray_code": ("stray_code.fence", True),
    "digits": ("digits.v", True),
    "speed": ("speed.ratio", False),
    "level": ("level.smallest_difference", True),
    "clustering": ("clustering.icc", True),
    "stale": ("stale.fewest", True),
    "back_check": ("back_check.share", True),
    "over_register": ("over_register.share", True),
    **{
        check: (f"{check}.smallest_ratio", True)
        for check in (
            *("repeats", "overlaps", "pace", "share", "alike", "skipped", "gaps"),
            *("rate", "cluster"),
        )
    },
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
    now, limits = float(chosen[name]), DEFAULTS[name]
    then = min(now * _STEP, limits.highest) if is_upwards else max(now / _STEP, limits.lowest)
    then = math.ceil(then) if is_upwards and now.is_integer() and now >= 3 else then
    then = float(f"{then:.2g}")
    is_looser = now < then <= limits.highest if is_upwards else limits.lowest <= then < now
    return Proposal(name, now, then) if is_looser else None
