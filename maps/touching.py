"""Which areas lie beside one another."""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from shapely.geometry.base import BaseGeometry

# About 50 m: borders drawn one by one leave slits and overlaps of some metres.
_SLIT_DEGREES = 0.0005


def touching(shapes: Sequence[BaseGeometry]) -> list[list[int]]:
    """Return for each shape, in WGS 84, the positions of those beside it, in order."""
    beside: list[list[int]] = [[] for _ in shapes]
    tree = shapely.STRtree(list(shapes))
    here, there = tree.query(list(shapes), predicate="dwithin", distance=_SLIT_DEGREES)
    for one, other in sorted(zip(here.tolist(), there.tolist(), strict=True)):
        if one != other:
            beside[one].append(other)
    return beside
