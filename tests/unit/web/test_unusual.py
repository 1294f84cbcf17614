"""The list of unusual villages and the drawing on a village's page."""

from __future__ import annotations

import pytest

from server.survey.quality import rates
from server.survey.site import Site
from tests.signed_in import browser_of
from tests.village_rows import NOW, put_sums, thresholds_of, villages_of


@pytest.fixture
def odd(site: Site) -> str:
    """The code of a village with 30 of 80 found, where twenty others have 6."""
    codes = villages_of(site, 21)
    for code in codes:
        put_sums(site, code, screened=80, suspected=30 if code == codes[0] else 6)
    rates.work_out(site, thresholds_of(site), NOW)
    return codes[0]


def test_the_list_says_in_plain_words_what_stands_apart(site: Site, odd: str) -> None:
    page = browser_of(site, "supervisor", language="zh").get("/unusual").text

    assert "筛查 80 人，发现 30 人" in page
    assert "只说明值得去看" in page
    assert f"/villages/{odd}#found" in page


def test_a_supervisor_closes_one_and_it_stays_closed(site: Site, odd: str) -> None:
    browser = browser_of(site, "supervisor")

    refused = browser.post(f"/unusual/{odd}/found", {"reason": "tired"})
    closed = browser.post(f"/unusual/{odd}/found", {"reason": "confirmed", "note": "seen"})

    assert refused.status_code == 422
    assert closed.status_code == 303
    assert "No village stands apart" in browser.get("/unusual").text
    assert "seen" in browser.get("/unusual?closed=1").text


def test_a_worker_sees_the_list_and_closes_nothing(site: Site, odd: str) -> None:
    browser = browser_of(site, "worker")

    assert "Close" not in browser.get("/unusual").text.split("<main")[1].split("Closed")[0]
    assert browser.post(f"/unusual/{odd}/found", {"reason": "confirmed"}).status_code == 403


def test_nobody_sees_villages_of_other_areas(site: Site, odd: str) -> None:
    assert "30 of 80" not in browser_of(site, "supervisor", ["460105"]).get("/unusual").text


def test_a_villages_page_draws_it_among_the_others(site: Site, odd: str) -> None:
    page = browser_of(site, "supervisor").get(f"/villages/{odd}").text

    assert 'class="funnel" id="found"' in page
    assert page.count('class="other"') == 21
    assert "30 of 80 persons screened; about 7.1 would be usual" in page
