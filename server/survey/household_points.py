"""Households for the map: points where they are few, cells of a grid or villages where many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from maps.coverage import VillageCoverage
from maps.households import (
    MOST_CELLS,
    Cell,
    HouseholdPoint,
    HouseholdStatus,
    cell_width,
    few_cells,
    single,
)
from maps.layers import Box
from server.survey.areas import Scope
from server.tables.projections import Household, VillageTally

# Beyond this a view is told by its villages, so that it costs no more in a larger survey: the
# database gathers so many households in a tenth of a second.
MOST_READ = 120_000
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
    session: Session,
    scope: Scope,
    villages: Callable[[], Sequence[VillageCoverage]],
    zoom: int,
    box: Box,
) -> dict[str, list[list[object]]]:
    """Return the households in `box` as maps.households.household_cells does.

    `villages` are those of the scope, asked for only where it holds more than MOST_READ
    households. Where those in view do, each counts as one point at its place, as the tallies
    have it.
    """
    width = cell_width(zoom, box)
    if _seen(session, scope) > MOST_READ:
        near = [one for one in villages() if _is_near(one, box)]
        if sum(one.households_seen for one in near) > MOST_READ:
            whole = [cell for one in near if (cell := _cell_of(one, width))]
            return {"cells": few_cells(whole)}
    inside = _inside(scope, box)
    cells = _cells(session, inside, width)
    if sum(one.households for one in cells) <= MOST_CELLS:
        return {"households": single(_points(session, inside))}
    return {"cells": few_cells(cells)}


def _seen(session: Session, scope: Scope) -> int:
    query = select(func.sum(VillageTally.households)).where(scope.where(VillageTally.village_code))
    return int(session.scalar(query) or 0)


def _inside(scope: Scope, box: Box) -> list[ColumnElement[bool]]:
    return [
        scope.where(Household.village_code),
        Household.latitude.between(box.south, box.north),
        Household.longitude.between(box.west, box.east),
    ]


def _points(session: Session, inside: Sequence[ColumnElement[bool]]) -> list[HouseholdPoint]:
    rows: Any = session.execute(
        select(Household.id, Household.latitude, Household.longitude, Household.outcome)
        .where(*inside)
        .order_by(Household.id)
    )
    return [
        HouseholdPoint(id_, north, east, _STATUS[outcome]) for id_, north, east, outcome in rows
    ]


def _cells(session: Session, inside: Sequence[ColumnElement[bool]], width: float) -> list[Cell]:
    """Return the households gathered by the database: no row of each one is read."""
    # Rounding after taking off a half cuts the same in every database, but at a cell's very edge.
    row = func.round((Household.latitude + 90) / width - 0.5)
    column = func.round((Household.longitude + 180) / width - 0.5)
    worst = func.max(case(_STATUS, value=Household.outcome))
    sums = func.sum(Household.latitude), func.sum(Household.longitude)
    rows: Any = session.execute(
        select(row, column, func.count(), *sums, worst).where(*inside).group_by(row, column)
    )
    return [Cell(int(one[0]), int(one[1]), *one[2:]) for one in rows]


def _is_near(village: VillageCoverage, box: Box) -> bool:
    if village.place is None:
        return False
    north, east = village.place.latitude, village.place.longitude
    return (
        box.south - MARGIN_DEGREES <= north <= box.north + MARGIN_DEGREES
        and box.west - MARGIN_DEGREES <= east <= box.east + MARGIN_DEGREES
    )


def _cell_of(village: VillageCoverage, width: float) -> Cell | None:
    """Return a village's households as if all stood at its place; None for none."""
    place, seen = village.place, village.households_seen
    if place is None or not seen:
        return None
    households = (
        (seen - village.done, HouseholdStatus.OPEN),
        (village.households_refused, HouseholdStatus.REFUSED),
        (village.households_absent_final, HouseholdStatus.ABSENT),
        (village.households_vacated, HouseholdStatus.VACATED),
        (village.households_completed, HouseholdStatus.COMPLETED),
    )
    return Cell(
        int((place.latitude + 90) / width),
        int((place.longitude + 180) / width),
        seen,
        place.latitude * seen,
        place.longitude * seen,
        next(status for number, status in households if number > 0),
    )
