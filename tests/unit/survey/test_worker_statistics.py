"""Checks on workers as pure functions: known examples, and properties that always hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.survey.quality.worker_shares import Limits, Share, ShareVerdict, too_many
from server.survey.quality.worker_statistics import digits, overlapping, speed

USUAL = Share(5, 100, 500, 10_000)


def shares(several: Sequence[Share], fewest: int) -> list[ShareVerdict]:
    return too_many(several, Limits(fewest, 0.05, 2.0, 0.05))


def seconds(several: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(several, np.float64)


def test_chi_square_of_digits_is_that_of_a_worked_example() -> None:
    # 34 of 60 end in 0: (34 - 6)^2 / 6 + (26/9 - 6)^2 / 6 * 9 with the rest spread evenly.
    found = digits([34, 3, 3, 3, 3, 3, 3, 3, 3, 2])

    statistic = (28**2 + 8 * 3**2 + 4**2) / 6
    assert found.expected == 6
    assert found.v == pytest.approx((statistic / (60 * 9)) ** 0.5)
    assert found.p < 1e-20
    assert found.verdict == "flag"


def test_the_published_quantile_of_chi_square_with_nine_degrees_gives_its_p() -> None:
    # Upper 0.1 % of chi-square with 9 degrees of freedom: 27.877 (any printed table). Counts of
    # 100 with a sum of squares of deviations of 278.
    found = digits([10 + 11, 10 - 11, 10 + 6, 10 - 0, 10, 10, 10, 10 - 6, 10, 9 + 1])

    assert found.v**2 * 900 == pytest.approx(31.4)
    assert found.p == pytest.approx(0.00025, abs=5e-5)


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ([49, 0, 0, 0, 0, 0, 0, 0, 0, 0], "too_few"),
        ([50, 0, 0, 0, 0, 0, 0, 0, 0, 0], "flag"),
        ([6] * 10, "usual"),
        ([0] * 10, "too_few"),
        # Certain, and too little to talk about: V is 0.1.
        ([1900, *[900] * 9], "usual"),
    ],
)
def test_digits_need_enough_readings_and_an_effect(counts: list[int], verdict: str) -> None:
    assert digits(counts).verdict == verdict


def test_a_device_with_even_marks_is_held_against_even_digits() -> None:
    evenly = digits([20, 0, 20, 0, 20, 0, 20, 0, 20, 0])
    rounded = digits([80, 0, 5, 0, 5, 0, 5, 0, 5, 0])

    assert (evenly.verdict, evenly.is_even_only, evenly.expected) == ("usual", True, 20)
    assert (rounded.verdict, rounded.is_even_only) == ("flag", True)


@given(st.lists(st.integers(0, 400), min_size=10, max_size=10), st.integers(0, 4))
def test_digits_are_judged_alike_whichever_they_are(counts: list[int], turn: int) -> None:
    turned = [*counts[2 * turn :], *counts[: 2 * turn]]

    one, other = digits(counts), digits(turned)

    assert one.verdict == other.verdict
    assert 0 <= one.v <= 1 + 1e-9
    assert one.p == pytest.approx(other.p)


def test_a_share_is_tested_by_an_exact_binomial() -> None:
    # Eight of ten events fall to the one who made half of all: 56 of 1024.
    (found, _) = shares([Share(8, 40, 2, 40), USUAL], 30)

    assert found.p == pytest.approx(56 / 1024)
    assert found.expected == 2


def test_what_was_picked_as_the_most_frequent_counts_as_often_as_there_were_others() -> None:
    alone, picked = shares([Share(8, 40, 2, 40), Share(8, 40, 2, 40, looked_at=10)], 30)

    assert picked.p == pytest.approx(10 * alone.p)


def test_benjamini_and_hochberg_judge_the_workers_together() -> None:
    several = [Share(20, 100, 20, 1000), *[USUAL] * 14]

    together, alone = shares(several, 30)[0], shares(several[:1], 30)[0]

    assert alone.q == pytest.approx(alone.p)
    assert together.q == pytest.approx(together.p * 15)


@pytest.mark.parametrize(
    ("share", "verdict"),
    [
        (Share(20, 100, 20, 1000), "flag"),
        (Share(20, 29, 20, 1000), "too_few"),
        (Share(20, 100, 0, 0), "too_few"),
        (Share(20, 100, 0, 1000), "flag"),
        (Share(20, 100, 110, 1000), "usual"),
        # One in fifty, where colleagues have one in a thousand: certain, and no matter.
        (Share(200, 10_000, 10, 10_000), "usual"),
    ],
)
def test_a_share_is_worth_a_talk_when_it_is_large_as_well_as_certain(
    share: Share, verdict: str
) -> None:
    (found, *_) = shares([share, USUAL], 30)

    assert found.verdict == verdict


@given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 50))
def test_more_of_the_same_is_never_less_worth_a_talk(
    events: int, colleague_events: int, looked_at: int
) -> None:
    fewer, more = (
        shares([Share(number, 250, colleague_events, 250, looked_at)], 30)[0]
        for number in (events, events + 1)
    )

    assert more.p <= fewer.p + 1e-12
    assert not (fewer.verdict == "flag" and more.verdict == "usual")


@pytest.mark.parametrize(
    ("own", "colleagues", "verdict"),
    [
        ([100.0] * 10, [250.0] * 10, "flag"),
        ([125.0] * 10, [250.0] * 10, "usual"),
        ([100.0] * 9, [250.0] * 10, "too_few"),
        ([100.0] * 10, [250.0] * 9, "too_few"),
        ([100.0] * 10, [], "too_few"),
        ([], [], "too_few"),
    ],
)
def test_half_of_the_colleagues_time_is_fast(
    own: list[float], colleagues: list[float], verdict: str
) -> None:
    assert speed(seconds(own), seconds(colleagues)).verdict == verdict


def test_a_few_forms_left_open_do_not_make_a_fast_worker_slow() -> None:
    found = speed(seconds([60.0] * 8 + [20_000.0] * 3), seconds([600.0] * 20))

    assert (found.median_s, found.usual_s, found.verdict) == (60, 600, "flag")


def test_interviews_that_touch_do_not_overlap() -> None:
    assert overlapping(seconds([0, 10, 20]), seconds([10, 20, 30])) == 0
    assert overlapping(seconds([0, 9, 20]), seconds([10, 20, 30])) == 2
    assert overlapping(seconds([0, 2, 4]), seconds([100, 3, 5])) == 3


times = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), max_size=25)


@given(times)
def test_overlaps_are_those_that_comparing_each_with_each_finds(
    several: list[tuple[int, int]],
) -> None:
    spans = [(start, start + took) for start, took in several]

    found = overlapping(seconds([a for a, _ in spans]), seconds([b for _, b in spans]))

    assert found == sum(
        any(
            one[0] < other[1] and other[0] < one[1]
            for at, other in enumerate(spans)
            if at != number
        )
        for number, one in enumerate(spans)
    )
