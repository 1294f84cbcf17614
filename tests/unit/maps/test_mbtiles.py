"""Offline maps as files of strangers: what they say, their tiles, and what they may not do."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from maps import mbtiles
from maps.tiles import MapFileFault
from tests import tile_maps


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return tile_maps.write_map(tmp_path / "county.mbtiles")


def test_a_map_says_name_zooms_box_and_credit(county: Path) -> None:
    told = mbtiles.read_mbtiles(county)

    assert (told.name, told.tile_type) == ("County", "png")
    assert (told.smallest_zoom, told.largest_zoom) == (6, 9)
    assert told.box == (37.5, 116.0, 38.5, 117.5)
    assert told.attribution == "Example"


def test_rows_are_counted_from_the_south_in_the_file(county: Path) -> None:
    """MBTiles 1.3 counts as TMS does, maps in a browser from the north."""
    column, row = tile_maps.place(38.0, 116.9, 9)

    found = mbtiles.tile(county, 9, column, row)

    assert found is not None
    assert found[0] == "png"
    assert mbtiles.tile(county, 9, column, 2**9 - 1 - row) is None


@pytest.mark.parametrize(
    "place", [(-1, 0, 0), (23, 0, 0), (9, -1, 0), (9, 512, 0), (9, 0, 512), (3, 4, 4)]
)
def test_what_is_no_tile_of_the_map_is_none(county: Path, place: tuple[int, int, int]) -> None:
    assert mbtiles.tile(county, *place) is None


@pytest.mark.parametrize("bounds", ["", "none", "1,2,3", "117,38,116,39", "nan,1,2,3", "0,0,999,1"])
def test_without_believable_bounds_the_tiles_tell_them(tmp_path: Path, bounds: str) -> None:
    path = tile_maps.write_map(tmp_path / "m.mbtiles", bounds=(116.4, 37.9, 116.9, 38.2))
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("UPDATE metadata SET value = ? WHERE name = 'bounds'", (bounds,))
        opened.commit()

    box = mbtiles.read_mbtiles(path).box

    assert box.south < 37.9 < 38.2 < box.north
    assert box.west < 116.4 < 116.9 < box.east
    assert box.east - box.west < 3


def test_vectors_are_known_as_such(tmp_path: Path) -> None:
    path = tile_maps.write_map(tmp_path / "v.mbtiles", content=b"\x1f\x8b\x08vector", format="pbf")

    assert mbtiles.read_mbtiles(path).tile_type == "pbf"
    assert mbtiles.tile(path, 9, *tile_maps.place(38.0, 116.9, 9)) is None


def test_tiles_may_stand_in_a_view_as_many_programs_write_them(tmp_path: Path) -> None:
    path = tile_maps.write_map(
        tmp_path / "m.mbtiles",
        statements=[
            "ALTER TABLE tiles RENAME TO kept",
            "CREATE VIEW tiles AS SELECT zoom_level, tile_column, tile_row, tile_data FROM kept",
        ],
    )

    assert mbtiles.read_mbtiles(path).largest_zoom == 9
    assert mbtiles.tile(path, 9, *tile_maps.place(38.0, 116.9, 9)) is not None


@pytest.mark.parametrize(
    "view",
    [
        # One that never ends, one that reaches for a file, one that calls what it should not.
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT i AS zoom_level, 0 AS tile_column, 0 AS tile_row, x'89' AS tile_data FROM n",
        "SELECT 1 AS zoom_level, 0 AS tile_column, 0 AS tile_row,"
        " load_extension('/tmp/x') AS tile_data",
        "SELECT 1 AS zoom_level, 0 AS tile_column, 0 AS tile_row, zeroblob(900000000) AS tile_data",
        "SELECT a.zoom_level, a.tile_column, a.tile_row, printf('%.900000000c', '*') AS tile_data"
        " FROM kept a",
    ],
)
def test_a_view_can_do_nothing_but_read(tmp_path: Path, view: str) -> None:
    """J1: a file's own schema is a stranger's program."""
    path = tile_maps.write_map(
        tmp_path / "m.mbtiles",
        statements=["ALTER TABLE tiles RENAME TO kept", f"CREATE VIEW tiles AS {view}"],
    )

    began = time.monotonic()
    with pytest.raises(MapFileFault):
        mbtiles.read_mbtiles(path)
    assert mbtiles.tile(path, 1, 0, 0) is None
    assert time.monotonic() - began < 5


def test_what_takes_too_long_is_broken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tile_maps.write_map(
        tmp_path / "m.mbtiles",
        zooms=[9],
        statements=[
            "DROP INDEX tile",
            "ALTER TABLE tiles RENAME TO kept",
            "CREATE VIEW tiles AS SELECT a.* FROM kept a, kept b, kept c, kept d, kept e, kept f,"
            " kept g, kept h, kept i, kept j",
        ],
    )
    monkeypatch.setattr(mbtiles, "_CHECK_S", 0.2)

    with pytest.raises(MapFileFault, match="cannot be read"):
        mbtiles.read_mbtiles(path)


@pytest.mark.parametrize(
    "statements",
    [
        ["DROP TABLE tiles"],
        ["DROP TABLE metadata"],
        ["DELETE FROM tiles"],
        ["UPDATE tiles SET zoom_level = 40 WHERE zoom_level = 9"],
        ["UPDATE tiles SET zoom_level = 'nine' WHERE zoom_level = 9"],
        ["UPDATE tiles SET tile_data = 'text'"],
        ["UPDATE tiles SET tile_data = x'3c7376673e'"],
        ["UPDATE tiles SET tile_data = NULL"],
    ],
)
def test_what_is_no_map_of_pictures_is_told(tmp_path: Path, statements: list[str]) -> None:
    path = tile_maps.write_map(tmp_path / "m.mbtiles", statements=statements)

    with pytest.raises(MapFileFault):
        mbtiles.read_mbtiles(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04zip", b"SQLite format 3\0" + b"x" * 5000])
def test_what_is_no_database_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.mbtiles"
    path.write_bytes(content)

    with pytest.raises(MapFileFault):
        mbtiles.read_mbtiles(path)


def test_a_damaged_file_is_told_and_its_tiles_are_missing(county: Path) -> None:
    content = bytearray(county.read_bytes())
    for place in range(4096, len(content), 512):
        content[place : place + 64] = b"\xff" * 64
    county.write_bytes(content)

    with pytest.raises(MapFileFault):
        mbtiles.read_mbtiles(county)
    assert mbtiles.tile(county, 9, *tile_maps.place(38.0, 116.9, 9)) is None


def test_reading_leaves_the_file_and_its_folder_as_they_were(county: Path) -> None:
    with closing(sqlite3.connect(county)) as opened:
        opened.execute("PRAGMA journal_mode = WAL")
        opened.execute("INSERT INTO metadata VALUES ('type', 'baselayer')")
        opened.commit()
    before = county.read_bytes()

    assert mbtiles.read_mbtiles(county).tile_type == "png"

    assert county.read_bytes() == before
    assert [one.name for one in county.parent.iterdir()] == ["county.mbtiles"]
