"""A PMTiles map written as MBTiles for phones: Collect reads nothing else."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from maps import pmtiles
from maps.hilbert import place_of
from maps.pmtiles_directory import damaged
from maps.tiles import MapFileFault, TileMap

# What Collect takes from a file's `format` (MbtilesFile.java); it refuses WebP and AVIF.
DRAWN_BY_PHONES = ("png", "jpg")
_MOST_TILES = 1_000_000
_MOST_S = 300.0


def write_mbtiles(source: Path, told: TileMap, target: Path) -> None:
    """Write a map's tiles to a new file, one at a time; each picture once, however often it comes.

    Raises MapFileFault for a map that says of itself what cannot be, and sqlite3.Error when there
    is no room: the caller removes what was begun.
    """
    with closing(sqlite3.connect(target)) as made:
        # What is broken off is thrown away: no journal is needed.
        made.execute("PRAGMA journal_mode = OFF")
        made.execute("PRAGMA synchronous = OFF")
        made.execute("CREATE TABLE metadata (name TEXT, value TEXT)")
        made.execute("CREATE TABLE images (tile_id INTEGER PRIMARY KEY, tile_data BLOB)")
        made.execute(
            "CREATE TABLE map (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER,"
            " tile_id INTEGER)"
        )
        made.executemany("INSERT INTO metadata VALUES (?, ?)", _metadata(told).items())
        _write_tiles(source, made)
        made.execute("CREATE UNIQUE INDEX place ON map (zoom_level, tile_column, tile_row)")
        made.execute(
            "CREATE VIEW tiles AS SELECT zoom_level, tile_column, tile_row, tile_data"
            " FROM map JOIN images USING (tile_id)"
        )
        made.commit()


def _write_tiles(source: Path, made: sqlite3.Connection) -> None:
    ends_at = time.monotonic() + _MOST_S
    left_bytes, left_tiles = source.stat().st_size, _MOST_TILES
    for entry, content in pmtiles.tiles_of(source):
        left_tiles -= entry.run
        if left_tiles < 0 or time.monotonic() > ends_at:
            raise MapFileFault(
                "This map has too many tiles: at most %(most)s.", most=f"{_MOST_TILES:,}"
            )
        new = made.execute(
            "INSERT OR IGNORE INTO images VALUES (?, ?)", (entry.offset, content)
        ).rowcount
        left_bytes -= len(content) * new
        if left_bytes < 0:
            # Tiles that lie over one another would make a copy larger than the file.
            raise damaged()
        places = map(place_of, range(entry.number, entry.number + entry.run))
        made.executemany(
            "INSERT INTO map VALUES (?, ?, ?, ?)",
            (
                # MBTiles counts rows from the south.
                (zoom, column, 2**zoom - 1 - row, entry.offset)
                for zoom, column, row in places
            ),
        )


def _metadata(told: TileMap) -> dict[str, str]:
    box = told.box
    return {
        "name": told.name,
        "format": told.tile_type,
        "type": "baselayer",
        "version": "1",
        "minzoom": str(told.smallest_zoom),
        "maxzoom": str(told.largest_zoom),
        "bounds": f"{box.west},{box.south},{box.east},{box.north}",
        "attribution": told.attribution,
    }
