"""A few positions as a small drawing to scale: for a page that needs no map behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from maps.points import EARTH_RADIUS_M, Point

WIDTH, HEIGHT, MARGIN = 320, 200, 24
# What is nearer than this is drawn as if it were this far: a spot is no picture.
SMALLEST_M = 40.0
# A bar of one of these lengths is drawn, times a power of ten.
_ROUND = (1, 2, 5)
# A degree of latitude on the mean sphere: within a county the earth is as good as flat.
_DEGREE_M = math.radians(1) * EARTH_RADIUS_M


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the drawing, in its own units from the upper left corner."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Sketch:
    """Marks and lines in the order given, and a bar `bar` units long that stands for `bar_m`."""

    marks: tuple[Spot, ...]
    lines: tuple[tuple[Spot, ...], ...]
    bar: float
    bar_m: int


def sketch(marks: Sequence[Point], lines: Sequence[Sequence[Point]] = ()) -> Sketch | None:
    """Return a drawing of positions, north up, true to scale; None without any."""
    points = [*marks, *(point for line in lines for point in line)]
    if not points:
        return None
    south, north = min(one.latitude for one in points), max(one.latitude for one in points)
    west, east = min(one.longitude for one in points), max(one.longitude for one in points)
    middle = Point((south + north) / 2, (west + east) / 2)
    across_m = _DEGREE_M * math.cos(math.radians(middle.latitude))
    wide_m = max((east - west) * across_m, SMALLEST_M)
    high_m = max((north - south) * _DEGREE_M, SMALLEST_M)
    scale = min((WIDTH - 2 * MARGIN) / wide_m, (HEIGHT - 2 * MARGIN) / high_m)

    def place(point: Point) -> Spot:
        right_m = (point.longitude - middle.longitude) * across_m
        up_m = (point.latitude - middle.latitude) * _DEGREE_M
        return Spot(round(WIDTH / 2 + right_m * scale, 1), round(HEIGHT / 2 - up_m * scale, 1))

    bar_m = _round_below(WIDTH / 3 / scale)
    return Sketch(
        marks=tuple(map(place, marks)),
        lines=tuple(tuple(map(place, line)) for line in lines),
        bar=round(bar_m * scale, 1),
        bar_m=bar_m,
    )


def _round_below(metres: float) -> int:
    """Return the largest 1, 2 or 5 times a power of ten that is no longer; at least 1."""
    power = 10 ** max(0, math.floor(math.log10(max(metres, 1))))
    return int(max(one * power for one in _ROUND if one * power <= max(metres, 1)))
