"""Small offline maps (MBTiles, PMTiles) as tests and pictures need them."""

from __future__ import annotations

import math
import sqlite3
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

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
                made.execute(
                    "INSERT INTO tiles VALUES (?, ?, ?, ?)",
                    (zoom, column, 2**zoom - 1 - row, content or shade(zoom, column, row)),
                )
        for one in statements:
            made.execute(one)
        made.commit()
    return path


def write_pmtiles(
    path: Path,
    *,
    zooms: Iterable[int] = range(6, 10),
    bounds: tuple[float, float, float, float] = BOUNDS,
    content: bytes | None = None,
    picture: Callable[[int, int, int], bytes] | None = None,
    metadata: Mapping[str, object] | None = None,
    **header: Any,
) -> Path:
    """Write a PMTiles file with the library of the format's authors; `header` goes over its own."""
    told = {
        "name": "County",
        "attribution": '<a href="https://example.org">Example</a>',
        **(metadata or {}),
    }
    west, south, east, north = (round(degrees * 1e7) for degrees in bounds)
    head = {
        "tile_type": TileType.PNG,
        "tile_compression": Compression.NONE,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        **header,
    }
    with path.open("wb") as opened:
        writer: Any = Writer(opened)  # type: ignore[no-untyped-call]
        places = [(zoom, *at) for zoom in zooms for at in tiles_in(bounds, zoom)]
        for place_of_tile in sorted(places, key=lambda one: zxy_to_tileid(*one)):
            drawn = content or (picture or shade)(*place_of_tile)
            writer.write_tile(zxy_to_tileid(*place_of_tile), drawn)
        writer.finalize(head, told)
    return path


def shade(zoom: int, column: int, row: int) -> bytes:
    """Return the picture that a map written here has at a place."""
    return png(200 + 20 * ((column + row) % 2), 226, 200 + 6 * (zoom % 5))
