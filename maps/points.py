"""Points on the earth: distance and centre. WGS 84 degrees, latitude first, everywhere."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from statistics import median

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the earth by the IUGG (2a + b) / 3."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place in WGS 84 degrees. Raises ValueError outside ±90 and ±180, and for NaN."""

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):
            raise ValueError(f"not a place on earth: {self.latitude}, {self.longitude}")


def distance_m(here: Point, there: Point) -> float:
    """Return the great-circle distance in metres.

    Haversine on a sphere of the IUGG mean radius: at most 0.6 % off the
    WGS 84 ellipsoid, which is far below the width of a village.
    Symmetric; zero for equal points.
    """
    north, south = math.radians(here.latitude), math.radians(there.latitude)
    sine_latitude = math.sin((south - north) / 2)
    sine_longitude = math.sin(math.radians(there.longitude - here.longitude) / 2)
    half_chord = sine_latitude**2 + math.cos(north) * math.cos(south) * sine_longitude**2
    # Antipodes can round to a hair above 1, which asin refuses.
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, half_chord)))


def centre(places: Collection[Point]) -> Point | None:
    """Return the median latitude and longitude, or None for no places.

    The median, not the mean: one fix taken in the county town must not move a village.
    Meant for places within one county; not for a crowd on both sides of the 180th meridian.
    """
    if not places:
        return None
    return Point(
        median(place.latitude for place in places), median(place.longitude for place in places)
    )
