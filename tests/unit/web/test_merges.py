"""Two that look like one, on pages: side by side, merged, kept apart, undone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.survey import intake
from server.survey.likeness import finding
from server.survey.quality import thresholds
from server.survey.site import Site
from server.tables.merges import PairDecision
from server.tables.projections import Household, Person
from server.tables.reference import Village
from server.tables.truth import JournalEntry
from tests.builders import NEXT_VILLAGE, VILLAGE, a_member, an_id, an_upload, roster_xml
from tests.signed_in import Browser, browser_of

NUMBER = "990000197005060028"
FIRST, SECOND = an_id("person", "王小一"), an_id("person", "王晓一")
PAIR = {"kind": "person", "first": FIRST, "second": SECOND}
ASKED = f"/duplicates/pair?kind=person&first={FIRST}&second={SECOND}"


@pytest.fixture
def filled(site: Site) -> Site:
    """One woman in two households, a family in two more, and the checks run."""
    with Session(site.engine) as session, session.begin():
        for code, name in ((VILLAGE, "高川村"), (NEXT_VILLAGE, "后村")):
            session.add(Village(code=code, name=name, township_code="130921211000"))
    family = ("赵六", "钱七")
    told = [
        [a_member("王小一", id18=NUMBER, has_id="yes"), a_member("孙八", dob="1990-01-02")],
        [a_member("王晓一")],
        [a_member(one) for one in family],
        [a_member(one, entity=an_id("again", one)) for one in family],
    ]
    for n, members in enumerate(told):
        intake.receive(site, an_upload(roster_xml(f"uuid:r{n}", number=f"HH{n}", members=members)))
    with site.engine.connect() as connection:
        chosen = thresholds.current(connection)
    finding.work_out(site, chosen, datetime(2026, 11, 22, tzinfo=UTC))
    return site


def households(site: Site) -> dict[str, str]:
    with Session(site.engine) as session:
        return {one.number: one.id for one in session.scalars(select(Household))}


def decide(browser: Browser, **told: object) -> int:
    return browser.post("/duplicates/pair", {**PAIR, **told}).status_code


def newest(site: Site) -> PairDecision:
    with Session(site.engine, expire_on_commit=False) as session:
        decisions = select(PairDecision).order_by(PairDecision.id.desc()).limit(1)
        return session.scalars(decisions).one()


def test_pairs_are_listed_masked_with_the_reason_and_the_way_to_both(filled: Site) -> None:
    browser = browser_of(filled, "supervisor")
    persons = browser.get("/duplicates").text
    homes = browser.get("/duplicates?kind=household").text

    assert "1</b> pair waits for a decision" in persons
    assert "王* · 王*" in persons
    assert "names that sound alike" in persons
    assert "王小一" not in persons
    assert "2 persons look the same in two households" in homes
    assert f"first={FIRST}" in persons


def test_side_by_side_tells_what_differs_and_shows_no_name(filled: Site) -> None:
    page = browser_of(filled, "supervisor").get(ASKED).text

    assert "One person, or two?" in page
    assert "differs" in page
    for hidden in ("王小一", "王晓一", NUMBER, "1970-05-06"):
        assert hidden not in page
    with Session(filled.engine) as session:
        (entry,) = session.scalars(
            select(JournalEntry).where(JournalEntry.action == "persons_compared")
        )
    assert entry.detail["other"] == SECOND


def test_names_are_shown_for_a_reason_that_the_journal_keeps(filled: Site) -> None:
    browser = browser_of(filled, "office")

    assert browser.post("/duplicates/pair/reveal", {**PAIR, "reason": ""}).status_code == 422
    shown = browser.post("/duplicates/pair/reveal", {**PAIR, "reason": "a call from them"}).text

    assert "王小一" in shown
    assert "王晓一" in shown
    supervisor = browser_of(filled, "supervisor")
    assert supervisor.post("/duplicates/pair/reveal", {**PAIR, "reason": "abcd"}).status_code == 403


def test_a_merged_person_is_found_under_the_other_and_can_be_undone(filled: Site) -> None:
    browser = browser_of(filled, "supervisor")

    assert decide(browser, decision="merge", kept=FIRST, note="same card") == 303

    moved = browser.get(f"/persons/{SECOND}")
    assert (moved.status_code, moved.headers["Location"]) == (302, f"/persons/{FIRST}")
    assert "were merged on" in browser.get(f"/persons/{FIRST}").text
    listed = browser.get("/duplicates/decided").text
    assert "same card" in listed
    assert browser.get("/duplicates").text.count("王*") == 0

    number = newest(filled).id
    assert browser.post("/duplicates/decided", {"decision": number}).status_code == 303
    assert browser.get(f"/persons/{SECOND}").status_code == 200
    again = browser.post("/duplicates/decided", {"decision": number}, follow_redirects=True)
    assert "undone already" in again.text


def test_two_households_are_merged_with_the_members_that_were_ticked(filled: Site) -> None:
    browser, known = browser_of(filled, "supervisor"), households(filled)
    ids = {"kind": "household", "first": known["HH2"], "second": known["HH3"]}
    page = browser.get(
        f"/duplicates/pair?kind=household&first={ids['first']}&second={ids['second']}"
    ).text
    member = f"{an_id('person', '赵六')}|{an_id('again', '赵六')}"
    assert f'value="{member}" checked' in page

    told = {**ids, "decision": "merge", "kept": known["HH3"], "member": [member]}
    assert browser.post("/duplicates/pair", told).status_code == 303

    with Session(filled.engine) as session:
        persons = session.scalars(
            select(Person.id).where(Person.household_id == known["HH3"])
        ).all()
    assert set(persons) == {
        an_id("again", "赵六"),
        an_id("again", "钱七"),
        an_id("person", "钱七"),
    }


def test_kept_apart_they_are_asked_about_no_more(filled: Site) -> None:
    browser = browser_of(filled, "supervisor")

    assert decide(browser, decision="apart") == 303
    assert "Nothing looks wrong" in browser.get("/duplicates").text
    assert decide(browser, decision="merge", kept=FIRST) == 422
    assert "kept apart" in browser.get("/duplicates/decided").text


def test_workers_look_and_others_areas_stay_closed(filled: Site) -> None:
    worker = browser_of(filled, "worker")
    assert worker.get(ASKED).status_code == 200
    assert ">Merge<" not in worker.get(ASKED).text
    assert decide(worker, decision="merge", kept=FIRST) == 403
    assert worker.post("/duplicates/decided", {"decision": 1}).status_code == 403

    elsewhere = browser_of(filled, "supervisor", [NEXT_VILLAGE])
    assert elsewhere.get(ASKED).status_code == 404
    assert decide(elsewhere, decision="merge", kept=FIRST) in (403, 404)
    assert "王*" not in elsewhere.get("/duplicates").text

    assert decide(browser_of(filled, "office"), decision="merge", kept=FIRST) == 303
    number = newest(filled).id
    assert "王*" not in elsewhere.get("/duplicates/decided").text
    assert elsewhere.post("/duplicates/decided", {"decision": number}).status_code == 404


def test_who_is_of_another_area_is_not_told_whom_somebody_was_merged_with(filled: Site) -> None:
    supervisor = browser_of(filled, "supervisor")
    outsider = browser_of(filled, "supervisor", ["532301"])
    assert decide(supervisor, decision="merge", kept=FIRST) == 303

    assert supervisor.get(f"/persons/{SECOND}").status_code == 302
    answer = outsider.get(f"/persons/{SECOND}")

    assert answer.status_code == 404
    assert FIRST not in answer.text + str(answer.headers)


def test_nonsense_is_answered_kindly(filled: Site) -> None:
    browser = browser_of(filled, "supervisor")
    for path in ("/duplicates/pair", "/duplicates/pair?kind=x&first=a&second=b"):
        assert browser.get(path).status_code == 404
    assert browser.get("/duplicates/decided?before=x").status_code == 200
    assert browser.get("/duplicates?after=a|b").status_code == 200
    assert decide(browser, second=FIRST, decision="merge") == 422


def test_a_task_leads_to_the_pair(filled: Site) -> None:
    browser = browser_of(filled, "supervisor")
    queue = browser.get("/tasks/records").text
    assert "Looks like one household twice" in queue or "Looks like one person twice" in queue
