"""Borders of villages from a GeoJSON: read, brought to WGS 84, thinned out for a phone, and tried
for the frame they are in.

A border in a shifted frame looks right and lies some hundred metres off, wider than a village: so
every file says its frame, and is held against where phones were.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, get_args

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from maps.crs import Crs, from_wgs84, to_wgs84
from maps.layers import DECIMALS
from maps.points import EARTH_RADIUS_M, Point
from maps.polygons import MOST_BYTES, MOST_CROSSINGS, NoArea, crossings, geometries, shape_of

MOST_FEATURES = 5_000
MOST_CORNERS = 500_000
# As fine as a village can be seen on a phone: 20 to 50 m are lost between two corners.
THINNED_DEGREES = 0.0003
SAME_CORNER_DEGREES = 1e-6
# GCJ-02 lies 200 to 600 m from WGS 84, BD-09 up to 1,200 m; below, villages lie as they lie.
LEAST_SHIFT_M, MOST_SHIFT_M = 100, 1_500
FEWEST_COMPARED = 5
# Standard errors of a median vector's length; the middle of a village is not where its houses are.
SURE = 3.0
_FRAMES: tuple[Crs, ...] = ("wgs84", "gcj02", "bd09")
_DEGREE_M = math.radians(1) * EARTH_RADIUS_M


@dataclass(frozen=True, slots=True)
class Feature:
    """One area of a file: its place there from 1, what it says of itself, its shape in WGS 84."""

    number: int
    told: Mapping[str, str]
    shape: BaseGeometry


@dataclass(frozen=True, slots=True)
class FrameCheck:
    """Borders held against where phones were.

    `compared` villages have both; of `inside` the middle of the visits lies within the border.
    `shift_m` is the median vector's length from visits to borders, None with fewer than
    FEWEST_COMPARED. `is_shifted`: it has one direction and the length of a wrong frame; `better`
    is the frame that would fit then, None where none does.
    """

    compared: int
    inside: int
    shift_m: float | None = None
    is_shifted: bool = False
    better: Crs | None = None


def read_features(content: bytes, crs: Crs) -> list[Feature]:
    """Return the areas of a GeoJSON FeatureCollection (RFC 7946), in its order.

    Features without a geometry are left out; lines that cross are mended. Raises NoArea for
    anything else, for positions that are no degrees, and for more than a county has.
    """
    rows = _rows(content)
    try:
        drawn = {
            number: [shape_of(one) for one in geometries(row)]
            for number, row in enumerate(rows, start=1)
            if row["geometry"]
        }
        _demand_few(drawn.values())
        found = [
            Feature(number, _words(rows[number - 1]), _area(shapes))
            for number, shapes in drawn.items()
        ]
    except NoArea:
        raise
    except (shapely.errors.ShapelyError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise NoArea("damaged") from error
    if not found:
        raise NoArea("no polygon")
    if crs in ("wgs84", "cgcs2000"):
        return found
    return [Feature(one.number, one.told, _moved(one.shape, crs)) for one in found]


def _rows(content: bytes) -> list[dict[str, Any]]:
    if len(content) > MOST_BYTES:
        raise NoArea("too large")
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NoArea("no JSON") from error
    rows = told.get("features") if isinstance(told, dict) else None
    if not isinstance(rows, list):
        raise NoArea("no list of features")
    if len(rows) > MOST_FEATURES:
        raise NoArea("too many areas")
    return rows


def _words(row: Mapping[str, Any]) -> dict[str, str]:
    """Return what a feature says of itself as text; whole numbers as they are written."""
    said = {"id": row.get("id"), **(row.get("properties") or {})}
    return {
        str(name): str(int(value))
        if isinstance(value, float) and value.is_integer()
        else str(value)
        for name, value in said.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    }


def _demand_few(drawn: Iterable[Sequence[BaseGeometry]]) -> None:
    """Refuse more corners, or more lines that cross, than a server has time for."""
    several = list(drawn)
    if (
        sum(int(shapely.get_num_coordinates(one)) for some in several for one in some)
        > MOST_CORNERS
    ):
        raise NoArea("too many corners")
    left = MOST_CROSSINGS
    for shapes in several:
        left -= crossings(shapes, left) if shapes else 0
        if left < 0:
            raise NoArea("tangled")


def _area(shapes: Sequence[BaseGeometry]) -> BaseGeometry:
    if not shapes:
        raise NoArea("no polygon")
    return polygons_only(shapely.union_all([shapely.make_valid(one) for one in shapes]))


def joined(shapes: Sequence[BaseGeometry]) -> BaseGeometry:
    """Return several areas as one. Raises NoArea where their lines cross too often."""
    if crossings(shapes, MOST_CROSSINGS) > MOST_CROSSINGS:
        raise NoArea("tangled")
    return polygons_only(shapely.union_all(shapes))


def polygons_only(shape: BaseGeometry) -> BaseGeometry:
    """Return the areas of a shape: mending may leave lines and points beside them."""
    parts = [
        one for one in shapely.get_parts(shape) if one.geom_type in ("Polygon", "MultiPolygon")
    ]
    return shapely.union_all(parts)


def _moved(shape: BaseGeometry, crs: Crs) -> BaseGeometry:
    known: dict[tuple[float, float], tuple[float, float]] = {}

    def move(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        for east, north in corners:
            if (east, north) not in known:
                place = to_wgs84(Point(float(north), float(east)), crs)
                known[east, north] = place.longitude, place.latitude
        return np.array([known[east, north] for east, north in corners]).reshape(-1, 2)

    moved: BaseGeometry = shapely.transform(shape, move)
    return moved


def thinned(shapes: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Return the shapes with fewer corners; neighbours keep the same line between them."""
    if not shapes:
        return []
    # Corners that differ in the last decimals only would leave slits between neighbours.
    same = shapely.set_precision(np.array(list(shapes)), SAME_CORNER_DEGREES)
    fewer = shapely.coverage_simplify(same, THINNED_DEGREES)
    mended = [polygons_only(shapely.make_valid(one)) for one in fewer]
    return [few if not few.is_empty else whole for few, whole in zip(mended, shapes, strict=True)]


def rings(shape: BaseGeometry) -> list[list[list[list[float]]]]:
    """Return polygons, their rings, their corners as [longitude, latitude] to the metre."""
    return [
        [_ring(ring.coords) for ring in (polygon.exterior, *polygon.interiors)]
        for polygon in shapely.get_parts(shape)
    ]


def _ring(corners: Any) -> list[list[float]]:
    return [[round(east, DECIMALS), round(north, DECIMALS)] for east, north in corners]


def in_frame(polygons: list[list[list[list[float]]]], crs: Crs) -> list[list[list[list[float]]]]:
    """Return drawn corners of WGS 84 as they stand on tiles in `crs`."""
    if crs in ("wgs84", "cgcs2000"):
        return polygons
    moved = []
    for polygon in polygons:
        moved.append([[_in_frame(corner, crs) for corner in ring] for ring in polygon])
    return moved


def _in_frame(corner: Sequence[float], crs: Crs) -> list[float]:
    place = from_wgs84(Point(corner[1], corner[0]), crs)
    return [round(place.longitude, DECIMALS), round(place.latitude, DECIMALS)]


def packed(polygons: list[list[list[list[float]]]]) -> list[list[list[int]]]:
    """Return drawn corners as whole steps of a metre or so from one to the next.

    Each ring is a flat list: longitude and latitude of its first corner times 10^DECIMALS, then
    how far east and north each next one lies: half the bytes of degrees.
    """
    return [[_steps(ring) for ring in polygon] for polygon in polygons]


def _steps(ring: list[list[float]]) -> list[int]:
    steps, before = [], (0, 0)
    for east, north in ring:
        here = round(east * 10**DECIMALS), round(north * 10**DECIMALS)
        steps += [here[0] - before[0], here[1] - before[1]]
        before = here
    return steps


def middle(shape: BaseGeometry) -> Point:
    """Return the centre of gravity of a shape."""
    centre = shapely.centroid(shape)
    return Point(centre.y, centre.x)


def holds(shape: BaseGeometry, place: Point) -> bool:
    """Say whether a place lies inside, or on the edge."""
    return bool(shapely.intersects_xy(shape, place.longitude, place.latitude))


def check_frame(pairs: Sequence[tuple[BaseGeometry, Point]], declared: Crs) -> FrameCheck:
    """Hold borders in WGS 84, as `declared` brought them there, against the middle of visits."""
    inside = sum(holds(shape, place) for shape, place in pairs)
    if len(pairs) < FEWEST_COMPARED:
        return FrameCheck(len(pairs), inside)
    middles = [middle(shape) for shape, _ in pairs]
    fixes = [place for _, place in pairs]

    def under(frame: Crs) -> list[tuple[float, float]]:
        if frame == declared or {frame, declared} <= {"wgs84", "cgcs2000"}:
            return _vectors(fixes, middles)
        return _vectors(fixes, [to_wgs84(from_wgs84(one, declared), frame) for one in middles])

    told = under(declared)
    shift_m = _length(told)
    is_shifted = LEAST_SHIFT_M <= shift_m <= MOST_SHIFT_M and shift_m > SURE * _doubt(told)
    lengths: dict[Crs, float] = {frame: _length(under(frame)) for frame in _FRAMES}
    best = min(lengths, key=lambda frame: lengths[frame])
    fits = is_shifted and lengths[best] < shift_m / 2
    return FrameCheck(len(pairs), inside, shift_m, is_shifted, best if fits else None)


def _vectors(places: Sequence[Point], others: Sequence[Point]) -> list[tuple[float, float]]:
    """Return how many metres east and north each of the others lies from its place."""
    return [
        (
            (other.longitude - place.longitude)
            * _DEGREE_M
            * math.cos(math.radians(place.latitude)),
            (other.latitude - place.latitude) * _DEGREE_M,
        )
        for place, other in zip(places, others, strict=True)
    ]


def _length(vectors: Sequence[tuple[float, float]]) -> float:
    return math.hypot(median(east for east, _ in vectors), median(north for _, north in vectors))


def _doubt(vectors: Sequence[tuple[float, float]]) -> float:
    """Return the standard error of the median vector's length, from median absolute deviations.

    1.4826 makes such a deviation a standard one, and 1.2533 is what a median loses against a
    mean, both for a normal distribution.
    """
    errors = []
    for axis in (0, 1):
        values = [vector[axis] for vector in vectors]
        centre = median(values)
        spread = 1.4826 * median(abs(value - centre) for value in values)
        errors.append(1.2533 * spread / math.sqrt(len(values)))
    return math.hypot(*errors)


FRAMES: tuple[Crs, ...] = get_args(Crs)
"""What a file or a source of tiles may declare."""
