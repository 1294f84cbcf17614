"""Takes the pictures of the handbooks: a demo site, looked at by Chromium in both languages.

From the project's folder, after `./run lint` has set the tools up:

    .venv/bin/python docs/pictures/take.py

Needs Chromium; pngquant, where it is installed, makes the files a third as large. A picture shows
the demo of that day, so all of them are taken anew together. Look at each before committing it.
"""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright
from scenes import Site, drawn_days, prepare

PICTURES = Path(__file__).parent
DOORSTEP = str(Path(sys.executable).with_name("doorstep"))
PHONE_SIZE, DESK_SIZE = (360, 800), (1280, 900)
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
WHO = "demo-office"
HOUSEHOLDS = "1500"
# The village in which one disease is found far more often than elsewhere.
VILLAGE = "130921211211"
# Name of the picture: what it shows, as a path of the site.
PATHS = {
    "today": "/today",
    "map": "/map?layer=suspected",
    "village": f"/villages/{VILLAGE}",
    "queue": "/tasks/workers",
    "plan": "/plan/",
    "charts": "/pictures",
    "back-checks": "/back-checks/",
    "submissions": "/submissions/",
    "alerts": "/alerts/",
    "thresholds": "/settings/checks/",
    "clinics": "/clinics/",
    "batch": "/batches/2",
    "corrections": "/corrections/?state=all",
    "phones": "/phones/",
}
# Heights of phones' pictures whose point lies further down.
HEIGHTS = {"today": 1080, "village": 1080, "task": 1200, "pair": 1200, "charts": 1000}
ON_PHONES = (
    *("today", "map", "village", "queue", "task", "plan", "charts", "back-checks", "pair"),
    *("alerts", "submission", "corrections", "conflict", "phones"),
)
ON_DESKS = ("map", "submissions", "thresholds", "clinics", "batch")
# What is unfolded first.
UNFOLDED = "details#duration"
STARTED_WITHIN_S = 20
# Desk and phone side by side, with a thin line around each, on the grey of the pages.
COVER = """<body style="margin:0;background:#eef0f2;width:1280px;height:720px;position:relative">
<style>img{position:absolute;border-radius:10px;box-shadow:0 2px 14px #0004}</style>
<img style="left:40px;top:40px;width:900px" src="%s">
<img style="right:40px;top:40px;width:288px" src="%s"></body>"""


def main() -> None:
    """Make a site, take every picture, and end the server."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is not installed.")
    with tempfile.TemporaryDirectory() as folder:
        at = ("--data", folder)
        made = json.loads(_run("demo", *at, "--households", HOUSEHOLDS, "--json"))
        password = next(one["password"] for one in made["accounts"] if one["name"] == WHO)
        first_day, last_day = drawn_days()
        draw = ("back-check", "draw", "--from", first_day, "--to", last_day)
        _run(*draw, *at, "--percent", "5", "--least", "12", "--seed", "731")
        with _served(folder) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            phones = [
                f"{address}{urlsplit(one['server_url']).path}/submission" for one in made["phones"]
            ]
            first = _page(browser, address, "zh", DESK_SIZE, password)
            _run("checks", *at)
            paths = {**PATHS, **prepare(first, Site(address, Path(folder), phones))}
            _run("checks", *at)
            _run("alert", "send", *at)
            for language in LOCALES:
                _take_all(browser, address, language, password, paths)
            _cover(browser, address, password)
            browser.close()
    _shrink(sorted(PICTURES.glob("*.png")))


def _take_all(
    browser: Browser, address: str, language: str, password: str, paths: Mapping[str, str]
) -> None:
    for size, names in ((PHONE_SIZE, ON_PHONES), (DESK_SIZE, ON_DESKS)):
        page = _page(browser, address, language, size, password)
        for name in names:
            width, height = size
            if size == PHONE_SIZE:
                height = HEIGHTS.get(name, height)
            page.set_viewport_size({"width": width, "height": height})
            _take(page, address + paths[name], PICTURES / f"{name}-{width}-{language}.png")


def _run(*words: str) -> str:
    done = subprocess.run([DOORSTEP, *words], check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return done.stdout


@contextmanager
def _served(folder: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["serve", "--host", "127.0.0.1", "--port", str(port), "--data", folder]
    with subprocess.Popen([DOORSTEP, *words, "--workers", "1"]) as server:  # noqa: S603
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _wait_for(port: int) -> None:
    for _ in range(STARTED_WITHIN_S * 10):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("The server did not start.")


def _page(
    browser: Browser,
    address: str,
    language: str,
    size: tuple[int, int],
    password: str,
    scale: float = 1,
) -> Page:
    """Return a page of that size, signed in."""
    width, height = size
    page = browser.new_page(
        viewport={"width": width, "height": height},
        locale=LOCALES[language],
        device_scale_factor=scale,
    )
    page.goto(f"{address}/sign-in")
    page.fill("input[name=name]", WHO)
    page.fill("input[name=password]", password)
    page.click("main form button")
    page.wait_for_load_state("networkidle")
    return page


def _take(page: Page, url: str, place: Path | None = None) -> bytes:
    page.goto(url)
    page.wait_for_load_state("networkidle")
    # The map fades its marks in.
    page.wait_for_timeout(800)
    for folded in page.locator(UNFOLDED).all():
        folded.evaluate("one => { one.open = true }")
    return page.screenshot(path=place)


def _cover(browser: Browser, address: str, password: str) -> None:
    """Compose the picture on top of the README: the map on a desk, Today on a phone."""
    desk = _page(browser, address, "en", DESK_SIZE, password, scale=1.5)
    phone = _page(browser, address, "zh", PHONE_SIZE, password, scale=2)
    shots = [_take(desk, f"{address}/map"), _take(phone, address + PATHS["today"])]
    sources = ["data:image/png;base64," + base64.b64encode(shot).decode() for shot in shots]
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_content(COVER % tuple(sources))
    page.wait_for_load_state("networkidle")
    page.screenshot(path=PICTURES / "doorstep.png")


def _shrink(places: list[Path]) -> None:
    pngquant = shutil.which("pngquant")
    if pngquant is None:
        print("pngquant is not installed: the pictures are larger than they need be.")
        return
    command = [pngquant, "--force", "--ext", ".png", "--speed", "1", "--strip", "256"]
    subprocess.run([*command, *map(str, places)], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
