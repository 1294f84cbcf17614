"""Tails of counts: against exact rational arithmetic, and against scipy."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from maps.rates import Reference, mid_p
from maps.tails import above, below, chances, interpolated

ORACLES = Path(__file__).parents[2] / "samples" / "oracles"
# Twelve digits are printed.
EXACT = 2e-12


def oracle(name: str) -> list[dict[str, float]]:
    with (ORACLES / f"{name}.csv").open(encoding="utf-8") as opened:
        return [{key: float(text) for key, text in row.items()} for row in csv.DictReader(opened)]


def check_tails(row: dict[str, float], reference: Reference) -> None:
    events, tried = int(row["events"]), int(row["n"])
    told = reference.chances(tried)

    assert below(told, events + 1) == pytest.approx(row["p_lower"], rel=EXACT)
    assert above(told, events - 1) == pytest.approx(row["p_upper"], rel=EXACT)
    both = mid_p(np.array([events]), np.array([tried]), reference)[0]
    assert both == pytest.approx(row["p_mid_two_sided"], rel=EXACT)


@pytest.mark.parametrize("row", oracle("binomial_tail_exact"))
def test_tails_of_a_binomial_are_those_of_rational_arithmetic(row: dict[str, float]) -> None:
    check_tails(row, Reference(row["theta"]))


@pytest.mark.parametrize("row", oracle("betabinomial_tail_exact"))
def test_tails_of_a_beta_binomial_are_those_of_rational_arithmetic(row: dict[str, float]) -> None:
    alpha, beta = row["alpha"], row["beta"]
    check_tails(row, Reference(alpha / (alpha + beta), alpha, beta))


@pytest.mark.parametrize("tried", [1, 2, 30, 400, 3000])
@pytest.mark.parametrize("shape", [(8.0, 92.0), (0.01, 3.0), (1e-5, 1e-3), (300.0, 4.0)])
def test_scipy_says_the_same_of_every_count(tried: int, shape: tuple[float, float]) -> None:
    alpha, beta = shape
    counts = np.arange(tried + 1)

    ours = chances(tried, alpha / (alpha + beta), alpha, beta)

    assert ours == pytest.approx(stats.betabinom(tried, alpha, beta).pmf(counts), abs=1e-10)
    plain = chances(tried, 0.08, None, None)
    assert plain == pytest.approx(stats.binom(tried, 0.08).pmf(counts), abs=1e-12)


def test_villages_that_hardly_differ_are_a_binomial_to_the_last_digits() -> None:
    # Two log-gammas of a billion would lose six digits here.
    nearly = chances(300, 0.08, 8e8, 9.2e9)

    assert nearly == pytest.approx(chances(300, 0.08, None, None), abs=1e-8)
    assert nearly.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(("share", "certain"), [(0.0, 0), (1.0, 5)])
def test_what_never_or_always_happens_is_certain(share: float, certain: int) -> None:
    told = chances(5, share, None, None)

    assert told[certain] == 1
    assert told.sum() == 1
    assert interpolated(told, 0.5) == pytest.approx(certain - 0.5)
