"""Distances, coordinate systems, sums and cells, tried on any input."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.crs import Crs, from_wgs84, to_wgs84
from maps.points import Point, centre, distance_m

ANYWHERE = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
IN_CHINA = st.builds(Point, st.floats(18, 53), st.floats(74, 135))


@given(ANYWHERE, ANYWHERE, ANYWHERE)
def test_distance_is_a_distance(here: Point, there: Point, elsewhere: Point) -> None:
    there_and_back = distance_m(here, there)

    assert distance_m(here, here) == 0
    assert there_and_back == pytest.approx(distance_m(there, here), abs=1e-6)
    assert 0 <= there_and_back <= 20_015_200
    assert there_and_back <= distance_m(here, elsewhere) + distance_m(elsewhere, there) + 1


@given(st.lists(ANYWHERE, min_size=1, max_size=30))
def test_the_centre_lies_among_its_places(places: list[Point]) -> None:
    found = centre(places)

    assert found is not None
    assert min(one.latitude for one in places) <= found.latitude
    assert found.latitude <= max(one.latitude for one in places)


@given(IN_CHINA, st.sampled_from(["gcj02", "bd09"]))
def test_a_shift_can_be_undone_and_is_never_more_than_two_kilometres(
    place: Point, crs: Crs
) -> None:
    shifted = from_wgs84(place, crs)

    assert distance_m(place, shifted) < 2_000
    assert distance_m(to_wgs84(shifted, crs), place) < 0.01
