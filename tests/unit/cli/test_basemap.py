"""doorstep basemap: adding, listing and removing offline maps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from server.cli.main import main
from server.database import writing_session
from server.tables.reference import Division
from tests import phone_site, tile_maps


@pytest.fixture
def where(tmp_path: Path, database_url: str) -> list[str]:
    site = phone_site.open_phone_site(tmp_path / "site", database_url)
    with writing_session(site.engine) as session:
        session.add(Division(code="130921000000", name="沧县", level="county", stem="130921"))
    site.close()
    return ["--data", str(tmp_path / "site"), "--database", database_url]


def test_a_map_is_added_listed_and_removed(where: list[str], tmp_path: Path) -> None:
    path = str(tile_maps.write_map(tmp_path / "county.mbtiles"))

    added = CliRunner().invoke(main, ["basemap", "add", path, "--area", "130921", *where])
    listed = CliRunner().invoke(main, ["basemap", "list", "--json", *where])
    (one,) = json.loads(listed.output)
    removed = CliRunner().invoke(main, ["basemap", "remove", str(one["id"]), *where])
    again = CliRunner().invoke(main, ["basemap", "remove", str(one["id"]), *where])

    assert (added.exit_code, removed.exit_code, again.exit_code) == (0, 0, 1)
    assert (one["area"], one["name"], one["zoom"]) == ("130921000000", "County", [6, 9])
    assert CliRunner().invoke(main, ["basemap", "list", *where]).output == ""


def test_pmtiles_are_added_as_well(where: list[str], tmp_path: Path) -> None:
    drawn = tile_maps.write_pmtiles(tmp_path / "county.pmtiles")
    webp = tile_maps.write_pmtiles(tmp_path / "w.pmtiles", content=b"RIFF\0\0\0\0WEBPVP8 ")

    shared = CliRunner().invoke(main, ["basemap", "add", str(drawn), "--area", "130921", *where])
    listed = CliRunner().invoke(main, ["basemap", "list", "--json", *where])
    only_here = CliRunner().invoke(main, ["basemap", "add", str(webp), "--area", "130921", *where])

    assert (shared.exit_code, "phones" in shared.output) == (0, False)
    assert [one["for_phones"] for one in json.loads(listed.output)] == [True]
    assert (only_here.exit_code, "phones cannot draw it" in only_here.output) == (0, True)


def test_a_wrong_area_and_a_wrong_file_are_told(where: list[str], tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.mbtiles"
    wrong.write_text("no map")

    no_map = CliRunner().invoke(main, ["basemap", "add", str(wrong), "--area", "130921", *where])
    no_area = CliRunner().invoke(main, ["basemap", "add", str(wrong), "--area", "99", *where])

    assert (no_map.exit_code, "neither an MBTiles" in no_map.output) == (1, True)
    assert (no_area.exit_code, "no area 99" in no_area.output) == (1, True)
