"""Distances, centres and coordinate systems."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from maps.crs import Crs, from_wgs84, to_wgs84
from maps.points import EARTH_RADIUS_M, Point, centre, distance_m

ORACLE = Path(__file__).parents[2] / "samples" / "oracles" / "wgs84_gcj02_points.csv"


def oracle_points() -> list[dict[str, float]]:
    with ORACLE.open(encoding="utf-8") as opened:
        return [{name: float(text) for name, text in row.items()} for row in csv.DictReader(opened)]


def test_nashville_to_los_angeles_is_the_textbook_distance() -> None:
    here, there = Point(36.12, -86.67), Point(33.94, -118.40)

    metres = distance_m(here, there)

    # 2887.2599506 km on a sphere of 6372.8 km.
    assert metres == pytest.approx(2_887_259.9506 * EARTH_RADIUS_M / 6_372_800, abs=0.001)


def test_antipodes_are_half_the_earth_apart() -> None:
    assert distance_m(Point(0, 0), Point(0, 180)) == pytest.approx(math.pi * EARTH_RADIUS_M)
    assert distance_m(Point(90, 0), Point(-90, 0)) == pytest.approx(math.pi * EARTH_RADIUS_M)


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(90.1, 0), (-90.1, 0), (0, 180.1), (math.nan, 0), (0, math.nan)]
)
def test_a_point_off_the_earth_is_refused(latitude: float, longitude: float) -> None:
    with pytest.raises(ValueError, match="not a place on earth"):
        Point(latitude, longitude)


def test_one_far_fix_does_not_move_the_centre() -> None:
    village = [Point(38.1, 116.8), Point(38.1002, 116.8004), Point(38.1001, 116.8002)]

    found = centre([*village, Point(39.9, 116.4), Point(38.1001, 116.8003)])

    assert found is not None
    assert distance_m(found, Point(38.1001, 116.8002)) < 50


def test_no_places_have_no_centre() -> None:
    assert centre([]) is None


@pytest.mark.parametrize("row", oracle_points())
def test_gcj02_stands_where_the_oracle_has_it(row: dict[str, float]) -> None:
    place = Point(row["wgs84_lat"], row["wgs84_lon"])

    shifted = from_wgs84(place, "gcj02")

    assert shifted.latitude == pytest.approx(row["gcj02_lat"], abs=1e-8)
    assert shifted.longitude == pytest.approx(row["gcj02_lon"], abs=1e-8)
    assert distance_m(place, shifted) == pytest.approx(row["shift_m"], abs=1)
    assert distance_m(to_wgs84(shifted, "gcj02"), place) < 0.001


def test_bd09_lies_further_and_comes_back() -> None:
    place = Point(39.915, 116.404)

    shifted = from_wgs84(place, "bd09")

    # The pair that public implementations print for this place.
    assert shifted.longitude == pytest.approx(116.41662724378733, abs=1e-9)
    assert shifted.latitude == pytest.approx(39.922699552216216, abs=1e-9)
    assert distance_m(to_wgs84(shifted, "bd09"), place) < 0.001


@pytest.mark.parametrize("crs", ["wgs84", "cgcs2000", "gcj02", "bd09"])
def test_outside_china_nothing_is_shifted(crs: Crs) -> None:
    place = Point(48.85, 2.35)

    assert from_wgs84(place, crs) == place
    assert to_wgs84(place, crs) == place


@pytest.mark.parametrize("crs", ["wgs84", "cgcs2000"])
def test_cgcs2000_is_taken_for_wgs84(crs: Crs) -> None:
    place = Point(38.1, 116.8)

    assert from_wgs84(place, crs) == place
    assert to_wgs84(place, crs) == place
