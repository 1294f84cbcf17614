"""Maps as one file: PMTiles 3 with pictures, read as a stranger's file.

A header of 127 bytes, lists of tiles (`maps/pmtiles_directory.py`), what the map says of itself as
JSON, and the tiles. Every read is within bounds that are known before it: nothing is unpacked or
read whole because a file says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from maps.hilbert import number_of, zoom_of
from maps.layers import Box
from maps.pmtiles_directory import (
    GZIP,
    MOST_LIST_BYTES,
    NONE,
    Directory,
    Entry,
    damaged,
    read_directory,
    unpacked,
)
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

BEGINS = b"PMTiles"
# Versions 1 and 2 began with these two letters and their number.
OLDER = (b"PM\x01\x00", b"PM\x02\x00")
_HEADER_BYTES = 127
_MOST_METADATA_BYTES = 1 << 20
_VECTOR = (1, 6)
# A list may lead to a list: the format's authors read four of them, one below the other.
_MOST_DEPTH = 4


class _Part(NamedTuple):
    """Where something lies in the file: bytes from its start, and how many."""

    offset: int
    length: int


class _Stamp(NamedTuple):
    """A file as it was when it was read: one that has changed is read anew."""

    path: str
    changed_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class _Header:
    root: _Part
    metadata: _Part
    lists: _Part
    tiles: _Part
    packing: int
    tile_type: int
    # West, south, east, north.
    edges: tuple[float, float, float, float]


def read_pmtiles(path: Path) -> TileMap:
    """Look at a file; raises MapFileFault for what is no map of pictures, or cannot be trusted."""
    stamp = _stamp(path)
    header = _header(stamp)
    if header.tile_type in _VECTOR:
        raise MapFileFault(
            "This PMTiles file holds vector tiles, which are not drawn here. Bring one of pictures,"
            " or the vectors as MBTiles for phones."
        )
    told = _metadata(stamp, header)
    root = _directory(stamp, header.root, header.packing)
    if not len(root):
        raise MapFileFault("This map has no tiles.")
    first, last = _end_of(stamp, header, 0), _end_of(stamp, header, -1)
    smallest, largest = zoom_of(first.number), zoom_of(last.number + last.run - 1)
    if not 0 <= smallest <= largest <= MOST_ZOOM:
        raise MapFileFault("The zoom levels of this map are wrong: %(levels)s", levels=largest)
    return TileMap(
        name=one_line(_said(told, "name")),
        tile_type=_tile_type(_content(stamp, header, first)),
        smallest_zoom=smallest,
        largest_zoom=largest,
        box=_box(header),
        attribution=one_line(without_tags(_said(told, "attribution"))),
    )


def tile(path: Path, zoom: int, column: int, row: int) -> tuple[str, bytes] | None:
    """Return type and bytes of a picture, rows counted from the north; None where there is none."""
    if not is_place(zoom, column, row):
        return None
    number = number_of(zoom, column, row)
    try:
        stamp = _stamp(path)
        header = _header(stamp)
        found = _directory(stamp, header.root, header.packing).find(number)
        for _ in range(_MOST_DEPTH - 1):
            if found is None or found.run:
                break
            found = _below(stamp, header, found).find(number)
        if found is None or not found.run:
            return None
        content = _content(stamp, header, found)
    except MapFileFault:
        return None
    kind = kind_of(content)
    return (kind, content) if kind else None


def tiles_of(path: Path) -> Iterator[tuple[Entry, bytes]]:
    """Yield every entry of tiles with its content, by ascending number.

    Raises MapFileFault where numbers do not ascend: so no list can be gone through twice.
    """
    stamp = _stamp(path)
    header = _header(stamp)
    # The lists that are gone through, one below the other.
    open_lists = [iter(_directory(stamp, header.root, header.packing))]
    after = 0
    while open_lists:
        entry = next(open_lists[-1], None)
        if entry is None:
            open_lists.pop()
        elif entry.run:
            if entry.number < after:
                raise damaged()
            after = entry.number + entry.run
            yield entry, _content(stamp, header, entry)
        else:
            below = _below(stamp, header, entry)
            if len(open_lists) >= _MOST_DEPTH or not len(below) or below[0].number < after:
                raise damaged()
            open_lists.append(iter(below))


def _stamp(path: Path) -> _Stamp:
    told = path.stat()
    return _Stamp(str(path), told.st_mtime_ns, told.st_size)


@lru_cache(maxsize=16)
def _header(stamp: _Stamp) -> _Header:
    with Path(stamp.path).open("rb") as opened:
        head = opened.read(_HEADER_BYTES)
    if head.startswith(OLDER) or (head.startswith(BEGINS) and head[7:8] not in (b"\3", b"")):
        raise MapFileFault("This PMTiles file is of another version: only version 3 can be read.")
    if not head.startswith(BEGINS):
        raise MapFileFault("This is no PMTiles file.")
    if len(head) < _HEADER_BYTES:
        raise _cut_off()
    parts = [_Part(_whole(head, at, 8), _whole(head, at + 8, 8)) for at in range(8, 8 + 4 * 16, 16)]
    if any(one.offset + one.length > stamp.size for one in parts):
        raise _cut_off()
    root, metadata, lists, tiles = parts
    packing, tile_type = head[97], head[99]
    if packing not in (NONE, GZIP):
        raise MapFileFault(
            "The list of tiles in this PMTiles file is packed in a way that cannot be read here:"
            " make it again with gzip."
        )
    west, south, east, north = (_degrees(head, at) for at in range(102, 118, 4))
    return _Header(root, metadata, lists, tiles, packing, tile_type, (west, south, east, north))


# A county's map has some dozens of lists; 64 of the longest are 128 MB, of usual ones 8 MB.
@lru_cache(maxsize=64)
def _directory(stamp: _Stamp, part: _Part, packing: int) -> Directory:
    return read_directory(_bytes(stamp, part, MOST_LIST_BYTES), packing)


def _below(stamp: _Stamp, header: _Header, entry: Entry) -> Directory:
    """Return the list that an entry leads to."""
    return _directory(stamp, _inside(header.lists, entry), header.packing)


def _end_of(stamp: _Stamp, header: _Header, at: int) -> Entry:
    """Return the first entry of tiles (`at` 0), or the last (-1)."""
    found = _directory(stamp, header.root, header.packing)[at]
    for _ in range(_MOST_DEPTH - 1):
        if found.run:
            return found
        below = _below(stamp, header, found)
        if not len(below):
            break
        found = below[at]
    if not found.run:
        raise damaged()
    return found


def _content(stamp: _Stamp, header: _Header, entry: Entry) -> bytes:
    return _bytes(stamp, _inside(header.tiles, entry), MOST_TILE_BYTES)


def _inside(whole: _Part, entry: Entry) -> _Part:
    if entry.offset + entry.length > whole.length:
        raise damaged()
    return _Part(whole.offset + entry.offset, entry.length)


def _bytes(stamp: _Stamp, part: _Part, most: int) -> bytes:
    if part.length > most:
        raise damaged()
    with Path(stamp.path).open("rb") as opened:
        opened.seek(part.offset)
        content = opened.read(part.length)
    if len(content) < part.length:
        raise _cut_off()
    return content


def _metadata(stamp: _Stamp, header: _Header) -> dict[str, object]:
    if not header.metadata.length:
        return {}
    packed = _bytes(stamp, header.metadata, _MOST_METADATA_BYTES)
    try:
        told = json.loads(unpacked(packed, header.packing, _MOST_METADATA_BYTES))
    except (ValueError, RecursionError) as error:
        raise MapFileFault("What this PMTiles file says of itself cannot be read.") from error
    return told if isinstance(told, dict) else {}


def _said(told: dict[str, object], name: str) -> str:
    said = told.get(name)
    return said if isinstance(said, str) else ""


def _tile_type(sample: bytes) -> str:
    if found := kind_of(sample):
        return found
    raise MapFileFault("The tiles of this map are neither PNG, JPEG, WebP nor AVIF pictures.")


def _box(header: _Header) -> Box:
    box = box_on_earth(*header.edges)
    if box is None:
        raise MapFileFault("This map does not say which area it covers: make it again with bounds.")
    return box


def _cut_off() -> MapFileFault:
    return MapFileFault("This PMTiles file is cut off: its end is missing.")


def _whole(head: bytes, at: int, size: int) -> int:
    return int.from_bytes(head[at : at + size], "little")


def _degrees(head: bytes, at: int) -> float:
    return int.from_bytes(head[at : at + 4], "little", signed=True) / 1e7
