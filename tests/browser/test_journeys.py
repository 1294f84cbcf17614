"""A supervisor's journeys by thumb on a phone of 360 x 800, on the demo as a county has it.

`DOORSTEP_SHOTS=folder pytest tests/browser/test_journeys.py` keeps what was seen, for the eye.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from server.config import Settings
from tests.live import doorstep, serving

PHONE: ViewportSize = {"width": 360, "height": 800}
DESK: ViewportSize = {"width": 1280, "height": 800}
# Every page that a supervisor or the office opens by a link, and what no link leads to alone.
SUPERVISORS = (
    "/today",
    "/map",
    "/villages",
    "/tasks/",
    "/tasks/records",
    "/tasks/workers",
    "/tasks/villages",
    "/plan/",
    "/pictures",
    "/submissions/",
    "/submissions/?q=poor",
    "/submissions/1?list=",
    "/duplicates",
    "/phones/",
    "/alerts/new",
    "/lists",
    "/more",
)
OFFICES = ("/settings/checks/", "/screening", "/batches", "/alerts/messages", "/back-checks/")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, dict[str, str]]:
    """The demo's site of three hundred households, checked once; passwords by account."""
    settings = Settings.read({}, str(tmp_path_factory.mktemp("demo") / "site"))
    settings.folder.mkdir()
    told = json.loads(doorstep(settings, "demo", "--households", "300", "--json"))
    doorstep(settings, "checks")
    return settings, {one["name"]: one["password"] for one in told["accounts"]}


@pytest.fixture(scope="module")
def address(demo: tuple[Settings, dict[str, str]]) -> Iterator[str]:
    with serving(demo[0]) as served:
        # A browser trusts this machine by name: pages may be kept for the road.
        yield served.replace("127.0.0.1", "localhost")


Opening = Callable[..., Page]


@pytest.fixture
def opened(
    browser: Browser, address: str, demo: tuple[Settings, dict[str, str]]
) -> Iterator[Opening]:
    """Open a browser that has signed in: by default the supervisor's phone, in English."""
    contexts: list[BrowserContext] = []

    def open_one(
        who: str = "demo-supervisor", locale: str = "en-GB", size: ViewportSize = PHONE
    ) -> Page:
        is_phone = size is PHONE
        context = browser.new_context(
            viewport=size, has_touch=is_phone, is_mobile=is_phone, base_url=address, locale=locale
        )
        contexts.append(context)
        page = context.new_page()
        page.goto("/sign-in")
        page.fill("[name=name]", who)
        page.fill("[name=password]", demo[1][who])
        page.click("main form button")
        page.wait_for_load_state()
        return page

    yield open_one
    for context in contexts:
        context.close()


def keep_shot(page: Page, name: str) -> None:
    if folder := os.environ.get("DOORSTEP_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_where_to_send_whom_tomorrow(opened: Opening) -> None:
    page = opened()
    expect(page.get_by_role("heading", level=1)).to_contain_text("households")
    keep_shot(page, "today")
    first = page.locator(".goes li").first
    village = first.locator("strong").inner_text()
    # The village most behind is on the first screen, with who works there.
    box = first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < PHONE["height"]
    expect(first).to_contain_text("behind plan")

    first.locator("a.go").tap()

    expect(page.locator("main")).to_contain_text(village)
    keep_shot(page, "village")
    page.go_back()
    expect(first.locator("a.call")).to_have_attribute("href", re.compile(r"^tel:\+?\d+$"))


def test_why_is_this_village_red(opened: Opening) -> None:
    page = opened()
    page.goto("/tasks/villages")
    keep_shot(page, "queue")
    task = page.locator("li.task a").filter(has_text="usual").first
    village = task.locator("strong").inner_text()
    task.tap()

    expect(page.get_by_role("heading", level=1)).to_contain_text(village)
    expect(page.locator(".task-reason")).to_contain_text(re.compile(r"\d"))
    keep_shot(page, "task")
    expect(page.locator("section[aria-labelledby=evidence]")).to_contain_text(re.compile(r"\d"))
    # From the reason to the village itself: one tap.
    page.locator("main a[href*='/villages/']").first.tap()
    expect(page).to_have_url(re.compile(r"/villages/\d{12}"))


def test_a_task_that_was_closed_stays_closed(
    opened: Opening, demo: tuple[Settings, dict[str, str]]
) -> None:
    page = opened()
    page.goto("/tasks/workers")
    task = page.locator("li.task a").first
    where = task.get_attribute("href")
    assert where is not None
    task.tap()
    page.select_option("[name=reason]", "explained")
    page.fill("#f-note", "A new cuff")
    page.get_by_role("button", name="Close", exact=True).tap()

    doorstep(demo[0], "checks")

    page.goto("/tasks/workers")
    expect(page.locator(f"main a[href='{where}']")).to_have_count(0)
    page.goto(where)
    expect(page.locator("main")).to_contain_text("A new cuff")
    expect(page.get_by_role("button", name="Open it again")).to_be_visible()


def test_figures_are_read_without_a_signal_and_say_how_old_they_are(opened: Opening) -> None:
    page = opened()
    page.evaluate("navigator.serviceWorker.ready")
    page.goto("/today")
    page.goto("/villages")
    before = page.locator("main h1").inner_text()

    page.context.set_offline(True)
    page.reload()

    expect(page.locator("#offline-line")).to_contain_text("No signal. Data as of")
    expect(page.locator("main h1")).to_have_text(before)
    keep_shot(page, "offline")
    page.goto("/today")
    expect(page.locator("#offline-line")).to_be_visible()
    page.goto("/journal-of-nobody")
    expect(page.get_by_role("heading", level=1)).to_have_text("No signal")
    expect(page.locator(".links a[href='/villages']")).to_be_visible()

    page.context.set_offline(False)
    page.goto("/today")
    expect(page.locator("#offline-line")).to_have_count(0)


def test_nothing_is_kept_after_signing_out(opened: Opening) -> None:
    page = opened()
    page.evaluate("navigator.serviceWorker.ready")
    page.goto("/today")
    page.goto("/more")
    page.locator("form[action$='/sign-out'] button").tap()
    page.wait_for_url("**/sign-in*")

    kept = page.evaluate("caches.has('doorstep-pages')")

    assert kept is False


def test_the_file_to_take_along_opens_by_itself(opened: Opening, tmp_path: Path) -> None:
    page = opened()
    page.goto("/today")
    with page.expect_download() as download:
        page.get_by_role("link", name="To take along").tap()
    kept = tmp_path / "along.html"
    download.value.save_as(kept)
    asked: list[str] = []
    page.context.set_offline(True)
    page.on("request", lambda request: asked.append(request.url))

    page.goto(kept.as_uri())

    expect(page.locator("main")).to_contain_text("Data as of")
    expect(page.locator("details").first).to_be_visible()
    assert [one for one in asked if not one.startswith("file:")] == []


def test_a_desk_reviews_by_keys(opened: Opening) -> None:
    page = opened(size=DESK)
    page.goto("/submissions/")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(".pick :checked")).to_have_count(2)
    page.keyboard.press("i")
    expect(page.locator("#f-many-state")).to_have_value("has_issues")
    page.get_by_role("button", name="Say it of the chosen").click()
    expect(page.locator(".notice")).to_contain_text(["2 submissions reviewed."])

    page.goto("/submissions/?review=has_issues")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/submissions/*list=*")
    page.keyboard.press("a")
    expect(page.locator("#f-state")).to_have_value("approved")
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("n")
    page.wait_for_load_state()
    page.keyboard.press("u")
    expect(page).to_have_url(re.compile("review=has_issues"))


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize(
    ("who", "paths"), [("demo-supervisor", SUPERVISORS), ("demo-office", OFFICES)]
)
def test_axe_finds_nothing_and_every_page_fits(
    opened: Opening, who: str, paths: tuple[str, ...], locale: str
) -> None:
    page = opened(who, locale)
    axe = Axe()
    wrong: dict[str, list[str]] = {}
    wide: list[str] = []
    for path in paths:
        answer = page.goto(path)
        assert answer is not None
        assert answer.ok, path
        found = axe.run(page).response["violations"]
        if found:
            wrong[path] = [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found]
        if page.evaluate("document.documentElement.scrollWidth") > PHONE["width"]:
            wide.append(path)

    assert wrong == {}
    assert wide == []
