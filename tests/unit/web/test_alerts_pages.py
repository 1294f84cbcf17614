"""The pages of alerts: made, changed, tried, stopped, and the log of what went out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey.registry.sample import import_sample
from server.survey.site import Site
from server.tables.alerts import AlertMessage, AlertRule
from server.tables.truth import JournalEntry
from tests.builders import VILLAGE
from tests.signed_in import browser_of

TOWNSHIP = "130921211000"


@pytest.fixture
def filled(site: Site) -> Site:
    with writing_session(site.engine) as session:
        import_sample(session, "test")
    return site


def fields(**more: Any) -> dict[str, Any]:
    return {
        "name": "Cancers",
        "kind": "found",
        "codes": ["lung_cancer"],
        "area_code": TOWNSHIP,
        "mail_to": "a@example.org, b@example.org",
        "is_on_today": "1",
        "hour": "7",
        "language": "en",
        **more,
    }


def test_a_supervisor_makes_tries_and_stops_an_alert(filled: Site) -> None:
    browser = browser_of(filled, "supervisor", [TOWNSHIP])

    made = browser.post("/alerts/new", fields())
    where = made.location
    shown = browser.get("/alerts/").text
    tried = browser.post(f"{where}/trial")
    log = browser.get(tried.location).text
    (message,) = set(re.findall(r"/alerts/messages/(1)\b", log))
    letter = browser.get(f"/alerts/messages/{message}").text
    stopped = browser.post(f"{where}/stop")

    assert made.status_code == tried.status_code == stopped.status_code == 303
    assert "Cancers" in shown
    assert "daily at 07:00" in shown
    assert "a@example.org" in log
    assert "Nothing has happened" in letter
    assert "stopped" in browser.get("/alerts/").text
    with Session(filled.engine) as session:
        actions = session.scalars(select(JournalEntry.action).order_by(JournalEntry.id)).all()
        assert [one for one in actions if one.startswith("alert_")] == [
            "alert_added",
            "alert_tried",
            "alert_stopped",
        ]
        assert len(session.scalars(select(AlertMessage)).all()) == 2


def test_what_is_wrong_stands_at_its_field_and_the_rest_is_kept(filled: Site) -> None:
    browser = browser_of(filled, "supervisor", [TOWNSHIP])

    answer = browser.post("/alerts/new", fields(mail_to="nobody", name="Kept name"))

    assert answer.status_code == 422
    assert "This is no mail address: nobody" in answer.text
    assert 'value="Kept name"' in answer.text


def test_only_who_keeps_the_register_has_the_server_call_on_others(filled: Site) -> None:
    office = browser_of(filled, "office", [TOWNSHIP])
    supervisor = browser_of(filled, "supervisor", [TOWNSHIP])
    url = "http://10.0.0.7/hook"

    where = office.post("/alerts/new", fields(webhook_url=url)).location
    supervisor.post("/alerts/new", fields(name="Theirs", webhook_url=url))
    supervisor.post(where, fields(name="Renamed", webhook_url="http://10.9.9.9/"))

    with Session(filled.engine) as session:
        known = session.execute(select(AlertRule.name, AlertRule.webhook_url)).all()
    assert sorted(map(tuple, known)) == [("Renamed", url), ("Theirs", "")]
    assert "whsec_" in office.get(where).text
    assert "whsec_" not in supervisor.get(where).text


def test_an_alert_of_a_larger_area_is_not_a_village_supervisors(filled: Site) -> None:
    where = browser_of(filled, "office", [TOWNSHIP]).post("/alerts/new", fields()).location
    narrow = browser_of(filled, "supervisor", [VILLAGE])

    assert narrow.get(where).status_code == 404
    assert narrow.post("/alerts/new", fields()).status_code == 422
    assert "Cancers" not in narrow.get("/alerts/").text


def test_every_form_of_a_condition_comes_back_as_it_was(filled: Site) -> None:
    browser = browser_of(filled, "supervisor", [TOWNSHIP])
    asked: dict[str, dict[str, Any]] = {
        "flag": {"checks": ["digits"]},
        "behind": {"households": "12"},
        "silent": {"days": "4"},
    }

    texts = {
        kind: browser.get(browser.post("/alerts/new", fields(kind=kind, **more)).location).text
        for kind, more in asked.items()
    }

    assert re.search(r'value="digits" checked', texts["flag"])
    assert re.search(r'name="households"[^>]*value="12"', texts["behind"])
    assert re.search(r'name="days"[^>]*value="4"', texts["silent"])
