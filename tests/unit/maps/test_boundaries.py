"""Borders of villages: what is read from a file, what a phone gets, and whether the frame fits."""

from __future__ import annotations

import gzip
import json
import math
import random
from typing import Any

import pytest
import shapely

from maps import boundaries
from maps.boundaries import check_frame, read_features, rings, thinned
from maps.crs import Crs, from_wgs84
from maps.layers import to_json
from maps.points import Point
from maps.polygons import NoArea

SIDE = 0.02


def corners(row: int, column: int) -> list[list[float]]:
    """A square village among others, its border with more corners than it needs."""
    west, south = 116.8 + column * SIDE, 38.0 + row * SIDE
    steps = [at / 20 for at in range(20)]
    return [
        *[[west + SIDE * step, south] for step in steps],
        *[[west + SIDE, south + SIDE * step] for step in steps],
        *[[west + SIDE * (1 - step), south + SIDE] for step in steps],
        *[[west, south + SIDE * (1 - step)] for step in steps],
        [west, south],
    ]


def a_file(crs: Crs = "wgs84", villages: int = 30, **properties: Any) -> bytes:
    features = []
    for at in range(villages):
        places = [from_wgs84(Point(north, east), crs) for east, north in corners(at // 6, at % 6)]
        ring = [[one.longitude, one.latitude] for one in places]
        features.append(
            {
                "type": "Feature",
                "properties": {"code": f"130921211{201 + at}", **properties},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def fixes(villages: int = 30, scatter: float = 0.004) -> list[Point]:
    """Where phones were: somewhere around the middle of each square."""
    chance = random.Random(5)
    return [
        Point(
            38.0 + (at // 6 + 0.5) * SIDE + chance.gauss(0, scatter),
            116.8 + (at % 6 + 0.5) * SIDE + chance.gauss(0, scatter),
        )
        for at in range(villages)
    ]


def checked(actual: Crs, declared: Crs, villages: int = 30) -> boundaries.FrameCheck:
    features = read_features(a_file(actual, villages), declared)
    pairs = [(one.shape, fix) for one, fix in zip(features, fixes(villages), strict=True)]
    return check_frame(pairs, declared)


def test_a_feature_says_its_place_its_words_and_its_shape() -> None:
    (first, *_) = read_features(a_file(name="高川村", number=7.0, flag=True), "wgs84")

    assert first.number == 1
    assert first.told == {"code": "130921211201", "name": "高川村", "number": "7"}
    assert shapely.equals(first.shape, shapely.box(116.8, 38.0, 116.82, 38.02))


@pytest.mark.parametrize("crs", ["wgs84", "cgcs2000", "gcj02", "bd09"])
def test_every_frame_is_brought_to_the_same_place(crs: Crs) -> None:
    told = read_features(a_file(crs, villages=1), crs)[0].shape

    assert shapely.hausdorff_distance(told, shapely.box(116.8, 38.0, 116.82, 38.02)) < 1e-6


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\xff", "no JSON"),
        (b"[]", "no list of features"),
        (b'{"type":"Feature"}', "no list of features"),
        (b'{"features":[]}', "no polygon"),
        (b'{"features":[{"geometry":null}]}', "no polygon"),
        (b'{"features":[1]}', "damaged"),
        (b'{"features":[{"type":"Feature","geometry":{"type":"Point"}}]}', "Point"),
        (
            b'{"features":[{"type":"Feature","geometry":{"type":"Polygon","coordinates":'
            b"[[[40500000,4200000],[40500100,4200000],[40500100,4200100],[40500000,4200000]]]}}]}",
            "no degrees",
        ),
    ],
)
def test_what_is_no_file_of_borders_is_named(content: bytes, found: str) -> None:
    with pytest.raises(NoArea, match=found):
        read_features(content, "wgs84")


def test_neighbours_keep_the_same_line_between_them_when_thinned() -> None:
    shapes = [one.shape for one in read_features(a_file(), "wgs84")]

    fewer = thinned(shapes)

    before, after = (sum(map(shapely.get_num_coordinates, some)) for some in (shapes, fewer))
    assert after < before / 5
    assert shapely.area(shapely.union_all(fewer)) == pytest.approx(
        shapely.area(shapely.union_all(shapes)), rel=1e-6
    )
    assert shapely.coverage_is_valid(fewer)


def test_a_hole_is_drawn_as_a_ring_of_its_own() -> None:
    shape = shapely.box(116.8, 38, 116.9, 38.1).difference(
        shapely.box(116.84, 38.04, 116.86, 38.06)
    )

    ((outer, hole),) = rings(shape)

    assert len(outer) == len(hole) == 5
    assert [116.84, 38.04] in hole


def test_a_thousand_borders_travel_in_less_than_a_hundred_kilobytes() -> None:
    chance = random.Random(3)
    borders = {}
    for at in range(1_000):
        east, north = 116.5 + chance.random() / 2, 38 + chance.random() / 2
        turns = [step * math.pi / 12 for step in range(24)]
        far = [chance.uniform(0.006, 0.012) for _ in turns]
        ring = [
            [round(east + r * math.cos(t), 5), round(north + r * math.sin(t), 5)]
            for t, r in zip(turns, far, strict=True)
        ]
        borders[f"130921{at:06}"] = boundaries.packed([[[*ring, ring[0]]]])

    assert len(gzip.compress(to_json({"borders": borders}), 5)) < 100_000


def test_packed_corners_lead_back_to_where_they_were() -> None:
    ((ring,),) = boundaries.packed([[[[116.8, 38.0], [116.82, 38.00001], [116.8, 38.0]]]])

    assert ring == [11_680_000, 3_800_000, 2_000, 1, -2_000, -1]


@pytest.mark.parametrize(("actual", "declared"), [("gcj02", "wgs84"), ("wgs84", "gcj02")])
def test_a_wrong_frame_is_noticed_and_the_right_one_named(actual: Crs, declared: Crs) -> None:
    told = checked(actual, declared)

    assert told.is_shifted
    assert told.better == actual
    assert told.shift_m is not None
    assert 300 < told.shift_m < 800


@pytest.mark.parametrize("crs", ["wgs84", "cgcs2000", "gcj02", "bd09"])
def test_the_right_frame_is_left_in_peace_however_houses_lie(crs: Crs) -> None:
    told = checked(crs, crs)

    assert not told.is_shifted
    assert told.inside > 25


def test_few_villages_say_nothing_about_the_frame() -> None:
    told = checked("gcj02", "wgs84", villages=4)

    assert (told.compared, told.shift_m, told.is_shifted) == (4, None, False)


def test_a_tangle_of_lines_is_refused_before_it_is_mended() -> None:
    chance = random.Random(1)
    places = [[116 + chance.random(), 38 + chance.random()] for _ in range(500)]
    triangles = [[*places[at : at + 3], places[at]] for at in range(400)]

    for geometry in (
        {"type": "Polygon", "coordinates": [[*places, places[0]]]},
        {"type": "MultiPolygon", "coordinates": [[one] for one in triangles]},
    ):
        told = {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "geometry": geometry}],
        }
        with pytest.raises(NoArea, match="tangled"):
            read_features(json.dumps(told).encode(), "wgs84")


def test_a_line_that_crosses_once_is_mended() -> None:
    bow = {
        "type": "Polygon",
        "coordinates": [[[116, 38], [117, 39], [117, 38], [116, 39], [116, 38]]],
    }
    told = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": bow}]}

    (one,) = read_features(json.dumps(told).encode(), "wgs84")

    assert shapely.area(one.shape) == pytest.approx(0.5)
