"""The pages of workers: words that accuse nobody, digits drawn, tasks one tap away."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from server.database import writing
from server.survey.quality import workers
from server.survey.quality.thresholds import DEFAULTS
from server.survey.site import Site
from server.tables.projections import AgeTally
from tests.signed_in import browser_of
from tests.worker_rows import a_phone, add_readings, two_workers

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
CHOSEN = {name: one.default for name, one in DEFAULTS.items()}


@pytest.fixture
def rounding(site: Site) -> int:
    """The phone of a worker whose pressures mostly end in 0."""
    first, _ = two_workers(site)
    workers.work_out(site, CHOSEN, NOW)
    return first


def test_a_workers_page_says_in_plain_words_what_differs_and_what_would_be_usual(
    site: Site, rounding: int
) -> None:
    english = browser_of(site, "supervisor").get(f"/workers/{rounding}").text
    chinese = browser_of(site, "office", language="zh").get(f"/workers/{rounding}").text

    assert "34 of 60 readings end in 0; 6 would be usual." in english
    assert "60 次读数中有 34 次末位是 0；通常为 6 次。" in chinese
    assert "not proof of anything" in english
    assert "Half of 60 interviews took less than 1.0 minutes" in english
    assert "Half of 60 readings are" in english


def test_digits_are_drawn_with_their_numbers_as_a_table(site: Site, rounding: int) -> None:
    page = browser_of(site, "supervisor").get(f"/workers/{rounding}").text

    systolic = page.split('id="digits-systolic"')[1].split("</article>")[0]
    # One for each digit, and the legend's.
    assert systolic.count("<rect") == 10 + 1
    assert systolic.count('<th scope="row"') == 10
    assert '<th scope="row" class="num">0</th><td class="num">34</td>' in systolic


def test_task_and_submissions_are_one_tap_away(site: Site, rounding: int) -> None:
    browser = browser_of(site, "supervisor")
    page = browser.get(f"/workers/{rounding}").text

    task = page.split('id="digits-systolic"')[1].split('href="/tasks/one/')[1].split('"')[0]
    assert f"/submissions/?phone={rounding}" in page
    told = browser.get(f"/tasks/one/{task}").text
    assert "34 of 60 readings end in 0" in told
    assert f"/workers/{rounding}" in told
    closed = browser.post(f"/tasks/one/{task}", {"do": "close", "reason": "explained"})
    assert closed.status_code == 303
    assert "What came of it" in browser.get(f"/workers/{rounding}").text


def test_too_few_readings_are_shown_and_not_judged(site: Site, rounding: int) -> None:
    with_few = a_phone(site, "赵敏")
    add_readings(site, with_few, 900, [120] * 9)
    workers.work_out(site, CHOSEN, NOW)

    page = browser_of(site, "supervisor").get(f"/workers/{with_few}").text

    assert "Too few to judge" in page
    assert "9 of 9 readings end in 0; 0.9 would be usual." in page
    assert "Worth a talk" not in page


def test_workers_and_supervisors_of_other_areas_learn_nothing(site: Site, rounding: int) -> None:
    elsewhere = browser_of(site, "supervisor", ["460105"])

    assert browser_of(site, "worker").get("/workers/").status_code == 403
    assert "王芳" not in elsewhere.get("/workers/").text
    assert "王芳" in browser_of(site, "supervisor").get("/workers/").text
    assert elsewhere.get(f"/workers/{rounding}").status_code == 404


def test_an_empty_page_says_when_the_checks_run(site: Site) -> None:
    two_workers(site)

    assert "doorstep checks" in browser_of(site, "supervisor").get("/workers/").text


def test_a_phones_page_leads_those_there_who_may_see_it(site: Site, rounding: int) -> None:
    address = f"/phones/{rounding}"

    assert f"/workers/{rounding}" in browser_of(site, "supervisor").get(address).text
    assert f"/workers/{rounding}" not in browser_of(site, "admin").get(address).text


def test_rounded_ages_are_told_by_township(site: Site, rounding: int) -> None:
    year = datetime.now(UTC).year
    ages = {age: 20 if age % 5 == 0 else 4 for age in range(23, 63)}
    with writing(site.engine) as connection:
        connection.execute(
            insert(AgeTally),
            [
                {"village_code": "130921211201", "sex": "", "born": year - age, "persons": number}
                for age, number in ages.items()
            ],
        )

    page = browser_of(site, "supervisor").get("/workers/ages").text

    # 8 ages of 20 and 32 of 4: 160 of 288 end in 0 or 5, where 57.6 would by chance.
    assert "278" in page
    assert "288" in page
