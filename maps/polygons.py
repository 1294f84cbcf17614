"""Areas drawn by people, read from GeoJSON, and which places lie inside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from maps.crs import Crs, from_wgs84
from maps.points import Point

# A county's border at the scale of a cadastre has some 50,000 corners.
MOST_BYTES = 20_000_000
# Lines that a hand crossed by mistake are few; mending costs their square, and a tangle of five
# hundred corners some minutes.
MOST_CROSSINGS = 1_000
# Pairs of lines that may cross: some seconds, and some memory for each so many at once.
_MOST_PAIRS, _PAIRS_AT_ONCE = 20_000_000, 2_000_000
_AREAS = ("Polygon", "MultiPolygon")
_FRAMES: tuple[Crs, ...] = ("wgs84", "gcj02", "bd09")


class NoArea(ValueError):
    """The file holds no area; the words name what was found instead."""


@dataclass(frozen=True, slots=True)
class Area:
    """One or several polygons, their corners in the frame `crs`."""

    shape: BaseGeometry
    crs: Crs

    def holds(self, place: Point) -> bool:
        """Say whether a WGS 84 place lies inside, or on the edge."""
        return self._holds_in(place, self.crs)

    def is_doubtful(self, place: Point) -> bool:
        """Say whether it depends on the declared frame that a place lies inside or outside.

        The frames met in China lie up to 1.2 km apart, so near the edge a wrong declaration tells.
        """
        return len({self._holds_in(place, frame) for frame in _FRAMES}) > 1

    def _holds_in(self, place: Point, frame: Crs) -> bool:
        # The place is moved into the file's frame: one point instead of every corner.
        told = from_wgs84(place, frame)
        return bool(shapely.intersects_xy(self.shape, told.longitude, told.latitude))


def read_area(content: bytes, crs: Crs) -> Area:
    """Return the area of a GeoJSON (RFC 7946): all polygons of a geometry, feature or collection.

    Raises NoArea for anything else, and for positions that are no degrees.
    """
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NoArea("no JSON") from error
    try:
        shapes = [shape_of(one) for one in geometries(told)]
    except NoArea:
        raise
    except (shapely.errors.ShapelyError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise NoArea("damaged") from error
    if not shapes:
        raise NoArea("no polygon")
    if crossings(shapes, MOST_CROSSINGS) > MOST_CROSSINGS:
        raise NoArea("tangled")
    # People draw lines that cross: such a polygon is mended rather than refused.
    area = shapely.union_all([shapely.make_valid(one) for one in shapes])
    shapely.prepare(area)
    return Area(area, crs)


def crossings(shapes: Sequence[BaseGeometry], most: int) -> int:
    """Return how often lines of these shapes cross, or any number above `most` beyond that.

    What mending and joining them costs is known by it before it is begun.
    """
    if len(shapes) == 1 and shapely.is_valid(shapes[0]):
        return 0
    lines = _lines(shapes)
    tree, step = shapely.STRtree(lines), max(1, _PAIRS_AT_ONCE // max(1, len(lines)))
    found = pairs = 0
    for first in range(0, len(lines), step):
        mine, others = tree.query(lines[first : first + step])
        mine = mine + first
        is_once = mine < others
        pairs += int(is_once.sum())
        if pairs > _MOST_PAIRS:
            return most + 1
        found += int(shapely.crosses(lines[mine[is_once]], lines[others[is_once]]).sum())
        if found > most:
            return found
    return found


def _lines(shapes: Sequence[BaseGeometry]) -> Any:
    """Return every line from one corner to the next, as an array."""
    several = []
    for ring in shapely.get_rings(shapely.get_parts(list(shapes))):
        corners = shapely.get_coordinates(ring)
        several.append(np.stack([corners[:-1], corners[1:]], axis=1))
    return shapely.linestrings(np.concatenate(several)) if several else np.array([], dtype=object)


def geometries(told: Any) -> list[dict[str, Any]]:
    """Return the polygons of a GeoJSON object. Raises NoArea for what is none."""
    kind = told.get("type") if isinstance(told, dict) else None
    if kind == "FeatureCollection":
        return [one for feature in told["features"] for one in geometries(feature)]
    if kind == "Feature":
        return geometries(told["geometry"]) if told["geometry"] else []
    if kind == "GeometryCollection":
        return [one for inner in told["geometries"] for one in geometries(inner)]
    if kind in _AREAS:
        return [told]
    raise NoArea(str(kind or "no GeoJSON")[:40])


def shape_of(geometry: dict[str, Any]) -> BaseGeometry:
    """Return one polygon. Raises NoArea for positions that are no degrees."""
    shape: BaseGeometry = shapely.from_geojson(json.dumps(geometry))
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise NoArea("no degrees")
    return shape
