"""The order of a walk: short, untangled, and the same whatever order the places come in."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.points import Point
from maps.walk import MOST_STOPS, length_m, walk

START = Point(38.1, 116.9)
PLACES = st.builds(Point, st.floats(38.09, 38.11), st.floats(116.89, 116.91))


def shortest(places: list[Point]) -> float:
    return min(length_m(START, list(order)) for order in itertools.permutations(places))


@given(st.lists(PLACES, max_size=12))
def test_everybody_is_visited_once(places: list[Point]) -> None:
    assert sorted(walk(START, places)) == list(range(len(places)))


@pytest.mark.parametrize("seed", range(20))
def test_a_walk_to_seven_houses_is_a_tenth_longer_than_the_shortest_at_most(seed: int) -> None:
    chance = random.Random(seed)
    places = [
        Point(38.1 + chance.gauss(0, 0.004), 116.9 + chance.gauss(0, 0.004)) for _ in range(7)
    ]

    order = walk(START, places)

    assert length_m(START, [places[at] for at in order]) <= 1.1 * shortest(places)


def test_houses_in_a_row_are_walked_from_one_end_to_the_other() -> None:
    row = [Point(38.1 + at / 1000, 116.9) for at in (5, 1, 4, 2, 3)]

    assert [row[at].latitude for at in walk(START, row)] == sorted(one.latitude for one in row)


def test_as_many_stops_as_there_may_be_are_ordered_without_crossing_far() -> None:
    chance = random.Random(4)
    places = [
        Point(38.1 + chance.random() / 50, 116.9 + chance.random() / 50) for _ in range(MOST_STOPS)
    ]

    order = walk(START, places)

    # Of n places at random in an area A the shortest round is about 0.7124 √(nA).
    around = 0.7124 * (MOST_STOPS * 2224 * 1750) ** 0.5
    assert length_m(START, [places[at] for at in order]) < 1.15 * around
