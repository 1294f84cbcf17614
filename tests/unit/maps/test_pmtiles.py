"""PMTiles of strangers: what they say, their tiles, and what they may not do."""

from __future__ import annotations

import gzip
import json
import sqlite3
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pmtiles.reader import MemorySource, Reader
from pmtiles.tile import (
    Compression,
    Entry,
    TileType,
    deserialize_header,
    serialize_directory,
    serialize_header,
    tileid_to_zxy,
    zxy_to_tileid,
)

from maps import hilbert, map_files, mbtiles, phone_map, pmtiles, pmtiles_directory
from maps.tiles import MapFileFault
from tests import tile_maps

WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "
AVIF = b"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00"


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return tile_maps.write_pmtiles(tmp_path / "county.pmtiles")


def write_by_hand(
    path: Path,
    root: bytes,
    *,
    metadata: bytes = b"{}",
    lists: bytes = b"",
    tiles: bytes = b"",
    **header: Any,
) -> Path:
    """Write a file of any parts, one after the other; what is not packed stays so."""
    head: Any = deserialize_header(b"PMTiles\x03" + bytes(88) + b"\1\1\1\2" + bytes(27))
    at = 127
    for name, part in (
        ("root", root),
        ("metadata", metadata),
        ("leaf_directory", lists),
        ("tile_data", tiles),
    ):
        head.update({f"{name}_offset": at, f"{name}_length": len(part)})
        at += len(part)
    head.update(
        {
            "min_lon_e7": 1_160_000_000,
            "max_lon_e7": 1_170_000_000,
            "max_lat_e7": 380_000_000,
            **header,
        }
    )
    path.write_bytes(serialize_header(head) + root + metadata + lists + tiles)
    return path


def listed(*entries: tuple[int, int, int, int]) -> bytes:
    """Return a list, unpacked, of (number, offset, length, run)."""
    return gzip.decompress(serialize_directory([Entry(*one) for one in entries]))


@given(some.integers(0, 22), some.data())
def test_tiles_are_numbered_as_by_the_formats_authors(zoom: int, data: some.DataObject) -> None:
    column, row = (data.draw(some.integers(0, 2**zoom - 1)) for _ in range(2))

    number = hilbert.number_of(zoom, column, row)

    assert number == zxy_to_tileid(zoom, column, row)
    assert hilbert.place_of(number) == tileid_to_zxy(number) == (zoom, column, row)
    assert hilbert.zoom_of(number) == zoom


def test_a_map_says_name_zooms_box_and_credit(county: Path) -> None:
    told = map_files.read_map(county)

    assert (told.name, told.tile_type) == ("County", "png")
    assert (told.smallest_zoom, told.largest_zoom) == (6, 9)
    assert told.box == (37.5, 116.0, 38.5, 117.5)
    assert told.attribution == "Example"


def test_every_tile_is_what_the_formats_authors_read(county: Path) -> None:
    theirs = Reader(MemorySource(county.read_bytes()))  # type: ignore[no-untyped-call]

    for zoom in range(6, 10):
        across, down = tile_maps.place(38.5, 116.0, zoom)
        for column, row in product(range(across - 2, across + 4), range(down - 2, down + 4)):
            expected = theirs.get(zoom, column, row)  # type: ignore[no-untyped-call]
            found = map_files.tile(county, zoom, column, row)
            assert (found and found[1]) == expected


def test_a_map_of_many_lists_is_read_through_them(tmp_path: Path) -> None:
    """17,000 pictures of sizes without a rule do not fit the first list."""

    def picture(*at: int) -> bytes:
        said = repr(at).encode()
        return b"\xff\xd8\xff" + said + bytes(zlib.crc32(said) % 900)

    bounds = (116.0, 37.0, 121.0, 42.0)
    places = [(13, *at) for at in tile_maps.tiles_in(bounds, 13)]
    path = tile_maps.write_pmtiles(
        tmp_path / "m.pmtiles", zooms=[13], bounds=bounds, picture=picture
    )
    theirs: Any = Reader(MemorySource(path.read_bytes()))  # type: ignore[no-untyped-call]
    assert theirs.header()["leaf_directory_length"] > 0

    told = pmtiles.read_pmtiles(path)

    assert (told.tile_type, told.smallest_zoom, told.largest_zoom) == ("jpg", 13, 13)
    for at in places[::997]:
        assert pmtiles.tile(path, *at) == ("jpg", theirs.get(*at))
    assert sum(entry.run for entry, _ in pmtiles.tiles_of(path)) == len(places)


@pytest.mark.parametrize(
    "place", [(-1, 0, 0), (23, 0, 0), (9, -1, 0), (9, 512, 0), (9, 0, 512), (3, 4, 4), (9, 0, 0)]
)
def test_what_is_no_tile_of_the_map_is_none(county: Path, place: tuple[int, int, int]) -> None:
    assert pmtiles.tile(county, *place) is None


@pytest.mark.parametrize(("content", "kind"), [(WEBP, "webp"), (AVIF, "avif")])
def test_newer_pictures_are_known_by_how_they_begin(
    tmp_path: Path, content: bytes, kind: str
) -> None:
    path = tile_maps.write_pmtiles(tmp_path / "m.pmtiles", content=content)

    assert map_files.read_map(path).tile_type == kind
    at = tile_maps.place(38.0, 116.9, 9)
    assert map_files.tile(path, 9, *at) == (kind, content)


def test_a_list_may_come_unpacked(tmp_path: Path) -> None:
    picture = tile_maps.png(1, 2, 3)
    path = write_by_hand(tmp_path / "m.pmtiles", listed((0, 0, len(picture), 1)), tiles=picture)

    assert pmtiles.read_pmtiles(path).largest_zoom == 0
    assert pmtiles.tile(path, 0, 0, 0) == ("png", picture)


# What is refused, each by words of its own.


@pytest.mark.parametrize("kind", [TileType.MVT, TileType.MLT])
def test_vectors_are_refused_in_words(tmp_path: Path, kind: TileType) -> None:
    path = tile_maps.write_pmtiles(tmp_path / "v.pmtiles", tile_type=kind, content=b"\x1f\x8bv")

    with pytest.raises(MapFileFault, match="vector tiles"):
        map_files.read_map(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "neither an MBTiles nor a PMTiles"),
        (b"PK\x03\x04zip", "neither an MBTiles nor a PMTiles"),
        (b"PMTILES\x03" + bytes(200), "neither an MBTiles nor a PMTiles"),
        (b"PM\x02\x00" + bytes(200), "only version 3"),
        (b"PMTiles\x04" + bytes(200), "only version 3"),
        (b"PMTiles", "cut off"),
        (b"PMTiles\x03" + bytes(50), "cut off"),
        (b"PMTiles\x03" + b"\xff" * 119, "cut off"),
    ],
)
def test_what_is_no_map_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "m.pmtiles"
    path.write_bytes(content)

    with pytest.raises(MapFileFault, match=words):
        map_files.read_map(path)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.999])
def test_a_file_whose_end_is_missing_is_told(county: Path, kept: float) -> None:
    content = county.read_bytes()
    county.write_bytes(content[: int(len(content) * kept)])

    with pytest.raises(MapFileFault, match="cut off"):
        map_files.read_map(county)
    assert map_files.tile(county, 9, *tile_maps.place(38.0, 116.9, 9)) is None


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"internal_compression": Compression.BROTLI}, "make it again with gzip"),
        ({"internal_compression": Compression.UNKNOWN}, "make it again with gzip"),
        ({"max_lon_e7": 0}, "which area it covers"),
        ({"max_lat_e7": 910_000_000}, "which area it covers"),
        ({"min_lat_e7": 380_000_000, "max_lat_e7": 380_000_000}, "which area it covers"),
    ],
)
def test_a_header_that_cannot_be_is_told(
    tmp_path: Path, header: dict[str, Any], words: str
) -> None:
    picture = tile_maps.png(1, 2, 3)
    root = listed((0, 0, len(picture), 1))
    path = write_by_hand(tmp_path / "m.pmtiles", root, tiles=picture, **header)

    with pytest.raises(MapFileFault, match=words):
        pmtiles.read_pmtiles(path)


@pytest.mark.parametrize(
    "packed", [b"[" * 100_000, b"no JSON", b"\xff\xfe", b"{" + b" " * 1_100_000]
)
def test_what_a_map_says_of_itself_must_be_readable(tmp_path: Path, packed: bytes) -> None:
    picture = tile_maps.png(1, 2, 3)
    root = listed((0, 0, len(picture), 1))
    path = write_by_hand(tmp_path / "m.pmtiles", root, tiles=picture, metadata=packed)

    with pytest.raises(MapFileFault):
        pmtiles.read_pmtiles(path)


@pytest.mark.parametrize("said", [[], "x", {"name": 7, "attribution": None}, {"name": "\0" * 9}])
def test_a_map_may_say_nothing_of_use(tmp_path: Path, said: object) -> None:
    picture = tile_maps.png(1, 2, 3)
    root = listed((0, 0, len(picture), 1))
    metadata = json.dumps(said).encode()
    path = write_by_hand(tmp_path / "m.pmtiles", root, tiles=picture, metadata=metadata)

    told = pmtiles.read_pmtiles(path)

    assert (told.name, told.attribution) == ("", "")


def test_a_map_without_tiles_is_told(tmp_path: Path) -> None:
    with pytest.raises(MapFileFault, match="no tiles"):
        pmtiles.read_pmtiles(write_by_hand(tmp_path / "m.pmtiles", listed()))


@pytest.mark.parametrize(
    "root",
    [
        b"",
        b"\xff",
        b"\xff" * 40,
        b"\x05\x00",
        # More tiles than any list has; a number beyond 64 bits; the first one follows nothing.
        b"\xff\xff\xff\x7f" + b"\x01" * 50,
        b"\x01\x00\x01\x04" + b"\xff" * 9 + b"\x7f",
        b"\x01\x00\x01\x04\x00",
        # Twice the same number.
        b"\x02\x01\x00\x01\x01\x04\x04\x01\x01",
        # Tiles beyond the end, and a list that is not there.
        listed((0, 1 << 40, 100, 1)),
        listed((0, 0, 1 << 40, 1)),
        listed((0, 0, 100, 0)),
    ],
)
def test_a_damaged_list_is_told_and_its_tiles_are_missing(tmp_path: Path, root: bytes) -> None:
    path = write_by_hand(tmp_path / "m.pmtiles", root, tiles=tile_maps.png(1, 2, 3))

    with pytest.raises(MapFileFault):
        pmtiles.read_pmtiles(path)
    assert pmtiles.tile(path, 0, 0, 0) is None


def test_a_zoom_beyond_all_maps_is_told(tmp_path: Path) -> None:
    picture = tile_maps.png(1, 2, 3)
    root = listed((0, 0, len(picture), 1), (1, 0, len(picture), 1 << 60))
    path = write_by_hand(tmp_path / "m.pmtiles", root, tiles=picture)

    with pytest.raises(MapFileFault, match="zoom levels"):
        pmtiles.read_pmtiles(path)


@pytest.mark.parametrize("part", ["root", "metadata"])
def test_what_grows_without_end_is_not_unpacked(tmp_path: Path, part: str) -> None:
    """J5: 64 kB that hold 64 MB cost as little as any other list."""
    packing = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    bomb = b"".join([*(packing.compress(bytes(1 << 20)) for _ in range(64)), packing.flush()])
    parts = {"root": serialize_directory([]), "metadata": gzip.compress(b"{}"), part: bomb}
    path = write_by_hand(
        tmp_path / "m.pmtiles", parts["root"], metadata=parts["metadata"],
        internal_compression=Compression.GZIP,
    )  # fmt: skip

    began = time.monotonic()
    with pytest.raises(MapFileFault):
        pmtiles.read_pmtiles(path)
    assert pmtiles.tile(path, 0, 0, 0) is None
    assert time.monotonic() - began < 2


def test_a_list_that_leads_to_itself_ends(tmp_path: Path) -> None:
    picture = tile_maps.png(1, 2, 3)
    inner = listed((0, 0, 5, 0))
    path = write_by_hand(tmp_path / "m.pmtiles", inner, lists=inner, tiles=picture)

    with pytest.raises(MapFileFault):
        pmtiles.read_pmtiles(path)
    with pytest.raises(MapFileFault):
        list(pmtiles.tiles_of(path))
    assert pmtiles.tile(path, 0, 0, 0) is None


def test_a_list_is_gone_through_once(tmp_path: Path) -> None:
    picture = tile_maps.png(1, 2, 3)
    inner = listed((0, 0, len(picture), 1))
    root = listed(*((number, 0, len(inner), 0) for number in range(50)))
    path = write_by_hand(tmp_path / "m.pmtiles", root, lists=inner, tiles=picture)

    with pytest.raises(MapFileFault, match="damaged"):
        list(pmtiles.tiles_of(path))


def test_any_damage_is_told_or_harmless(county: Path) -> None:
    whole = county.read_bytes()
    at = tile_maps.place(38.0, 116.9, 9)

    for place in [*range(127), *range(127, 900, 7)]:
        content = bytearray(whole)
        content[place] ^= 0xFF
        county.write_bytes(content)
        try:
            map_files.read_map(county)
        except MapFileFault as fault:
            assert str(fault)  # noqa: PT017 - either may happen
        map_files.tile(county, 9, *at)


# The copy for phones.


def test_phones_get_the_same_tiles_as_mbtiles(county: Path, tmp_path: Path) -> None:
    told = pmtiles.read_pmtiles(county)
    copy = tmp_path / "copy.mbtiles"

    phone_map.write_mbtiles(county, told, copy)

    assert mbtiles.read_mbtiles(copy) == told
    for zoom in range(6, 10):
        for at in tile_maps.tiles_in(tile_maps.BOUNDS, zoom):
            assert mbtiles.tile(copy, zoom, *at) == ("png", tile_maps.shade(zoom, *at))
    with closing(sqlite3.connect(copy)) as opened:
        (tiles,) = opened.execute("SELECT count(*) FROM tiles").fetchone()
        (pictures,) = opened.execute("SELECT count(*) FROM images").fetchone()
    assert (tiles, pictures) == (sum(e.run for e, _ in pmtiles.tiles_of(county)), 6)


def overlapping(path: Path) -> Path:
    """Write a file of 100 tiles that lie over one another: a copy would be 90 times as large."""
    return write_by_hand(
        path, listed(*((at, at, 9_000, 1) for at in range(100))), tiles=tile_maps.png(0, 0, 0) * 20
    )


def endless(path: Path) -> Path:
    """Write a file whose one picture stands for 16 million places."""
    picture = tile_maps.png(1, 2, 3)
    return write_by_hand(path, listed((0, 0, len(picture), 1 << 24)), tiles=picture)


@pytest.mark.parametrize("write", [overlapping, endless])
def test_a_copy_does_not_grow_beyond_its_file(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    path = write(tmp_path / "m.pmtiles")

    with pytest.raises(MapFileFault):
        phone_map.write_mbtiles(path, pmtiles.read_pmtiles(path), tmp_path / "copy")


def test_a_name_in_the_copy_is_the_files_own(county: Path, tmp_path: Path) -> None:
    told = replace(pmtiles.read_pmtiles(county), name="高川乡'; DROP TABLE tiles; --")

    phone_map.write_mbtiles(county, told, tmp_path / "copy")

    assert mbtiles.read_mbtiles(tmp_path / "copy").name == told.name


def test_the_longest_list_is_within_its_bounds() -> None:
    """Every entry with the longest numbers of a map of 20 levels."""
    count = pmtiles_directory.MOST_ENTRIES
    packed = serialize_directory([Entry(at * 5, at * 40_000, 20_000, 1) for at in range(count)])

    found = pmtiles_directory.read_directory(packed, pmtiles_directory.GZIP)

    assert len(found) == count
    assert found.find(5 * (count - 1)) == (5 * (count - 1), 1, 40_000 * (count - 1), 20_000)
