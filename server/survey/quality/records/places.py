"""Positions far from their village, and several households at one spot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from maps.outside import metres_outside
from maps.points import EARTH_RADIUS_M
from server.survey.quality.records.facts import NO_TIME, Facts
from server.survey.quality.records.found import HEAP, POSITION, Found

# Beyond this a fix belongs to no village, however many lie so (forms.visits.FAR_M).
NEVER_NEAR_M = 10_000
# Times the distance that 95 of 100 of a village's fixes keep. The 99th of 100 itself as a limit
# would call one in a hundred far, by construction, wherever houses are scattered.
TIMES_USUAL = 1.5
# A fix less accurate than this says nothing (methods of the survey: treat as missing).
INACCURATE_M = 200
# So many fixes tell the middle of a village that has no position in the register.
FIXES_FOR_A_MIDDLE = 20
# In a dense village several houses stand within the distance: a heap has this many times more.
TIMES_DENSE = 3
MOST_SHOWN = 20
_BLOCK = 512

Indexes = NDArray[np.int64]
Metres = NDArray[np.float64]


def found(
    facts: Facts,
    chosen: Mapping[str, float],
    middles: Mapping[int, tuple[float, float]],
    borders: Mapping[int, str],
) -> Iterator[Found]:
    """Give positions far from their village, and spots with several households of one phone.

    By village code as a number: `middles` are registered positions, latitude and longitude,
    `borders` GeoJSON geometries. A border tells more than a middle.
    """
    told = facts.told
    is_fix = ~np.isnan(told["latitude"]) & ~(told["accuracy"] > INACCURATE_M)
    fixes = np.flatnonzero(is_fix)
    if not len(fixes):
        return
    yield from _far(facts, fixes, chosen, middles, borders)
    yield from _heaps(facts, fixes[told["household"][fixes] != 0], chosen)


def _far(
    facts: Facts,
    fixes: Indexes,
    chosen: Mapping[str, float],
    middles: Mapping[int, tuple[float, float]],
    borders: Mapping[int, str],
) -> Iterator[Found]:
    told = facts.told
    fixes = fixes[np.argsort(told["village"][fixes], kind="stable")]
    villages, starts = np.unique(told["village"][fixes], return_index=True)
    for village, here in zip(villages.tolist(), np.split(fixes, starts[1:]), strict=True):
        middle = middles.get(village)
        if village in borders:
            yield from _outside(facts, here, shapely.from_geojson(borders[village]), chosen)
            continue
        if village == 0 or (middle is None and len(here) < FIXES_FOR_A_MIDDLE):
            continue
        latitude, longitude = told["latitude"][here], told["longitude"][here]
        is_told = middle is not None
        at = middle or (float(np.median(latitude)), float(np.median(longitude)))
        away = distances_m(at[0], at[1], latitude, longitude)
        # What is usual of a village of scattered houses is not far, but no usual goes beyond all.
        usual = TIMES_USUAL * float(np.quantile(away, 0.95))
        limit = max(chosen["position.farthest_m"], min(usual, NEVER_NEAR_M))
        for one in np.flatnonzero(away > limit):
            figures = {
                "distance_m": round(float(away[one])),
                "limit_m": round(limit),
                "is_registered": is_told,
                "latitude": float(latitude[one]),
                "longitude": float(longitude[one]),
                "middle": [at[0], at[1]],
            }
            inputs = [village, figures["latitude"], figures["longitude"]]
            yield Found(POSITION, "far", int(facts.ids[here[one]]), figures, inputs)


def _outside(
    facts: Facts, here: Indexes, border: BaseGeometry, chosen: Mapping[str, float]
) -> Iterator[Found]:
    latitude, longitude = facts.told["latitude"][here], facts.told["longitude"][here]
    away = metres_outside(border, latitude, longitude)
    for one in np.flatnonzero(away > chosen["position.outside_m"]):
        figures = {"outside_m": round(float(away[one]))}
        inputs = [
            int(facts.told["village"][here[one]]),
            *map(float, (latitude[one], longitude[one])),
        ]
        yield Found(POSITION, "far", int(facts.ids[here[one]]), figures, inputs)


def distances_m(latitude: Any, longitude: Any, latitudes: Any, longitudes: Any) -> Metres:
    """Return great-circle distances as maps.points.distance_m, of many points at once."""
    north, south = np.radians(latitude), np.radians(latitudes)
    half = np.sin((south - north) / 2) ** 2
    east = np.sin(np.radians(longitudes - longitude) / 2) ** 2
    chord = np.minimum(1.0, half + np.cos(north) * np.cos(south) * east)
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(chord)), np.float64)


def _heaps(facts: Facts, fixes: Indexes, chosen: Mapping[str, float]) -> Iterator[Found]:
    told = facts.told
    fixes = fixes[told["phone"][fixes] != 0]
    if not len(fixes):
        return
    # The first fix of each household by each phone, in the order of time.
    order = np.lexsort((facts.ids[fixes], told["started"][fixes], told["phone"][fixes]))
    fixes = fixes[order]
    both = np.stack([told["phone"][fixes].astype(np.uint64), told["household"][fixes]], axis=1)
    _, first = np.unique(both, axis=0, return_index=True)
    fixes = fixes[np.sort(first)]
    _phones, starts = np.unique(told["phone"][fixes], return_index=True)
    for mine in np.split(fixes, starts[1:]):
        if len(mine) >= chosen["heap.households"]:
            yield from _of_phone(facts, mine, chosen)


def _of_phone(facts: Facts, mine: Indexes, chosen: Mapping[str, float]) -> Iterator[Found]:
    within = chosen["heap.within_m"]
    told = facts.told[mine]
    counts = _counts(told["latitude"], told["longitude"], within)
    fewest = max(chosen["heap.households"], TIMES_DENSE * float(np.median(counts)))
    left = np.ones(len(mine), np.bool_)
    for centre in np.argsort(-counts, kind="stable"):
        if counts[centre] < fewest:
            return
        if not left[centre]:
            continue
        spot = told[centre]
        away = distances_m(spot["latitude"], spot["longitude"], told["latitude"], told["longitude"])
        members = np.flatnonzero((away <= within) & left)
        left[members] = False
        times = told["started"][members]
        times = times[times != NO_TIME]
        minutes = float(times.max() - times.min()) / 60 if len(times) else 0.0
        if len(members) < fewest or minutes < chosen["heap.minutes"]:
            continue
        ids = [int(one) for one in facts.ids[mine[members]]]
        figures = {
            "households": len(members),
            "within_m": within,
            "minutes": round(minutes),
            "submissions": ids[:MOST_SHOWN],
            "latitude": float(spot["latitude"]),
            "longitude": float(spot["longitude"]),
        }
        yield Found(HEAP, "", ids[0], figures, ids)


def _counts(latitudes: Any, longitudes: Any, within: float) -> NDArray[np.int64]:
    """Return how many lie within a distance of each, itself among them."""
    counts = np.zeros(len(latitudes), np.int64)
    for start in range(0, len(latitudes), _BLOCK):
        block = slice(start, start + _BLOCK)
        # Far from the poles a flat map will do for some metres.
        north = np.radians(latitudes[block, None] - latitudes[None]) * EARTH_RADIUS_M
        width = np.cos(np.radians(latitudes[block, None])) * EARTH_RADIUS_M
        east = np.radians(longitudes[block, None] - longitudes[None]) * width
        counts[block] = (north * north + east * east <= within * within).sum(axis=1)
    return counts
