"""The page of all thresholds: what a change would do, then the change, then what it did."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.survey.quality import on_demand, thresholds
from server.survey.quality.thresholds import DEFAULTS
from server.survey.site import Site
from server.tables.tasks import CheckSetting
from server.web import threshold_words
from tests.signed_in import Browser, browser_of
from tests.village_rows import NOW, checked_villages, thresholds_of

WAIT_S = 60


@pytest.fixture
def checked(site: Site) -> str:
    """The code of a village with 30 of 80 found, where twenty others have 6; checked once."""
    return checked_villages(site)[0]


def form(site: Site, **more: str) -> dict[str, str]:
    """Return what the page's form sends, some fields typed otherwise; None leaves one out."""
    fields = {name: f"{value:g}" for name, value in thresholds_of(site).items()}
    fields |= {name.replace("__", "."): text for name, text in more.items()}
    return {name: text for name, text in fields.items() if text != "off"}


def waited_for(browser: Browser, path: str) -> str:
    """Return the preview once it is worked out."""
    until = time.monotonic() + WAIT_S
    while 'http-equiv="refresh"' in (page := browser.get(path).text):
        assert time.monotonic() < until
        time.sleep(0.2)
    return page


def test_a_change_is_seen_then_saved_then_at_work(site: Site, checked: str) -> None:
    office = browser_of(site, "office")

    asked = office.post("/settings/checks/", form(site, rate__smallest_ratio="5"))
    assert asked.status_code == 303
    page = waited_for(office, asked.location)
    assert re.search(r'<b class="big">0</b> would come, <b class="big">1</b> would go', page)
    assert "At least so many times the usual 2 → 5" in page

    saved = office.post(asked.location)
    assert (saved.status_code, saved.location) == (303, "/tasks/")
    with site.engine.connect() as connection:
        assert thresholds.current(connection)["rate.smallest_ratio"] == 5
    assert "Set thresholds of the checks" in browser_of(site, "admin").get("/journal").text
    until = time.monotonic() + WAIT_S
    while _runs(site):
        assert time.monotonic() < until
        time.sleep(0.2)
    assert "stands apart" not in office.get("/tasks/villages").text

    # Whoever looked before that saves nothing any more.
    late = office.post(asked.location, follow_redirects=True)
    assert "The thresholds were changed since" in late.text


def _runs(site: Site) -> bool:
    with Session(site.engine) as session:
        return on_demand.last(site, session, datetime.now(UTC)).is_running


def test_what_cannot_be_is_refused_and_what_was_typed_stays(site: Site) -> None:
    office = browser_of(site, "office")

    page = office.post(
        "/settings/checks/", form(site, rate__q="0.9", rate__fewest="12.5", rate__watch_q="x")
    )

    assert page.status_code == 422
    assert 'value="0.9"' in page.text
    assert 'value="12.5"' in page.text
    assert "Give a number from 0.001 to 0.2." in page.text
    unchanged = office.post("/settings/checks/", form(site), follow_redirects=True)
    assert "Nothing is set otherwise." in unchanged.text
    assert not (site.settings.folder / "previews").exists()


def test_a_proposal_comes_with_the_address_and_own_choices_are_told(site: Site) -> None:
    with Session(site.engine) as session, session.begin():
        session.add(CheckSetting(name="digits.on", value=0, at=NOW, who="office"))
        session.add(CheckSetting(name="rate.q", value=0.01, at=NOW, who="office"))
    page = browser_of(site, "office").get("/settings/checks/?rate.smallest_ratio=2.5").text

    assert re.search(r'<details class="setting" id="rate" open>', page)
    assert re.search(r'name="rate.smallest_ratio"[^>]*value="2.5"', page)
    assert "2 are set otherwise than usual." in page
    assert re.search(r'name="digits.on" value="1">', page)
    assert "Usually 0.05; from 0.001 to 0.2." in page


def test_who_looks_after_a_part_reads_and_changes_nothing(site: Site, checked: str) -> None:
    part = browser_of(site, "office", ["130921211"])
    supervisor = browser_of(site, "supervisor")

    assert part.post("/settings/checks/", form(site, rate__q="0.1")).status_code == 403
    assert supervisor.post("/settings/checks/", form(site, rate__q="0.1")).status_code == 403
    for browser in (part, supervisor):
        page = browser.get("/settings/checks/")
        assert page.status_code == 200
        assert "See what would change" not in page.text
    assert browser_of(site, "hospital").get("/settings/checks/").status_code == 403
    with site.engine.connect() as connection:
        assert connection.execute(select(CheckSetting.id)).all() == []


def test_nobody_reads_a_preview_that_is_not_there(site: Site) -> None:
    office = browser_of(site, "office")

    for token in ("0" * 24, "short", "..%2f..%2fsecrets"):
        assert office.get(f"/settings/checks/{token}").status_code == 404


def test_every_threshold_has_a_name() -> None:
    nameless = {
        name
        for name in DEFAULTS
        if name not in threshold_words.FULL_LABELS
        and name.partition(".")[2] not in {*threshold_words.PART_LABELS, "on"}
    }

    assert nameless == set()
