"""Households for the map: points where they are few, cells of a grid or villages where many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from maps.coverage import VillageCoverage
from maps.layers import DECIMALS, Box, HouseholdPoint, HouseholdStatus, household_cells
from maps.points import Point
from server.survey.areas import Scope
from server.tables.projections import Household

# Beyond this a view is told by its villages, so that it costs no more in a larger survey.
MOST_READ = 20_000
# Households lie around their village's point, some outside a view that leaves the point in it.
MARGIN_DEGREES = 0.05
_STATUS = {
    "completed": HouseholdStatus.COMPLETED,
    "vacated": HouseholdStatus.VACATED,
    "absent_final": HouseholdStatus.ABSENT,
    "refused": HouseholdStatus.REFUSED,
    "open": HouseholdStatus.OPEN,
}


def household_layer(
    session: Session, scope: Scope, villages: Sequence[VillageCoverage], zoom: int, box: Box
) -> dict[str, list[list[object]]]:
    """Return the households in `box` as maps.layers.household_cells does.

    Where the villages in view hold more than MOST_READ households, there is one cell a village,
    at its place, as the tallies have it.
    """
    near = [one for one in villages if _is_near(one, box)]
    if sum(one.households_seen for one in near) > MOST_READ:
        return {
            "cells": [_cell(one, one.place) for one in near if one.place and one.households_seen]
        }
    return household_cells(_points(session, scope, near, box), zoom, box)


def _points(
    session: Session, scope: Scope, villages: Sequence[VillageCoverage], box: Box
) -> list[HouseholdPoint]:
    rows: Any = session.execute(
        select(Household.id, Household.latitude, Household.longitude, Household.outcome)
        .where(
            scope.where(Household.village_code),
            Household.village_code.in_([one.code for one in villages]),
            Household.latitude.between(box.south, box.north),
            Household.longitude.between(box.west, box.east),
        )
        .order_by(Household.id)
    )
    return [
        HouseholdPoint(id_, north, east, _STATUS[outcome]) for id_, north, east, outcome in rows
    ]


def _is_near(village: VillageCoverage, box: Box) -> bool:
    if village.place is None:
        return False
    north, east = village.place.latitude, village.place.longitude
    return (
        box.south - MARGIN_DEGREES <= north <= box.north + MARGIN_DEGREES
        and box.west - MARGIN_DEGREES <= east <= box.east + MARGIN_DEGREES
    )


def _cell(village: VillageCoverage, place: Point) -> list[object]:
    households = (
        (village.households_seen - village.done, HouseholdStatus.OPEN),
        (village.households_refused, HouseholdStatus.REFUSED),
        (village.households_absent_final, HouseholdStatus.ABSENT),
        (village.households_vacated, HouseholdStatus.VACATED),
        (village.households_completed, HouseholdStatus.COMPLETED),
    )
    worst = next(status for number, status in households if number > 0)
    north, east = round(place.latitude, DECIMALS), round(place.longitude, DECIMALS)
    return [north, east, village.households_seen, int(worst)]
