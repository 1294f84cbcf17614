"""Base maps: brought in, handed to phones, shown as tiles, each in its areas alone."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from pmtiles.tile import TileType
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from maps import mbtiles
from server.database import writing_session
from server.survey import base_maps, journal
from server.survey.areas import WHOLE_SITE
from server.survey.base_maps import BaseMapLine
from server.survey.site import Site
from server.tables.reference import Division, Village
from server.web import base_maps as base_map_pages
from tests import phone_site, tile_maps
from tests.phone_site import AWAY, HERE, add_phone
from tests.signed_in import PAGE_TOKEN, Browser, browser_of

COUNTY, TOWNSHIP = "130921000000", "130921211000"


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    opened = phone_site.open_phone_site(tmp_path / "site", database_url, phone_site.PLAIN)
    with writing_session(opened.engine) as session:
        for code, name, level in ((COUNTY, "沧县", "county"), (TOWNSHIP, "高川乡", "township")):
            session.add(Division(code=code, name=name, level=level, stem=code.rstrip("0")))
        village = session.get_one(Village, HERE)
        village.latitude, village.longitude = 38.0, 116.9
    yield opened
    opened.close()


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return tile_maps.write_map(tmp_path / "county.mbtiles")


@pytest.fixture
def office(site: Site) -> Browser:
    return browser_of(site, "office", ["130921"])


def bring(browser: Browser, path: Path, **more: str) -> TestResponse:
    with path.open("rb") as content:
        fields = {"area": TOWNSHIP, "name": "", "file": (content, path.name), **more}
        return browser.post("/basemaps/new", fields, content_type="multipart/form-data")


def listed(site: Site) -> list[BaseMapLine]:
    with Session(site.engine) as session:
        return base_maps.listed(session, WHOLE_SITE)


def the_map(site: Site) -> BaseMapLine:
    (one,) = listed(site)
    return one


def kept(site: Site) -> list[Path]:
    return [one for one in (site.settings.folder / "base_maps").rglob("*") if one.is_file()]


def link_of(browser: Browser, one: BaseMapLine) -> str:
    page = browser.get(f"/basemaps/{one.id}")
    found = re.search(r'href="(http[^"]*/basemaps/for-phones/[^"]*)"', page.text)
    assert found
    return urlsplit(html.unescape(found[1])).path


def test_a_map_is_brought_in_by_the_browser(site: Site, office: Browser, county: Path) -> None:
    done = bring(office, county)

    one = the_map(site)
    assert (done.status_code, done.headers["Location"]) == (303, f"/basemaps/{one.id}")
    assert (one.name, one.area_name, one.tile_type) == ("County", "高川乡", "png")
    assert (one.placed, one.covered) == (1, 1)
    assert "County" in office.get("/basemaps/").text
    with Session(site.engine) as session:
        assert "base_map_added" in journal.actions(session)


def test_one_area_has_one_map(site: Site, office: Browser, county: Path, tmp_path: Path) -> None:
    bring(office, county)
    bring(office, tile_maps.write_map(tmp_path / "new.mbtiles", zooms=[7], name="New"))

    assert [one.name for one in listed(site)] == ["New"]


@pytest.mark.parametrize(
    ("area", "words"),
    [("532301103000", "There is no area"), ("x", "There is no area"), ("", "There is no area")],
)
def test_only_an_area_of_ones_own_is_taken(
    site: Site, office: Browser, county: Path, area: str, words: str
) -> None:
    page = bring(office, county, area=area)

    assert (page.status_code, words in page.text) == (422, True)
    assert (listed(site), kept(site)) == ([], [])


def test_what_is_no_map_leaves_nothing_behind(site: Site, office: Browser) -> None:
    """J5: long enough to wait on the disk while it comes, and gone from there."""
    fields = {"csrf": PAGE_TOKEN, "area": TOWNSHIP, "name": ""}
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{said}\r\n'.encode()
        for name, said in fields.items()
    ]
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="../p.mbtiles"\r\n\r\n'
    body = b"".join(parts) + head + b"\xff\xd8\xff" * 250_000 + b"\r\n--x--\r\n"

    page = office.client.post(
        "/basemaps/new", data=body, content_type="multipart/form-data; boundary=x", buffered=True
    )

    assert page.status_code == 422
    assert "neither an MBTiles nor a PMTiles file" in html.unescape(page.text)
    assert (listed(site), kept(site)) == ([], [])
    assert list((site.settings.folder / "incoming").iterdir()) == []


def test_a_map_longer_than_the_site_takes_is_refused(
    site: Site, county: Path, tmp_path: Path
) -> None:
    settings = replace(site.settings, base_map_limit_bytes=10_000)
    small = Site(settings, site.secrets, site.engine, site.writer_engine)

    page = bring(browser_of(small, "office", ["130921"]), county)

    assert page.status_code == 413
    assert (listed(site), kept(site)) == ([], [])


@pytest.mark.parametrize("role", ["worker", "hospital", "auditor", "supervisor"])
def test_others_bring_no_maps(site: Site, county: Path, role: str) -> None:
    assert bring(browser_of(site, role), county).status_code == 403


def test_a_tile_is_sent_with_rows_from_the_north_and_kept_by_the_browser(
    site: Site, office: Browser, county: Path
) -> None:
    bring(office, county)
    one = the_map(site)
    column, row = tile_maps.place(38.0, 116.9, 9)
    address = f"/tiles/{one.id}/9/{column}/{row}"

    tile = office.get(address)
    again = office.get(address, headers={"If-None-Match": tile.headers["ETag"]})
    flipped = office.get(f"/tiles/{one.id}/9/{column}/{511 - row}")

    assert (tile.status_code, tile.content_type) == (200, "image/png")
    assert tile.data.startswith(b"\x89PNG")
    assert tile.headers["Cache-Control"].startswith("private")
    assert (again.status_code, again.data) == (304, b"")
    assert (flipped.status_code, flipped.data) == (204, b"")
    assert office.get(f"/tiles/{one.id + 1}/9/{column}/{row}").status_code == 404


def test_tiles_and_pages_are_for_the_maps_area(site: Site, office: Browser, county: Path) -> None:
    bring(office, county)
    one = the_map(site)
    column, row = tile_maps.place(38.0, 116.9, 9)
    tile = f"/tiles/{one.id}/9/{column}/{row}"
    elsewhere = browser_of(site, "supervisor", ["532301"])

    assert browser_of(site, "worker", [HERE]).get(tile).status_code == 200
    assert browser_of(site, "hospital", ["130921"]).get(tile).status_code == 403
    assert elsewhere.get(tile).status_code == 404
    assert elsewhere.get(f"/basemaps/{one.id}").status_code == 404
    assert "County" not in elsewhere.get("/basemaps/").text
    assert elsewhere.post(f"/basemaps/{one.id}/remove").status_code == 403


def test_the_sites_map_offers_it_and_loads_nothing_before(
    site: Site, office: Browser, county: Path
) -> None:
    bring(office, county)
    one = the_map(site)

    page = office.get("/map")

    choice = re.search(r'<select id="map-ground".*?</select>', page.text, re.DOTALL)
    assert choice
    assert f'data-tiles="/tiles/{one.id}/{{z}}/{{x}}/{{y}}?v={one.sha256[:8]}"' in choice[0]
    assert choice[0].index('value=""') < choice[0].index("County")
    assert "selected" not in choice[0]
    assert 'id="map-ground"' not in browser_of(site, "office", ["532301"]).get("/map").text


def test_a_vector_map_is_for_phones_alone(site: Site, office: Browser, tmp_path: Path) -> None:
    path = tile_maps.write_map(tmp_path / "v.mbtiles", content=b"\x1f\x8bvector", format="pbf")
    bring(office, path)
    one = the_map(site)

    assert "not drawn here" in office.get(f"/basemaps/{one.id}").text
    assert 'id="map-ground"' not in office.get("/map").text
    assert "Mapbox" in office.get(link_of(office, one)).text


@pytest.fixture
def in_pmtiles(tmp_path: Path) -> Path:
    return tile_maps.write_pmtiles(tmp_path / "county.pmtiles")


def test_pmtiles_are_brought_and_lie_below_the_sites_map_tile_by_tile(
    site: Site, office: Browser, in_pmtiles: Path
) -> None:
    done = bring(office, in_pmtiles)
    one = the_map(site)
    column, row = tile_maps.place(38.0, 116.9, 9)
    address = f"/tiles/{one.id}/9/{column}/{row}"

    tile = office.get(address)
    again = office.get(address, headers={"If-None-Match": tile.headers["ETag"]})
    none = office.get(f"/tiles/{one.id}/9/{column}/{511 - row}")

    assert (done.status_code, one.file_name, one.tile_type) == (303, "county.pmtiles", "png")
    assert (tile.status_code, tile.content_type) == (200, "image/png")
    assert tile.data == tile_maps.shade(9, column, row)
    assert (again.status_code, none.status_code, none.data) == (304, 204, b"")
    assert f'data-tiles="/tiles/{one.id}/' in office.get("/map").text


def test_phones_get_pmtiles_as_mbtiles(
    site: Site, office: Browser, stranger: FlaskClient, in_pmtiles: Path, tmp_path: Path
) -> None:
    bring(office, in_pmtiles)
    one, phone = the_map(site), add_phone(site, [HERE])
    address = phone_site.path(phone, f"basemaps/{one.id}/county.mbtiles")

    page = stranger.get(phone_site.path(phone, "basemaps"))
    sent = stranger.get(address)
    linked = stranger.get(link_of(office, one))

    assert "county.mbtiles" in page.text
    assert "county.mbtiles" in linked.text
    (tmp_path / "taken.mbtiles").write_bytes(sent.data)
    taken = mbtiles.read_mbtiles(tmp_path / "taken.mbtiles")
    assert (taken.name, taken.tile_type, taken.box) == (one.name, "png", one.box)
    first = stranger.get(address, headers={"Range": "bytes=0-99"})
    assert (first.status_code, first.data) == (206, sent.data[:100])


def test_a_copy_for_phones_that_was_lost_is_made_again(
    site: Site, office: Browser, stranger: FlaskClient, in_pmtiles: Path
) -> None:
    bring(office, in_pmtiles)
    address = phone_site.path(add_phone(site, [HERE]), f"basemaps/{the_map(site).id}/a.mbtiles")
    before = stranger.get(address).data
    (copy,) = (one for one in kept(site) if one.name.endswith(".mbtiles"))
    copy.unlink()

    assert stranger.get(address).data == before


def test_pictures_that_phones_cannot_draw_are_for_the_map_alone(
    site: Site, office: Browser, stranger: FlaskClient, tmp_path: Path
) -> None:
    avif = b"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00"
    bring(office, tile_maps.write_pmtiles(tmp_path / "m.pmtiles", content=avif))
    one, phone = the_map(site), add_phone(site, [HERE])
    column, row = tile_maps.place(38.0, 116.9, 9)

    page = html.unescape(office.get(f"/basemaps/{one.id}").text)

    assert "Phones are not offered this map" in page
    assert "for-phones" not in page
    assert office.get(f"/tiles/{one.id}/9/{column}/{row}").content_type == "image/avif"
    assert f"basemaps/{one.id}" not in stranger.get(phone_site.path(phone, "basemaps")).text
    taken = stranger.get(phone_site.path(phone, f"basemaps/{one.id}/m.mbtiles"))
    assert taken.status_code == 404
    assert len(kept(site)) == 1


def test_vectors_in_pmtiles_are_refused_and_leave_nothing(
    site: Site, office: Browser, tmp_path: Path
) -> None:
    path = tile_maps.write_pmtiles(tmp_path / "v.pmtiles", tile_type=TileType.MVT)

    page = bring(office, path)

    assert (page.status_code, "vector tiles" in page.text) == (422, True)
    assert (listed(site), kept(site)) == ([], [])


def test_a_file_is_what_it_is_whatever_it_is_called(
    site: Site, office: Browser, county: Path, in_pmtiles: Path
) -> None:
    bring(office, in_pmtiles.rename(in_pmtiles.with_name("one.mbtiles")))
    bring(office, county.rename(county.with_name("two.pmtiles")), area=COUNTY)

    assert sorted(one.file_name for one in listed(site)) == ["one.pmtiles", "two.mbtiles"]
    assert all(one.is_for_phones for one in listed(site))


def test_removed_pmtiles_take_the_phones_copy_along(
    site: Site, office: Browser, in_pmtiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(office, in_pmtiles)
    monkeypatch.setattr(base_maps, "ARRIVING_S", -1)
    with Session(site.engine) as session:
        base_maps.clear_unused(session, site.settings.folder)
    while_used = len(kept(site))

    office.post(f"/basemaps/{the_map(site).id}/remove")

    assert (while_used, kept(site)) == (2, [])


@pytest.fixture
def stranger(site: Site) -> FlaskClient:
    return phone_site.client_of(site)


def test_a_phone_takes_its_villages_maps_by_its_token(
    site: Site, office: Browser, stranger: FlaskClient, county: Path
) -> None:
    bring(office, county)
    here, away = add_phone(site, [HERE]), add_phone(site, [AWAY])

    page = stranger.get(phone_site.path(here, "basemaps"), headers={"Host": "10.0.0.9:8080"})
    found = re.search(r'class="button" href="([^"]*)"', page.text)
    other = stranger.get(phone_site.path(away, "basemaps"))

    assert found
    assert "Add layers" in html.unescape(page.text)
    assert "添加图层" in page.text
    assert found[1].startswith(f"http://10.0.0.9:8080/v1/key/{here.token}/projects/1/basemaps/")
    assert stranger.get(urlsplit(found[1]).path).data == county.read_bytes()
    assert "No map for this phone" in html.unescape(other.text) or "还没有地图" in other.text
    stolen = urlsplit(found[1]).path.replace(here.token, away.token)
    assert stranger.get(stolen).status_code == 404
    phone_site.revoke(site, here)
    assert stranger.get(urlsplit(found[1]).path).status_code == 403


def test_a_download_that_broke_off_goes_on(
    site: Site, office: Browser, stranger: FlaskClient, county: Path
) -> None:
    """RFC 9110, 14: the rest is sent, and all of it when the file is another one now."""
    bring(office, county)
    one, whole = the_map(site), county.read_bytes()
    phone = add_phone(site, [HERE])
    address = phone_site.path(phone, f"basemaps/{one.id}/county.mbtiles")

    first = stranger.get(address, headers={"Range": "bytes=0-99"})
    etag = first.headers["ETag"]
    rest = stranger.get(address, headers={"Range": "bytes=100-", "If-Range": etag})
    other = stranger.get(address, headers={"Range": "bytes=100-", "If-Range": '"else"'})
    beyond = stranger.get(address, headers={"Range": f"bytes={len(whole)}-"})

    assert (first.status_code, rest.status_code) == (206, 206)
    assert first.headers["Content-Range"] == f"bytes 0-99/{len(whole)}"
    assert first.data + rest.data == whole
    assert (other.status_code, other.data) == (200, whole)
    assert beyond.status_code == 416


def test_a_code_from_the_page_serves_any_phone_for_some_days(
    site: Site,
    office: Browser,
    stranger: FlaskClient,
    county: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bring(office, county)
    link = link_of(browser_of(site, "supervisor", ["130921"]), the_map(site))

    page = stranger.get(link)
    file = re.search(r'class="button" href="([^"]*)"', page.text)

    assert file
    assert stranger.get(file[1]).data == county.read_bytes()
    assert (
        "attachment; filename=county.mbtiles"
        in stranger.get(file[1]).headers["Content-Disposition"]
    )
    # Not its last letter, of which some bits count for nothing.
    assert stranger.get(link[:-2] + ("a" if link[-2] != "a" else "b") + link[-1]).status_code == 403
    monkeypatch.setattr(base_map_pages, "LINK_DAYS", -1)
    assert stranger.get(link).status_code == 403


def test_a_removed_map_is_gone_and_its_file_with_it(
    site: Site, office: Browser, county: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(office, county)
    one = the_map(site)
    link = link_of(office, one)
    monkeypatch.setattr(base_maps, "ARRIVING_S", -1)

    done = office.post(f"/basemaps/{one.id}/remove")

    assert done.status_code == 303
    assert (listed(site), kept(site)) == ([], [])
    assert office.get(link).status_code == 404


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_speak_the_readers_language(site: Site, county: Path, language: str) -> None:
    browser = browser_of(site, "office", ["130921"], language=language)

    assert {"zh": "还没有底图", "en": "No base maps yet"}[language] in browser.get(
        "/basemaps/"
    ).text
    bring(browser, county)
    assert {"zh": "个底图", "en": "base map"}[language] in browser.get("/basemaps/").text
