"""Reviewing at a desk: finding by answers, saying the same of several, going on to the next."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import intake
from server.survey.site import Site
from server.tables.decisions import SubmissionNote
from server.tables.reference import Village
from server.tables.truth import JournalEntry
from tests.builders import (
    NEXT_VILLAGE,
    RECEIVED_AT,
    VILLAGE,
    a_member,
    an_upload,
    roster_xml,
    screening_xml,
)
from tests.signed_in import Browser, browser_of

ID_NUMBER = "990000194912310028"
LIN = a_member("林大山", has_id="yes", id18=ID_NUMBER, dob="1949-12-31")


@pytest.fixture
def filled(site: Site) -> Site:
    with writing_session(site.engine) as session:
        session.add_all(
            Village(code=code, name=name, township_code="130921211000")
            for code, name in ((VILLAGE, "高川村"), (NEXT_VILLAGE, "后村"))
        )
    sent = (
        roster_xml("uuid:1", number="HH0001", members=[LIN]),
        roster_xml("uuid:2", number="HH0002", members=[a_member("王小二")]),
        screening_xml("uuid:3", name="林大山", codes="lung_cancer").replace(
            b"<result>", b"<meas><sbp1>185</sbp1></meas><result>"
        ),
        screening_xml("uuid:4", name="李小三", village=NEXT_VILLAGE, codes="tb_suspect"),
    )
    for number, xml in enumerate(sent):
        intake.receive(site, an_upload(xml, RECEIVED_AT + timedelta(minutes=number)))
    return site


@pytest.fixture
def office(filled: Site) -> Browser:
    return browser_of(filled, "office")


@pytest.fixture
def supervisor(filled: Site) -> Browser:
    return browser_of(filled, "supervisor")


def found(browser: Browser, **asked: object) -> list[int]:
    page = browser.get("/submissions/", query_string=asked).text
    return [int(one) for one in re.findall(r"/submissions/(\d+)\?list=", page)]


def test_a_word_of_any_answer_finds_its_submissions(office: Browser) -> None:
    assert found(office, q="HH0002") == [2]
    assert found(office, q="nowhere to be found") == []


def test_a_choice_is_found_by_its_words_in_either_language(office: Browser) -> None:
    assert found(office, q="Registered poor, not") == [2, 1]
    assert found(office, q="建档立卡未脱贫") == [2, 1]


def test_a_name_is_found_whole_and_never_by_a_part(supervisor: Browser) -> None:
    assert found(supervisor, q="林大山") == [3, 1]
    assert found(supervisor, q="林大") == []


def test_an_id_number_is_found_whole_and_never_by_a_part(
    office: Browser, supervisor: Browser
) -> None:
    assert found(supervisor, q=ID_NUMBER) == [1]
    assert found(office, q=ID_NUMBER[:12]) == []
    assert "9900**********0028" in supervisor.get(f"/submissions/?q={ID_NUMBER}").text


def test_what_a_reader_may_not_see_is_not_found(office: Browser, supervisor: Browser) -> None:
    assert found(office, q="tb_suspect") == [4]
    assert found(supervisor, q="tb_suspect") == []
    assert found(supervisor, q="lung_cancer") == []


def test_nothing_of_another_area_is_found(filled: Site) -> None:
    narrow = browser_of(filled, "supervisor", [NEXT_VILLAGE])

    assert found(narrow, q="林大山") == []
    assert found(narrow, q="李小三") == [4]


@pytest.mark.parametrize(
    ("comparison", "text", "expected"),
    [("is", "185", [3]), ("at_least", "180", [3]), ("at_most", "180", []), ("empty", "", [4])],
)
def test_one_question_is_held_against_a_value(
    office: Browser, comparison: str, text: str, expected: list[int]
) -> None:
    form = {"form": "disease_screening"}
    page = office.get("/submissions/", query_string=form).text
    path = re.search(r'<option value="([^"]*sbp1)"', page)
    assert path is not None

    answers = found(office, **form, question=path[1], **{"is": comparison}, q=text)

    assert answers == expected


def test_a_search_says_how_far_it_looked_and_goes_on(
    office: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.survey.answer_search.MOST_READ", 2)

    first = office.get("/submissions/?q=poor").text
    onward = re.search(r'href="([^"]*before=3[^"]*)">Look further', first)
    assert onward is not None
    rest = office.get(onward[1].replace("&amp;", "&")).text

    assert "Looked through the submissions from № 3 on." in first
    assert re.findall(r"/submissions/(\d+)\?list=", rest) == ["2", "1"]


def test_several_are_reviewed_at_once(filled: Site, supervisor: Browser) -> None:
    answer = supervisor.post(
        "/submissions/review",
        {"id": ["1", "3"], "state": "approved", "body": "seen", "next": "/submissions/?village="},
    )

    assert answer.status_code == 303
    assert found(supervisor, review="approved") == [3, 1]
    assert found(supervisor, review="received") == [4, 2]
    with Session(filled.engine) as session:
        assert len(session.scalars(select(SubmissionNote)).all()) == 2
        entry = session.scalars(select(JournalEntry).order_by(JournalEntry.id.desc())).first()
        assert entry is not None
        assert entry.action == "submission_reviewed"
        assert entry.detail["ids"] == [1, 3]


def test_all_of_a_page_are_reviewed_at_once(supervisor: Browser) -> None:
    listed = ["4", "3", "2", "1"]

    supervisor.post(
        "/submissions/review", {"listed": listed, "every": "1", "state": "has_issues", "body": ""}
    )

    assert found(supervisor, review="has_issues") == [4, 3, 2, 1]


def test_of_several_one_of_another_area_leaves_all_as_they_were(filled: Site) -> None:
    narrow = browser_of(filled, "supervisor", [NEXT_VILLAGE])

    answer = narrow.post("/submissions/review", {"id": ["4", "1"], "state": "approved"})

    assert answer.status_code == 404
    assert found(narrow, review="approved") == []


def test_an_edit_after_the_review_is_listed_as_edited(filled: Site, supervisor: Browser) -> None:
    supervisor.post("/submissions/review", {"id": ["2"], "state": "approved"})
    edit = roster_xml("uuid:2b", number="HH0002", members=[a_member("王小二")], deprecated="uuid:2")
    from_now = RECEIVED_AT + timedelta(days=3650)
    intake.receive(filled, an_upload(edit, from_now))

    assert found(supervisor, review="edited") == [5]
    assert found(supervisor, review="approved") == []
    supervisor.post("/submissions/5/note", {"state": "rejected", "body": ""})


def test_the_page_of_one_leads_to_the_next_of_its_list(supervisor: Browser) -> None:
    page = supervisor.get("/submissions/3?list=form%3Ddisease_screening").text
    roster = supervisor.get("/submissions/2?list=form%3Dhousehold_roster").text

    assert 'rel="next"' not in page
    assert re.search(r'rel="next" href="/submissions/1\?list=form', roster)
    went_on = supervisor.post(
        "/submissions/2/note",
        {"state": "approved", "body": "", "go_on": "/submissions/1?list=form%3Dhousehold_roster"},
    )
    assert went_on.location == "/submissions/1?list=form%3Dhousehold_roster"
    elsewhere = supervisor.post(
        "/submissions/2/note", {"state": "approved", "go_on": "https://elsewhere.example/"}
    )
    assert "elsewhere" not in elsewhere.location


def test_a_search_is_journalled_without_its_words(filled: Site, supervisor: Browser) -> None:
    found(supervisor, q="林大山", form="household_roster")

    with Session(filled.engine) as session:
        entry = session.scalars(select(JournalEntry).order_by(JournalEntry.id.desc())).first()
        assert entry is not None
        assert entry.action == "submissions_searched"
        assert "林大山" not in str(entry.detail)


def test_a_code_that_is_not_for_the_reader_is_no_answer_wherever_it_stands(
    filled: Site, supervisor: Browser, office: Browser
) -> None:
    told = roster_xml("uuid:5", number="hiv_aids")
    intake.receive(filled, an_upload(told, RECEIVED_AT + timedelta(minutes=9)))

    assert found(office, q="hiv_aids") == [5]
    assert found(supervisor, q="hiv_aids") == []
