"""What the map fetches as small JSON: clinics here, villages in maps/village_layer.py.

Rows are arrays without repeated names ("fields" names them once); degrees have five decimals,
about a metre. A county of 1,000 villages is some 30 kB gzipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from maps.clinics import ClinicScore
from maps.legend import CLINICS, Symbol
from maps.points import Point

DECIMALS = 5
MOST_ZOOM = 20

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


def clinic_layer(clinics: Sequence[ClinicScore]) -> dict[str, Any]:
    """Return clinics for the map, in the order given; `score` is null where no audit counts."""
    townships = numbered((one.township_code, one.township_name) for one in clinics)
    keys = keys_of(CLINICS)
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
                *degrees(one.place),
                keys.index(one.clinic_class),
                one.score,
                len(one.vetoes),
                one.audited_on.isoformat() if one.audited_on else None,
            ]
            for one in clinics
        ],
    }


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


def degrees(place: Point | None) -> tuple[float | None, float | None]:
    """Return latitude and longitude to the metre."""
    if place is None:
        return None, None
    return round(place.latitude, DECIMALS), round(place.longitude, DECIMALS)


def keys_of(symbols: Sequence[Symbol]) -> list[str]:
    """Return the keys of symbols in their order."""
    return [str(symbol.key) for symbol in symbols]


def numbered(townships: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return townships once each with their position, in the order they are met."""
    return {township: at for at, township in enumerate(dict.fromkeys(townships))}
