"""What the map fetches: villages, clinics and households as small JSON.

Rows are arrays without repeated names ("fields" names them once); degrees have five decimals,
about a metre. A county of 1,000 villages is some 30 kB gzipped.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from maps.clinics import ClinicScore
from maps.coverage import VillageCoverage
from maps.legend import CLINICS, COUNTS, COVERAGE, Symbol, count_class, coverage_class
from maps.points import Point

DECIMALS = 5
MOST_ZOOM = 20
MOST_CELLS = 500
"""A phone draws this many circles without stuttering."""

VILLAGE_FIELDS = (
    "code", "name", "township", "latitude", "longitude", "coverage", "suspected_class",
    "documented_class", "register", "register_persons", "register_source", "register_on",
    "done", "completed", "refused", "absent", "vacated", "seen", "persons", "screened",
    "suspected", "documented", "last_visit_on", "days_behind",
)  # fmt: skip
CLINIC_FIELDS = (
    "id", "name", "village", "township", "latitude", "longitude", "class", "score", "vetoes",
    "audited_on",
)  # fmt: skip

# "高川村村民委员会" is on the map "高川村": the committee governs the village, it is not its name.
_COMMITTEE = re.compile(r"(?:村?村民委员会|村?村委会|居民委员会|居委会)$")


class Box(NamedTuple):
    """A rectangle in WGS 84 degrees; its edges belong to it."""

    south: float
    west: float
    north: float
    east: float


class HouseholdStatus(IntEnum):
    """How a household stands, the later the more there is to do."""

    COMPLETED = 0
    VACATED = 1
    ABSENT = 2
    REFUSED = 3
    OPEN = 4


class HouseholdPoint(NamedTuple):
    """One household on the map; without a name, since many look over a shoulder."""

    id: str
    latitude: float
    longitude: float
    status: int


def village_layer(villages: Sequence[VillageCoverage], hide_below: int = 0) -> dict[str, Any]:
    """Return villages for the map, in the order given.

    Classes are places in the "symbols" of the layer. A village without a place has null degrees:
    the page counts it and leaves it to the list. Counts of persons found above 0 and below
    `hide_below` are null.
    """
    townships = _numbered((one.township_code, one.township_name) for one in villages)
    return {
        "fields": VILLAGE_FIELDS,
        "symbols": {
            "coverage": _keys(COVERAGE),
            "suspected": _keys(COUNTS),
            "documented": _keys(COUNTS),
        },
        "townships": list(townships),
        "villages": [_village_row(one, townships, hide_below) for one in villages],
    }


def clinic_layer(clinics: Sequence[ClinicScore]) -> dict[str, Any]:
    """Return clinics for the map, in the order given; `score` is null where no audit counts."""
    townships = _numbered((one.township_code, one.township_name) for one in clinics)
    keys = _keys(CLINICS)
    return {
        "fields": CLINIC_FIELDS,
        "symbols": {"clinics": keys},
        "townships": list(townships),
        "clinics": [
            [
                one.id,
                one.name,
                short_name(one.village_name),
                townships[one.township_code, one.township_name],
                *_degrees(one.place),
                keys.index(one.clinic_class),
                one.score,
                len(one.vetoes),
                one.audited_on.isoformat() if one.audited_on else None,
            ]
            for one in clinics
        ],
    }


def household_cells(
    households: Iterable[HouseholdPoint], zoom: int, box: Box
) -> dict[str, list[list[object]]]:
    """Return the households in `box`: each one where they are few, else cells of a grid.

    Cells are 360 / 2^(zoom + 3) degrees wide (32 pixels), doubled until at most MOST_CELLS are
    left, and rows are [latitude, longitude, households, worst status] at the mean of what they
    hold. Up to MOST_CELLS households are rows of their own: [latitude, longitude, status, id].
    """
    inside = [
        one
        for one in households
        if box.south <= one.latitude <= box.north and box.west <= one.longitude <= box.east
    ]
    if len(inside) <= MOST_CELLS:
        return {
            "households": [
                [round(one.latitude, DECIMALS), round(one.longitude, DECIMALS), one.status, one.id]
                for one in inside
            ]
        }
    # A box far wider than a screen at this zoom would be cut into cells for nothing.
    widest = max(box.north - box.south, box.east - box.west) / 64
    width = max(widest, 360 / 2 ** (min(max(zoom, 0), MOST_ZOOM) + 3))
    while len(cells := _cells(inside, width)) > MOST_CELLS:
        width *= 2
    return {"cells": cells}


def box_around(places: Iterable[Point | None]) -> Box | None:
    """Return the smallest box that holds all known places, None when there is none."""
    known = [place for place in places if place]
    if not known:
        return None
    north_south = [place.latitude for place in known]
    east_west = [place.longitude for place in known]
    return Box(min(north_south), min(east_west), max(north_south), max(east_west))


def short_name(village: str) -> str:
    """Return a village's name without its committee: "高川村村民委员会" → "高川村"."""
    stem = _COMMITTEE.sub("", village)
    if not stem or stem == village:
        return village
    return f"{stem}村" if "村" in village[len(stem) :] and not stem.endswith("村") else stem


def to_json(layer: Mapping[str, Any]) -> bytes:
    """Return a layer as JSON without needless bytes."""
    return json.dumps(layer, ensure_ascii=False, separators=(",", ":")).encode()


def _village_row(
    village: VillageCoverage, townships: Mapping[tuple[str, str], int], hide_below: int
) -> list[object]:
    """Return the cells of VILLAGE_FIELDS."""
    suspected = count_class(village, "suspected", hide_below)
    documented = count_class(village, "documented", hide_below)
    counts = _keys(COUNTS)
    return [
        village.code,
        short_name(village.name),
        townships[village.township_code, village.township_name],
        *_degrees(village.place),
        _keys(COVERAGE).index(coverage_class(village)),
        counts.index(suspected),
        counts.index(documented),
        village.register_households,
        village.register_persons,
        village.register_source,
        village.register_on.isoformat() if village.register_on else None,
        village.done,
        village.households_completed,
        village.households_refused,
        village.households_absent_final,
        village.households_vacated,
        village.households_seen,
        village.persons_registered,
        village.persons_screened,
        None if suspected == "hidden" else village.suspected,
        None if documented == "hidden" else village.documented,
        village.last_visit_on.isoformat() if village.last_visit_on else None,
        village.days_behind,
    ]


def _cells(households: Iterable[HouseholdPoint], width: float) -> list[list[object]]:
    sums: defaultdict[tuple[int, int], list[float]] = defaultdict(lambda: [0.0, 0.0, 0, 0])
    for _, latitude, longitude, status in households:
        cell = sums[int(latitude // width), int(longitude // width)]
        cell[0] += latitude
        cell[1] += longitude
        cell[2] += 1
        if status > cell[3]:
            cell[3] = status
    return [
        [round(north / count, DECIMALS), round(east / count, DECIMALS), int(count), int(worst)]
        for _, (north, east, count, worst) in sorted(sums.items())
    ]


def _degrees(place: Point | None) -> tuple[float | None, float | None]:
    if place is None:
        return None, None
    return round(place.latitude, DECIMALS), round(place.longitude, DECIMALS)


def _keys(symbols: Sequence[Symbol]) -> list[str]:
    return [str(symbol.key) for symbol in symbols]


def _numbered(townships: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return townships once each with their position, in the order they are met."""
    return {township: at for at, township in enumerate(dict.fromkeys(townships))}
