"""The plan of a round and the pace, as pages show and change them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from server.database import writing_session
from server.survey import intake, rounds
from server.survey.areas import WHOLE_SITE
from server.survey.first_run import PROJECT
from server.survey.phones import add_phone
from server.survey.registry.sample import import_sample
from server.survey.site import Site
from server.tables.reference import Village
from server.tables.truth import JournalEntry
from tests.builders import NEXT_VILLAGE, VILLAGE, an_id, an_upload, roster_xml, versions
from tests.signed_in import Browser, browser_of

EVERY_DAY = list("1234567")


@pytest.fixture
def filled(site: Site) -> Site:
    """Two villages of 20 households; in one of them two are done, ten and nine days ago."""
    today = datetime.now(site.settings.zone).date()
    with writing_session(site.engine) as session:
        import_sample(session, "test")
        both = Village.code.in_((VILLAGE, NEXT_VILLAGE))
        session.execute(update(Village).where(both).values(households=20))
    roster = versions(site)["household_roster"]
    for ago in (10, 9):
        day = today - timedelta(days=ago)
        told = roster_xml(
            f"uuid:{ago}", consent="no", key=an_id(ago), day=day.isoformat(), version=roster
        )
        intake.receive(site, an_upload(told, datetime.now(UTC)))
    return site


def today_of(site: Site) -> date:
    return datetime.now(site.settings.zone).date()


def fields(site: Site, **more: object) -> dict[str, object]:
    """A round of twenty days of which ten are over, for the village that is begun."""
    today = today_of(site)
    return {
        "name": "Winter",
        "starts_on": (today - timedelta(days=10)).isoformat(),
        "ends_on": (today + timedelta(days=9)).isoformat(),
        "weekday": EVERY_DAY,
        "which": "codes",
        "codes": VILLAGE,
        **more,
    }


def confirm(browser: Browser, asked: TestResponse) -> TestResponse:
    """Press the preview's button."""
    page = browser.get(asked.location).text
    found = re.search(r'name="fingerprint" value="([0-9a-f]+)"', page)
    assert found
    return browser.post(asked.location, {"fingerprint": found[1]})


def set_plan(site: Site, **more: object) -> Browser:
    office = browser_of(site, "office")
    done = confirm(office, office.post("/plan/", fields(site, **more)))
    assert done.status_code == 303
    return office


def test_without_a_plan_today_is_as_before(filled: Site) -> None:
    page = browser_of(filled, "supervisor").get("/today").text

    assert "behind plan" not in page
    assert "households done, " in page


def test_today_says_how_far_behind_and_what_is_needed(filled: Site) -> None:
    set_plan(filled)

    page = browser_of(filled, "supervisor").get("/today").text
    lead = re.sub(r"<[^>]+>", "", page.split("<h1>")[1].split("</h1>")[0])

    # 20 households in 20 days: ten planned until yesterday, two done; 18 left in ten days.
    assert lead == "2 of 40 households, 8 behind plan, 0 to check"
    assert "10 working days left" in page
    assert re.search(r"<dt>Needed each working day.*?<dd>2</dd>", page, re.DOTALL)
    assert "slower than what is needed" in page
    assert '<g class="plan"' in page
    assert "Figures and files" in page


def test_the_same_stands_in_chinese(filled: Site) -> None:
    set_plan(filled)

    page = browser_of(filled, "supervisor", language="zh").get("/today").text

    assert "\u6bd4\u8ba1\u5212\u5c11 8 \u6237" in re.sub(r"<[^>]+>", "", page)


def test_a_preview_changes_nothing_and_says_what_would(filled: Site) -> None:
    office = browser_of(filled, "office")

    asked = office.post("/plan/", fields(filled, which="all"))
    page = office.get(asked.location).text

    assert "The plan of" in page
    assert "new round" in page
    assert "59 villages have no register" in page
    with Session(filled.engine) as session:
        assert rounds.plans(session, PROJECT, WHOLE_SITE) == {}


def test_what_was_set_is_in_the_journal_with_its_villages(filled: Site) -> None:
    set_plan(filled)

    with Session(filled.engine) as session:
        entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "plan_set")).one()

    assert VILLAGE in str(entry.detail)
    assert "Winter" in str(entry.detail)


def test_a_preview_that_is_outdated_is_not_done(filled: Site) -> None:
    office = browser_of(filled, "office")
    first = office.post("/plan/", fields(filled))
    page = office.get(first.location).text
    found = re.search(r'name="fingerprint" value="([0-9a-f]+)"', page)
    confirm(office, office.post("/plan/", fields(filled, working_days="3")))

    assert found
    late = office.post(first.location, {"fingerprint": found[1]})

    assert (late.status_code, late.location) == (303, first.location)


def test_a_supervisor_sees_the_plan_and_sets_none(filled: Site) -> None:
    set_plan(filled)
    supervisor = browser_of(filled, "supervisor")

    page = supervisor.get("/plan/").text

    assert "Winter" in page
    assert "Set the plan" not in page
    assert supervisor.post("/plan/", fields(filled)).status_code == 403


def test_nobody_plans_villages_of_other_areas(filled: Site) -> None:
    elsewhere = browser_of(filled, "office", ["460105"])

    refused = elsewhere.post("/plan/", fields(filled))

    assert refused.status_code == 422
    assert "These are no villages here" in refused.text
    assert "Winter" in refused.text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"starts_on": "soon"}, "This is no day: soon"),
        ({"starts_on": ""}, "Give the first and the last day"),
        ({"which": "some"}, "Say which villages are meant."),
        ({"working_days": "-3"}, "Give a number of working days"),
        ({"weekday": []}, "Choose the weekdays that are worked."),
        ({"codes": ""}, "Name at least one village."),
    ],
)
def test_what_cannot_be_is_said_and_kept_on_the_page(
    filled: Site, more: dict[str, object], words: str
) -> None:
    refused = browser_of(filled, "office").post("/plan/", fields(filled, **more))

    assert refused.status_code == 422
    assert words in refused.text


def test_villages_stand_in_the_order_of_what_they_lack(filled: Site) -> None:
    office = set_plan(filled, codes=f"{VILLAGE} {NEXT_VILLAGE}")

    page = office.get("/villages?sort=behind").text

    order = re.findall(r'href="/villages/([0-9]{12})"', page)
    assert order[:2] == [NEXT_VILLAGE, VILLAGE]
    assert "Most behind plan" in page
    assert "Most behind plan" not in browser_of(filled, "office", ["460105"]).get("/villages").text


def test_a_villages_page_has_its_plan_and_pace(filled: Site) -> None:
    office = set_plan(filled)

    page = office.get(f"/villages/{VILLAGE}").text

    assert "8 behind plan" in page
    assert "planned until yesterday: 10 of 20" in page
    assert "Needed each working day" not in office.get(f"/villages/{NEXT_VILLAGE}").text


def test_a_plan_is_taken_away(filled: Site) -> None:
    office = set_plan(filled)

    asked = office.post("/plan/", {"which": "codes", "codes": VILLAGE, "what": "off"})
    confirm(office, asked)

    assert "behind plan" not in office.get("/today").text


def test_a_worker_whose_number_is_known_is_called_from_today(filled: Site) -> None:
    with writing_session(filled.engine) as session:
        add_phone(session, PROJECT, "Amina 13800138000", [VILLAGE], WHOLE_SITE)

    assert 'href="tel:13800138000"' in browser_of(filled, "supervisor").get("/today").text
    assert "tel:" not in browser_of(filled, "worker").get("/today").text
