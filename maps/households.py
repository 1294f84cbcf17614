"""Households for the map: one by one where they are few, in cells of a grid where they are many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from maps.layers import DECIMALS, MOST_ZOOM, Box

MOST_CELLS = 500
"""A phone draws this many circles without stuttering."""


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


class Cell(NamedTuple):
    """Households in one cell of a grid: its row and column, their number, the sums of their
    degrees and the worst status among them.
    """

    row: int
    column: int
    households: int
    north: float
    east: float
    worst: int


def cell_width(zoom: int, box: Box) -> float:
    """Return the degrees of a cell at a zoom: 32 pixels, and no narrower than the view needs."""
    # A box far wider than a screen at this zoom would be cut into cells for nothing.
    widest = max(box.north - box.south, box.east - box.west) / 64
    return max(widest, 360.0 / float(2 ** (min(max(zoom, 0), MOST_ZOOM) + 3)))


def cells_of(households: Iterable[HouseholdPoint], width: float) -> list[Cell]:
    """Return the households in cells of `width` degrees, counted from the south pole and 180° W."""
    return _joined(
        Cell(
            int((one.latitude + 90) / width),
            int((one.longitude + 180) / width),
            1,
            one.latitude,
            one.longitude,
            one.status,
        )
        for one in households
    )


def few_cells(cells: Iterable[Cell]) -> list[list[object]]:
    """Return [latitude, longitude, households, worst status] of at most MOST_CELLS cells.

    Four cells become one until they are so few; a cell stands at the mean of what it holds.
    """
    found = _joined(cells)
    while len(found) > MOST_CELLS:
        found = _joined(one._replace(row=one.row // 2, column=one.column // 2) for one in found)
    return [
        [
            round(one.north / one.households, DECIMALS),
            round(one.east / one.households, DECIMALS),
            one.households,
            one.worst,
        ]
        for one in found
    ]


def single(households: Iterable[HouseholdPoint]) -> list[list[object]]:
    """Return [latitude, longitude, status, id] of each household."""
    return [
        [round(one.latitude, DECIMALS), round(one.longitude, DECIMALS), one.status, one.id]
        for one in households
    ]


def household_cells(
    households: Iterable[HouseholdPoint], zoom: int, box: Box
) -> dict[str, list[list[object]]]:
    """Return the households in `box`: each one up to MOST_CELLS of them, else in cells."""
    inside = [
        one
        for one in households
        if box.south <= one.latitude <= box.north and box.west <= one.longitude <= box.east
    ]
    if len(inside) <= MOST_CELLS:
        return {"households": single(inside)}
    return {"cells": few_cells(cells_of(inside, cell_width(zoom, box)))}


def _joined(cells: Iterable[Cell]) -> list[Cell]:
    groups: defaultdict[tuple[int, int], list[Cell]] = defaultdict(list)
    for one in cells:
        groups[one.row, one.column].append(one)
    return [
        Cell(
            row,
            column,
            sum(one.households for one in several),
            sum(one.north for one in several),
            sum(one.east for one in several),
            max(one.worst for one in several),
        )
        for (row, column), several in sorted(groups.items())
    ]
