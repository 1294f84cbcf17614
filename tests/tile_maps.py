"""Small offline maps (MBTiles) as tests and pictures need them."""

from __future__ import annotations

import math
import sqlite3
import struct
import zlib
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

# Around the sample's villages.
BOUNDS = (116.0, 37.5, 117.5, 38.5)


def png(red: int, green: int, blue: int) -> bytes:
    """Return a picture of 256 × 256 in one colour, with a darker edge that shows where it ends."""
    colour, edge = bytes((red, green, blue)), bytes((red // 2, green // 2, blue // 2))
    line = b"\0" + edge + colour * 254 + edge
    body = b"\0" + edge * 256 + line * 254 + b"\0" + edge * 256

    def chunk(name: bytes, content: bytes) -> bytes:
        seal = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + seal

    head = struct.pack(">IIBBBBB", 256, 256, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def place(latitude: float, longitude: float, zoom: int) -> tuple[int, int]:
    """Return column and row, counted from the north, of the tile with a point."""
    across = (longitude + 180) / 360
    down = (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2
    return int(across * 2**zoom), int(down * 2**zoom)


def tiles_in(bounds: tuple[float, float, float, float], zoom: int) -> Iterable[tuple[int, int]]:
    """Yield column and row, counted from the north, of all tiles in a box."""
    west, south, east, north = bounds
    left, top = place(north, west, zoom)
    right, bottom = place(south, east, zoom)
    for column in range(left, right + 1):
        for row in range(top, bottom + 1):
            yield column, row


def write_map(
    path: Path,
    *,
    zooms: Iterable[int] = range(6, 10),
    bounds: tuple[float, float, float, float] = BOUNDS,
    statements: Iterable[str] = (),
    content: bytes | None = None,
    **metadata: str,
) -> Path:
    """Write an MBTiles file; `statements` are run at its end."""
    told = {
        "name": "County",
        "format": "png",
        "bounds": ",".join(map(str, bounds)),
        "attribution": '<a href="https://example.org">Example</a>',
        **metadata,
    }
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE metadata (name TEXT, value TEXT)")
        made.execute(
            "CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER,"
            " tile_data BLOB)"
        )
        made.execute("CREATE UNIQUE INDEX tile ON tiles (zoom_level, tile_column, tile_row)")
        made.executemany("INSERT INTO metadata VALUES (?, ?)", told.items())
        for zoom in zooms:
            for column, row in tiles_in(bounds, zoom):
                shade = png(200 + 20 * ((column + row) % 2), 226, 200 + 6 * (zoom % 5))
                made.execute(
                    "INSERT INTO tiles VALUES (?, ?, ?, ?)",
                    (zoom, column, 2**zoom - 1 - row, content or shade),
                )
        for one in statements:
            made.execute(one)
        made.commit()
    return path
