"""Base maps in either format, told apart by how they begin."""

from __future__ import annotations

from pathlib import Path

from maps import mbtiles, pmtiles
from maps.tiles import MapFileFault, TileMap


def is_pmtiles(path: Path) -> bool:
    """Whether a file begins as PMTiles do, of whatever version."""
    with path.open("rb") as opened:
        return opened.read(8).startswith((pmtiles.BEGINS, *pmtiles.OLDER))


def read_map(path: Path) -> TileMap:
    """Look at a file; raises MapFileFault for what is no map, or one that cannot be trusted."""
    if is_pmtiles(path):
        return pmtiles.read_pmtiles(path)
    if not mbtiles.is_database(path):
        raise MapFileFault("This is neither an MBTiles nor a PMTiles file.")
    return mbtiles.read_mbtiles(path)


def tile(path: Path, zoom: int, column: int, row: int) -> tuple[str, bytes] | None:
    """Return type and bytes of a picture, rows counted from the north; None where there is none."""
    read = pmtiles.tile if is_pmtiles(path) else mbtiles.tile
    return read(path, zoom, column, row)
