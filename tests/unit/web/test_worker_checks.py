"""The pages of what is worth a talk: words that accuse nobody, digits drawn, closing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from server.survey.quality import workers
from server.survey.site import Site
from tests.signed_in import browser_of
from tests.worker_rows import a_phone, add_readings, two_workers

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def rounding(site: Site) -> int:
    """The phone of a worker whose pressures mostly end in 0."""
    first, _ = two_workers(site)
    workers.work_out(site, NOW)
    return first


def test_the_list_says_in_plain_words_what_differs_and_what_would_be_usual(
    site: Site, rounding: int
) -> None:
    english = browser_of(site, "supervisor").get("/worker-checks/").text
    chinese = browser_of(site, "office", language="zh").get("/worker-checks/").text

    assert "34 of 60 readings end in 0; 6 would be usual." in english
    assert "60 次读数中有 34 次末位是 0；通常为 6 次。" in chinese
    assert "not proof of anything" in english
    assert "Half of 60 interviews took less than 1.0 minutes" in english


def test_digits_are_drawn_with_their_numbers_as_a_table(site: Site, rounding: int) -> None:
    page = browser_of(site, "supervisor").get(f"/worker-checks/{rounding}").text

    systolic = page.split(f'id="{rounding}-digits-systolic"')[1].split("</article>")[0]
    assert systolic.count("<rect") == 10
    assert systolic.count('<th scope="row">') == 10
    assert '<th scope="row">0</th><td>34</td>' in systolic


def test_the_evidence_is_one_tap_away(site: Site, rounding: int) -> None:
    page = browser_of(site, "supervisor").get("/worker-checks/").text

    assert f"/submissions/?phone={rounding}" in page


def test_a_supervisor_closes_one_and_it_stays_closed(site: Site, rounding: int) -> None:
    browser = browser_of(site, "supervisor")
    line = f"/worker-checks/{rounding}/digits/systolic"

    refused = browser.post(line, {"reason": "tired"})
    closed = browser.post(line, {"reason": "talked", "note": "a new cuff"})

    assert refused.status_code == 422
    assert "Choose what was found out" in refused.text
    assert closed.status_code == 303
    assert "34 of 60" not in browser.get("/worker-checks/").text
    assert "a new cuff" in browser.get("/worker-checks/?closed=1").text
    assert "a new cuff" in browser.get(f"/worker-checks/{rounding}").text
    assert (
        browser.post("/worker-checks/99/digits/systolic", {"reason": "talked"}).status_code == 404
    )


def test_too_few_readings_are_shown_and_not_judged(site: Site, rounding: int) -> None:
    with_few = a_phone(site, "赵敏")
    add_readings(site, with_few, 900, [120] * 9)
    workers.work_out(site, NOW)

    page = browser_of(site, "supervisor").get(f"/worker-checks/{with_few}").text

    assert "Too few to judge" in page
    assert "9 of 9 readings end in 0; 0.9 would be usual." in page
    assert "Worth a talk" not in page


def test_workers_and_supervisors_of_other_areas_learn_nothing(site: Site, rounding: int) -> None:
    elsewhere = browser_of(site, "supervisor", ["460105"])

    assert browser_of(site, "worker").get("/worker-checks/").status_code == 403
    assert "王芳" not in elsewhere.get("/worker-checks/").text
    assert elsewhere.get(f"/worker-checks/{rounding}").status_code == 404
    assert (
        elsewhere.post(f"/worker-checks/{rounding}/digits/systolic", {"reason": "talked"})
    ).status_code == 404


def test_an_empty_page_says_when_the_checks_run(site: Site) -> None:
    assert "doorstep checks" in browser_of(site, "supervisor").get("/worker-checks/").text


def test_a_phones_page_leads_those_there_who_may_see_it(site: Site, rounding: int) -> None:
    address = f"/phones/{rounding}"

    assert f"/worker-checks/{rounding}" in browser_of(site, "supervisor").get(address).text
    assert f"/worker-checks/{rounding}" not in browser_of(site, "admin").get(address).text
