"""Flags that need the registry: a village nobody knows, a position too far from the village."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from forms.visits import FAR_M
from maps.points import Point, distance_m
from server.database import rows_with, table_of
from server.survey.interpretation import Interpretation
from server.tables.reference import Village

MESSAGES = {"village_unknown": "The registry has no village %(village)s."}
"""English message ids of the complaints of this file; `far_from_village` has its words in forms."""


VILLAGE = table_of(Village)
_PLACE = ("code", "latitude", "longitude")


def flag_places(connection: Connection, interpretations: Sequence[Interpretation]) -> None:
    """Add the flags that follow from the villages as the registry has them now."""
    codes = {one.visit["village_code"] for one in interpretations if one.visit}
    rows = rows_with(connection, VILLAGE, _PLACE, "code", sorted(codes))
    places = {code: (latitude, longitude) for code, latitude, longitude in rows}
    for one in interpretations:
        if one.visit:
            code = one.visit["village_code"]
            _add(one, _complaint(one.visit, code in places, places.get(code, (None, None))))


def _complaint(
    visit: dict[str, Any], is_known: bool, place: tuple[float | None, float | None]
) -> tuple[str, dict[str, Any]] | None:
    if visit["village_code"] and not is_known:
        return "village_unknown", {"village": visit["village_code"]}
    latitude, longitude = place
    if visit["latitude"] is None or latitude is None or longitude is None:
        return None
    away_m = distance_m(Point(latitude, longitude), Point(visit["latitude"], visit["longitude"]))
    if away_m <= FAR_M:
        return None
    return "far_from_village", {"distance_km": f"{away_m / 1000:.1f}"}


def _add(one: Interpretation, complaint: tuple[str, dict[str, Any]] | None) -> None:
    if complaint is None or one.visit is None:
        return
    code, params = complaint
    one.flags.append(
        {
            "submission_id": one.origin.submission_id,
            "number": len(one.flags),
            "village_code": one.visit["village_code"],
            "code": code,
            "path": "",
            "place": "",
            "params": params,
            "asked": "",
        }
    )
    one.visit["flags"] = len(one.flags)
