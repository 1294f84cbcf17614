"""Clusters of neighbouring villages: North Carolina, SaTScan's own figures, and chance."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import numpy as np
import pytest

from maps.scan import Search, clusters, log_likelihood_ratio, relative_risk

ORACLES = Path(__file__).parents[2] / "samples" / "oracles"
SEED = 20260101


def rows(name: str) -> list[dict[str, str]]:
    with (ORACLES / f"{name}.csv").open(encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


EXPECTED = {row["quantity"]: row for row in rows("nc_sids_expected")}


def expected(quantity: str) -> object:
    row = EXPECTED[quantity]
    return pytest.approx(float(row["value"]), abs=float(row["abs_tolerance"]))


def north_carolina() -> tuple[list[int], list[int], list[tuple[float, float]], list[str]]:
    counties = rows("nc_sids")
    deaths = [int(row["sids_74_78"]) + int(row["sids_79_84"]) for row in counties]
    births = [int(row["births_74_78"]) + int(row["births_79_84"]) for row in counties]
    places = [(float(row["east_mi"]), float(row["north_mi"])) for row in counties]
    return deaths, births, places, [row["name"] for row in counties]


def test_the_two_clusters_of_north_carolina_are_found() -> None:
    deaths, births, places, names = north_carolina()
    assert sum(deaths) == expected("scan_total_cases_74_84")
    assert sum(births) == expected("scan_total_births_74_84")

    first, second, *_ = clusters(deaths, births, places, Search(SEED, largest=0.5))

    for one, which in ((first, "top"), (second, "second")):
        quantity = {
            "top": "scan_poisson_high_74_84_max50pct_top_cluster",
            "second": "scan_second_cluster",
        }[which]
        assert "|".join(sorted(names[at] for at in one.members)) == EXPECTED[quantity]["value"]
        assert one.cases == expected(f"scan_{which}_cases")
        assert one.expected == expected(f"scan_{which}_expected")
        assert one.llr == expected(f"scan_{which}_llr")
        assert one.p <= 0.01
    assert sum(births[at] for at in first.members) == expected("scan_top_births")


@pytest.mark.parametrize("row", rows("ny_leukemia_satscan96"), ids=lambda row: row["rank"])
def test_seven_windows_of_new_york_have_satscans_figures(row: dict[str, str]) -> None:
    tracts = {one["tract_no"]: one for one in rows("ny_leukemia")}
    total = sum(int(one["cases_floor"]) for one in tracts.values())
    people = sum(int(one["population_1980"]) for one in tracts.values())
    inside = [tracts[number] for number in row["tract_nos"].split()]
    cases = sum(int(one["cases_floor"]) for one in inside)
    inhabitants = sum(int(one["population_1980"]) for one in inside)
    would_be = inhabitants / people * total

    assert (cases, inhabitants) == (int(row["cases"]), int(row["population"]))
    assert would_be == pytest.approx(float(row["expected"]), abs=0.005)
    assert relative_risk(cases, would_be, total) == pytest.approx(
        float(row["relative_risk"]), abs=0.005
    )
    assert log_likelihood_ratio(cases, would_be, total) == pytest.approx(
        float(row["llr"]), abs=1e-6
    )


def test_new_yorks_largest_window_on_the_ground_is_the_known_one() -> None:
    tracts = rows("ny_leukemia")

    (first, *_) = clusters(
        [int(one["cases_floor"]) for one in tracts],
        [float(one["population_1980"]) for one in tracts],
        [(float(one["x_km"]), float(one["y_km"])) for one in tracts],
        Search(SEED, largest=0.1, replications=19),
    )

    assert (len(first.members), first.cases) == (24, 93)
    assert first.expected == pytest.approx(51.99, abs=0.005)
    assert first.llr == pytest.approx(14.8077, abs=5e-5)


def grid(side: int) -> list[tuple[float, float]]:
    return [(float(at % side), float(at // side)) for at in range(side * side)]


def test_multiplying_all_people_changes_nothing_and_the_seed_decides() -> None:
    deaths, births, places, _ = north_carolina()
    search = Search(SEED, replications=99)

    once = clusters(deaths, births, places, search)
    often = clusters(deaths, [7 * one for one in births], places, search)

    assert [one.members for one in once] == [one.members for one in often]
    assert clusters(deaths, births, places, search) == once


def test_a_county_that_differs_for_real_has_no_clusters_when_chance_may_differ_as_much() -> None:
    chance = np.random.default_rng(5)
    people = chance.integers(40, 400, 144)
    plain = known = 0
    for _ in range(20):
        found = chance.binomial(people, chance.beta(8, 92, 144)).tolist()
        plain += _is_found(found, people.tolist(), None)
        known += _is_found(found, people.tolist(), (8.0, 92.0))

    assert known <= 2 < plain


def _is_found(cases: list[int], people: list[int], spread: tuple[float, float] | None) -> bool:
    alpha, beta = spread or (None, None)
    search = Search(SEED, replications=99, alpha=alpha, beta=beta, worst_p=0.05)
    return any(one.p <= 0.05 for one in clusters(cases, people, grid(12), search))


def test_a_planted_group_is_found_among_villages_that_differ() -> None:
    chance = np.random.default_rng(7)
    people = chance.integers(80, 300, 400)
    shares = chance.beta(8, 92, 400)
    planted = [x + 20 * y for x in (4, 5, 6) for y in (4, 5, 6)]
    shares[planted] *= 2.2
    cases = chance.binomial(people, shares)
    search = Search(SEED, replications=199, alpha=8.0, beta=92.0, worst_p=0.05)

    (first, *_) = clusters(cases.tolist(), people.tolist(), grid(20), search)

    assert first.p <= 0.01
    assert len(set(first.members) & set(planted)) >= 7


def test_nothing_to_find_is_no_fault() -> None:
    assert clusters([], [], [], Search(SEED)) == []
    assert clusters([0, 1], [10, 10], [(0, 0), (1, 1)], Search(SEED)) == []
    assert clusters([3, 0, 2], [0, 0, 0], [(0, 0), (1, 1), (2, 2)], Search(SEED)) == []


def test_a_thousand_villages_take_seconds() -> None:
    chance = np.random.default_rng(3)
    people = chance.integers(50, 2000, 1000)
    cases = chance.binomial(people, 0.08)
    places = [(float(x), float(y)) for x, y in chance.uniform(0, 60, (1000, 2))]

    started = time.monotonic()
    clusters(cases.tolist(), people.tolist(), places, Search(SEED, replications=99))

    # A tenth of the replications of a real run; generous, as machines differ.
    assert time.monotonic() - started < 10
