"""The numbers that checks go by: the defaults, and what this site chose instead."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from server.survey.quality.checks import CHECKS
from server.tables.tasks import CheckSetting

SEED = 20260101
"""Of everything that draws at random, so that the same inputs give the same outcome."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """One number: its default, and between what it may be chosen."""

    default: float
    lowest: float
    highest: float


# How many a worker and his colleagues must have tried before their shares are compared.
_ONE_WAY = {"repeats": 30, "overlaps": 10, "pace": 10, "alike": 20, "skipped": 30, "gaps": 30}
_FEWEST_TRIED = {**_ONE_WAY, "share": 30}

# Names are "check.number". Each check's module says where its number comes from.
DEFAULTS: Mapping[str, Threshold] = {
    "rate.q": Threshold(0.05, 0.001, 0.2),
    "rate.watch_q": Threshold(0.2, 0.001, 0.5),
    "rate.smallest_ratio": Threshold(2.0, 1.0, 5.0),
    "rate.fewest": Threshold(10, 1, 500),
    "rate.fewest_cases": Threshold(20, 1, 1000),
    "rate.trimmed": Threshold(0.02, 0.0, 0.1),
    "cluster.p": Threshold(0.01, 0.001, 0.1),
    "cluster.smallest_ratio": Threshold(1.5, 1.0, 5.0),
    "cluster.largest": Threshold(0.1, 0.01, 0.5),
    "cluster.fewest_cases": Threshold(2, 2, 100),
    "cluster.replications": Threshold(999, 99, 9999),
    "over_register.share": Threshold(1.05, 1.0, 2.0),
    "over_register.fewest_more": Threshold(3, 1, 50),
    "digits.fewest": Threshold(50, 20, 1000),
    "digits.p": Threshold(0.001, 0.000001, 0.05),
    "digits.v": Threshold(0.2, 0.05, 0.9),
    **{
        f"{check}.{name}": threshold
        for check, fewest in _FEWEST_TRIED.items()
        for name, threshold in {
            "fewest": Threshold(fewest, 5, 1000),
            "q": Threshold(0.05, 0.001, 0.2),
            "smallest_ratio": Threshold(2.0, 1.0, 5.0),
        }.items()
    },
    **{f"{check}.smallest_share": Threshold(0.05, 0.0, 0.5) for check in _ONE_WAY},
    "speed.fewest": Threshold(10, 5, 1000),
    "speed.ratio": Threshold(0.5, 0.1, 0.9),
    "level.fewest": Threshold(30, 10, 1000),
    "level.q": Threshold(0.05, 0.001, 0.2),
    "level.smallest_difference": Threshold(0.5, 0.1, 3.0),
    "clustering.fewest": Threshold(20, 5, 1000),
    "clustering.fewest_workers": Threshold(5, 3, 100),
    "clustering.icc": Threshold(0.1, 0.02, 0.9),
    "stale.fewest": Threshold(5, 1, 100),
    "reading.z": Threshold(3.5, 2.0, 10.0),
    "reading.fence": Threshold(3.0, 1.5, 10.0),
    "reading.fewest": Threshold(20, 10, 1000),
    "duration.z": Threshold(3.5, 2.0, 10.0),
    "duration.floor": Threshold(0.3, 0.0, 0.9),
    "duration.fewest": Threshold(20, 10, 1000),
    "duration.shortest_s": Threshold(60, 0, 900),
    "clock.first_hour": Threshold(6, 0, 12),
    "clock.last_hour": Threshold(22, 13, 24),
    "clock.jump_minutes": Threshold(10, 1, 1440),
    "position.farthest_m": Threshold(3000, 200, 20_000),
    "position.outside_m": Threshold(500, 0, 20_000),
    "heap.within_m": Threshold(20, 1, 200),
    "heap.households": Threshold(5, 3, 100),
    "heap.minutes": Threshold(60, 0, 1440),
    "same_answers.share": Threshold(0.95, 0.7, 1.0),
    "same_answers.fewest_answers": Threshold(30, 10, 500),
    "same_answers.fewest_records": Threshold(30, 10, 1000),
    "same_answers.z": Threshold(3.5, 2.0, 10.0),
    "same_answers.top": Threshold(0.01, 0.001, 0.1),
    "unanswered.z": Threshold(3.5, 2.0, 10.0),
    "unanswered.floor": Threshold(0.2, 0.05, 0.9),
    "unanswered.fewest_asked": Threshold(10, 5, 200),
    "unanswered.fewest": Threshold(20, 10, 1000),
    "stray_code.times": Threshold(3, 2, 100),
    "stray_code.fence": Threshold(3.0, 1.5, 10.0),
    # Whether it is asked at all: 0 says that this site wants to hear nothing of it.
    **{f"{name}.on": Threshold(1, 0, 1) for name in CHECKS},
    "back_check.least": Threshold(10, 5, 100),
    "back_check.share": Threshold(0.1, 0.02, 0.5),
    # Within how many days of its notice somebody should have looked (survey.tasks).
    **{f"{one.name}.due_days": Threshold(one.due_days, 1, 90) for one in CHECKS.values()},
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


def off(chosen: Mapping[str, float]) -> set[str]:
    """Return the checks that this site switched off."""
    return {name for name in CHECKS if not chosen[f"{name}.on"]}


def of_check(chosen: Mapping[str, float], check: str) -> dict[str, float]:
    """Return the thresholds of one check, by their full names."""
    return {name: value for name, value in chosen.items() if name.startswith(f"{check}.")}


def hash_of(chosen: Mapping[str, float]) -> str:
    """Stands for a set of thresholds: the same while they are."""
    return hashlib.sha256(json.dumps(sorted(chosen.items())).encode()).hexdigest()
