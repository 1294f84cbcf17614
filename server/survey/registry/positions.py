"""Reads a row's position: which number is the latitude, and whether it is in China."""

from __future__ import annotations

from maps.crs import Crs, to_wgs84
from maps.points import Point
from server.survey.registry import cells
from server.survey.registry.rows import Row

# Bounding box of the country, sea and all, to a degree; anything outside is told, not refused.
SOUTH, NORTH, WEST, EAST = 3.0, 54.0, 73.0, 136.0
HALF_POSITION = "Latitude and longitude belong together: one of the two is missing."
SWAPPED = "Latitude and longitude look swapped: read as %(latitude)s north, %(longitude)s east."
NOT_IN_CHINA = "%(latitude)s north, %(longitude)s east lies outside China."


def read_position(row: Row, crs: Crs) -> dict[str, float | None]:
    """Return latitude and longitude in WGS 84 degrees, or nothing; `crs` is the file's own."""
    faults = len(row.notes.faults)
    latitude = row.read("latitude", cells.degrees_of)
    longitude = row.read("longitude", cells.degrees_of)
    if len(row.notes.faults) > faults or (latitude is None and longitude is None):
        return {}
    if latitude is None or longitude is None:
        row.refuse("longitude" if longitude is None else "latitude", HALF_POSITION)
        return {}
    msgid = ""
    if not is_in_china(latitude, longitude) and is_in_china(longitude, latitude):
        latitude, longitude, msgid = longitude, latitude, SWAPPED
    elif abs(latitude) > 90:
        row.refuse("latitude", cells.NO_DEGREES, text=str(latitude))
        return {}
    elif not is_in_china(latitude, longitude):
        msgid = NOT_IN_CHINA
    if msgid:
        row.warn("latitude", msgid, latitude=str(latitude), longitude=str(longitude))
    place = to_wgs84(Point(latitude, longitude), crs)
    # Six decimals are a decimetre.
    return {"latitude": round(place.latitude, 6), "longitude": round(place.longitude, 6)}


def is_in_china(latitude: float, longitude: float) -> bool:
    """Say whether a place may lie in China: inside the box that just holds the country."""
    return SOUTH <= latitude <= NORTH and WEST <= longitude <= EAST
