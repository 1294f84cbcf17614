"""Targets of a village's days, days off, and moving villages between workers."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import indicators, phones, rounds, targets
from server.survey.areas import WHOLE_SITE
from server.survey.site import Site
from server.tables.decisions import Round, VillagePlan
from server.tables.reference import Village
from server.tables.sign_offs import DayTarget
from server.tables.truth import PhoneVillage
from tests.back_check_site import NOW
from tests.builders import NEXT_VILLAGE, VILLAGE
from tests.signed_in import Browser, browser_of

TODAY = date.today()  # noqa: DTZ011 - the pages go by the day, too.
THIRD = "130921211203"


@pytest.fixture
def planned(site: Site) -> tuple[int, int]:
    """Three villages with a plan of twenty days around today; two phones, one with two of them."""
    first, last = TODAY - timedelta(days=10), TODAY + timedelta(days=9)
    with writing_session(site.engine) as session:
        of = Round(project_id=1, name="秋季", starts_on=first, ends_on=last, weekdays="1234567")
        of.at, of.who = NOW, "test"
        session.add(of)
        session.flush()
        for code, name in ((VILLAGE, "北街村"), (NEXT_VILLAGE, "东村"), (THIRD, "西村")):
            township = "130921211000"
            session.add(Village(code=code, name=name, township_code=township, households=40))
            plan = VillagePlan(project_id=1, village_code=code, round_id=of.id, at=NOW, who="test")
            session.add(plan)
        session.flush()
        return (
            phones.add_phone(session, 1, "张医生", [VILLAGE, NEXT_VILLAGE], WHOLE_SITE).id,
            phones.add_phone(session, 1, "李医生", [THIRD], WHOLE_SITE).id,
        )


@pytest.fixture
def office(site: Site) -> Browser:
    return browser_of(site, "office")


def a_day(ahead: int) -> date:
    return TODAY + timedelta(days=ahead)


def own(site: Site) -> dict[date, int]:
    with Session(site.engine) as session:
        return targets.of_village(session, 1, VILLAGE)


@pytest.mark.usefixtures("planned")
def test_a_day_gets_a_target_of_its_own_and_loses_it_again(site: Site, office: Browser) -> None:
    path, name = f"/plan/villages/{VILLAGE}", f"day-{a_day(1).isoformat()}"

    office.post(path, {name: "15"})
    set_once, page = own(site), office.get(path).text
    office.post(path, {name: ""})

    assert set_once == {a_day(1): 15}
    assert 'value="15"' in page
    assert "own target" in page
    assert own(site) == {}


@pytest.mark.usefixtures("planned")
def test_a_number_that_cannot_be_is_refused_and_the_past_is_no_field(
    site: Site, office: Browser
) -> None:
    path = f"/plan/villages/{VILLAGE}"

    refused = office.post(path, {f"day-{a_day(1).isoformat()}": "many"})
    office.post(path, {f"day-{a_day(-1).isoformat()}": "3"})

    assert refused.status_code == 422
    assert "from 0 to 2000" in refused.text
    assert own(site) == {}


@pytest.mark.usefixtures("planned")
def test_a_day_off_is_free_for_all_villages_and_can_be_worked_again(
    site: Site, office: Browser
) -> None:
    day = {"day": a_day(2).isoformat(), "township": ""}

    done = office.post("/plan/days-off", {**day, "what": "off"}, follow_redirects=True)
    with Session(site.engine) as session:
        free = session.execute(select(DayTarget.village_code, DayTarget.households)).all()
    again = office.post("/plan/days-off", {**day, "what": "on"}, follow_redirects=True)
    past = office.post("/plan/days-off", {"day": a_day(-2).isoformat(), "what": "off"})

    assert "free for 3 villages" in done.text
    assert {tuple(one) for one in free} == {(VILLAGE, 0), (NEXT_VILLAGE, 0), (THIRD, 0)}
    assert "worked again in 3 villages" in again.text
    assert own(site) == {}
    assert past.status_code == 422


@pytest.mark.usefixtures("planned")
def test_a_township_that_is_no_code_is_refused(office: Browser) -> None:
    wish = {"township": "no code", "day": "2026-12-01", "what": "off"}

    assert office.post("/plan/days-off", wish).status_code == 422


@pytest.mark.usefixtures("planned")
def test_the_plan_of_a_village_goes_by_its_targets(site: Site) -> None:
    with writing_session(site.engine) as session:
        stretch = rounds.plans(session, 1, WHOLE_SITE)[VILLAGE].stretch
        wanted = {a_day(1): 0, a_day(2): 13}
        targets.set_targets(session, 1, stretch, VILLAGE, wanted, TODAY, "test", NOW)

    with Session(site.engine) as session:
        villages = indicators.coverage_by_village(session, WHOLE_SITE, TODAY)
        plan = rounds.planned(session, 1, WHOLE_SITE, villages)[VILLAGE]

    parts = [plan.by(a_day(ahead)) - plan.by(a_day(ahead - 1)) for ahead in (1, 2, 9)]
    assert parts[:2] == [0, 13]
    assert plan.by(a_day(9)) == 40
    assert plan.stretch.length == 19


def test_work_is_shared_more_evenly_by_moving_one_village(
    site: Site, planned: tuple[int, int], office: Browser
) -> None:
    first, second = planned
    with writing_session(site.engine) as session:
        session.get_one(Village, THIRD).households = 10

    page = office.get("/plan/workers/?even=1").text
    moved = {
        f"to-{VILLAGE}": str(second),
        f"to-{NEXT_VILLAGE}": str(first),
        f"to-{THIRD}": str(second),
    }
    preview = office.post("/plan/workers/", moved).location
    shown = office.get(preview).text
    nothing = office.post("/plan/workers/", {f"to-{THIRD}": str(second)}, follow_redirects=True)

    assert "80</b> households left with one worker, 10 with another" in page
    assert "Proposed: 1 village moves" in page
    assert "2</b> phones would change" in shown
    assert "Nothing was chosen" in nothing.text
    with Session(site.engine) as session:
        assert len(session.scalars(select(PhoneVillage.village_code)).all()) == 3


@pytest.mark.usefixtures("planned")
def test_who_only_sees_coverage_sees_days_and_sets_nothing(site: Site) -> None:
    worker = browser_of(site, "worker")

    page = worker.get(f"/plan/villages/{VILLAGE}")
    refused = worker.post(f"/plan/villages/{VILLAGE}", {})

    assert page.status_code == 200
    assert "Set the targets" not in page.text
    assert refused.status_code == 403
    assert worker.get("/plan/workers/").status_code == 403


def test_a_phone_that_goes_along_is_not_counted_and_loses_nothing(
    site: Site, planned: tuple[int, int], office: Browser
) -> None:
    _, second = planned
    with writing_session(site.engine) as session:
        every = [VILLAGE, NEXT_VILLAGE, THIRD]
        escort = phones.add_phone(session, 1, "督导员", every, WHOLE_SITE).id

    page = office.get("/plan/workers/").text
    preview = office.post("/plan/workers/", {f"to-{VILLAGE}": str(second)}).location
    shown = office.get(preview).text

    assert "80</b> households left with one worker, 40 with another" in page
    assert "These go along with others and are not counted: 督导员" in page
    assert "督导员" not in shown
    assert escort
