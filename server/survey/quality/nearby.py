"""Where villages lie to one another: in kilometres on a plane, and who is beside whom."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from maps import smoothing
from server.survey import indicators
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

    Plane enough for a county: at its edge the error is far below the width of a village.
    """

    places: Mapping[str, Place]
    hash: str

    def known(self, codes: Sequence[str]) -> list[int]:
        """Return the positions of the villages whose places are known."""
        return [at for at, code in enumerate(codes) if code in self.places]

    def neighbours(self, codes: Sequence[str]) -> list[list[int]]:
        """Return for each village the positions of its neighbours; none for one without a place."""
        known = self.known(codes)
        found: list[list[int]] = [[] for _ in codes]
        several = smoothing.nearest([self.places[codes[at]] for at in known], NEIGHBOURS)
        for at, beside in zip(known, several, strict=True):
            found[at] = [known[one] for one in beside]
        return found


def nearby(connection: Connection) -> Nearby:
    """Return where all villages lie: the registry's point, the clinic's, or where visits were."""
    with Session(connection) as session:
        villages = session.scalars(select(Village).order_by(Village.code)).all()
        points = indicators.places_of(session, villages)
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
    return Nearby(places, hashlib.sha256(repr(sorted(told.items())).encode()).hexdigest())
