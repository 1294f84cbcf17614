"""Today: where to go next, whom to call, what waits, and how old the figures are."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from server.database import table_of, writing, writing_session
from server.survey import crew, intake, phones, round_changes
from server.survey.areas import WHOLE_SITE
from server.survey.registry.sample import import_sample
from server.survey.round_changes import PlanWish
from server.survey.rounds import RoundDays
from server.survey.site import Site
from server.tables.devices import Device
from server.tables.reference import Village
from server.tables.signals import Signal
from tests.builders import NEXT_VILLAGE, VILLAGE, an_id, an_upload, roster_xml, versions
from tests.signed_in import browser_of

TOWNSHIP = "130921211000"


@pytest.fixture
def filled(site: Site) -> Site:
    """Two villages with a register, one household done, and a phone that can be called."""
    roster = versions(site)["household_roster"]
    with writing_session(site.engine) as session:
        import_sample(session, "test")
        for code, households in ((VILLAGE, 40), (NEXT_VILLAGE, 10)):
            session.execute(
                update(Village).where(Village.code == code).values(households=households)
            )
        phone = phones.add_phone(session, 1, "\u738b\u82b3", [NEXT_VILLAGE], WHOLE_SITE)
        crew.keep_telephone(session, phone.id, "138 0013 8000", WHOLE_SITE)
        session.add(_device(phone.id, datetime.now(UTC) - timedelta(days=9)))
    intake.receive(site, an_upload(roster_xml("uuid:1", key=an_id("h", 1), version=roster)))
    return site


def _device(phone_id: int, sent_at: datetime) -> Device:
    return Device(
        phone_id=phone_id,
        device_id="one",
        app="Collect",
        app_version="2025.3",
        user_agent="",
        first_contact_at=sent_at,
        last_contact_at=sent_at,
        last_list_at=None,
        last_submission_at=sent_at,
        clock_offset_s=None,
    )


def plan_next_village(site: Site) -> None:
    today = datetime.now(site.settings.zone).date()
    days = RoundDays("r", today - timedelta(days=10), today + timedelta(days=10), "1234567")
    with writing_session(site.engine) as session:
        change = round_changes.plan(session, 1, PlanWish(days, (NEXT_VILLAGE,)), WHOLE_SITE)
        round_changes.apply(session, 1, change, "test", datetime.now(UTC))


def signal(site: Site, check: str, family: str, subject: str, village: str) -> None:
    row = {
        "check": check,
        "subject": subject,
        "indicator": "",
        "family": family,
        "village_code": village,
        "township_code": TOWNSHIP,
        "phone_id": None,
        "submission_id": None,
        "figures": {"seen": 1},
        "verdict": "flag",
        "inputs": "x",
        "compared": "x",
        "noticed_at": datetime.now(UTC),
    }
    with writing(site.engine) as connection:
        connection.execute(insert(table_of(Signal)), [row])


def stops(page: str) -> list[str]:
    return re.findall(r'<a class="go" href="/villages/(\d+)"', page)


def test_without_a_plan_the_village_with_most_left_comes_first(filled: Site) -> None:
    page = browser_of(filled, "supervisor").get("/today").text

    assert stops(page) == [VILLAGE, NEXT_VILLAGE]
    assert "Villages with most left" in page


def test_with_a_plan_the_village_most_behind_comes_first(filled: Site) -> None:
    plan_next_village(filled)

    page = browser_of(filled, "supervisor").get("/today").text

    assert stops(page)[0] == NEXT_VILLAGE
    assert "Villages most behind plan" in page
    assert "sort=behind" in page.split("</h1>")[0]


def test_a_village_is_one_tap_from_a_call_to_its_worker(filled: Site) -> None:
    page = browser_of(filled, "supervisor").get("/today").text

    assert page.count('href="tel:13800138000"') == 2
    assert "silent for 9 days" in page


def test_who_serves_a_village_alone_is_named_before_who_goes_everywhere(filled: Site) -> None:
    with writing_session(filled.engine) as session:
        phones.add_phone(session, 1, "Audit team", [VILLAGE, NEXT_VILLAGE], WHOLE_SITE)

    page = browser_of(filled, "supervisor").get("/today").text
    rows = page.split('<ol class="goes">')[1].split("</ol>")[0].split("</li>")

    assert ["Audit team" in row for row in rows[:2]] == [True, False]


def test_numbers_of_workers_are_for_who_looks_after_phones(filled: Site) -> None:
    page = browser_of(filled, "worker").get("/today").text

    assert "tel:" not in page
    assert "\u738b\u82b3" not in page


def test_what_waits_counts_each_family_that_the_reader_may_open(filled: Site) -> None:
    signal(filled, "no_register", "village", VILLAGE, VILLAGE)
    signal(filled, "no_register", "village", NEXT_VILLAGE, NEXT_VILLAGE)
    signal(filled, "unknown_village", "record", "uuid:1", VILLAGE)

    lead = {
        role: re.sub(r"<[^>]+>", "", browser_of(filled, role).get("/today").text)
        for role in ("supervisor", "worker")
    }
    page = browser_of(filled, "office").get("/today").text

    assert '<a href="/tasks/records">1</a>' in page
    assert '<a href="/tasks/villages">2</a>' in page
    assert "Records" not in lead["worker"]


def test_the_age_of_the_figures_is_told(filled: Site) -> None:
    page = browser_of(filled, "supervisor").get("/today").text

    assert "newest from a phone: " in page


def test_today_costs_the_same_queries_for_any_number_of_workers(
    filled: Site, session: Session
) -> None:
    supervisor = browser_of(filled, "supervisor")
    before = len(supervisor.get("/today").text)

    with writing_session(filled.engine) as writing_to:
        for number in range(12):
            phones.add_phone(writing_to, 1, f"Team {number}", [VILLAGE], WHOLE_SITE)

    page = supervisor.get("/today").text
    assert len(page) > before
    assert page.count("not heard of yet") == 8
    assert "All 13 phones" in page
