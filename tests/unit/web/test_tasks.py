"""The three queues, one task's page, and the checks on demand."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from server.database import writing
from server.survey import tasks
from server.survey.locks import alone
from server.survey.quality import on_demand
from server.survey.quality.checks import CHECKS
from server.survey.registry.sample import import_sample
from server.survey.site import Site
from server.tables.tasks import CheckRun, TaskStep
from server.tables.truth import JournalEntry
from server.web import language
from tests.signed_in import browser_of
from tests.task_rows import VILLAGE, a_signal, bring, steps

COUNT = {"events": 30, "tried": 80, "expected": 6.0, "low": 2, "high": 11, "ratio": 5.0, "q": 0.01}
RATE = ("rate", VILLAGE, "found")
OTHER = ("rate", VILLAGE, "refused")
ELSEWHERE = ["460105"]


@pytest.fixture
def listed(site: Site) -> Site:
    """A site where two counts of one village stand apart."""
    with Session(site.engine) as session:
        import_sample(session, "test")
        session.commit()
    bring(site, a_signal(*RATE, figures=COUNT), a_signal(*OTHER, figures=COUNT))
    return site


def one(key: tasks.Key) -> str:
    return f"/tasks/one/{tasks.write_key(key)}"


def test_a_queue_says_how_many_why_and_until_when(listed: Site) -> None:
    page = browser_of(listed, "supervisor").get("/tasks/villages").text

    assert '<b class="big">2</b> reasons to visit a village' in page
    assert "30 of 80 persons screened; about 6.0 would be usual" in page
    assert "until 16 Nov 2026" in page
    assert "Late" in page
    assert "nobody has taken it on" in page


def test_each_queue_is_of_its_kind_alone(listed: Site) -> None:
    browser = browser_of(listed, "supervisor")

    assert "Nothing to check." in browser.get("/tasks/records").text
    assert "Nothing to check." in browser.get("/tasks/workers").text
    assert '<b class="big">2</b> things to check' in browser.get("/tasks/").text


def test_a_task_shows_what_it_rests_on_and_is_closed_with_a_reason(listed: Site) -> None:
    browser = browser_of(listed, "supervisor")
    page = browser.get(one(RATE)).text

    refused = browser.post(one(RATE), {"do": "close", "reason": "tired"})
    closed = browser.post(one(RATE), {"do": "close", "reason": "confirmed", "note": "seen"})

    assert "What it rests on" in page
    assert refused.status_code == 422
    assert "Choose what was found out." in refused.text
    assert closed.headers["Location"] == "/tasks/villages"
    assert '<b class="big">1</b> reason to visit' in browser.get("/tasks/villages").text
    assert "It is so: followed up: seen" in browser.get("/tasks/villages?state=closed").text
    assert "Open it again" in browser.get(one(RATE)).text
    assert browser.post(one(RATE), {"do": "reopen"}).status_code == 303
    assert '<b class="big">2</b> reasons to visit' in browser.get("/tasks/villages").text
    with Session(listed.engine) as session:
        actions = session.scalars(select(JournalEntry.action).order_by(JournalEntry.id)).all()
        assert actions[-2:] == ["task_closed", "task_reopened"]


def test_a_task_is_taken_on_noted_and_given_a_day(listed: Site) -> None:
    browser = browser_of(listed, "supervisor")
    me = "test supervisor "

    taken = browser.post(one(RATE), {"do": "assign", "owner": me, "due_on": "2099-01-05"})
    browser.post(one(RATE), {"do": "note", "note": "called the village doctor"})
    over = browser.post(one(RATE), {"do": "assign", "owner": me, "due_on": "2020-01-05"})
    odd = browser.post(one(RATE), {"do": "assign", "owner": me, "due_on": "soon"})

    assert taken.status_code == 303, taken.text
    assert (over.status_code, odd.status_code) == (422, 422)
    page = browser.get(one(RATE)).text
    assert "5 Jan 2099" in page
    assert "called the village doctor" in page
    mine = browser.get("/tasks/villages?state=mine").text
    assert '<b class="big">1</b> that I took on' in mine


def test_several_are_closed_or_given_away_together(listed: Site) -> None:
    browser = browser_of(listed, "supervisor")
    keys = [tasks.write_key(RATE), tasks.write_key(OTHER)]

    none = browser.post("/tasks/villages", {"do": "close", "reason": "explained"})
    given = browser.post(
        "/tasks/villages", {"do": "assign", "owner": "to:test supervisor ", "key": keys}
    )
    taken = browser.get("/tasks/villages?state=mine").text
    everything = {"do": "close", "reason": "explained", "all": "1"}
    stale = browser.post("/tasks/villages", everything | {"total": "3"})
    closed = browser.post("/tasks/villages", everything | {"total": "2"})

    assert stale.status_code == 422
    assert "The list has changed" in stale.text
    assert none.status_code == 422
    assert "Choose some of the list first." in none.text
    assert given.status_code == 303, given.text
    assert '<b class="big">2</b> that I took on' in taken
    assert closed.status_code == 303
    assert "Nothing to check." in browser.get("/tasks/villages").text


def test_nobody_closes_what_lies_outside_his_area_or_in_another_queue(listed: Site) -> None:
    outside, inside = browser_of(listed, "supervisor", ELSEWHERE), browser_of(listed, "supervisor")
    fields = {"do": "close", "reason": "explained", "key": tasks.write_key(RATE)}

    answers = [
        outside.post("/tasks/villages", fields),
        outside.post("/tasks/villages", fields | {"all": "1"}),
        outside.post(one(RATE), fields),
        inside.post("/tasks/records", fields),
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 404, 422]
    assert "30 of 80" not in outside.get("/tasks/villages").text
    with Session(listed.engine) as session:
        assert session.scalars(select(TaskStep.id)).all() == []


def test_who_runs_the_site_sees_villages_and_acts_on_nothing(listed: Site) -> None:
    admin = browser_of(listed, "admin")
    bring(listed, a_signal("digits", "7", "systolic"))
    fields = {"do": "close", "reason": "explained"}

    assert admin.get("/tasks/villages").status_code == 200
    assert admin.get(one(RATE)).status_code == 200
    assert "What was found out" not in admin.get(one(RATE)).text
    assert admin.get("/tasks/workers").status_code == 403
    assert admin.get(one(("digits", "7", "systolic"))).status_code == 404
    assert admin.get("/tasks/workers/list.csv").status_code == 403
    assert admin.post(one(RATE), fields).status_code == 403
    assert admin.post("/tasks/villages", {**fields, "all": "1"}).status_code == 403
    assert admin.post("/tasks/check").status_code == 403


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_queue_goes_out_as_a_file_with_its_reasons(listed: Site, kind: str) -> None:
    answer = browser_of(listed, "office").get(f"/tasks/villages/list.{kind}?state=late")

    assert answer.status_code == 200
    if kind == "csv":
        head, first, *_ = answer.text.splitlines()
        assert "Reason" in head
        assert "30 of 80 persons screened" in first
    with Session(listed.engine) as session:
        entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "tasks_taken"))
        assert entry.one().detail == {"tasks": 2, "state": "late"}


def test_a_check_that_calls_for_nothing_is_told_with_a_looser_threshold(listed: Site) -> None:
    for number in range(11):
        key = ("rate", VILLAGE, f"i{number}")
        steps(listed, key, kind="closed", reason="false_alarm" if number else "confirmed")

    page = browser_of(listed, "office").get("/tasks/").text

    assert "10 of 11 were closed as nothing" in page
    assert "At least so many times the usual 2.5 instead of 2" in page
    assert 'href="/settings/checks/?rate.smallest_ratio=2.5#rate"' in page
    assert "91%" in page


def test_every_check_and_what_to_do_about_it_is_told_in_chinese() -> None:
    words = language.words("zh")
    told = [text for check in CHECKS.values() for text in (check.title, check.action)]

    assert [text for text in told if words.text(text) == text] == []


def test_chinese_is_spoken(listed: Site) -> None:
    browser = browser_of(listed, "office", language="zh")

    assert "2</b> 项需到村了解" in browser.get("/tasks/villages").text
    assert "依据" in browser.get(one(RATE)).text


def test_a_village_that_nobody_knows_is_no_link(listed: Site) -> None:
    unknown = ("unknown_village", "uuid:1", "130921211999")
    told = {"village": unknown[2], "records": 1}
    bring(listed, a_signal(*unknown, village_code=unknown[2], figures=told))
    browser = browser_of(listed, "supervisor")

    assert f"/villages/{VILLAGE}" in browser.get(one(RATE)).text
    page = browser.get(one(unknown)).text
    assert unknown[2] in page
    assert "/villages/" not in page


def test_the_checks_run_when_somebody_asks_and_once_at_a_time(site: Site) -> None:
    browser = browser_of(site, "supervisor")
    assert "Nothing has been checked yet" in browser.get("/tasks/").text

    started = browser.post("/tasks/check")
    waiting = browser.get("/tasks/").text
    again = browser.post("/tasks/check")

    assert (started.status_code, again.status_code) == (303, 303)
    assert 'http-equiv="refresh"' in waiting
    assert "Check now" not in waiting
    until = time.monotonic() + 60
    while last(site).is_running and time.monotonic() < until:
        time.sleep(0.2)
    assert last(site).state == "done"
    assert "Check now" in browser.get("/tasks/").text
    with Session(site.engine) as session:
        assert len(session.scalars(select(CheckRun.id)).all()) == 1
        told = session.scalars(select(JournalEntry).where(JournalEntry.action == "checks_started"))
        assert len(told.all()) == 1


def last(site: Site) -> on_demand.Run:
    with Session(site.engine) as session:
        return on_demand.last(site, session, datetime.now(UTC))


def a_run(site: Site, *, fault: str = "", has_ended: bool = True) -> None:
    now = datetime.now(UTC)
    row: dict[str, object] = {
        "started_at": now,
        "ended_at": now if has_ended else None,
        "configuration": "",
        "seed": 1,
        "raised": 3,
        "cleared": 1,
        "figures": {},
        "fault": fault,
    }
    with writing(site.engine) as connection:
        connection.execute(insert(CheckRun), row)


def test_how_a_run_went_is_told(site: Site) -> None:
    browser = browser_of(site, "supervisor")

    a_run(site)
    assert "brought 3 new lines and took away 1." in browser.get("/tasks/").text
    failed = "One part of the last run failed, and was noted: Workers, Back-checks"
    a_run(site, fault="workers, back_checks")
    assert failed in browser.get("/tasks/").text
    assert failed in browser.get("/tasks/workers").text
    a_run(site, has_ended=False)
    assert "broke off" in browser.get("/tasks/").text
    with alone(on_demand.lock_of(site.settings.folder)) as is_mine:
        on_demand.tell_progress(site.settings.folder, "workers", 2, 3)
        running = browser.get("/tasks/").text
    assert is_mine
    assert "The checks are running, step 2 of 3: Workers" in running


def test_an_address_that_names_no_task_is_answered_kindly(listed: Site) -> None:
    supervisor = browser_of(listed, "supervisor")
    odd = ['["digits","7","\\u0000"]', '["digits","7","\\ud800"]', "[" * 5000, "{}", "7"]
    keys = [base64.urlsafe_b64encode(one.encode()).decode().rstrip("=") for one in odd]

    assert {supervisor.get(f"/tasks/one/{key}").status_code for key in keys} == {404}
    assert supervisor.get("/tasks/records?phone=" + "9" * 5000).status_code == 200
