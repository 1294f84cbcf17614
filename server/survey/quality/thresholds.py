"""The numbers that checks go by: the defaults, and what this site chose instead."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from server.tables.tasks import CheckSetting

SEED = 20260101
"""Of everything that draws at random, so that the same inputs give the same outcome."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """One number: its default, and between what it may be chosen."""

    default: float
    lowest: float
    highest: float


# Names are "check.number". Each check's module says where its number comes from.
DEFAULTS: Mapping[str, Threshold] = {
    "rate.q": Threshold(0.05, 0.001, 0.2),
    "rate.smallest_ratio": Threshold(2.0, 1.0, 5.0),
}


def current(connection: Connection | Session) -> dict[str, float]:
    """Return every threshold by name: the site's own choice, else the default."""
    chosen = {name: one.default for name, one in DEFAULTS.items()}
    rows = connection.execute(
        select(CheckSetting.name, CheckSetting.value).order_by(CheckSetting.id)
    )
    for name, value in rows:
        if name in DEFAULTS:
            chosen[name] = DEFAULTS[name].default if value is None else value
    return chosen


def hash_of(chosen: Mapping[str, float]) -> str:
    """Stands for a set of thresholds: the same while they are."""
    return hashlib.sha256(json.dumps(sorted(chosen.items())).encode()).hexdigest()
