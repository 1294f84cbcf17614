"""Robust deviations and fences, held to the examples of NIST's handbook."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.survey.quality import spread

ORACLES = Path(__file__).parents[3] / "samples" / "oracles"


def column(name: str) -> spread.Numbers:
    with (ORACLES / name).open(newline="") as file:
        return np.array([float(row["value"]) for row in csv.DictReader(file)])


def expected(dataset: str) -> dict[str, tuple[float, float]]:
    with (ORACLES / "nist_expected.csv").open(newline="") as file:
        return {
            row["quantity"]: (float(row["value"]), float(row["abs_tolerance"]))
            for row in csv.DictReader(file)
            if row["dataset"] == dataset
        }


def is_near(told: float, oracle: tuple[float, float]) -> bool:
    return abs(told - oracle[0]) <= oracle[1]


def test_the_uranium_of_the_handbook_has_its_outlier() -> None:
    values = column("nist_uranium_8.csv")
    oracle = expected("nist_uranium_8")

    middle = float(np.median(values))

    assert is_near(middle, oracle["median"])
    assert is_near(float(np.median(np.abs(values - middle))), oracle["mad"])
    assert is_near(float(spread.modified_z(values).max()), oracle["modified_z_of_245.57"])


def test_the_fences_of_the_handbook_come_out_by_its_rule() -> None:
    values = column("nist_boxplot_90.csv")
    oracle = expected("nist_boxplot_90")

    inner = spread.fences(values, 1.5, "weibull")
    outer = spread.fences(values, 3.0, "weibull")

    assert is_near(inner[0], oracle["lower_inner_fence"])
    assert is_near(inner[1], oracle["upper_inner_fence"])
    assert is_near(outer[0], oracle["lower_outer_fence"])
    assert is_near(outer[1], oracle["upper_outer_fence"])
    assert values[(values < inner[0]) | (values > inner[1])].tolist() == [1441]


def test_the_default_rule_is_that_of_other_programs() -> None:
    # R: quantile(1:8, c(.25, .75)) gives 2.75 and 6.25.
    assert spread.fences(np.arange(1.0, 9.0), 1.0) == (2.75 - 3.5, 6.25 + 3.5)


@pytest.mark.parametrize("values", [range(1, 10), [*range(1, 9), 100]])
def test_one_wild_value_does_not_widen_the_spread(values: Sequence[int]) -> None:
    # methods of the survey: MAD(1..9) = 2, and MAD(1..8, 100) the same.
    told = np.array(values, np.float64)

    assert spread.modified_z(told)[0] == pytest.approx(0.6745 * (1 - 5) / 2)


def test_where_more_than_half_are_equal_the_mean_deviation_serves() -> None:
    values = np.array([5.0] * 9 + [15.0])

    z = spread.modified_z(values)

    assert z[-1] == pytest.approx(10 / (1.253314 * 1.0))
    assert z[0] == 0


def test_equal_values_and_none_are_never_apart() -> None:
    assert not spread.modified_z(np.full(30, 7.0)).any()
    assert not spread.is_apart(np.full(30, 7.0), 3.5, 3.0).any()
    assert not len(spread.modified_z(np.zeros(0)))


def test_each_number_changes_what_is_apart() -> None:
    values = np.array([*range(20), 40.0])

    assert spread.is_apart(values, 1.5, 1.5).tolist() == [False] * 20 + [True]
    assert not spread.is_apart(values, 6.0, 1.5).any()
    assert not spread.is_apart(values, 1.5, 3.0).any()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.floats(-1e3, 1e3))
def test_where_all_lie_does_not_matter(values: list[float], shift: float) -> None:
    told = np.round(np.array(values), 3)

    here, there = spread.modified_z(told), spread.modified_z(told + round(shift, 3))

    assert np.allclose(here, there, rtol=1e-3, atol=1e-3) or np.ptp(told) < 1e-3


def test_what_stretches_to_the_right_is_compared_as_logarithms() -> None:
    even = np.linspace(1, 100, 200)

    assert spread.is_right_skewed(np.exp(np.linspace(0, 5, 200)))
    assert not spread.is_right_skewed(even)
    assert not spread.is_right_skewed(-even)
