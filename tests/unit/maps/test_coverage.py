"""How far villages have got: shares, states, classes, sums."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from maps.coverage import State, VillageCoverage, by_township, percent_text, total
from maps.points import Point

VILLAGE = VillageCoverage("130921211201", "高川村村民委员会", "130921211", "高川乡")


def a_village(register: int | None, done: int, seen: int | None = None) -> VillageCoverage:
    return replace(
        VILLAGE,
        register_households=register,
        households_completed=done,
        households_seen=done if seen is None else seen,
    )


def test_done_counts_every_final_outcome() -> None:
    village = replace(
        VILLAGE,
        register_households=480,
        households_completed=280,
        households_refused=12,
        households_absent_final=8,
        households_vacated=12,
    )

    assert (village.done, village.share, village.left) == (312, 0.65, 168)
    assert village.percent_text == "65% (312/480)"


@pytest.mark.parametrize(
    ("done", "class_index"),
    [(1, 0), (19, 0), (20, 1), (49, 1), (50, 2), (79, 2), (80, 3), (94, 3), (95, 4), (105, 4)],
)
def test_a_share_falls_in_the_class_whose_lower_end_it_reaches(done: int, class_index: int) -> None:
    village = a_village(100, done)

    assert village.state is State.IN_PROGRESS
    assert village.class_index == class_index


@pytest.mark.parametrize(
    ("register", "done", "seen", "state"),
    [
        (None, 10, 10, State.NO_REGISTER),
        (0, 0, 0, State.NO_REGISTER),
        (100, 0, 0, State.NOT_STARTED),
        (100, 0, 3, State.IN_PROGRESS),
        (100, 105, 105, State.IN_PROGRESS),
        (100, 106, 106, State.OVER_REGISTER),
        (20, 21, 21, State.IN_PROGRESS),
        (19, 20, 20, State.OVER_REGISTER),
    ],
)
def test_states_that_are_no_percentage(
    register: int | None, done: int, seen: int, state: State
) -> None:
    village = a_village(register, done, seen)

    assert village.state is state
    assert (village.class_index is None) == (state is not State.IN_PROGRESS)


def test_without_a_register_nothing_is_left_and_nothing_shared() -> None:
    village = a_village(None, 10)

    assert (village.share, village.left, village.percent_text) == (None, None, "–")


def test_more_done_than_registered_leaves_none_over() -> None:
    assert a_village(100, 130).left == 0


def test_a_sum_adds_numerators_and_denominators() -> None:
    villages = [a_village(100, 100), a_village(300, 0)]

    assert total(villages).share == 0.25
    assert total(villages).percent_text == "25% (100/400)"


def test_a_village_without_a_register_does_not_push_the_share_up() -> None:
    whole = total([a_village(100, 50), a_village(None, 80)])

    assert (whole.done, whole.done_of_register, whole.share) == (130, 50, 0.5)


def test_what_one_village_has_too_many_does_not_finish_another() -> None:
    whole = total([a_village(100, 150), a_village(100, 60)])

    assert whole.left == 40


def test_a_sum_counts_states_places_and_the_latest_visit() -> None:
    villages = [
        replace(a_village(100, 50), last_visit_on=date(2026, 8, 1), days_behind=9),
        replace(a_village(100, 0), place=Point(38, 116)),
        replace(a_village(None, 0), last_visit_on=date(2026, 8, 8), days_behind=2),
    ]

    whole = total(villages, "130921211", "高川乡")

    assert whole.villages_by_state == {
        State.NO_REGISTER: 1,
        State.NOT_STARTED: 1,
        State.OVER_REGISTER: 0,
        State.IN_PROGRESS: 1,
    }
    assert whole.villages_without_place == 2
    assert (whole.last_visit_on, whole.most_days_behind) == (date(2026, 8, 8), 9)


def test_the_sum_of_no_villages_knows_nothing() -> None:
    whole = total([])

    assert (whole.villages, whole.register_households, whole.left, whole.share) == (
        0,
        None,
        None,
        None,
    )
    assert (whole.last_visit_on, whole.most_days_behind) == (None, None)


def test_townships_are_summed_apart_and_ordered_by_code() -> None:
    first = replace(a_village(100, 10), township_code="2", township_name="乙")
    second = replace(a_village(100, 20), township_code="1", township_name="甲")
    third = replace(a_village(100, 30), township_code="2", township_name="乙")

    sums = by_township([first, second, third])

    assert [(one.code, one.name, one.villages, one.done) for one in sums] == [
        ("1", "甲", 1, 20),
        ("2", "乙", 2, 40),
    ]


@pytest.mark.parametrize(
    ("numerator", "denominator", "decimals", "text"),
    [
        (312, 480, 0, "65% (312/480)"),
        (335, 479, 2, "69.94% (335/479)"),
        (31_233, 30_891, 2, "101.11% (31233/30891)"),
        (6_118, 6_666, 2, "91.78% (6118/6666)"),
        (1, 8, 0, "13% (1/8)"),
        (1, 200, 0, "1% (1/200)"),
        (1, 201, 0, "0% (1/201)"),
        (1, 16, 2, "6.25% (1/16)"),
        (0, 7, 0, "0% (0/7)"),
        (5, 0, 0, "–"),
        (5, None, 0, "–"),
    ],
)
def test_percentages_are_rounded_half_up_and_shown_with_their_pair(
    numerator: int, denominator: int | None, decimals: int, text: str
) -> None:
    assert percent_text(numerator, denominator, decimals) == text
