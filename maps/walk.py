"""The order in which to walk to several places: short, not the shortest there is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from maps.points import EARTH_RADIUS_M, Point

MOST_STOPS = 120
"""More than anybody walks in a day; and twice as many take four times as long to order."""
_MOST_ROUNDS = 30


def walk(start: Point, places: Sequence[Point]) -> list[int]:
    """Return the order in which to visit `places` from `start`, as positions in the sequence.

    Always on to the nearest that is left, then untangled: stretches are turned round (2-opt), and
    up to three stops moved elsewhere (Or-opt), until none is shorter for it. The walk ends at its
    last place. As the crow flies: paths,
    rivers and hills are not known.
    """
    points = _flat([start, *places])
    order = _nearest_first(points)
    for _ in range(_MOST_ROUNDS):
        is_shorter = _untangle(points, order)
        if not (_move_stops(points, order) or is_shorter):
            break
    return [at - 1 for at in order[1:]]


def length_m(start: Point, places: Sequence[Point]) -> float:
    """Return how long the walk from `start` through `places` in their order is, in metres."""
    points = _flat([start, *places])
    return sum(math.dist(here, there) for here, there in pairwise(points))


def _flat(places: Sequence[Point]) -> list[tuple[float, float]]:
    """Return metres east and north on a plane: within a county the earth is as good as flat."""
    north_m = math.radians(1) * EARTH_RADIUS_M
    east_m = north_m * math.cos(math.radians(places[0].latitude))
    return [(one.longitude * east_m, one.latitude * north_m) for one in places]


def _nearest_first(points: Sequence[tuple[float, float]]) -> list[int]:
    order, left = [0], set(range(1, len(points)))
    while left:
        here = points[order[-1]]
        nearest = min(left, key=lambda at: (math.dist(here, points[at]), at))
        order.append(nearest)
        left.remove(nearest)
    return order


def _untangle(points: Sequence[tuple[float, float]], order: list[int]) -> bool:
    """Turn round every stretch that is shorter the other way; say whether any was."""
    is_changed = False
    for first in range(1, len(order) - 1):
        for last in range(first + 1, len(order)):
            before, start, end = (points[order[at]] for at in (first - 1, first, last))
            gain = math.dist(before, start) - math.dist(before, end)
            if last + 1 < len(order):
                after = points[order[last + 1]]
                gain += math.dist(end, after) - math.dist(start, after)
            if gain > 1e-6:
                order[first : last + 1] = reversed(order[first : last + 1])
                is_changed = True
    return is_changed


def _move_stops(points: Sequence[tuple[float, float]], order: list[int]) -> bool:
    """Put stretches of up to three stops where they cost less; say whether any was."""
    is_changed = False
    for size in (1, 2, 3):
        for first in range(1, len(order) - size + 1):
            stretch = order[first : first + size]
            rest = order[:first] + order[first + size :]
            here = _cost_at(points, rest, stretch, first)
            place = min(range(1, len(rest) + 1), key=lambda at: _cost_at(points, rest, stretch, at))
            if _cost_at(points, rest, stretch, place) < here - 1e-6:
                order[:] = rest[:place] + stretch + rest[place:]
                is_changed = True
    return is_changed


def _cost_at(
    points: Sequence[tuple[float, float]], rest: Sequence[int], stretch: Sequence[int], at: int
) -> float:
    """Return the metres that a stretch adds when it is walked before the stop `at`."""
    before = points[rest[at - 1]]
    added = math.dist(before, points[stretch[0]])
    if at == len(rest):
        return added
    after = points[rest[at]]
    return added + math.dist(points[stretch[-1]], after) - math.dist(before, after)
