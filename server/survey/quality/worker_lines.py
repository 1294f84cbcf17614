"""What a check says of one worker, before it is written down; and who the colleagues are."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

DIGITS, REPEATS, SPEED, OVERLAPS, PACE = "digits", "repeats", "speed", "overlaps", "pace"
SHARE, LEVEL, CLUSTERING = "share", "level", "clustering"
ALIKE, SKIPPED, GAPS, STALE = "alike", "skipped", "gaps", "stale"
CHECKS = (
    DIGITS, REPEATS, SPEED, OVERLAPS, PACE, SHARE, LEVEL, CLUSTERING, ALIKE, SKIPPED, GAPS, STALE,
)  # fmt: skip

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Line:
    """What one check says of one worker (`phone_id`) or, for None, of all in a township.

    `inputs` stands for the worker's own readings or times: what somebody closed stays closed while
    it is the same.
    """

    check: str
    indicator: str
    township: str
    phone_id: int | None
    figures: Mapping[str, Any]
    verdict: str
    inputs: str

    def row(self, configuration: str) -> dict[str, Any]:
        """Return the columns of tables.Signal; `configuration` stands for all thresholds."""
        return {
            "check": self.check,
            "subject": self.township if self.phone_id is None else str(self.phone_id),
            "indicator": self.indicator,
            "family": "worker",
            "village_code": "",
            "township_code": self.township,
            "phone_id": self.phone_id,
            "submission_id": None,
            "figures": dict(self.figures),
            "verdict": self.verdict,
            "inputs": self.inputs,
            "compared": configuration,
        }


def inputs_of(*told: Any) -> str:
    """Return a short text that is the same while all of these are."""
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def by_township(
    of: Mapping[int, Thing], township: Mapping[int, str]
) -> dict[str, dict[int, Thing]]:
    """Return what is told of phones by their township, in order."""
    found: dict[str, dict[int, Thing]] = defaultdict(dict)
    for phone_id in sorted(of):
        found[township[phone_id]][phone_id] = of[phone_id]
    return dict(sorted(found.items()))
