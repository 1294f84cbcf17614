"""Villages dragged from one worker to another on a phone, served as in production."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from server.config import Settings
from server.database import writing_session
from server.survey import accounts, credentials, first_run
from server.survey.accounts import Role
from server.survey.areas import WHOLE_SITE
from server.survey.site import open_site
from tests.back_check_site import two_workers
from tests.live import serving

PASSWORD = "a long enough password"


@pytest.fixture
def phone(chromium: Path, tmp_path: Path) -> Iterator[Page]:
    """A phone on the page of who does how much: two workers, a village each."""
    settings = Settings.read({}, str(tmp_path / "site"))
    site = open_site(settings)
    first_run.prepare(site)
    two_workers(site, households=0)
    with writing_session(site.engine) as session:
        office = accounts.add(session, "office", Role.OFFICE, ("",), WHOLE_SITE)
        credentials.set_password(session, office.id, PASSWORD)
    site.close()
    with serving(settings) as address, sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = started.new_context(
            viewport={"width": 360, "height": 800},
            has_touch=True,
            is_mobile=True,
            base_url=address,
            locale="en-GB",
        )
        page = context.new_page()
        page.goto("/")
        page.fill("[name=name]", "office")
        page.fill("[name=password]", PASSWORD)
        page.click("main form button")
        page.wait_for_url("**/today")
        page.goto("/plan/workers/")
        yield page
        started.close()


def test_a_finger_drags_a_village_to_another_worker(phone: Page) -> None:
    workers = phone.locator(".board-worker")
    expect(workers).to_have_count(2)
    start = workers.nth(0).locator(".grip").bounding_box()
    end = workers.nth(1).bounding_box()
    assert start is not None
    assert end is not None
    first = (start["x"] + 20, start["y"] + 20)
    last = (end["x"] + 30, end["y"] + 30)

    finger = phone.context.new_cdp_session(phone)
    for kind, (x, y) in (("touchStart", first), ("touchMove", last)):
        points = {"type": kind, "touchPoints": [{"x": x, "y": y}]}
        finger.send("Input.dispatchTouchEvent", points)
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    expect(workers.nth(0).locator(".board-village")).to_have_count(0)
    expect(workers.nth(1)).to_contain_text("80 left")
    phone.click("#moves .actions button")
    expect(phone.get_by_role("heading", level=1)).to_contain_text("2 phones would change")
