"""Texts of XForm answers → numbers, days, instants and positions. None means: not such a value."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import NamedTuple

# float() and int() also take "nan", "1_000" and digits of other scripts; XML Schema does not.
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ZONE = re.compile(r"Z|[-+][0-9]{2}(?::?[0-9]{2})?")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}.*")

# Beyond this a double no longer holds every whole number, and no count of people gets near it.
_LARGEST_WHOLE = 2**53


class GeoPoint(NamedTuple):
    """A fix: WGS 84 degrees, metres. Altitude and accuracy are None where the client gave none."""

    latitude: float
    longitude: float
    altitude_m: float | None
    accuracy_m: float | None


def read_number(text: str) -> float | None:
    """Return the finite number `text` writes in ASCII digits, exponent allowed, else None."""
    if len(text) > 40 or _NUMBER.fullmatch(text) is None:
        return None
    number = float(text)
    return number if abs(number) < 1e300 else None


def read_integer(text: str) -> int | None:
    """Return the whole number `text` writes; "143.0" is 143 because some clients send it so."""
    number = read_number(text)
    if number is None or not number.is_integer() or abs(number) > _LARGEST_WHOLE:
        return None
    return int(number)


def read_day(text: str) -> date | None:
    """Return the day at the phone: a date, or the day part of a dateTime in its own zone."""
    if _DAY.match(text) is None:
        return None
    rest = text[10:]
    if rest and rest[0] != "T" and _ZONE.fullmatch(rest) is None:
        return None
    try:
        return date(int(text[:4]), int(text[5:7]), int(text[8:10]))
    except ValueError:
        return None


def read_instant(text: str) -> datetime | None:
    """Return a dateTime with a zone (Z, +00:00, +08:00, +08) as an aware UTC instant, else None."""
    if len(text) > 40 or _INSTANT.fullmatch(text) is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None


def read_clock(text: str) -> time | None:
    """Return a time of day ("09:15:00.000+08:00"; the zone is kept as written), else None."""
    if len(text) > 40 or text[2:3] != ":":
        return None
    try:
        return time.fromisoformat(text)
    except ValueError:
        return None


def read_geopoint(text: str) -> GeoPoint | None:
    """Return "latitude longitude [altitude [accuracy]]" as a fix; None beyond 90 or 180 degrees."""
    numbers = [read_number(part) for part in text.split()]
    if not 2 <= len(numbers) <= 4:
        return None
    latitude, longitude, altitude_m, accuracy_m = (*numbers, None, None)[:4]
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    if accuracy_m is not None and accuracy_m < 0:
        accuracy_m = None
    return GeoPoint(latitude, longitude, altitude_m, accuracy_m)


def read_geopoints(text: str) -> tuple[GeoPoint, ...] | None:
    """Return the points of a geotrace or geoshape ("lat lon alt acc; …"), None if one is wrong."""
    points = [read_geopoint(part) for part in text.split(";") if part.strip()]
    found = tuple(point for point in points if point is not None)
    return found if found and len(found) == len(points) else None
