"""Takes the pictures of the handbooks: a demo site, looked at by Chromium in both languages.

From the project's folder, after `./run lint` has set the tools up:

    .venv/bin/python docs/pictures/take.py

Needs Chromium; pngquant, where it is installed, makes the files a third as large. A picture shows
the demo of that day, so all of them are taken anew together. Look at each before committing it.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, FilePayload, Page, sync_playwright

PICTURES = Path(__file__).parent
DOORSTEP = str(Path(sys.executable).with_name("doorstep"))
SIZES = ((360, 800), (1280, 900))
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
WHO = "demo-office"
# Enough for villages at every stage; takes a minute.
HOUSEHOLDS = "5000"
VILLAGE = "130921211203"
# Submissions to send back, one of which comes corrected; the demo has sent none back.
FLAGGED = "/submissions/?form=household_roster&flag=any"
REASON = "户主身份证号少一位，请重新核对"
# A screening that a second phone contradicts.
SCREENED = "/submissions/?form=disease_screening"
IN_CONFLICT = "/entities/in/persons?state=conflict"
OPENROSA = {"X-OpenRosa-Version": "1.0"}
# Name of the picture: what it shows, as a path of the site.
PATHS = {
    "map": "/map",
    "village": f"/villages/{VILLAGE}",
    "batch": "/batches/2",
    "clinics": "/clinics/",
    "corrections": "/corrections/?state=all",
    "phones": "/phones/",
}
# Taken at a phone's size only.
FOR_PHONES = {"phones", "conflict"}
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
        made = json.loads(_run("demo", "--data", folder, "--households", HOUSEHOLDS, "--json"))
        logins = {one["name"]: one["password"] for one in made["accounts"]}
        with _served(folder) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            first = _page(browser, address, "zh", SIZES[0], logins[WHO])
            phone = address + urlsplit(made["phones"][0]["server_url"]).path + "/submission"
            sent_back = _send_back(first, address, turn=0)
            _correct(first, _send_back(first, address, turn=1), phone)
            paths = {
                **PATHS,
                "submission": sent_back,
                "conflict": _contradict(first, address, phone),
            }
            for language in LOCALES:
                for width, height in SIZES:
                    page = _page(browser, address, language, (width, height), logins[WHO])
                    for name, path in paths.items():
                        if width == SIZES[0][0] or name not in FOR_PHONES:
                            place = PICTURES / f"{name}-{width}-{language}.png"
                            _take(page, address + path, place)
            _cover(browser, address, logins[WHO])
            browser.close()
    _shrink(sorted(PICTURES.glob("*.png")))


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


def _send_back(page: Page, address: str, turn: int) -> str:
    """Send a record back as a reviewer does; return the path of its page."""
    page.goto(address + FLAGGED)
    page.locator("table.cards tbody th a").nth(turn).click()
    page.wait_for_load_state("networkidle")
    path = page.url.removeprefix(address)
    page.fill('form[action$="/send-back"] input[name=reason]', REASON)
    page.click('form[action$="/send-back"] button')
    page.wait_for_load_state("networkidle")
    return path


def _as_sent(page: Page) -> str:
    """Return the XML of the submission on the page, under a new instance's name."""
    token = page.locator("main input[name=csrf]").first.input_value()
    fields: dict[str, str | float | bool] = {"csrf": token, "reason": "picture", "raw": "1"}
    xml = page.request.post(page.url.partition("#")[0], form=fields).text()
    return re.sub(r"uuid:[0-9a-f-]{36}(?=</[^<]*instanceID>)", f"uuid:{uuid.uuid4()}", xml)


def _send(page: Page, phone: str, xml: str) -> None:
    part = FilePayload(name="submission.xml", mimeType="text/xml", buffer=xml.encode())
    answer = page.request.post(phone, headers=OPENROSA, multipart={"xml_submission_file": part})
    if not answer.ok:
        sys.exit(f"The phone was refused: {answer.status} {answer.text()}")


def _correct(page: Page, path: str, phone: str) -> None:
    """Answer what was sent back with an edit, as Collect does."""
    page.goto(urlsplit(phone)._replace(path=path).geturl())
    known = page.locator("dl.pairs code").first.inner_text()
    edit = rf"\1<orx:deprecatedID>{known}</orx:deprecatedID>"
    _send(page, phone, re.sub(r"(</[^<]*instanceID>)", edit, _as_sent(page), count=1))


def _contradict(page: Page, address: str, phone: str) -> str:
    """Say something else of a person than the last screening; return the page that settles it."""
    page.goto(address + SCREENED)
    page.click("table.cards tbody th a")
    page.wait_for_load_state("networkidle")
    xml = _as_sent(page)
    result = "clear" if "<screen_result>follow<" in xml else "follow"
    _send(page, phone, re.sub(r"(?<=<screen_result>)\w+", result, xml))
    page.goto(address + IN_CONFLICT)
    page.click("table.cards tbody th a")
    page.wait_for_load_state("networkidle")
    return page.url.removeprefix(address) + "/conflict"


def _take(page: Page, url: str, place: Path | None = None) -> bytes:
    page.goto(url)
    page.wait_for_load_state("networkidle")
    # The map fades its marks in.
    page.wait_for_timeout(800)
    return page.screenshot(path=place)


def _cover(browser: Browser, address: str, password: str) -> None:
    """Compose the picture on top of the README: the map on a desk, a village on a phone."""
    desk = _page(browser, address, "en", SIZES[1], password, scale=1.5)
    phone = _page(browser, address, "zh", SIZES[0], password, scale=2)
    shots = [_take(desk, address + PATHS["map"]), _take(phone, address + PATHS["village"])]
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
