"""How far places lie outside an area, many at once. WGS 84; flat metres, right within a county."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from maps.points import EARTH_RADIUS_M

Numbers = NDArray[np.float64]


def metres_outside(shape: BaseGeometry, latitudes: Numbers, longitudes: Numbers) -> Numbers:
    """Return the metres from each place to the nearest border, 0 for those inside or on it.

    `shape` has corners of longitude and latitude, as in GeoJSON.
    """
    away = np.zeros(len(latitudes))
    shapely.prepare(shape)
    is_out = ~shapely.intersects_xy(shape, longitudes, latitudes)
    if not is_out.any():
        return away
    # Degrees become metres around the area's middle: within 50 km by less than one in a hundred.
    middle = np.radians((shape.bounds[1] + shape.bounds[3]) / 2)
    north = np.radians(1.0) * EARTH_RADIUS_M
    scale = np.array([north * np.cos(middle), north])
    flat = shapely.transform(shape, lambda corners: corners * scale)
    places = shapely.points(longitudes[is_out] * scale[0], latitudes[is_out] * scale[1])
    away[is_out] = shapely.distance(flat, places)
    return away
