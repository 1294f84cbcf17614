"""The page of one village: what stands on it for whom."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import update

from server.database import writing_session
from server.survey import intake
from server.survey.registry.sample import import_sample
from server.survey.site import Site
from server.tables.reference import Clinic, Village
from tests.builders import (
    NEXT_VILLAGE,
    VILLAGE,
    a_member,
    an_id,
    an_upload,
    roster_xml,
    screening_xml,
    versions,
)
from tests.signed_in import browser_of

TOWNSHIP = "130921211000"
DISEASES = ("hypertension", "severe_mental_disorder", "active_tb", "hiv_aids")


@pytest.fixture
def visited(site: Site) -> Site:
    """A village where four persons were screened and one disease was found with each."""
    published = versions(site)
    with writing_session(site.engine) as session:
        import_sample(session, "test")
        session.execute(
            update(Village)
            .where(Village.code == VILLAGE)
            .values(households=8, register_source="census", register_on=date(2025, 12, 31))
        )
        session.add(
            Clinic(
                id="clinic-1",
                code="C1",
                name="高川村卫生室",
                kind="village_clinic",
                village_code=VILLAGE,
                township_code=TOWNSHIP,
                latitude=None,
                longitude=None,
            )
        )
    for number, disease in enumerate(DISEASES):
        person = an_id("person", number)
        roster = roster_xml(
            f"uuid:roster-{number}",
            members=[a_member(f"王{number}", entity=person)],
            key=an_id("household", number),
            version=published["household_roster"],
            fix="",
        )
        screening = screening_xml(
            f"uuid:screening-{number}",
            person=person,
            name=f"王{number}",
            codes=disease,
            version=published["disease_screening"],
        )
        for xml in (roster, screening):
            intake.receive(site, an_upload(xml))
    return site


def test_register_and_found_stand_side_by_side_with_the_registers_source(visited: Site) -> None:
    page = browser_of(visited, "office").get(f"/villages/{VILLAGE}").text

    assert '<b class="big">4</b> of 8 households done, 4 left' in page
    assert "Register: 8 households · census ·" in page
    assert "31 Dec 2025" in page


def test_outcomes_open_their_lists(visited: Site) -> None:
    page = browser_of(visited, "worker", [VILLAGE]).get(f"/villages/{VILLAGE}").text

    for outcome in ("completed", "refused", "absent_final", "vacated", "open"):
        assert f"/households?village={VILLAGE}&amp;outcome={outcome}" in page


def test_a_village_of_others_is_as_one_that_does_not_exist(visited: Site) -> None:
    neighbour = browser_of(visited, "worker", [NEXT_VILLAGE])

    answers = [neighbour.get(f"/villages/{code}") for code in (VILLAGE, "999999999999", "x")]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text.count("There is no such village here.") for answer in answers}) == 1


def test_sensitive_diseases_are_one_restricted_line_without_the_right(visited: Site) -> None:
    page = browser_of(visited, "supervisor", [TOWNSHIP]).get(f"/villages/{VILLAGE}").text

    assert "Hypertension" in page
    assert "mental" not in page.lower()
    assert "code=active_tb" not in page
    restricted = page[page.index("Restricted") :]
    assert restricted[: restricted.index("</tr>")].count(">3<") == 1


def test_in_the_township_the_office_sees_them_by_name_but_hiv(visited: Site) -> None:
    page = browser_of(visited, "office", [TOWNSHIP]).get(f"/villages/{VILLAGE}").text

    assert "code=severe_mental_disorder" in page
    assert "code=active_tb" in page
    assert "hiv" not in page.lower()
    assert "Restricted" in page


def test_outside_the_township_small_counts_of_sensitive_diseases_are_hidden(visited: Site) -> None:
    page = browser_of(visited, "office").get(f"/villages/{VILLAGE}").text

    assert page.count("fewer than 5") == 3
    assert "code=hypertension" in page
    assert "code=active_tb" not in page


def test_days_of_work_are_bars_and_a_table(visited: Site) -> None:
    page = browser_of(visited, "office").get(f"/villages/{VILLAGE}").text

    days = page[page.index("Days of work") :]
    assert "8 submissions, from " in days
    assert "Figures and files" in days
    assert "By form" in days


def test_flags_are_told_in_words_and_open_their_submissions(visited: Site) -> None:
    page = browser_of(visited, "supervisor", [TOWNSHIP]).get(f"/villages/{VILLAGE}").text

    assert "No position" in page
    assert f"/submissions/?village={VILLAGE}&amp;flag=fix_missing" in page


def test_flags_are_plain_figures_for_who_reads_no_submissions(visited: Site) -> None:
    page = browser_of(visited, "worker", [VILLAGE]).get(f"/villages/{VILLAGE}").text

    assert "No position" in page
    assert "/submissions/" not in page


def test_a_clinic_without_an_audit_says_so(visited: Site) -> None:
    page = browser_of(visited, "worker", [VILLAGE]).get(f"/villages/{VILLAGE}").text

    assert "高川村卫生室" in page
    assert "No audit in time" in page


def test_next_leads_to_the_village_with_fewer_left_and_round_again(visited: Site) -> None:
    office = browser_of(visited, "office", [TOWNSHIP])
    seen, code = [], VILLAGE
    for _ in range(33):
        page = office.get(f"/villages/{code}").text
        code = page.split('class="button" href="/villages/')[1][:12]
        seen.append(code)

    assert len(set(seen)) == 33
    assert seen[-1] == VILLAGE


def test_a_village_nobody_has_visited_or_counted_is_told_as_such(visited: Site) -> None:
    page = browser_of(visited, "office").get(f"/villages/{NEXT_VILLAGE}").text

    assert "Nobody has told how many households there are." in page
    assert "Nobody has been here yet." in page
    assert "Nothing looks wrong." in page
    assert "No register" in page


def test_a_browser_keeps_no_page_that_names_sensitive_diseases(visited: Site) -> None:
    kept = {
        role: "X-Doorstep-Keep" in browser_of(visited, role).get(f"/villages/{VILLAGE}").headers
        for role in ("supervisor", "office")
    }

    assert kept == {"supervisor": True, "office": False}
