"""Areas drawn by people: what lies inside, in whatever frame they were drawn."""

from __future__ import annotations

import json
from typing import Any

import pytest

from maps.crs import from_wgs84
from maps.points import Point
from maps.polygons import NoArea, read_area

MIDDLE = Point(38.05, 116.95)
SQUARE = [[116.9, 38.0], [117.0, 38.0], [117.0, 38.1], [116.9, 38.1], [116.9, 38.0]]


def geojson(kind: str = "Polygon", coordinates: Any = None) -> dict[str, Any]:
    return {"type": kind, "coordinates": coordinates or [SQUARE]}


def read(told: Any, crs: Any = "wgs84") -> Any:
    return read_area(json.dumps(told).encode(), crs)


@pytest.mark.parametrize(
    "told",
    [
        geojson(),
        geojson("MultiPolygon", [[SQUARE]]),
        {"type": "Feature", "properties": {}, "geometry": geojson()},
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "properties": None, "geometry": None},
                {"type": "Feature", "properties": None, "geometry": geojson()},
            ],
        },
        {"type": "GeometryCollection", "geometries": [geojson()]},
    ],
)
def test_polygons_are_found_wherever_geojson_keeps_them(told: Any) -> None:
    area = read(told)

    assert area.holds(MIDDLE)
    assert area.holds(Point(38.0, 116.9))
    assert not area.holds(Point(38.2, 116.95))


def test_a_hole_is_outside() -> None:
    hole = [[116.94, 38.04], [116.96, 38.04], [116.96, 38.06], [116.94, 38.06], [116.94, 38.04]]

    area = read(geojson(coordinates=[SQUARE, hole]))

    assert not area.holds(MIDDLE)
    assert area.holds(Point(38.01, 116.95))


def test_a_polygon_whose_lines_cross_is_mended() -> None:
    bow = [[116.9, 38.0], [117.0, 38.1], [117.0, 38.0], [116.9, 38.1], [116.9, 38.0]]

    assert read(geojson(coordinates=[bow])).holds(Point(38.05, 116.91))


def test_the_frame_decides_near_the_edge() -> None:
    """domain: coordinate trap. GCJ-02 lies some 600 m east of WGS 84 here."""
    edge = Point(38.05, 116.997)

    assert from_wgs84(edge, "gcj02").longitude > 117.0
    assert read(geojson(), "wgs84").holds(edge)
    assert not read(geojson(), "gcj02").holds(edge)
    assert read(geojson(), "wgs84").is_doubtful(edge)
    assert not read(geojson(), "wgs84").is_doubtful(MIDDLE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'"Polygon"',
        b'{"type": "Point", "coordinates": [1, 2]}',
        b'{"type": "Polygon"}',
        b'{"type": "Polygon", "coordinates": [[["a", 1]]]}',
        b'{"type": "Polygon", "coordinates": [[[NaN, 1], [2, 2], [3, 3], [NaN, 1]]]}',
        b'{"type": "Polygon", "coordinates": [[[39500000, 4200000], [39500001, 4200000],'
        b" [39500001, 4200001], [39500000, 4200000]]]}",
        b'{"type": "FeatureCollection", "features": []}',
        b'{"type": "FeatureCollection", "features": 7}',
        b'{"a":' * 100_000,
    ],
)
def test_what_holds_no_area_is_said(content: bytes) -> None:
    with pytest.raises(NoArea):
        read_area(content, "wgs84")
