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
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from maps.layers import Box

RASTER = ("png", "jpg", "webp")
MOST_ZOOM = 22
_MOST_TILE_BYTES = 4_000_000
_CHECK_S, _TILE_S = 60.0, 5.0
# The northern edge of the square that tiles divide (spherical Mercator).
_EDGE_LATITUDE = 85.06
_FUNCTIONS = {"min", "max"}


class MapFileFault(ValueError):
    """Why a file is no map that can be used: a message id and what fills its places."""

    def __init__(self, msgid: str, **params: object) -> None:
        """Keep the message."""
        super().__init__(msgid % params if params else msgid)
        self.msgid = msgid
        self.params = params


@dataclass(frozen=True, slots=True)
class MbTiles:
    """What a file says of itself. `tile_type` is png, jpg, webp or pbf (vector)."""

    name: str
    tile_type: str
    smallest_zoom: int
    largest_zoom: int
    box: Box
    attribution: str


def read_mbtiles(path: Path) -> MbTiles:
    """Look at a file; raises MapFileFault for what is no map, or one that cannot be trusted."""
    with path.open("rb") as opened:
        if opened.read(16) != b"SQLite format 3\0":
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
    if not 0 <= zoom <= MOST_ZOOM or not 0 <= column < 2**zoom or not 0 <= row < 2**zoom:
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
    kind = _kind(found[0]) if found else ""
    return (kind, bytes(found[0])) if found and kind else None


@contextmanager
def _opened(path: Path, most_s: float) -> Iterator[sqlite3.Connection]:
    ends_at = time.monotonic() + most_s
    address = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True, check_same_thread=False)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA query_only = ON")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_TILE_BYTES)
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


def _read(connection: sqlite3.Connection) -> MbTiles:
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
    return MbTiles(
        name=_line(told.get("name", "")),
        tile_type=_tile_type(connection, smallest, told.get("format", "")),
        smallest_zoom=smallest,
        largest_zoom=largest,
        box=_told_box(told.get("bounds", "")) or _tiles_box(connection, largest),
        attribution=_line(_without_tags(told.get("attribution", ""))),
    )


def _line(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable()).strip()[:200]


def _without_tags(text: str) -> str:
    """Return what is read of a credit written in HTML."""
    told, is_inside = [], False
    for sign in text:
        if sign in "<>":
            is_inside = sign == "<"
        elif not is_inside:
            told.append(sign)
    return "".join(told)


def _tile_type(connection: sqlite3.Connection, zoom: int, told: str) -> str:
    (sample,) = connection.execute(
        "SELECT tile_data FROM tiles WHERE zoom_level = ? LIMIT 1", (zoom,)
    ).fetchone()
    if found := _kind(sample):
        return found
    if told.strip().lower() == "pbf":
        return "pbf"
    raise MapFileFault("The tiles of this map are neither PNG, JPEG nor WebP pictures.")


def _kind(content: object) -> str:
    """Return png, jpg or webp by how a tile begins, "" for anything else."""
    if not isinstance(content, bytes):
        return ""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    return "webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else ""


def _told_box(text: str) -> Box | None:
    try:
        west, south, east, north = (float(one) for one in text.split(","))
    except ValueError:
        return None
    is_on_earth = -180 <= west < east <= 180 and -90 <= south < north <= 90
    return Box(south, west, north, east) if is_on_earth else None


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
