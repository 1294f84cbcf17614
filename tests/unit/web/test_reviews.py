"""Work on a submission at a desk: reviews, versions, the bin, wiping out, parked ones, files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import files, intake, phones, purging, replay
from server.survey.areas import WHOLE_SITE
from server.survey.site import Site
from server.tables.projections import Entity, Household, Person, Projected
from server.tables.reference import Village
from server.tables.truth import Attachment, Submission
from tests.builders import RECEIVED_AT, VILLAGE, a_member, roster_xml, screening_xml
from tests.phone_site import client_of, path
from tests.signed_in import Browser, browser_of

AUDIT = (
    b"event,node,start,end,latitude,longitude,accuracy\n"
    b"question,/data/hh/hh_no,1000,61000,38.1,116.9,9\n"
    b"question,/data/hh/village,61000,62000,38.101,116.9,9\n"
    b"question,/data/hh/hh_no,62000,63000,38.1,116.901,9\n"
)


@pytest.fixture(autouse=True)
def _village(site: Site) -> None:
    with writing_session(site.engine) as session:
        session.add(
            Village(
                code=VILLAGE,
                name="高川村",
                township_code="130921211000",
                latitude=38.1,
                longitude=116.9,
            )
        )


@pytest.fixture
def office(site: Site) -> Browser:
    return browser_of(site, "office")


def send(site: Site, xml: bytes, *kept: files.KeptFile, minutes: int = 0) -> intake.Receipt:
    at = RECEIVED_AT + timedelta(minutes=minutes)
    return intake.receive(site, intake.Upload(1, xml, kept, None, "", at))


def count(site: Site, table: type) -> int:
    with Session(site.engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def states(site: Site) -> list[tuple[str, str]]:
    with Session(site.engine) as session:
        rows = session.execute(
            select(Projected.state, Projected.reason).order_by(Projected.submission_id)
        )
        return [(state, reason) for state, reason in rows]


def with_photo(xml: bytes, name: str) -> bytes:
    return xml.replace(b"</known>", f"<dx_photo>{name}</dx_photo></known>".encode())


def test_a_review_stands_until_an_edit_comes_after_it(site: Site, office: Browser) -> None:
    # openrosa C21: an edit sets the review state to "edited".
    send(site, roster_xml("uuid:1"))
    office.post("/submissions/1/note", {"state": "approved", "body": "looks right"})
    approved = office.get("/submissions/1").text

    later = intake.Upload(1, roster_xml("uuid:2", deprecated="uuid:1"), (), None, "", _soon())
    intake.receive(site, later)

    assert "approved" in approved.split("<h2")[0]
    assert "looks right" in approved
    assert "edited since" in office.get("/submissions/2").text


def _soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


def test_two_versions_are_compared_question_by_question_behind_the_veil(
    site: Site, office: Browser
) -> None:
    send(site, roster_xml("uuid:1", number="HH0001", members=[a_member("王小一")]))
    other = roster_xml("uuid:2", number="HH0002", members=[a_member("李小二")], deprecated="uuid:1")
    send(site, other, minutes=1)

    page = office.get("/submissions/1/compare/2").text

    assert "HH0001" in page
    assert "HH0002" in page
    assert "王*" in page
    assert "王小一" not in page
    assert office.get("/submissions/1/compare/3").status_code == 404


def test_the_bin_takes_a_submission_out_of_all_counts_and_gives_it_back(
    site: Site, office: Browser
) -> None:
    # openrosa C19: what lies in the bin is thanked for when it comes again.
    xml = roster_xml("uuid:1", number="HH0001", members=[a_member()])
    send(site, xml)

    office.post("/submissions/1/bin", {"reason": "a try-out"})
    replay.catch_up(site)
    gone = states(site), count(site, Household), count(site, Person)
    again = send(site, xml)
    office.post("/submissions/1/restore")
    replay.catch_up(site)

    assert gone == ([("binned", "")], 0, 0)
    assert again.outcome == "again"
    assert (states(site), count(site, Household)) == ([("projected", "")], 1)


def test_an_edit_of_what_lies_in_the_bin_is_kept_there(site: Site, office: Browser) -> None:
    send(site, roster_xml("uuid:1"))
    office.post("/submissions/1/bin", {"reason": "a try-out"})

    send(site, roster_xml("uuid:2", deprecated="uuid:1"), minutes=1)
    replay.catch_up(site)

    assert [state for state, _ in states(site)] == ["binned", "binned"]


def test_wiping_out_leaves_nothing_but_that_it_was_there(site: Site, office: Browser) -> None:
    # openrosa J14
    photo = files.keep(site.settings.files, "paper.jpg", b"\xff\xd8\xff")
    xml = roster_xml("uuid:1", number="HH0001", members=[a_member("王小一")])
    send(site, xml, photo)
    send(site, roster_xml("uuid:2", number="HH0001", deprecated="uuid:1"), minutes=1)

    refused = office.post("/submissions/2/purge", {"reason": "asked for it"}, follow_redirects=True)
    office.post("/submissions/2/bin", {"reason": "asked for it"})
    office.post("/submissions/2/purge", {"reason": "asked for it"})
    purging.sweep(site, [photo.sha256], settled_s=0)
    replay.catch_up(site)

    assert "Lay it in the bin first." in refused.text
    for table in (Submission, Attachment, Projected, Household, Person, Entity):
        assert count(site, table) == 0, table
    assert not files.path_of(site.settings.files, photo.sha256).exists()
    assert office.get("/submissions/1").status_code == 404


@pytest.mark.parametrize("instance", ["uuid:1", "uuid:5"])
def test_what_was_wiped_out_and_comes_again_is_thanked_for_and_not_kept(
    site: Site, office: Browser, instance: str
) -> None:
    send(site, roster_xml("uuid:1"))
    office.post("/submissions/1/bin", {"reason": "asked for it"})
    office.post("/submissions/1/purge", {"reason": "asked for it"})
    phone = a_phone(site)
    client = client_of(site)
    xml = roster_xml(instance, deprecated="" if instance == "uuid:1" else "uuid:1")

    answer = upload(client, path(phone, "submission"), xml, {"paper.jpg": b"\xff\xd8new"})

    assert answer == 201
    assert (count(site, Submission), count(site, Attachment)) == (0, 0)
    kept = files.keep(site.settings.files, "x", b"")
    stored = [one for one in site.settings.files.rglob("*") if one.is_file()]
    assert stored == [files.path_of(site.settings.files, kept.sha256)]


def a_phone(site: Site) -> phones.NewPhone:
    with writing_session(site.engine) as session:
        return phones.add_phone(session, 1, "Amina", [VILLAGE], WHOLE_SITE)


def upload(client: FlaskClient, address: str, xml: bytes, more: dict[str, bytes]) -> int:
    parts = {"xml_submission_file": (BytesIO(xml), "a.xml")}
    parts |= {name: (BytesIO(content), name) for name, content in more.items()}
    return client.post(address, data=parts, content_type="multipart/form-data").status_code


def test_a_file_shared_with_another_submission_stays_when_one_is_wiped_out(
    site: Site, office: Browser
) -> None:
    photo = files.keep(site.settings.files, "paper.jpg", b"\xff\xd8\xff")
    send(site, with_photo(screening_xml("uuid:1"), "paper.jpg"), photo)
    send(site, with_photo(screening_xml("uuid:2"), "paper.jpg"), photo, minutes=1)
    office.post("/submissions/1/bin", {"reason": "twice"})
    office.post("/submissions/1/purge", {"reason": "twice"})

    removed = purging.sweep(site, [photo.sha256], settled_s=0)

    assert removed == 0
    assert files.path_of(site.settings.files, photo.sha256).exists()


def test_files_an_edit_names_and_does_not_bring_are_those_of_the_version_before(
    site: Site, office: Browser
) -> None:
    # openrosa C21; C9: a file no answer names is kept aside.
    photo = files.keep(site.settings.files, "paper.jpg", b"\xff\xd8\xff")
    stray = files.keep(site.settings.files, "stray.jpg", b"\xff\xd8\xfe")
    send(site, with_photo(screening_xml("uuid:1"), "paper.jpg"), photo, stray)
    edit = with_photo(screening_xml("uuid:2"), "paper.jpg").replace(
        b"</orx:instanceID>", b"</orx:instanceID><orx:deprecatedID>uuid:1</orx:deprecatedID>"
    )
    send(site, edit, minutes=1)

    page = office.get("/submissions/2").text

    assert "from an earlier version" in page
    assert office.get("/submissions/2/files/paper.jpg").data == b"\xff\xd8\xff"
    assert "stray.jpg" not in page
    assert "kept aside: no answer names it" in office.get("/submissions/1").text


def test_the_list_finds_those_whose_files_have_not_all_come(site: Site, office: Browser) -> None:
    # openrosa C7: complete is what has all the files its answers name.
    photo = files.keep(site.settings.files, "paper.jpg", b"\xff\xd8\xff")
    send(site, with_photo(screening_xml("uuid:1"), "paper.jpg"), photo)
    send(site, with_photo(screening_xml("uuid:2"), "other.jpg"), minutes=1)
    send(site, screening_xml("uuid:3"), minutes=2)

    page = office.get("/submissions/?lacks_files=1").text

    assert 'href="/submissions/2?list=' in page
    assert 'href="/submissions/1?list=' not in page
    assert 'href="/submissions/3?list=' not in page


def test_parked_ones_can_be_read_as_another_version_and_no_longer(
    site: Site, office: Browser
) -> None:
    # openrosa C17
    send(site, roster_xml("uuid:1", number="HH0001", version="1999"))
    page = office.get("/submissions/parked/").text
    told = {"form": "household_roster", "version": "1999"}

    office.post("/submissions/parked/", {**told, "other": "2026112202"})
    replay.catch_up(site)
    read = states(site), count(site, Household), office.get("/submissions/1").text
    rebuilt = replay.rebuild(site), states(site)
    office.post("/submissions/parked/", {**told, "other": ""})
    replay.catch_up(site)

    assert "1999" in page
    assert read[:2] == ([("projected", "")], 1)
    assert "HH0001" in read[2]
    assert rebuilt == (1, [("projected", "")])
    assert states(site) == [("parked", "version_unknown")]


def test_how_a_form_was_filled_in_and_where_is_shown(site: Site, office: Browser) -> None:
    log = files.keep(site.settings.files, "audit.csv", AUDIT)
    xml = roster_xml("uuid:1").replace(
        b"<orx:instanceID>", b"<orx:audit>audit.csv</orx:audit><orx:instanceID>"
    )
    send(site, xml, log)

    page = office.get("/submissions/1").text

    assert "How it was filled in" in page
    assert "Registered-poor household number" in page
    assert "<polyline" in page
    assert "Middle of 高川村" in page


def test_a_damaged_log_does_no_harm(site: Site, office: Browser) -> None:
    log = files.keep(site.settings.files, "audit.csv", b'\xff\x00"nothing')
    send(site, roster_xml("uuid:1"), log)

    assert office.get("/submissions/1").status_code == 200


def test_a_supervisor_reviews_and_removes_nothing(site: Site) -> None:
    send(site, roster_xml("uuid:1"))
    supervisor = browser_of(site, "supervisor")

    page = supervisor.get("/submissions/1").text
    refused = [
        supervisor.post(f"/submissions/1/{what}", {"reason": "x"}).status_code
        for what in ("bin", "restore", "purge")
    ]

    assert "Review and comments" in page
    assert "Lay in the bin" not in page
    assert refused == [403, 403, 403]


@pytest.mark.parametrize(
    ("xml", "status", "words"),
    [
        (roster_xml("uuid:1", fix="38.1 116.9 0 10"), 201, "Received."),
        (roster_xml("uuid:1", fix="0 0 0 0"), 201, "looks unusual"),
        (roster_xml("uuid:1", version="1999"), 202, "does not have this version"),
        (roster_xml("uuid:1", deprecated="uuid:0"), 202, "The record it edits has not come"),
    ],
)
def test_a_phone_is_told_what_to_do_next(site: Site, xml: bytes, status: int, words: str) -> None:
    # openrosa C12, C13, J12: words for the worker, nothing of the answers in them.
    client, phone = client_of(site), a_phone(site)

    answer = client.post(
        path(phone, "submission"),
        data={"xml_submission_file": (BytesIO(xml), "a.xml")},
        content_type="multipart/form-data",
        headers={"Accept-Language": "en"},
    )

    assert answer.status_code == status
    assert words in answer.text
    assert answer.headers["Content-Language"] == "en"
    assert "HH" not in answer.text
