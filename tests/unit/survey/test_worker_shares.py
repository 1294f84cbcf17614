"""Shares, medians and clustering of workers: published examples, and what always holds."""

from __future__ import annotations

import csv
from fractions import Fraction
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.survey.quality.worker_shares import (
    Limits,
    Share,
    benjamini_hochberg,
    mantel_haenszel,
    p_of_strata,
    stands_apart,
    step_of,
)
from server.survey.quality.worker_statistics import icc, median_among
from server.survey.worker_standing import whipple

ORACLES = Path(__file__).parents[2] / "samples" / "oracles"
LIMITS = Limits(30, 0.05, 2.0)
# Smokers with and without lung cancer, then others, in eight Chinese cities (Liu 1992), as in
# Agresti, An Introduction to Categorical Data Analysis, 3.2, where the statistic is 280.1.
CITIES = (
    (126, 100, 35, 61), (908, 688, 497, 807), (913, 747, 336, 598), (235, 172, 58, 121),
    (402, 308, 121, 215), (182, 156, 72, 98), (60, 99, 11, 43), (104, 89, 21, 36),
)  # fmt: skip


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((ORACLES / name).read_text("utf-8").splitlines()))


def test_cochran_mantel_and_haenszel_is_that_of_the_textbook() -> None:
    strata = [Share(a, a + b, c, c + d) for a, b, c, d in CITIES]

    assert mantel_haenszel(strata) == pytest.approx(280.1, abs=0.05)
    assert p_of_strata(strata) < 1e-60


def test_one_stratum_is_tested_by_fishers_exact_chance_with_half_of_the_outcome() -> None:
    # The lady tasting tea, three of four cups right: P(3) = 16/70, P(4) = 1/70.
    one = Share(3, 4, 1, 4)

    assert p_of_strata([one]) == pytest.approx(2 * (1 + 16 / 2) / 70)
    assert p_of_strata([Share(0, 4, 0, 4)]) == 1


@given(st.integers(0, 12), st.integers(1, 12), st.integers(0, 12), st.integers(1, 12))
def test_the_exact_chance_is_that_of_whole_fractions(a: int, n: int, b: int, m: int) -> None:
    a, b = min(a, n), min(b, m)
    chances = [
        Fraction(comb(n, x) * comb(m, a + b - x), comb(n + m, a + b)) if a + b - x <= m else 0
        for x in range(min(n, a + b) + 1)
    ]
    low = sum(chances[:a], Fraction(0)) + chances[a] * Fraction(1, 2)

    assert p_of_strata([Share(a, n, b, m)]) == pytest.approx(
        float(min(Fraction(1), 2 * min(low, 1 - low)))
    )


def test_benjamini_and_hochbergs_example_rejects_four() -> None:
    ps = [float(row["p_value"]) for row in rows("bh1995_pvalues.csv")]

    assert sum(q <= 0.05 for q in benjamini_hochberg(ps)) == 4


@given(st.lists(st.floats(0, 1), max_size=30))
def test_adjusting_keeps_the_order_and_lowers_nothing(ps: list[float]) -> None:
    qs = benjamini_hochberg(ps)

    assert all(q >= p for p, q in zip(ps, qs, strict=True))
    assert all((qs[i] <= qs[j]) for i in range(len(ps)) for j in range(len(ps)) if ps[i] <= ps[j])


def test_a_share_is_judged_both_ways() -> None:
    usual = [[Share(20, 100, 280, 1400)]] * 6
    high, low = [Share(60, 100, 240, 1400)], [Share(2, 100, 298, 1400)]

    told = stands_apart([high, low, *usual], LIMITS)

    assert [one.verdict for one in told] == ["flag", "flag", *["usual"] * 6]


def test_workers_who_all_differ_for_real_are_held_against_that() -> None:
    # Villages of 5 to 35 % in turn: nobody stands apart from such colleagues by having 35.
    shares = [5, 35, 8, 30, 6, 33, 9, 31, 5, 35]
    total = sum(shares) * 4
    several = [[Share(4 * one, 400, total - 4 * one, 3600)] for one in shares]

    assert {one.verdict for one in stands_apart(several, LIMITS)} == {"usual"}


def test_too_few_on_either_side_are_not_judged() -> None:
    alone, few = [Share(40, 100, 0, 0)], [Share(20, 29, 10, 400)]

    assert {one.verdict for one in stands_apart([alone, few], LIMITS)} == {"too_few"}


def test_strata_that_run_the_same_way_add_up() -> None:
    same = [Share(12, 40, 20, 120), Share(14, 45, 22, 130)]
    against = [Share(12, 40, 20, 120), Share(3, 45, 33, 130)]

    assert p_of_strata(same) < 0.05 < p_of_strata(against)


def test_icc_is_that_of_shrout_and_fleiss() -> None:
    groups = [
        np.array([float(row[f"judge{judge}"]) for judge in range(1, 5)])
        for row in rows("shrout_fleiss_1979.csv")
    ]

    assert icc(groups) == pytest.approx(0.1657, abs=5e-5)


def test_icc_of_groups_of_other_sizes_is_that_of_the_analysis_of_variance() -> None:
    # By hand: means 2 and 6, of 2 and 4; MSB 64/3, MSW 6/4, size (6 - 20/6) / 1.
    groups = [np.array([1.0, 3.0]), np.array([5.0, 7.0, 5.0, 7.0])]
    size = 6 - 20 / 6
    between, within = 64 / 3, 6 / 4

    assert icc(groups) == pytest.approx((between - within) / (between + (size - 1) * within))
    assert icc([np.array([4.0, 4.0])] * 2) == 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.integers(3, 25), st.integers(5, 40))
def test_the_chance_of_a_median_is_what_shuffling_gives(seed: int, n: int, others: int) -> None:
    random = np.random.default_rng(seed)
    everybody = random.integers(0, 8, n + others).astype(np.float64)
    own = everybody[:n]
    found = median_among(own, everybody)

    shuffled = random.permuted(np.tile(everybody, (2000, 1)), axis=1)[:, :n]
    medians = np.sort(shuffled, axis=1)[:, (n + 1) // 2 - 1]
    distance = abs(found.median - found.usual)
    share = float((np.abs(medians - found.usual) >= distance).mean()) if distance else 1.0
    # Two thousand shuffles are 4.5 standard errors of at most 0.0112 away.
    assert found.p == pytest.approx(share, abs=0.05)


def test_a_median_far_away_is_told_in_standard_deviations() -> None:
    everybody = np.array([*range(100, 140), *range(150, 190)], np.float64)

    found = median_among(everybody[40:], everybody)

    assert (found.median, found.usual) == (169, 139)
    assert found.p < 1e-7
    assert found.apart > 0


def test_whipples_index_is_500_where_all_is_rounded_and_100_where_nothing_is() -> None:
    evenly, rounded = [7] * 40, [9 if age % 5 == 0 else 0 for age in range(23, 63)]

    assert (whipple(evenly), whipple(rounded), whipple([0] * 40)) == (100, 500, None)


@given(st.integers(1, 100_000))
def test_what_was_closed_opens_again_after_half_as_many_more_at_the_latest(tried: int) -> None:
    assert step_of(tried * 3 // 2 + 1) > step_of(tried) >= step_of(max(1, tried - 1))
