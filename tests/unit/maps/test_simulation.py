"""What doorstep promises of unusual villages, kept in simulated counties (bench/simulation.py)."""

from __future__ import annotations

import pytest

from bench.simulation import LEAST_FOUND, MOST_FALSE, WAYS, score, shipped


def test_few_villages_are_called_unusual_by_chance_and_four_times_the_rate_is_found() -> None:
    told = score(shipped, differences=0.3, times=4.0, runs=120)

    assert told.false <= MOST_FALSE
    assert told.found >= LEAST_FOUND


def test_where_villages_do_not_differ_hardly_any_alarm_is_false() -> None:
    told = score(shipped, differences=0.0, times=4.0, runs=60)

    assert told.false <= 0.15
    assert told.found >= 0.9


@pytest.mark.parametrize("way", ["binomial + BH 0.05", "Tukey 1.5 IQR on percentages"])
def test_the_ways_not_taken_raise_many_times_more_false_alarms(way: str) -> None:
    assert score(WAYS[way], differences=0.3, times=3.0, runs=20).false > 3
