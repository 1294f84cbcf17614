"""Tests of the handbook that are not ours, held beside ours on its own examples.

Grubbs' and Rosner's tests ask for a normal distribution, three-sigma limits for many observations:
doorstep takes neither. What they say of their examples is what ours are measured by.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from maps.rates import reference_of
from server.survey.quality import spread

ORACLES = Path(__file__).parents[3] / "samples" / "oracles"


def rows(name: str) -> list[dict[str, str]]:
    with (ORACLES / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def values_of(name: str) -> spread.Numbers:
    return np.array([float(row["value"]) for row in rows(name)])


def expected(dataset: str, quantity: str) -> object:
    (row,) = (
        one
        for one in rows("nist_expected")
        if (one["dataset"], one["quantity"]) == (dataset, quantity)
    )
    return pytest.approx(float(row["value"]), abs=float(row["abs_tolerance"]))


def farthest(values: spread.Numbers) -> tuple[float, int]:
    """Return Grubbs' statistic, and whose it is."""
    apart = np.abs(values - values.mean()) / values.std(ddof=1)
    return float(apart.max()), int(apart.argmax())


def test_grubbs_and_the_modified_z_call_the_same_reading_of_uranium_an_outlier() -> None:
    values = values_of("nist_uranium_8")

    statistic, place = farthest(values)

    assert statistic == expected("nist_uranium_8", "grubbs_G")
    assert place == int(np.abs(spread.modified_z(values)).argmax())


def test_rosners_three_outliers_are_those_the_modified_z_calls_so() -> None:
    values = values_of("nist_rosner_54")
    ratios, limits, left = [], [], values
    for removed in range(10):
        count = len(values) - removed
        statistic, place = farthest(left)
        t = stats.t.ppf(1 - 0.05 / (2 * count), count - 2)
        ratios.append(statistic)
        limits.append((count - 1) * t / math.sqrt((count - 2 + t**2) * count))
        left = np.delete(left, place)
    found = max(at for at in range(10) if ratios[at] > limits[at]) + 1

    assert ratios[0] == expected("nist_rosner_54", "esd_R1")
    assert limits[0] == expected("nist_rosner_54", "esd_lambda1")
    assert ratios[2] == expected("nist_rosner_54", "esd_R3")
    assert limits[2] == expected("nist_rosner_54", "esd_lambda3")
    assert found == expected("nist_rosner_54", "esd_outliers_found")
    told = values[np.abs(spread.modified_z(values)) > 3.5]
    assert sorted(told) == sorted(values)[-3:]


def test_three_sigma_limits_of_the_wafers_lie_below_the_exact_ones() -> None:
    wafers = rows("nist_pchart_wafers")
    defective = np.array([int(row["defective"]) for row in wafers])
    tried = np.array([int(row["n"]) for row in wafers])

    reference = reference_of(defective, tried, trimmed=0.0)
    share = defective.sum() / tried.sum()
    width = 3 * math.sqrt(share * (1 - share) / 50)

    assert share == expected("nist_pchart_wafers", "pbar")
    assert share + width == expected("nist_pchart_wafers", "ucl_3sigma")
    assert share - width == expected("nist_pchart_wafers", "lcl_3sigma")
    # At the same tails the counts really reach higher at both ends: they are skewed.
    tail = stats.norm.sf(3)
    plain = type(reference)(share)
    assert plain.limit(50, tail) > share - width
    assert plain.limit(50, 1 - tail) > share + width
