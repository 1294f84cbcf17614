from __future__ import annotations

import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.survey import intake
from server.survey.site import Site
from server.tables.projections import Household, Person
from server.tables.reference import Village
from server.tables.truth import JournalEntry
from tests.builders import (
    NEXT_VILLAGE,
    VILLAGE,
    a_member,
    an_id,
    an_upload,
    roster_xml,
    screening_xml,
)
from tests.signed_in import browser_of

ID_NUMBER = "990000197005060028"
PERSON = f"/persons/{an_id('person', '王小一')}"


@pytest.fixture
def filled(site: Site) -> Site:
    """One completed household with a screened person, one refused in the next village."""
    with Session(site.engine) as session, session.begin():
        for code, name in ((VILLAGE, "高川村"), (NEXT_VILLAGE, "后村")):
            session.add(Village(code=code, name=name, township_code="130921211000"))
    member = a_member("王小一", id18=ID_NUMBER, has_id="yes")
    for xml in (
        roster_xml("uuid:r1", number="HH0001", members=[member]),
        roster_xml("uuid:r2", number="HH0002", village=NEXT_VILLAGE, consent="no"),
        screening_xml("uuid:s1", codes="lung_cancer severe_mental_disorder"),
    ):
        intake.receive(site, an_upload(xml))
    return site


def test_households_are_listed_by_outcome(filled: Site) -> None:
    supervisor = browser_of(filled, "supervisor")

    assert "HH0001" in supervisor.get("/households?outcome=done").text
    assert "HH0002" in supervisor.get("/households?outcome=refused").text
    assert "HH0001" not in supervisor.get("/households?outcome=refused").text


def test_a_household_shows_its_people_masked_and_its_visits(filled: Site) -> None:
    with Session(filled.engine) as session:
        household = session.scalars(select(Household.id).where(Household.number == "HH0001")).one()

    page = browser_of(filled, "supervisor").get(f"/households/{household}").text

    assert "王*" in page
    assert "王小一" not in page
    assert "张医生" in page


def test_persons_are_masked_in_lists_and_on_their_page(filled: Site) -> None:
    supervisor = browser_of(filled, "supervisor")

    for path in ("/persons", PERSON):
        page = supervisor.get(path).text
        assert "王*" in page
        assert "王小一" not in page
        assert ID_NUMBER not in page


def test_a_reason_shows_a_person_in_full_and_is_journalled(filled: Site) -> None:
    office = browser_of(filled, "office")

    refused = office.post(PERSON, {"reason": ""})
    shown = office.post(PERSON, {"reason": "核对身份证"})

    with Session(filled.engine) as session:
        notes = session.scalars(
            select(JournalEntry.detail).where(JournalEntry.action == "person_revealed")
        ).all()
    assert refused.status_code == 422
    assert ID_NUMBER not in refused.text
    assert "王小一" in shown.text
    assert ID_NUMBER in shown.text
    assert notes == [{"reason": "核对身份证"}]


def test_a_sensitive_disease_is_seen_only_with_the_right_to_it(filled: Site) -> None:
    supervisor, office = browser_of(filled, "supervisor"), browser_of(filled, "office")

    assert "mental" not in supervisor.get(PERSON).text
    assert "mental" in office.get(PERSON).text
    assert "王*" not in supervisor.get("/persons?code=severe_mental_disorder").text
    assert "王*" in office.get("/persons?code=severe_mental_disorder").text


def test_people_of_another_area_are_not_there(filled: Site) -> None:
    worker = browser_of(filled, "worker", (NEXT_VILLAGE,))

    assert worker.get(PERSON).status_code == 404
    assert "王*" not in worker.get("/persons").text
    assert "王*" not in worker.get(f"/persons?village={VILLAGE}").text
    assert "HH0001" not in worker.get("/households").text


@pytest.mark.parametrize("role", ["admin", "auditor", "hospital"])
def test_who_has_no_right_to_persons_sees_none(filled: Site, role: str) -> None:
    browser = browser_of(filled, role)

    for path in ("/persons", "/households", PERSON):
        assert browser.get(path).status_code == 403, path


def test_a_worker_cannot_reveal_a_person(filled: Site) -> None:
    worker = browser_of(filled, "worker")

    assert worker.post(PERSON, {"reason": "please"}).status_code == 403


def test_a_long_list_is_read_page_by_page(filled: Site) -> None:
    with Session(filled.engine) as session, session.begin():
        known = session.get_one(Person, an_id("person", "王小一"))
        columns = {column.name: getattr(known, column.name) for column in Person.__table__.columns}
        session.add_all(
            Person(**{**columns, "id": f"zz{number:03}", "name": f"陈{number}"})
            for number in range(60)
        )
    supervisor = browser_of(filled, "supervisor")

    first = supervisor.get("/persons").text
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = supervisor.get(older).text

    assert (first.count('scope="row"'), second.count('scope="row"')) == (50, 11)


@pytest.mark.parametrize("query", ["township=x", "village=%00", "after=a", "outcome=no", "code=é"])
def test_nonsense_in_a_query_shows_an_empty_or_whole_list(filled: Site, query: str) -> None:
    for path in ("/persons", "/households"):
        assert browser_of(filled, "supervisor", (f"1309{len(path):02}", "")).get(
            f"{path}?{query}"
        ).status_code in (200, 400)


def test_a_person_leads_to_the_records_that_speak_of_him(filled: Site) -> None:
    supervisor = browser_of(filled, "supervisor")

    page = supervisor.get(PERSON).text
    path = f"/submissions/?person={PERSON.rpartition('/')[2]}"
    records = supervisor.get(path).text

    assert f'href="{path}"' in page
    assert re.findall(r'href="/submissions/(\d+)', records) == ["3", "1"]


def test_nobody_is_listed_as_found_for_a_disease_that_the_reader_may_not_see(site: Site) -> None:
    for number, codes in enumerate(("severe_mental_disorder", "tb_suspect", "lung_cancer")):
        told = screening_xml(f"uuid:x{number}", person=f"x{number}", name="王小一", codes=codes)
        intake.receive(site, an_upload(told))

    def listed(role: str) -> int:
        page = browser_of(site, role).get("/persons?state=suspected").text
        return len(set(re.findall(r"/persons/[\w:-]+", page)))

    assert listed("office") == 3
    assert listed("supervisor") == listed("worker") == 1
