"""The round trip of a correction: from a desk to one phone, and back."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import intake, phones, replay
from server.survey.areas import WHOLE_SITE
from server.survey.phones import NewPhone
from server.survey.site import Site
from server.tables.projections import Household, Projected
from server.tables.reference import Village
from server.tables.truth import JournalEntry
from tests.builders import RECEIVED_AT, VILLAGE, a_member, roster_xml
from tests.phone_site import AWAY, client_of, path
from tests.signed_in import Browser, browser_of


@pytest.fixture(autouse=True)
def _village(site: Site) -> None:
    with writing_session(site.engine) as session:
        session.add(Village(code=VILLAGE, name="高川村", township_code="130921211000"))


@pytest.fixture
def mine(site: Site) -> NewPhone:
    return a_phone(site, "Amina")


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return client_of(site)


@pytest.fixture
def supervisor(site: Site) -> Browser:
    return browser_of(site, "supervisor", ["130921"])


def a_phone(site: Site, name: str) -> NewPhone:
    with writing_session(site.engine) as session:
        return phones.add_phone(session, 1, name, [VILLAGE], WHOLE_SITE)


def send(site: Site, phone: NewPhone, xml: bytes, minutes: int = 0) -> intake.Receipt:
    at = RECEIVED_AT + timedelta(minutes=minutes)
    receipt = intake.receive(site, intake.Upload(1, xml, (), phone.id, "collect:test", at))
    replay.catch_up(site)
    return receipt


def sent_back(client: FlaskClient, phone: NewPhone) -> list[dict[str, str]]:
    """What stands on a phone as sent back, as the list says it."""
    address = path(phone, "forms/household_roster/attachments/corrections.csv")
    return list(csv.DictReader(io.StringIO(client.get(address).text)))


def states(site: Site) -> list[str]:
    with Session(site.engine) as session:
        return list(session.scalars(select(Projected.state).order_by(Projected.submission_id)))


def sizes(site: Site) -> list[int | None]:
    with Session(site.engine) as session:
        return list(session.scalars(select(Household.size)))


def hash_of_list(client: FlaskClient, phone: NewPhone) -> str:
    manifest = client.get(path(phone, "forms/household_roster/manifest")).text
    line = manifest.split("<filename>corrections.csv</filename>")[1].split("</mediaFile>")[0]
    assert "/datasets/corrections/integrity" in line
    return line.split("<hash>")[1].split("</hash>")[0]


def test_a_record_sent_back_stands_on_the_phone_it_came_from_and_no_other(
    site: Site, client: FlaskClient, mine: NewPhone, supervisor: Browser
) -> None:
    # ODK entities F9, F25: the header always; the hash changes for the phone concerned alone.
    other = a_phone(site, "Botu")
    send(site, mine, roster_xml("uuid:1", number="HH0001"))
    before = hash_of_list(client, mine), hash_of_list(client, other)

    supervisor.post("/submissions/1/send-back", {"reason": "ID number  is wrong"})

    (entry,) = sent_back(client, mine)
    assert entry["reason"] == "ID number is wrong"
    assert (entry["form_id"], entry["__version"]) == ("household_roster", "1")
    assert "2026-11-20" in entry["label"]
    assert sent_back(client, other) == []
    after = hash_of_list(client, mine), hash_of_list(client, other)
    assert (after[0] == before[0], after[1] == before[1]) == (False, True)


def test_an_edit_of_the_record_closes_it(
    site: Site, client: FlaskClient, mine: NewPhone, supervisor: Browser
) -> None:
    # openrosa C20, C21
    send(site, mine, roster_xml("uuid:1", number="HH0001"))
    supervisor.post("/submissions/1/send-back", {"reason": "wrong"})

    send(site, mine, roster_xml("uuid:2", number="HH0001", deprecated="uuid:1"), 1)

    assert sent_back(client, mine) == []
    assert "an edit" in supervisor.get("/corrections/?state=done").text
    assert states(site) == ["replaced", "projected"]


def test_a_new_submission_that_names_it_stands_in_its_place(
    site: Site, client: FlaskClient, mine: NewPhone, supervisor: Browser
) -> None:
    two = [a_member("王小一"), a_member("李小二")]
    send(site, mine, roster_xml("uuid:1", number="HH0001", members=two))
    supervisor.post("/submissions/1/send-back", {"reason": "one person only"})
    (entry,) = sent_back(client, mine)

    fixed = roster_xml("uuid:9", number="HH0001", members=two[:1], corrects=entry["name"])
    receipt = send(site, mine, fixed, 1)

    assert receipt.is_correction
    assert states(site) == ["replaced", "projected"]
    assert sizes(site) == [1]
    assert sent_back(client, mine) == []
    assert "№ 1" in supervisor.get("/submissions/2").text
    arrived = states(site), sizes(site)
    replay.rebuild(site)
    assert (states(site), sizes(site)) == arrived


def test_when_the_correction_goes_into_the_bin_the_record_counts_again_and_waits(
    site: Site, client: FlaskClient, mine: NewPhone, supervisor: Browser
) -> None:
    send(site, mine, roster_xml("uuid:1", number="HH0001"))
    supervisor.post("/submissions/1/send-back", {"reason": "wrong"})
    (entry,) = sent_back(client, mine)
    send(site, mine, roster_xml("uuid:9", number="HH0001", corrects=entry["name"]), 1)

    browser_of(site, "office").post("/submissions/2/bin", {"reason": "a try-out"})
    replay.catch_up(site)

    assert states(site) == ["projected", "binned"]
    assert [one["name"] for one in sent_back(client, mine)] == [entry["name"]]


def test_an_entry_taken_back_leaves_the_phone(
    site: Site, client: FlaskClient, mine: NewPhone, supervisor: Browser
) -> None:
    send(site, mine, roster_xml("uuid:1"))
    supervisor.post("/submissions/1/send-back", {"reason": "wrong"})

    supervisor.post("/corrections/1/withdraw")

    assert sent_back(client, mine) == []
    assert "withdrawn" in supervisor.get("/corrections/?state=withdrawn").text


@pytest.mark.parametrize(
    ("reason", "words"), [("", "Say why."), ("again", "It was sent back before")]
)
def test_without_a_reason_or_twice_nothing_is_sent_back(
    site: Site, client: FlaskClient, mine: NewPhone, supervisor: Browser, reason: str, words: str
) -> None:
    send(site, mine, roster_xml("uuid:1"))
    if reason:
        supervisor.post("/submissions/1/send-back", {"reason": reason})

    page = supervisor.post("/submissions/1/send-back", {"reason": reason}, follow_redirects=True)

    assert words in page.text
    assert len(sent_back(client, mine)) == bool(reason)


def test_what_was_sent_back_is_in_the_journal_and_closed_to_other_areas(
    site: Site, mine: NewPhone, supervisor: Browser
) -> None:
    send(site, mine, roster_xml("uuid:1"))
    supervisor.post("/submissions/1/send-back", {"reason": "wrong"})
    stranger = browser_of(site, "supervisor", ["510726"])

    answers = [
        stranger.post("/submissions/1/send-back", {"reason": "x"}).status_code,
        stranger.post("/corrections/1/withdraw").status_code,
    ]

    assert answers == [404, 404]
    assert "№ 1" not in stranger.get("/corrections/").text
    with Session(site.engine) as session:
        actions = list(session.scalars(select(JournalEntry.action)))
    assert "submission_sent_back" in actions


def test_nothing_is_sent_to_phones_that_others_look_after(
    site: Site, client: FlaskClient, mine: NewPhone, supervisor: Browser
) -> None:
    with writing_session(site.engine) as session:
        session.add(Village(code=AWAY, name="远村", township_code="532301103000"))
        session.flush()
        away = phones.add_phone(session, 1, "Cheng", [AWAY], WHOLE_SITE)
    send(site, mine, roster_xml("uuid:1", number="HH0001"))

    answer = supervisor.post("/submissions/1/send-back", {"reason": "wrong", "phone": away.id})

    assert answer.status_code == 404
    assert sent_back(client, away) == []


def test_a_record_is_listed_for_its_area_whatever_else_the_phone_serves(
    site: Site, mine: NewPhone, supervisor: Browser
) -> None:
    with writing_session(site.engine) as session:
        session.add(Village(code=AWAY, name="远村", township_code="532301103000"))
        session.flush()
        phones.assign_villages(session, mine.id, [VILLAGE, AWAY], WHOLE_SITE)
    send(site, mine, roster_xml("uuid:1", number="HH0001"))
    supervisor.post("/submissions/1/send-back", {"reason": "a number"})
    other = browser_of(site, "supervisor", ["532301"])

    assert "a number" in supervisor.get("/corrections/").text
    assert "a number" not in other.get("/corrections/").text
    assert other.post("/corrections/1/withdraw").status_code == 404
