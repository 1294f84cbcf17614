"""The map of a township on a phone, served from the loopback without a server of ours behind it."""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, expect

from maps import boundaries, layers, legend
from maps.clinics import ClinicScore
from maps.coverage import VillageCoverage
from maps.draw import draw_map
from maps.households import MOST_CELLS, HouseholdPoint, household_cells
from maps.layers import Box
from maps.points import Point
from maps.view import MapSources, MapView, TimeRow
from maps.village_figures import VILLAGE_LAYERS, FoundRate, VillageFigures
from maps.village_layer import village_layer, week_layer
from server.web.language import words
from server.web.map_page import SCRIPTS

HOME = Path(__file__).parents[2]
STATIC = HOME / "server" / "static"
SAMPLE = HOME / "server" / "reference" / "sample_villages.csv"
NONCE = "a-nonce"
PHONE = ViewportSize(width=360, height=640)
TODAY = date(2026, 8, 24)
POLICY = (
    f"default-src 'self'; script-src 'self' 'nonce-{NONCE}'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)


def gaochuan() -> list[VillageCoverage]:
    """The 33 villages of Gaochuan, with places and figures made up, and every state among them."""
    chance = random.Random(7)
    with SAMPLE.open(encoding="utf-8") as opened:
        units = [row for row in csv.DictReader(opened) if row["township_code"] == "130921211"]
    villages = []
    for at, unit in enumerate(units):
        register = chance.randint(90, 520)
        completed = min(register, round(register * chance.choice([0.08, 0.3, 0.62, 0.88, 0.97])))
        completed = {3: 0, 9: round(register * 1.3)}.get(at, completed)
        villages.append(
            VillageCoverage(
                code=unit["village_code"],
                name=unit["village_name"],
                township_code="130921211",
                township_name="高川乡",
                place=Point(
                    38.06 + (at // 6) * 0.017 + chance.uniform(-0.004, 0.004),
                    116.86 + (at % 6) * 0.02 + chance.uniform(-0.005, 0.005),
                ),
                register_households=None if at == 5 else register,
                register_persons=None if at == 5 else register * 4,
                register_source="" if at == 5 else "census",
                register_on=None if at == 5 else date(2025, 12, 31),
                households_completed=completed,
                households_refused=completed // 40,
                households_absent_final=completed // 60,
                households_vacated=completed // 90,
                households_seen=completed,
                persons_registered=completed * 4,
                persons_screened=completed * 3,
                suspected=completed // 25,
                documented=completed // 60,
                last_visit_on=TODAY - timedelta(days=at) if completed else None,
                days_behind=at if completed else None,
            )
        )
    return villages


def clinics_of(villages: list[VillageCoverage]) -> list[ClinicScore]:
    scores = [None, 62.5, 84.0, 93.5, 88.0]
    return [
        ClinicScore(
            id=f"clinic-{at}",
            name=f"{layers.short_name(village.name)}卫生室",
            village_code=village.code,
            village_name=village.name,
            township_code=village.township_code,
            township_name=village.township_name,
            place=village.place,
            audited_on=date(2026, 6, 1) if scores[at % 5] else None,
            score=scores[at % 5],
            vetoes=("licence",) if at % 10 == 4 else (),
        )
        for at, village in enumerate(villages)
    ]


def households_of(villages: list[VillageCoverage]) -> list[HouseholdPoint]:
    chance = random.Random(8)
    return [
        HouseholdPoint(
            f"{village.code}-{number}",
            village.place.latitude + chance.gauss(0, 0.0015),
            village.place.longitude + chance.gauss(0, 0.0015),
            chance.choice([0, 0, 0, 1, 2, 3, 4]),
        )
        for village in villages
        if village.place
        for number in range(60)
    ]


def figures_of(villages: list[VillageCoverage]) -> list[VillageFigures]:
    return [
        VillageFigures(
            village,
            treated=at % 7,
            followed=30,
            due=at % 25,
            rate=FoundRate(at % 9, 80, smoothed=(at % 9 + 3) / 120, usual=0.05),
        )
        for at, village in enumerate(villages)
    ]


def a_week_ago(villages: list[VillageCoverage]) -> list[VillageFigures]:
    """Half of what is done by now."""
    return [
        VillageFigures(
            replace(
                village,
                households_completed=village.done // 2,
                households_refused=0,
                households_absent_final=0,
                households_vacated=0,
                suspected=0,
            )
        )
        for village in villages
    ]


def bordered(villages: list[VillageCoverage]) -> dict[str, object]:
    """Squares around the first ten villages."""
    told = {}
    for village in villages[:10]:
        assert village.place is not None
        north, east = village.place.latitude, village.place.longitude
        corners = ((-1, -1), (-1, 1), (1, 1), (1, -1), (-1, -1))
        ring = [[east + x * 0.008, north + y * 0.007] for y, x in corners]
        told[village.code] = boundaries.packed([[ring]])
    return {"borders": told}


def page_html(villages: list[VillageCoverage], language: str) -> str:
    """A page as the site's frame would show it, with the list that stands below the map."""
    known = words(language)
    say: Callable[[str], str] = known.text
    figures = figures_of(villages)
    legends = {name: layer.legend(figures) for name, layer in VILLAGE_LAYERS.items()}
    legends["clinics"] = legend.clinic_legend(clinics_of(villages))
    legends["households"] = legend.household_legend()
    weeks = [date(2026, 8, 10), date(2026, 8, 17), date(2026, 8, 24)]
    drawn = draw_map(
        MapSources(
            leaflet_js="/static/vendor/leaflet/leaflet.js",
            leaflet_css="/static/vendor/leaflet/leaflet.css",
            map_js=tuple(f"/static/{name}" for name in SCRIPTS),
            map_css="/static/map.css",
            villages="/villages.json",
            week="/week.json",
            borders="/borders.json",
            clinics="/clinics.json",
            households="/households.json",
            village_page="/villages/{id}",
            walk_page="/villages/{id}/walk",
            clinic_page="/clinics/{id}",
        ),
        MapView(legends, language, time=TimeRow(weeks, 2, "now", "/map?week=2026-08-17", "", "")),
        layers.box_around(village.place for village in villages),
        say,
        NONCE,
    )
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>Map</title>'
        '<link rel="icon" href="data:,">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="/static/doorstep.css">{drawn.head}</head>'
        f'<body><main><div class="page">{drawn.body}</div></main>{drawn.script}</body></html>'
    )


class Site(BaseHTTPRequestHandler):
    """Serves one map, its layers and our static files, under the policy of the real site."""

    def __init__(self, villages: list[VillageCoverage], *args: Any) -> None:
        self.villages = villages
        super().__init__(*args)

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        body, kind = self.answer(asked.path, parse_qs(asked.query))
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def answer(self, path: str, query: dict[str, list[str]]) -> tuple[bytes, str]:
        if path in ("/zh", "/en"):
            return page_html(self.villages, path[1:]).encode(), "text/html"
        if path == "/villages.json":
            return layers.to_json(village_layer(figures_of(self.villages))), "application/json"
        if path == "/week.json":
            is_past = bool(query.get("week"))
            rows = a_week_ago(self.villages) if is_past else figures_of(self.villages)
            return layers.to_json(week_layer(rows)), "application/json"
        if path == "/borders.json":
            return layers.to_json(bordered(self.villages)), "application/json"
        if path == "/clinics.json":
            clinics = clinics_of(self.villages)
            return layers.to_json(layers.clinic_layer(clinics)), "application/json"
        if path == "/households.json":
            box = Box(*(float(query[side][0]) for side in Box._fields))
            cells = household_cells(households_of(self.villages), int(query["zoom"][0]), box)
            return layers.to_json(cells), "application/json"
        if path.startswith("/static/"):
            kind = "text/css" if path.endswith(".css") else "text/javascript"
            return (STATIC / path.removeprefix("/static/")).read_bytes(), kind
        return b"", "text/plain"

    def log_message(self, *_: object) -> None:
        """Tests speak for themselves."""


@pytest.fixture
def villages() -> list[VillageCoverage]:
    return gaochuan()


@pytest.fixture
def address(villages: list[VillageCoverage]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, villages))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@dataclass
class Traffic:
    """What a page asked for, and what went wrong in it."""

    asked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@pytest.fixture
def traffic() -> Traffic:
    return Traffic()


@pytest.fixture
def phone(browser: Browser, address: str, traffic: Traffic) -> Iterator[Page]:
    context = browser.new_context(
        viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2, base_url=address
    )
    page = context.new_page()
    page.on("request", lambda request: traffic.asked.append(request.url))
    page.on("pageerror", lambda error: traffic.wrong.append(str(error)))
    page.on("console", lambda said: _note_error(said, traffic))
    yield page
    context.close()


def _note_error(said: ConsoleMessage, traffic: Traffic) -> None:
    if said.type == "error":
        traffic.wrong.append(said.text)


def opened(page: Page, language: str = "en") -> Page:
    page.goto(f"/{language}")
    expect(page.locator(".map-mark").first).to_be_visible()
    return page


def tap(page: Page, code: str, villages: list[VillageCoverage]) -> None:
    """Tap the place of a village as a thumb would."""
    place = next(village.place for village in villages if village.code == code)
    assert place is not None
    x, y = page.evaluate(
        """([latitude, longitude]) => {
            const map = window[document.getElementById("map-page").dataset.map];
            const point = map.latLngToContainerPoint([latitude, longitude]);
            const box = map.getContainer().getBoundingClientRect();
            return [box.x + point.x, box.y + point.y];
        }""",
        [place.latitude, place.longitude],
    )
    page.touchscreen.tap(x, y)


def test_every_village_is_drawn_and_nothing_comes_from_outside(
    phone: Page, traffic: Traffic, address: str
) -> None:
    opened(phone)

    assert phone.locator(".map-mark").count() == 33
    assert [url for url in traffic.asked if not url.startswith(address)] == []
    assert traffic.wrong == []


@pytest.mark.parametrize(
    ("language", "answer", "link"),
    [("en", "65% 317 of 487 households", "Open village"), ("zh", "65% 317 / 487 户", "打开该村")],
)
def test_a_tap_shows_the_figures_of_a_village_and_the_way_to_its_page(
    phone: Page, villages: list[VillageCoverage], language: str, answer: str, link: str
) -> None:
    opened(phone, language)

    tap(phone, villages[12].code, villages)

    panel = phone.locator("#map-panel")
    expect(panel.locator("h2")).to_have_text("东贺楼村")
    expect(panel.locator(".map-answer")).to_contain_text(answer)
    way = panel.get_by_role("link", name=link)
    expect(way).to_have_attribute("href", f"/villages/{villages[12].code}")
    expect(way).to_be_in_viewport()


def test_a_thumb_that_misses_a_little_still_meets_the_nearest_village(
    phone: Page, villages: list[VillageCoverage]
) -> None:
    opened(phone)
    mark = phone.locator(".map-mark").first.bounding_box()
    assert mark is not None

    phone.touchscreen.tap(mark["x"] - 4, mark["y"] + mark["height"] / 2)

    expect(phone.locator("#map-panel h2")).to_have_text("高川村")


def test_the_chosen_village_has_an_outline_of_three_pixels_and_is_in_the_address(
    phone: Page, villages: list[VillageCoverage]
) -> None:
    opened(phone)

    tap(phone, villages[12].code, villages)

    chosen = phone.locator(".map-mark.is-chosen")
    expect(chosen).to_have_count(1)
    assert float(chosen.get_attribute("stroke-width") or 0) >= 3
    assert phone.url.endswith(f"#{villages[12].code}")


def test_an_address_with_a_village_opens_it(phone: Page, villages: list[VillageCoverage]) -> None:
    phone.goto(f"/en#{villages[20].code}")

    expect(phone.locator("#map-panel h2")).to_have_text("小留保住村")


def test_next_goes_by_households_left(phone: Page, villages: list[VillageCoverage]) -> None:
    opened(phone)
    most_left = sorted(villages, key=lambda one: -(one.left or -1))

    names = []
    for _ in range(3):
        phone.get_by_role("button", name="Next village").tap()
        names.append(phone.locator("#map-panel h2").inner_text())

    assert names == [layers.short_name(one.name) for one in most_left[:3]]


def test_states_without_a_percentage_have_shapes_and_signs_of_their_own(phone: Page) -> None:
    opened(phone)

    signs = phone.locator(".map-sign").all_text_contents()

    assert {"?", "!", "0"} <= set(signs)
    assert phone.locator(".map-mark[fill='url(#map-hatch)']").count() == 1
    assert phone.locator(".map-mark[stroke-dasharray]").count() == 1


@pytest.mark.parametrize("layer", ["suspected", "documented", "treated", "followup", "rate"])
def test_another_layer_has_its_own_legend_and_as_many_marks(
    phone: Page, traffic: Traffic, layer: str
) -> None:
    opened(phone)

    phone.locator("#map-layer").select_option(layer)

    expect(phone.locator(f".map-legend[data-legend={layer}]")).to_be_visible()
    expect(phone.locator(".map-legend[data-legend=coverage]")).to_be_hidden()
    expect(phone.locator(".map-mark")).to_have_count(33)
    assert traffic.wrong == []


def test_the_rate_can_be_seen_as_counted(phone: Page) -> None:
    opened(phone)
    expect(phone.locator(".map-raw")).to_be_hidden()
    phone.locator("#map-layer").select_option("rate")

    phone.locator("#map-raw").check()

    expect(phone.locator(".map-legend[data-legend=rate_raw]")).to_be_visible()
    expect(phone.locator(".map-legend[data-legend=rate]")).to_be_hidden()


def test_a_week_before_shows_what_was_done_by_then_and_counts_it_in_the_legend(
    phone: Page, traffic: Traffic, villages: list[VillageCoverage]
) -> None:
    opened(phone)
    then = VILLAGE_LAYERS["coverage"].legend(a_week_ago(villages))

    phone.get_by_role("button", name="Week before").tap()

    expect(phone.locator(".map-when")).to_have_text("by 23 Aug 2026")
    counts = phone.locator(".map-legend[data-legend=coverage] b")
    expect(counts).to_have_text([str(row.count) for row in then])
    phone.get_by_role("button", name="now").tap()
    expect(phone.locator(".map-when")).to_have_text("now")
    now = VILLAGE_LAYERS["coverage"].legend(figures_of(villages))
    expect(counts).to_have_text([str(row.count) for row in now])
    assert traffic.wrong == []


def test_borders_carry_the_colour_and_are_tapped_anywhere(phone: Page) -> None:
    opened(phone)
    border = phone.locator(".map-border")
    expect(border).to_have_count(10)
    box = border.first.bounding_box()
    assert box is not None

    phone.touchscreen.tap(box["x"] + box["width"] - 6, box["y"] + 6)

    expect(phone.locator(".map-border.is-chosen")).to_have_count(1)
    expect(phone.locator("#map-panel h2")).not_to_be_empty()


def test_clinics_without_an_audit_are_shown_as_missing(phone: Page) -> None:
    opened(phone)
    phone.locator("#map-layer").select_option("clinics")

    phone.get_by_role("button", name="Next village").tap()

    expect(phone.locator("#map-panel .map-answer")).to_have_text("no audit")


def test_households_are_asked_for_only_when_wanted_and_come_in_cells(
    phone: Page, traffic: Traffic
) -> None:
    opened(phone)
    before = [url for url in traffic.asked if "/households" in url]

    phone.get_by_role("checkbox", name="Households").check(force=True)

    expect(phone.locator(".map-legend[data-legend=households]")).to_be_visible()
    expect(phone.locator(".map-mark:not(.is-place)").first).to_be_visible()
    assert before == []
    assert phone.locator(".map-mark").count() <= 33 + MOST_CELLS


def test_a_layer_that_does_not_come_says_so_and_can_be_asked_for_again(phone: Page) -> None:
    phone.route("**/villages.json", lambda route: route.abort())
    phone.goto("/en")
    expect(phone.locator(".map-status")).to_contain_text("The list has the same figures.")
    phone.unroute("**/villages.json")

    phone.get_by_role("button", name="Try again").tap()

    expect(phone.locator(".map-mark")).to_have_count(33)
    expect(phone.locator(".map-status")).to_be_empty()


def test_centre_on_me_says_how_well_the_phone_knows(phone: Page) -> None:
    phone.context.grant_permissions(["geolocation"])
    phone.context.set_geolocation({"latitude": 38.1, "longitude": 116.9, "accuracy": 25})
    opened(phone)

    phone.get_by_role("button", name="Centre on me").tap()

    expect(phone.locator(".map-status")).to_have_text("You are here, give or take 25 m.")
    expect(phone.locator(".map-me")).to_be_visible()


def test_a_phone_that_gives_no_position_is_told_what_to_do(phone: Page) -> None:
    opened(phone)

    phone.get_by_role("button", name="Centre on me").tap()

    expect(phone.locator(".map-status")).to_contain_text("Your browser gives no position.")


def test_everything_to_tap_is_large_enough_and_the_page_fits(phone: Page) -> None:
    opened(phone)

    boxes = phone.locator(".map-page button:visible, .map-page label:visible").all()

    # Previous week, its slider, six tools, the choice of layers, households.
    assert len(boxes) == 10
    for box in boxes:
        size = box.bounding_box()
        assert size is not None
        assert min(size["width"], size["height"]) >= 44
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_zoom_buttons_zoom_and_show_all_comes_back(phone: Page) -> None:
    opened(phone)
    scale = phone.locator(".leaflet-control-scale-line").first
    before = scale.inner_text()

    phone.get_by_role("button", name="Zoom in").tap()
    expect(scale).not_to_have_text(before)
    phone.get_by_role("button", name="Show all").tap()

    expect(scale).to_have_text(before)


@pytest.fixture
def villages_of_a_county() -> list[VillageCoverage]:
    chance = random.Random(9)
    return [
        VillageCoverage(
            code=f"130921{200 + at // 20:03}{200 + at % 20:03}",
            name="".join(chance.choices("高川后南北邢蒲洼龙华大庄李辛芮", k=3)) + "村村民委员会",
            township_code=f"130921{200 + at // 20:03}",
            township_name=f"第{at // 20}乡",
            place=Point(38 + chance.random() / 2, 116.5 + chance.random() / 2),
            register_households=chance.randint(50, 500),
            households_completed=chance.randint(0, 500),
            households_seen=500,
        )
        for at in range(1_000)
    ]


def test_a_page_and_a_layer_of_a_thousand_villages_are_light(
    villages_of_a_county: list[VillageCoverage],
) -> None:
    files = ("vendor/leaflet/leaflet.js", "vendor/leaflet/leaflet.css", "map.css", *SCRIPTS)

    shell = len(gzip.compress(page_html(villages_of_a_county, "zh").encode()))
    shell += sum(len(gzip.compress((STATIC / name).read_bytes())) for name in files)
    layer = layers.to_json(village_layer(figures_of(villages_of_a_county)))

    # 46 kB of it are Leaflet.
    assert shell <= 67_000
    assert len(gzip.compress(layer, 5)) <= 100_000
