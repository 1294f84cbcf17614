"""Both answers held against each other, and households drawn: pure, on plain values."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.survey.back_checks import sampling
from server.survey.back_checks.questions import BY_NAME, Pair, error_rate, pairs
from server.survey.back_checks.sampling import Interview

SIZE, KIND, SBP = (BY_NAME[name] for name in ("household.size", "household.kind", "measure.sbp1"))
interviews = st.lists(
    st.builds(
        Interview,
        st.uuids().map(str),
        st.sampled_from(("130921211201", "130921211202", "130921212201", "532301103201")),
        st.integers(1, 4),
        st.integers(1, 10**6),
    ),
    unique_by=lambda one: one.household_id,
    max_size=40,
)


def size_pairs(tried: int, differing: int) -> list[Pair]:
    return [Pair(SIZE, "2", "3" if n < differing else "2", n < differing) for n in range(tried)]


@pytest.mark.parametrize(
    ("first", "second", "differs"),
    [
        ({"household.size": "4"}, {"household.size": "4.0"}, [False]),
        ({"household.size": "4"}, {"household.size": "5"}, [True]),
        ({"person.birth_year": "1970"}, {"person.birth_year": "1971"}, [False]),
        ({"person.birth_year": "1970"}, {"person.birth_year": "1972"}, [True]),
        ({"measure.sbp1": "120"}, {"measure.sbp1": "140"}, [False]),
        ({"measure.sbp1": "120"}, {"measure.sbp1": "141"}, [True]),
        ({"household.kind": "poor"}, {"household.kind": "lifted"}, [True]),
        ({"visited": "yes"}, {"visited": "unk"}, []),
        ({"visited": "yes"}, {"visited": "no"}, [True]),
        ({"household.size": "4"}, {}, []),
        ({}, {"household.size": "4"}, []),
        ({"household.size": "many"}, {"household.size": "4"}, []),
    ],
)
def test_answers_match_within_what_their_question_allows(
    first: dict[str, str], second: dict[str, str], differs: list[bool]
) -> None:
    assert [one.differs for one in pairs(first, second)] == differs


@pytest.mark.parametrize(
    ("tried", "differing", "verdict"),
    [(9, 9, "too_few"), (10, 1, "usual"), (10, 2, "flag"), (30, 2, "usual"), (30, 3, "flag")],
)
def test_ten_answers_and_two_that_differ_are_the_least_for_a_talk(
    tried: int, differing: int, verdict: str
) -> None:
    assert error_rate(SIZE, size_pairs(tried, differing)).verdict(10, 0.1) == verdict


def test_what_should_agree_asks_for_a_look_and_readings_for_nothing() -> None:
    kinds = [Pair(KIND, "poor", "lifted", True)] * 12
    readings = [Pair(SBP, "120", "180", True)] * 12

    assert error_rate(KIND, kinds).verdict(10, 0.1) == "watch"
    assert error_rate(SBP, readings).verdict(10, 0.1) == "usual"


def test_limits_of_agreement_are_the_mean_and_twice_the_spread_of_differences() -> None:
    apart = (-2, 0, 1, 3, 8)
    told = error_rate(SBP, [Pair(SBP, "120", str(120 + one), False) for one in apart])

    # Mean 2 and standard deviation 3.8079, by hand.
    assert told.mean == pytest.approx(2)
    assert (told.lower, told.upper) == pytest.approx((-5.4633, 9.4633), abs=1e-3)
    assert error_rate(KIND, [Pair(KIND, "poor", "poor", False)] * 5).mean is None


@given(interviews, st.sampled_from(("worker", "village")), st.integers(0, 99))
def test_a_draw_goes_by_its_seed_alone_and_gives_each_stratum_its_part(
    frame: list[Interview], stratum: str, seed: int
) -> None:
    shuffled = sorted(frame, key=lambda one: one.household_id[::-1])

    found = sampling.drawn(frame, stratum, 0.07, 2, seed)

    assert sampling.drawn(shuffled, stratum, 0.07, 2, seed) == found

    def key(one: Interview) -> object:
        return one.phone_id if stratum == "worker" else one.village_code

    drawn, total = Counter(map(key, found)), Counter(map(key, frame))
    assert {one: min(n, max(2, -(-n * 7 // 100))) for one, n in total.items()} == drawn


def test_seven_percent_of_a_hundred_are_seven() -> None:
    frame = [Interview(f"h{n}", "130921211201", 1, n) for n in range(100)]

    assert len(sampling.drawn(frame, "worker", 0.07, 0, 1)) == 7


@given(interviews)
def test_nobody_asks_again_where_he_asked_first_and_the_work_is_spread(
    frame: list[Interview],
) -> None:
    served = {1: ["130921211201"], 2: ["130921211202"], 3: ["130921212201"]}

    given_to = sampling.spread(frame, served)

    for one in frame:
        phone = given_to[one.household_id]
        assert phone != one.phone_id
        if phone is None:
            assert one.village_code.startswith("532301")
    mine = sampling.spread(frame, served, only=2)
    assert all(mine[one.household_id] == (None if one.phone_id == 2 else 2) for one in frame)
