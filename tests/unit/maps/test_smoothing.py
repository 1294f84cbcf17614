"""Smoothed rates and how alike neighbours are: North Carolina, against published values."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.rates import Reference, held_against
from maps.smoothing import (
    alikeness,
    locally_smoothed,
    mean_and_variance,
    morans_i,
    nearest,
    smoothed,
)

ORACLES = Path(__file__).parents[2] / "samples" / "oracles"


def rows(name: str) -> list[dict[str, str]]:
    with (ORACLES / f"{name}.csv").open(encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


EXPECTED = {row["quantity"]: row for row in rows("nc_sids_expected")}
# In the order of the file: that of the published values.
COUNTIES = rows("nc_sids")
BIRTHS = [int(row["births_74_78"]) for row in COUNTIES]
DEATHS = [int(row["sids_74_78"]) for row in COUNTIES]
PLACE = {row["fips"]: place for place, row in enumerate(COUNTIES)}


def expected(quantity: str) -> object:
    """Return what a figure is to be, with the tolerance of its row."""
    row = EXPECTED[quantity]
    return pytest.approx(float(row["value"]), abs=float(row["abs_tolerance"]))


def neighbours() -> list[list[int]]:
    beside: list[list[int]] = [[] for _ in COUNTIES]
    for row in rows("nc_sids_adjacency"):
        here, there = PLACE[row["fips_a"]], PLACE[row["fips_b"]]
        beside[here].append(there)
        beside[there].append(here)
    return beside


def test_north_carolina_has_its_hundred_counties_and_231_borders() -> None:
    assert len(COUNTIES) == 100
    assert sum(map(len, neighbours())) == 2 * 231


def test_the_mean_rate_and_the_variance_between_counties() -> None:
    mean, between = mean_and_variance(np.asarray(DEATHS, float), np.asarray(BIRTHS, float))

    assert mean == expected("overall_rate_74_78")
    assert between == expected("eb_marshall_prior_variance_74_78")


def test_times_the_usual_are_the_published_excess_risks() -> None:
    mean = sum(DEATHS) / sum(BIRTHS)

    told = held_against(Reference(mean), np.asarray(DEATHS), np.asarray(BIRTHS))

    for place in range(5):
        assert told[place].ratio == expected(f"excess_risk_74_78[{place}]")


def test_rates_drawn_to_the_mean_are_the_published_ones() -> None:
    drawn = smoothed(DEATHS, BIRTHS)

    for place in range(5):
        assert drawn[place] == expected(f"eb_marshall_74_78[{place}]")


def test_the_mean_around_each_county_is_the_published_spatial_rate() -> None:
    deaths, births = np.asarray(DEATHS, float), np.asarray(BIRTHS, float)
    beside = neighbours()

    for place in range(5):
        around = [place, *beside[place]]
        mean, _ = mean_and_variance(deaths[around], births[around])
        assert mean == expected(f"spatial_rate_self_plus_neighbours_74_78[{place}]")


def test_a_rate_drawn_to_its_neighbours_lies_between_its_own_and_theirs() -> None:
    deaths, births = np.asarray(DEATHS, float), np.asarray(BIRTHS, float)
    beside = neighbours()

    drawn = locally_smoothed(DEATHS, BIRTHS, beside)

    for place, one in enumerate(drawn):
        around = [place, *beside[place]]
        mean, _ = mean_and_variance(deaths[around], births[around])
        own = DEATHS[place] / BIRTHS[place]
        assert one is not None
        assert min(own, mean) - 1e-12 <= one <= max(own, mean) + 1e-12


def test_morans_i_of_the_rates_is_the_published_one() -> None:
    rates = 1000 * np.asarray(DEATHS, float) / np.asarray(BIRTHS, float)

    found = morans_i(rates, neighbours())

    assert found == expected("moran_I_rate_per_1000_74_78_row_standardised")


def test_morans_i_of_standardised_rates_is_the_published_one() -> None:
    later = [int(row["sids_79_84"]) for row in COUNTIES]
    births = [int(row["births_79_84"]) for row in COUNTIES]

    found = alikeness(later, births, neighbours())

    assert found == expected("moran_I_eb_standardised_79_84_row_standardised")


def test_where_nobody_was_tried_there_is_no_figure() -> None:
    assert smoothed([0, 3, 0], [0, 30, 50])[0] is None
    assert smoothed([0, 0], [0, 0]) == [None, None]
    assert locally_smoothed([0, 3], [0, 30], [[1], [0]])[0] is None


def test_of_what_is_alike_everywhere_nothing_is_said() -> None:
    assert alikeness([0, 0], [10, 10], [[1], [0]]) is None
    assert morans_i(np.ones(3), [[1], [0], [1]]) is None


def test_the_nearest_are_others_in_order_and_ties_go_by_position() -> None:
    assert nearest([(0, 0), (0, 2), (0, -2), (5, 0)], 2) == [[1, 2], [0, 2], [0, 1], [0, 1]]
    assert nearest([(0, 0)], 6) == [[]]


counts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(st.lists(counts, min_size=1, max_size=40))
def test_a_smoothed_rate_lies_between_the_villages_own_and_the_mean(
    several: list[tuple[int, int]],
) -> None:
    events, tried = [one for one, _ in several], [of for _, of in several]
    mean = sum(events) / sum(tried)

    for one, of, drawn in zip(events, tried, smoothed(events, tried), strict=True):
        assert drawn is not None
        assert min(one / of, mean) - 1e-9 <= drawn <= max(one / of, mean) + 1e-9
