"""Offline maps as one file: MBTiles 1.3, an SQLite database with tiles, read as a stranger's file.

Opened for reading only and as unchanging, so that neither a journal beside it nor its own schema
can do anything: views may read tables, nothing else, and whatever takes long is broken off.
"""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from maps.layers import Box
from maps.tiles import (
    MOST_TILE_BYTES,
    MOST_ZOOM,
    MapFileFault,
    TileMap,
    box_on_earth,
    is_place,
    kind_of,
    one_line,
    without_tags,
)

_CHECK_S, _TILE_S = 60.0, 5.0
# The northern edge of the square that tiles divide (spherical Mercator).
_EDGE_LATITUDE = 85.06
_FUNCTIONS = {"min", "max"}


def is_database(path: Path) -> bool:
    """Whether a file begins as SQLite databases do."""
    with path.open("rb") as opened:
        return opened.read(16) == b"SQLite format 3\0"


def read_mbtiles(path: Path) -> TileMap:
    """Look at a file; raises MapFileFault for what is no map, or one that cannot be trusted."""
    if not is_database(path):
        raise MapFileFault("This is no MBTiles file: it is no SQLite database.")
    try:
        with _opened(path, _CHECK_S) as connection:
            return _read(connection)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise MapFileFault(
            "This MBTiles file cannot be read: %(fault)s", fault=str(error)[:120]
        ) from error


def tile(path: Path, zoom: int, column: int, row: int) -> tuple[str, bytes] | None:
    """Return type and bytes of a picture, rows counted from the north; None where there is none.

    MBTiles counts rows from the south.
    """
    if not is_place(zoom, column, row):
        return None
    try:
        with _opened(path, _TILE_S) as connection:
            found = connection.execute(
                "SELECT tile_data FROM tiles"
                " WHERE zoom_level = :zoom AND tile_column = :column AND tile_row = :row",
                {"zoom": zoom, "column": column, "row": 2**zoom - 1 - row},
            ).fetchone()
    except sqlite3.Error:
        return None
    kind = kind_of(found[0]) if found else ""
    return (kind, bytes(found[0])) if found and kind else None


@contextmanager
def _opened(path: Path, most_s: float) -> Iterator[sqlite3.Connection]:
    ends_at = time.monotonic() + most_s
    address = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True, check_same_thread=False)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA query_only = ON")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_TILE_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.set_authorizer(_may)
        connection.set_progress_handler(lambda: time.monotonic() > ends_at, 20_000)
        yield connection


def _may(action: int, _: str | None, name: str | None, *__: str | None) -> int:
    """Allow reading tables and views; no recursion, no functions but our own, no pragma."""
    if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and name in _FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _read(connection: sqlite3.Connection) -> TileMap:
    known = {
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
        )
    }
    if not {"tiles", "metadata"} <= known:
        raise MapFileFault("This is no MBTiles file: it lacks the tables tiles and metadata.")
    told = {
        str(name): str(said)
        for name, said in connection.execute("SELECT name, value FROM metadata LIMIT 1000")
    }
    (smallest,) = connection.execute("SELECT min(zoom_level) FROM tiles").fetchone()
    (largest,) = connection.execute("SELECT max(zoom_level) FROM tiles").fetchone()
    if smallest is None:
        raise MapFileFault("This map has no tiles.")
    if not (isinstance(smallest, int) and isinstance(largest, int)) or not (
        0 <= smallest <= largest <= MOST_ZOOM
    ):
        raise MapFileFault("The zoom levels of this map are wrong: %(levels)s", levels=largest)
    return TileMap(
        name=one_line(told.get("name", "")),
        tile_type=_tile_type(connection, smallest, told.get("format", "")),
        smallest_zoom=smallest,
        largest_zoom=largest,
        box=_told_box(told.get("bounds", "")) or _tiles_box(connection, largest),
        attribution=one_line(without_tags(told.get("attribution", ""))),
    )


def _tile_type(connection: sqlite3.Connection, zoom: int, told: str) -> str:
    (sample,) = connection.execute(
        "SELECT tile_data FROM tiles WHERE zoom_level = ? LIMIT 1", (zoom,)
    ).fetchone()
    found = kind_of(sample)
    if found and found != "avif":
        return found
    if told.strip().lower() == "pbf":
        return "pbf"
    raise MapFileFault("The tiles of this map are neither PNG, JPEG nor WebP pictures.")


def _told_box(text: str) -> Box | None:
    try:
        west, south, east, north = (float(one) for one in text.split(","))
    except ValueError:
        return None
    return box_on_earth(west, south, east, north)


def _tiles_box(connection: sqlite3.Connection, zoom: int) -> Box:
    """Return the box that the tiles of a level fill."""
    edges = []
    for name in ("tile_column", "tile_row"):
        for edge in ("min", "max"):
            sql = f"SELECT {edge}({name}) FROM tiles WHERE zoom_level = ?"  # noqa: S608 - ours
            edges.append(connection.execute(sql, (zoom,)).fetchone()[0])
    if not all(isinstance(one, int) and 0 <= one < 2**zoom for one in edges):
        raise MapFileFault("The zoom levels of this map are wrong: %(levels)s", levels=zoom)
    left, right, lowest, highest = edges
    return Box(
        _latitude(lowest, zoom),
        left / 2**zoom * 360 - 180,
        _latitude(highest + 1, zoom),
        (right + 1) / 2**zoom * 360 - 180,
    )


def _latitude(row_from_south: int, zoom: int) -> float:
    height = math.pi * (2 * row_from_south / 2**zoom - 1)
    degrees = math.degrees(math.atan(math.sinh(height)))
    return max(-_EDGE_LATITUDE, min(_EDGE_LATITUDE, degrees))
