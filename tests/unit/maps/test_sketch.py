"""Small drawings of positions, true to scale."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from maps.points import Point, distance_m
from maps.sketch import HEIGHT, WIDTH, sketch

near = st.builds(Point, st.floats(38, 38.05), st.floats(116.9, 116.95))
anywhere = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))


def test_no_positions_make_no_drawing() -> None:
    assert sketch([]) is None
    assert sketch([], [[]]) is None


def test_north_is_up_and_east_is_right() -> None:
    drawn = sketch([Point(38.0, 116.9), Point(38.01, 116.91)])

    assert drawn is not None
    south_west, north_east = drawn.marks
    assert north_east.x > south_west.x
    assert north_east.y < south_west.y


@given(st.lists(near, min_size=2, max_size=6))
def test_lengths_on_the_drawing_are_those_of_its_bar(places: list[Point]) -> None:
    drawn = sketch(places)

    assert drawn is not None
    scale = drawn.bar / drawn.bar_m
    (one, other), (here, there) = drawn.marks[:2], places[:2]
    drawn_m = math.hypot(one.x - other.x, one.y - other.y) / scale
    assert math.isclose(drawn_m, distance_m(here, there), rel_tol=0.05, abs_tol=3 / scale)


@given(st.lists(anywhere, min_size=1, max_size=6), st.lists(anywhere, max_size=4))
def test_all_lies_inside_the_frame(places: list[Point], line: list[Point]) -> None:
    drawn = sketch(places, [line])

    assert drawn is not None
    for spot in (*drawn.marks, *(one for points in drawn.lines for one in points)):
        assert -1 <= spot.x <= WIDTH + 1
        assert -1 <= spot.y <= HEIGHT + 1
    assert drawn.bar_m >= 1
