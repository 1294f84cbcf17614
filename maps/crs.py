"""Coordinate systems met in China, and the way from and to the WGS 84 that phones give.

Only WGS 84 is stored. CGCS2000 equals it within decimetres. Amap and Tencent draw in GCJ-02, which
lies some hundred metres beside it, and Baidu in BD-09, which lies further. GCJ-02 was never
published; the formula is the one everybody uses (tests/oracles/wgs84_gcj02_points.csv).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from maps.points import Point

Crs = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]

# The Krasovsky 1940 ellipsoid: half axis in metres, and eccentricity squared.
_AXIS_M = 6_378_245.0
_ECCENTRICITY = 0.00669342162296594323
_BAIDU_TURNS = math.pi * 3000 / 180
_MOST_STEPS = 10
_CLOSE_DEGREES = 1e-9


def to_wgs84(place: Point, crs: Crs) -> Point:
    """Return the WGS 84 place of a point read in `crs`, good to a millimetre.

    Outside China every system is taken for WGS 84.
    """
    if crs == "gcj02":
        return _undo(_gcj02_from_wgs84, place)
    if crs == "bd09":
        return _undo(_gcj02_from_wgs84, _undo(_bd09_from_gcj02, place))
    return place


def from_wgs84(place: Point, crs: Crs) -> Point:
    """Return where a WGS 84 place stands in `crs`."""
    if crs == "gcj02":
        return _gcj02_from_wgs84(place)
    if crs == "bd09":
        return _bd09_from_gcj02(_gcj02_from_wgs84(place))
    return place


def _is_shifted(place: Point) -> bool:
    """Whether the formula applies here: a box around China, as its first users drew it."""
    return 0.8293 <= place.latitude <= 55.8271 and 72.004 <= place.longitude <= 137.8347


def _gcj02_from_wgs84(place: Point) -> Point:
    if not _is_shifted(place):
        return place
    east, north = place.longitude - 105, place.latitude - 35
    latitude = math.radians(place.latitude)
    squash = 1 - _ECCENTRICITY * math.sin(latitude) ** 2
    meridian_m = _AXIS_M * (1 - _ECCENTRICITY) / squash**1.5
    parallel_m = _AXIS_M / math.sqrt(squash) * math.cos(latitude)
    return Point(
        place.latitude + math.degrees(_north_shift_m(east, north) / meridian_m),
        place.longitude + math.degrees(_east_shift_m(east, north) / parallel_m),
    )


def _north_shift_m(east: float, north: float) -> float:
    """Return how far north GCJ-02 moves a point, by degrees from 105° E and 35° N."""
    plane = -100 + 2 * east + 3 * north + 0.2 * north**2 + 0.1 * east * north
    waves = _waves(east, 20, 6, 20, 2) + _waves(north, 20, 1, 40, 1 / 3)
    return plane + 0.2 * math.sqrt(abs(east)) + waves + _waves(north, 160, 1 / 12, 320, 1 / 30)


def _east_shift_m(east: float, north: float) -> float:
    """Return how far east GCJ-02 moves a point, by degrees from 105° E and 35° N."""
    plane = 300 + east + 2 * north + 0.1 * east**2 + 0.1 * east * north
    waves = _waves(east, 20, 6, 20, 2) + _waves(east, 20, 1, 40, 1 / 3)
    return plane + 0.1 * math.sqrt(abs(east)) + waves + _waves(east, 150, 1 / 12, 300, 1 / 30)


def _waves(degrees: float, high: float, often: float, high_too: float, often_too: float) -> float:
    angle = degrees * math.pi
    return (high * math.sin(angle * often) + high_too * math.sin(angle * often_too)) * 2 / 3


def _bd09_from_gcj02(place: Point) -> Point:
    if not _is_shifted(place):
        return place
    away = math.hypot(place.longitude, place.latitude)
    away += 0.00002 * math.sin(place.latitude * _BAIDU_TURNS)
    turn = math.atan2(place.latitude, place.longitude)
    turn += 0.000003 * math.cos(place.longitude * _BAIDU_TURNS)
    return Point(away * math.sin(turn) + 0.006, away * math.cos(turn) + 0.0065)


def _undo(shift: Callable[[Point], Point], shifted: Point) -> Point:
    """Return the point that `shift` moves to `shifted`, by going back what each guess is off."""
    guess = shifted
    for _ in range(_MOST_STEPS):
        found = shift(guess)
        north, east = shifted.latitude - found.latitude, shifted.longitude - found.longitude
        guess = Point(guess.latitude + north, guess.longitude + east)
        if max(abs(north), abs(east)) < _CLOSE_DEGREES:
            break
    return guess
