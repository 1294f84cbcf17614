"""Moving in by an uploaded zip, and taking everything out, on pages."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import intake
from server.survey.moving.leaving import Leaving
from server.survey.site import Site
from server.tables.truth import JournalEntry, Submission
from tests.builders import VILLAGE, an_upload, roster_xml
from tests.signed_in import Browser, browser_of

CENTRAL = Path(__file__).parents[2] / "samples/moving/central"


def a_zip(*paths: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in paths or sorted(CENTRAL.rglob("*.*")):
            archive.write(path, str(path.relative_to(CENTRAL)))
    return packed.getvalue()


def upload(browser: Browser, content: bytes, name: str = "central.zip") -> str:
    answer = browser.post("/moving/in", {"file": (io.BytesIO(content), name)})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def finished(browser: Browser, address: str) -> str:
    for thread in threading.enumerate():
        if thread.name == "moving in":
            thread.join(60)
    return browser.get(address).text


def test_an_upload_is_looked_at_moved_in_and_told_of(site: Site) -> None:
    browser = browser_of(site, "admin")
    address = upload(browser, a_zip())

    before = browser.get(address).text
    begun = browser.post(address)
    after = finished(browser, address)

    assert "of <b" in before
    assert "Visits" in before
    assert "no question for the columns old_question" in before
    assert begun.status_code == 303
    assert "submissions moved in" in after
    with Session(site.engine) as session:
        assert len(session.scalars(select(Submission)).all()) == 3
        (entry,) = session.scalars(select(JournalEntry).where(JournalEntry.action == "moved_in"))
    assert (entry.detail["submissions"], entry.detail["entities"]) == (3, 2)


def test_looking_changes_nothing(site: Site) -> None:
    browser = browser_of(site, "office")

    browser.get(upload(browser, a_zip()))

    with Session(site.engine) as session:
        assert session.scalars(select(Submission)).all() == []


def test_what_cannot_be_unpacked_is_told_beside_the_file(site: Site) -> None:
    browser = browser_of(site, "admin")

    answer = browser.get(upload(browser, b"PK\x03\x04 broken"))

    assert answer.status_code == 422
    assert "is damaged" in answer.text


def test_a_zip_bomb_is_refused(site: Site) -> None:
    # J1
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.csv", b"0" * 20_000_000)
    browser = browser_of(site, "admin")

    answer = browser.get(upload(browser, bomb.getvalue()))

    assert answer.status_code == 422
    assert "unpacks to far more than it weighs" in answer.text


@pytest.mark.parametrize("role", ["worker", "supervisor", "hospital", "auditor"])
def test_others_find_neither(site: Site, role: str) -> None:
    browser = browser_of(site, role)

    assert browser.get("/moving/").status_code == 403
    assert browser.post("/moving/out", {"reason": "why"}).status_code == 403


def test_who_has_a_part_of_the_site_moves_nothing(site: Site) -> None:
    browser = browser_of(site, "office", [VILLAGE[:9]])

    assert "concerns the whole site" in browser.get("/moving/").text
    assert browser.post("/moving/out", {"reason": "why"}).status_code == 403
    sent = {"file": (io.BytesIO(a_zip()), "central.zip")}
    assert browser.post("/moving/in", sent).status_code == 403


def test_who_runs_the_site_sees_no_persons_and_takes_none_out(site: Site) -> None:
    browser = browser_of(site, "admin")

    assert "Take everything out" not in browser.get("/moving/").text
    assert browser.post("/moving/out", {"reason": "why"}).status_code == 403


def test_the_office_takes_everything_with_a_reason_that_the_journal_keeps(site: Site) -> None:
    intake.receive(site, an_upload(roster_xml()))
    browser = browser_of(site, "office")

    without = browser.post("/moving/out", {"reason": " "})
    taken = browser.post("/moving/out", {"reason": "a new server"})

    assert without.status_code == 422
    assert taken.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(taken.data)) as archive:
        names = archive.namelist()
    assert "received.csv" in names
    assert any(name.endswith("/submission.xml") for name in names)
    with Session(site.engine) as session:
        (entry,) = session.scalars(select(JournalEntry).where(JournalEntry.action == "moved_out"))
    assert entry.detail["reason"] == "a new server"


def test_others_write_while_everything_is_taken_out(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_noted: list[bool] = []

    def members(_: Leaving) -> Iterator[object]:
        with writing_session(site.engine) as session:  # For ever, if the page held the turn.
            actions = session.scalars(select(JournalEntry.action)).all()
        is_noted.append("moved_out" in actions)
        return iter(())

    monkeypatch.setattr(Leaving, "members", members)

    browser_of(site, "office").post("/moving/out", {"reason": "a new server"})

    assert is_noted == [True]


def test_an_upload_that_is_gone_is_missing(site: Site) -> None:
    browser = browser_of(site, "admin")

    assert browser.get(f"/moving/in/{'0' * 64}").status_code == 404
    assert browser.get("/moving/in/..%2f..%2fsecrets.json").status_code == 404
