"""Numbers of tiles in PMTiles 3: along a Hilbert curve, level after level."""

from __future__ import annotations


def number_of(zoom: int, column: int, row: int) -> int:
    """Return the number of a tile; rows are counted from the north."""
    number = first_of(zoom)
    half = (1 << zoom) >> 1
    while half:
        right, down = column & half, row & half
        number += half * ((3 * right) ^ down)
        column, row = _turned(half, column & (half - 1), row & (half - 1), right, down)
        half //= 2
    return number


def place_of(number: int) -> tuple[int, int, int]:
    """Return zoom, column and row, counted from the north."""
    zoom = zoom_of(number)
    left = number - first_of(zoom)
    column = row = 0
    for half in (1 << level for level in range(zoom)):
        right = left >> 1 & 1
        down = (left ^ right) & 1
        column, row = _turned(half, column, row, right, down)
        column, row = column + half * right, row + half * down
        left >>= 2
    return zoom, column, row


def zoom_of(number: int) -> int:
    """Return the level that a tile's number belongs to."""
    return ((3 * number + 1).bit_length() - 1) // 2


def first_of(zoom: int) -> int:
    """Return the number of a level's first tile: all levels above it come before."""
    return ((1 << 2 * zoom) - 1) // 3


def _turned(half: int, column: int, row: int, right: int, down: int) -> tuple[int, int]:
    """Return a place inside a quarter as that quarter's part of the curve is turned."""
    if down:
        return column, row
    if right:
        column, row = half - 1 - column, half - 1 - row
    return row, column
