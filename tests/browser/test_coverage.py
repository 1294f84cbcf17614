"""The site's own pages about coverage on a phone, served as in production."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from sqlalchemy import select, update

from server.config import Settings
from server.database import writing_session
from server.survey import accounts, base_maps, credentials, first_run, intake
from server.survey.accounts import Role
from server.survey.areas import WHOLE_SITE
from server.survey.registry.sample import import_sample
from server.survey.site import open_site
from server.tables.reference import Division, Village
from tests import tile_maps
from tests.builders import VILLAGE, a_member, an_id, an_upload, roster_xml, versions
from tests.live import serving

PHONE: ViewportSize = {"width": 360, "height": 800}
PASSWORD = "a long enough password"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A served site: the sample's villages in a grid, one of them visited."""
    settings = Settings.read({}, str(tmp_path_factory.mktemp("site")))
    site = open_site(settings)
    first_run.prepare(site)
    with writing_session(site.engine) as session:
        import_sample(session, "test")
        session.execute(update(Village).values(households=5))
        for at, code in enumerate(sorted(session.scalars(select(Village.code)))):
            session.execute(
                update(Village)
                .where(Village.code == code)
                .values(latitude=38 + at // 8 * 0.02, longitude=116.8 + at % 8 * 0.02)
            )
        office = accounts.add(session, "office", Role.OFFICE, ("",), WHOLE_SITE)
        credentials.set_password(session, office.id, PASSWORD)
        division = Division(code="130921000000", name="沧县", level="county", stem="130921")
        session.merge(division)
    drawn = tile_maps.write_pmtiles(
        tmp_path_factory.mktemp("map") / "county.pmtiles", zooms=range(6, 13)
    )
    with drawn.open("rb") as content:
        kept, told = base_maps.keep(settings.folder, drawn.name, content, 10_000_000)
    with writing_session(site.engine) as session:
        base_maps.add(session, kept, told, "130921", "", "test", WHOLE_SITE)
    version = versions(site)["household_roster"]
    members = [a_member()]
    for number in range(2):
        xml = roster_xml(f"uuid:{number}", members=members, key=an_id("h", number), version=version)
        intake.receive(site, an_upload(xml))
    site.close()
    with serving(settings) as served:
        yield served


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Page]:
    """A phone that has signed in."""
    context = browser.new_context(
        viewport=PHONE, has_touch=True, is_mobile=True, base_url=address, locale="en-GB"
    )
    page = context.new_page()
    page.goto("/")
    page.fill("[name=username], [name=name]", "office")
    page.fill("[name=password]", PASSWORD)
    page.click("main form button")
    page.wait_for_url("**/today")
    yield page
    context.close()


def test_the_map_shows_every_village_and_asks_nobody_else(phone: Page, address: str) -> None:
    asked: list[str] = []
    wrong: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    phone.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    phone.on("pageerror", lambda error: wrong.append(str(error)))

    phone.goto("/map")
    expect(phone.locator(".map-mark")).to_have_count(61)

    assert [url for url in asked if not url.startswith(address)] == []
    assert wrong == []


def test_from_today_to_a_village_and_on_to_the_map_by_thumb(phone: Page) -> None:
    phone.get_by_role("link", name="All 61 villages").tap()
    phone.locator(f"a[href='/villages/{VILLAGE}']").tap()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("2 of 5 households done")

    phone.get_by_role("link", name="On the map").tap()

    expect(phone.locator("#map-panel h2")).to_have_text("高川村")
    expect(phone.locator("#map-panel .map-answer")).to_contain_text("2 of 5 households")


def test_households_come_onto_the_map_when_wanted(phone: Page) -> None:
    phone.goto(f"/map#{VILLAGE}")
    expect(phone.locator("#map-panel h2")).to_have_text("高川村")

    with phone.expect_response("**/map/households.json?*") as answer:
        phone.get_by_role("checkbox", name="Households").check(force=True)

    assert answer.value.ok


@pytest.mark.parametrize("path", ["/today", "/villages", "/map", f"/villages/{VILLAGE}"])
def test_a_page_fits_the_phone_and_everything_to_tap_is_large_enough(
    phone: Page, path: str
) -> None:
    phone.goto(path)

    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for one in phone.locator("main .button:visible, main .figures a:visible").all():
        box = one.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24


def test_a_background_of_tiles_is_drawn_and_remembered(phone: Page, address: str) -> None:
    """PMTiles, read by the server tile by tile; no tile is asked for before it is chosen."""
    wrong: list[str] = []
    tiles: list[int] = []
    phone.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    phone.on("response", lambda got: tiles.append(got.status) if "/tiles/" in got.url else None)
    phone.goto("/map")
    expect(phone.locator(".map-mark")).to_have_count(61)
    assert tiles == []

    phone.get_by_label("Background").select_option("County")
    expect(phone.locator("img.leaflet-tile-loaded").first).to_be_visible()
    phone.goto("/today")
    phone.goto("/map")

    expect(phone.locator("img.leaflet-tile-loaded").first).to_be_visible()
    assert (
        phone.get_by_label("Background").evaluate("one => one.selectedOptions[0].text") == "County"
    )
    assert 200 in tiles
    phone.get_by_label("Background").select_option("No background")
    phone.goto("/map")
    expect(phone.locator(".map-mark")).to_have_count(61)
    expect(phone.locator("img.leaflet-tile")).to_have_count(0)
    assert wrong == []
