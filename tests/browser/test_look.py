"""The look: all pieces on one page, in both languages, by day and night, on phone and desk.

`DOORSTEP_SHOTS=folder pytest tests/browser/test_look.py` keeps what was seen, for the eye.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from flask import Blueprint, render_template_string
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from server.app import make_app
from server.database import writing_session
from server.survey import accounts, credentials
from server.survey.accounts import Role
from server.survey.areas import WHOLE_SITE
from server.web import door, language
from tests.bare import bare_site

HERE = Path(__file__).parent
PASSWORD = "three old brown houses"
# The smallest phone, the usual one, a desk at 200 % zoom, a desk.
WIDTHS = (320, 360, 640, 1280)
LANGUAGES = ("zh-CN", "en-GB")
OWN_PAGES = (
    "/accounts/",
    "/accounts/new",
    "/accounts/mine",
    "/journal",
    "/lists",
    "/more",
)

pages = Blueprint("gallery", __name__)


@dataclass(frozen=True)
class Village:
    name: str
    township: str
    left: int | None
    share: float | None
    words: str
    state: str
    state_words: str
    screened: int = 1203
    last: date = date(2026, 11, 20)


def t(zh: str, en: str) -> str:
    """Say the gallery's own texts, which no catalogue holds."""
    return zh if language.language() == "zh" else en


def villages() -> list[Village]:
    township = t("高川乡", "Gaochuan")
    long_name = t(
        "红星社区居民委员会（原红星农场第三生产队）",
        "Red Star Community Residents’ Committee (formerly third production brigade)",
    )
    return [
        Village(
            t("东高川村", "East Gaochuan"), township, 128, 0.35, "35% (89/256)",
            "watch", t("落后 6 天", "6 days behind"),
        ),
        Village(long_name, township, 0, 1.0, "100% (256/256)", "fine", t("完成", "done")),
        Village(
            t("小李庄", "Xiaolizhuang"), township, None, None, "–",
            "off", t("无户籍数", "no register"),
        ),
        Village(
            t("石桥村", "Shiqiao"), township, 1220, 0.0, "0% (0/1220)",
            "todo", t("未开始", "not started"),
        ),
    ]  # fmt: skip


@pages.get("/gallery")
@door.signed_in
def gallery() -> str:
    """Show all pieces of the look."""
    template = (HERE / "gallery.html").read_text("utf-8")
    now = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
    return render_template_string(template, t=t, now=now, villages=villages())


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with bare_site(tmp_path_factory.mktemp("look")) as site:
        with writing_session(site.engine) as session:
            admin = accounts.add(session, "王芳", Role.ADMIN, [""], WHOLE_SITE)
            credentials.set_password(session, admin.id, PASSWORD)
        app = make_app(site)
        app.register_blueprint(pages)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.port}"
        server.shutdown()
        serving.join()
        server.server_close()


class Reader:
    """Opens pages in contexts of one size, language and light, signed in once for each."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser = browser
        self.address = address
        self.pages: dict[tuple[int, str, str], Page] = {}

    def page(self, width: int, locale: str, light: Literal["light", "dark"] = "light") -> Page:
        key = (width, locale, light)
        if key not in self.pages:
            context = self.browser.new_context(
                viewport={"width": width, "height": 800},
                locale=locale,
                color_scheme=light,
                base_url=self.address,
            )
            page = context.new_page()
            page.goto("/sign-in")
            page.fill("[name=name]", "王芳")
            page.fill("[name=password]", PASSWORD)
            page.click("main form button")
            page.wait_for_url(lambda url: "/sign-in" not in url)
            self.pages[key] = page
        return self.pages[key]

    def close(self) -> None:
        for page in self.pages.values():
            page.context.close()


@pytest.fixture(scope="module")
def reader(browser: Browser, address: str) -> Iterator[Reader]:
    opened = Reader(browser, address)
    yield opened
    opened.close()


def looked_at(page: Page, path: str) -> dict[str, Any]:
    """Open a page and return what look.js measures on it."""
    page.goto(path)
    if folder := os.environ.get("DOORSTEP_SHOTS"):
        width = page.viewport_size["width"] if page.viewport_size else 0
        name = path.strip("/").replace("/", "-") or "home"
        light = page.evaluate(
            "matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'"
        )
        shot = f"{name}-{width}-{page.get_attribute('html', 'lang')}-{light}.png"
        page.screenshot(path=Path(folder) / shot, full_page=True)
    measured: dict[str, Any] = page.evaluate((HERE / "look.js").read_text("utf-8"))
    return measured


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_all_pieces_fit_are_large_enough_and_can_be_read(
    reader: Reader, width: int, locale: str
) -> None:
    seen = looked_at(reader.page(width, locale), "/gallery")

    # Sorting by the head of a table is done with a mouse: there it is 34 px high.
    assert [one for one in seen["small"] if width < 900] == []
    assert (seen["faint"], seen["outside"]) == ([], [])


@pytest.mark.parametrize("width", [360, 1280])
def test_by_night_everything_can_be_read_too(reader: Reader, width: int) -> None:
    seen = looked_at(reader.page(width, "zh-CN", "dark"), "/gallery")

    assert seen["faint"] == []


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("path", OWN_PAGES)
def test_pages_of_accounts_fit_the_smallest_phone(reader: Reader, path: str, locale: str) -> None:
    seen = looked_at(reader.page(320, locale), path)

    assert seen == {"faint": [], "small": [], "outside": []}


@pytest.mark.parametrize("locale", LANGUAGES)
def test_signing_in_fits_the_smallest_phone(browser: Browser, address: str, locale: str) -> None:
    context = browser.new_context(
        viewport={"width": 320, "height": 600}, locale=locale, base_url=address
    )

    seen = looked_at(context.new_page(), "/sign-in")
    context.close()

    assert seen == {"faint": [], "small": [], "outside": []}


def test_letters_twice_as_large_still_fit(reader: Reader) -> None:
    page = reader.page(360, "en-GB")
    page.goto("/gallery")

    page.add_style_tag(content="html { font-size: 200% !important }")

    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_table_is_cards_on_a_phone_and_a_table_on_a_desk(reader: Reader) -> None:
    shown = []
    for width in (360, 1280):
        page = reader.page(width, "en-GB")
        page.goto("/gallery")
        row = page.locator(".cards tbody tr").first
        label = page.evaluate(
            "getComputedStyle(document.querySelector('.cards td'), '::before').content"
        )
        shown.append((row.evaluate("row => getComputedStyle(row).display"), label))

    assert shown == [("block", '"Left"'), ("table-row", "none")]


def test_the_bar_is_at_the_thumb_on_a_phone_and_beside_the_page_on_a_desk(reader: Reader) -> None:
    boxes = []
    for width in (360, 1280):
        page = reader.page(width, "zh-CN")
        page.goto("/more")
        boxes.append(page.locator(".bar").bounding_box())

    phone, desk = boxes
    assert phone is not None
    assert desk is not None
    assert (phone["width"], phone["y"] + phone["height"]) == (360, 800)
    assert (desk["x"], desk["width"] < 260) == (0, True)


def test_the_main_button_stays_in_reach_of_the_thumb(reader: Reader) -> None:
    page = reader.page(360, "zh-CN")
    page.goto("/accounts/new")

    button = page.locator(".actions button").bounding_box()

    assert button is not None
    assert 600 < button["y"] < 760


def test_the_keyboard_reaches_the_text_first_and_shows_where_it_is(reader: Reader) -> None:
    page = reader.page(1280, "en-GB")
    page.goto("/gallery")

    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.textContent")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert first == "Skip to content"
    assert outline == "solid"
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_paper_carries_the_figures_and_no_buttons(reader: Reader) -> None:
    page = reader.page(1280, "zh-CN", "dark")
    page.goto("/gallery")

    page.emulate_media(media="print", color_scheme="dark")
    hidden = [page.locator(one).first.is_visible() for one in (".bar", ".actions", ".filters")]
    colours = page.evaluate(
        "[document.body, document.querySelector('h1')].map(one => "
        "[getComputedStyle(one).backgroundColor, getComputedStyle(one).color])"
    )
    display = page.evaluate("getComputedStyle(document.querySelector('.cards tbody tr')).display")
    page.emulate_media(media="screen", color_scheme="dark")

    assert hidden == [False, False, False]
    assert colours[0] == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    assert display == "table-row"


def test_nothing_is_asked_of_another_host_and_no_rule_is_broken(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(base_url=address)
    page = context.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)

    page.goto("/sign-in")
    context.close()

    assert [one for one in asked if not one.startswith(address)] == []
    assert wrong == []


def test_a_page_says_its_language_and_has_one_heading(reader: Reader) -> None:
    for locale, tag in (("zh-CN", "zh-CN"), ("en-GB", "en")):
        page = reader.page(360, locale)
        page.goto("/gallery")

        assert page.get_attribute("html", "lang") == tag
        assert page.locator("h1").count() == 1
        assert page.locator("label, legend").count() > 8
        assert page.evaluate(
            "[...document.querySelectorAll('main input:not([type=hidden]), main select, textarea')]"
            ".every(one => one.labels.length > 0)"
        )
