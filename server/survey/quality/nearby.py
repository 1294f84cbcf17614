"""Where villages lie to one another: in kilometres on a plane, and who is beside whom."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from maps import smoothing, touching
from server.survey import boundaries, indicators
from server.survey.areas import WHOLE_SITE
from server.tables.reference import Village

# Of villages without borders: as many neighbours as a map has around a village in its midst.
NEIGHBOURS = 6
_KM_A_DEGREE = 111.195
# Fixes move by some metres from visit to visit: villages do not.
_DECIMALS = 3

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Nearby:
    """Villages by code with their places, in kilometres east and north; not all are known.

    Plane enough for a county: at its edge the error is far below the width of a village. `beside`
    are the codes of those whose borders touch, of villages whose borders are known.
    """

    places: Mapping[str, Place]
    beside: Mapping[str, Sequence[str]]
    hash: str

    def known(self, codes: Sequence[str]) -> list[int]:
        """Return the positions of the villages whose places are known."""
        return [at for at, code in enumerate(codes) if code in self.places]

    def neighbours(self, codes: Sequence[str]) -> list[list[int]]:
        """Return for each village the positions of its neighbours: by borders, else the nearest.

        None for a village that has neither borders nor a place.
        """
        known = self.known(codes)
        found: list[list[int]] = [[] for _ in codes]
        several = smoothing.nearest([self.places[codes[at]] for at in known], NEIGHBOURS)
        for at, beside in zip(known, several, strict=True):
            found[at] = [known[one] for one in beside]
        at_code = {code: at for at, code in enumerate(codes)}
        for code, others in self.beside.items():
            if code in at_code and others:
                found[at_code[code]] = [at_code[one] for one in others if one in at_code]
        return found


def nearby(connection: Connection) -> Nearby:
    """Return where all villages lie: the registry's point, the clinic's, or where visits were."""
    with Session(connection) as session:
        villages = session.scalars(select(Village).order_by(Village.code)).all()
        points = indicators.places_of(session, villages)
        edition = boundaries.edition(session, WHOLE_SITE)
        beside = _beside(session) if edition else {}
    told = {
        code: (round(points[code].latitude, _DECIMALS), round(points[code].longitude, _DECIMALS))
        for code in sorted(points)
    }
    latitude = sum(one for one, _ in told.values()) / len(told) if told else 0.0
    narrower = math.cos(math.radians(latitude))
    places = {
        code: (longitude * narrower * _KM_A_DEGREE, latitude * _KM_A_DEGREE)
        for code, (latitude, longitude) in told.items()
    }
    known_by = f"{sorted(told.items())}:{edition}"
    return Nearby(places, beside, hashlib.sha256(known_by.encode()).hexdigest())


def _beside(session: Session) -> dict[str, list[str]]:
    """Return which villages' borders touch, by the few corners that a map draws."""
    told = boundaries.drawn(session, WHOLE_SITE)
    codes = sorted(told)
    shapes = [_shape(json.loads(told[code])) for code in codes]
    several = touching.touching(shapes)
    return {code: [codes[one] for one in some] for code, some in zip(codes, several, strict=True)}


def _shape(polygons: list[list[list[list[float]]]]) -> BaseGeometry:
    return shapely.MultiPolygon([(rings[0], rings[1:]) for rings in polygons])
