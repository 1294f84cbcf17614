"""Pages of what was found twice: masked, and by area."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from server.survey import intake
from server.survey.site import Site
from server.tables.reference import Village
from tests.builders import NEXT_VILLAGE, VILLAGE, a_member, an_id, an_upload, roster_xml
from tests.signed_in import browser_of

ID = "990000197005060028"
PERSON = f"/persons/{an_id('person', '王小一')}"


@pytest.fixture
def filled(site: Site) -> Site:
    """One ID number in two households of two villages."""
    with Session(site.engine) as session, session.begin():
        for code, name in ((VILLAGE, "高川村"), (NEXT_VILLAGE, "后村")):
            session.add(Village(code=code, name=name, township_code="130921211000"))
    for number, (village, name) in enumerate(((VILLAGE, "王小一"), (NEXT_VILLAGE, "赵晓一"))):
        members = [a_member(name, id18=ID, has_id="yes")]
        xml = roster_xml(f"uuid:r{number}", number=f"HH{number}", village=village, members=members)
        intake.receive(site, an_upload(xml))
    return site


def test_the_list_names_both_masked(filled: Site) -> None:
    page = browser_of(filled, "supervisor").get("/duplicates?kind=same_id_number").text

    assert "王*" in page
    assert "赵*" in page
    assert "王小一" not in page
    assert ID not in page


def test_a_reader_sees_his_own_and_that_there_is_another(filled: Site) -> None:
    browser = browser_of(filled, "supervisor", [VILLAGE])

    listed, person = browser.get("/duplicates?kind=same_id_number").text, browser.get(PERSON).text

    assert "赵*" not in listed
    assert "赵*" not in person
    assert "1 outside your areas" in person


def test_the_village_counts_it_and_leads_to_the_list(filled: Site) -> None:
    browser = browser_of(filled, "supervisor")

    assert "/duplicates?village=130921211201" in browser.get(f"/villages/{VILLAGE}").text
    assert "赵*" not in browser.get(f"/duplicates?village={VILLAGE}").text
    assert browser.get("/duplicates?kind=nonsense&village=abc&after=x").status_code == 200
    for kind in ("same_phone", "screened_twice"):
        assert "Nothing looks wrong" in browser.get(f"/duplicates?kind={kind}").text


def test_who_may_not_see_persons_sees_none_twice(filled: Site) -> None:
    assert browser_of(filled, "admin").get("/duplicates").status_code == 403
