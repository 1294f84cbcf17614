"""The pages of back-checks: draw after a look, both answers side by side, and the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from server.config import Settings
from server.survey import first_run
from server.survey.back_checks import rates
from server.survey.quality import thresholds
from server.survey.site import Site, open_site
from tests.back_check_site import NOW, draw, second_xml, send, two_workers
from tests.signed_in import Browser, browser_of

WISH = {
    "starts_on": "2026-11-20",
    "ends_on": "2026-11-20",
    "area": "",
    "stratum": "worker",
    "share": "10",
    "least": "2",
    "seed": "7",
    "phone": "",
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """On SQLite: the queries are tried on both databases beside what they belong to."""
    opened = open_site(Settings.read({}, str(tmp_path / "site"), None))
    first_run.prepare(opened)
    yield opened
    opened.close()


@pytest.fixture
def supervisor(site: Site) -> Browser:
    return browser_of(site, "supervisor", ["130921211000"])


def test_households_are_drawn_after_a_look(site: Site, supervisor: Browser) -> None:
    two_workers(site)
    preview = supervisor.post("/back-checks/", WISH).location
    shown = supervisor.get(preview).text
    fingerprint = re.search(r'name="fingerprint" value="(\w+)"', shown)
    assert fingerprint

    done = supervisor.post(preview, {"fingerprint": fingerprint[1]})

    assert "4</b> households would be asked again" in shown
    page = supervisor.get(done.location).text
    assert "of 4 households asked again" in page
    assert page.count("北街村 Hp") == 2


def test_a_preview_that_is_out_of_date_is_refused(site: Site, supervisor: Browser) -> None:
    two_workers(site)
    preview = supervisor.post("/back-checks/", WISH).location
    draw(site, least=1)

    answer = supervisor.post(preview, {"fingerprint": "of yesterday"}, follow_redirects=True)

    assert "have changed since the preview" in answer.text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"share": "80"}, "Take a share between 1 and 50 percent"),
        ({"seed": "many"}, "at most 9 digits"),
        ({"starts_on": "soon"}, "This is no day"),
        ({"area": "no code"}, "No interview of these days"),
    ],
)
def test_what_cannot_be_drawn_is_said_beside_its_field(
    site: Site, supervisor: Browser, wrong: dict[str, str], words: str
) -> None:
    two_workers(site, households=1)

    answer = supervisor.post("/back-checks/", {**WISH, **wrong})

    assert answer.status_code == 422
    assert words in answer.text


def test_a_household_shows_both_answers_and_goes_to_another_phone(
    site: Site, supervisor: Browser
) -> None:
    first, second = two_workers(site)
    asked, waiting = [one for one in draw(site) if one.phone_id == second][:2]
    send(site, second_xml(asked, hh_size="5"), second)

    shown = supervisor.get(f"/back-checks/entries/{asked.id}").text
    refused = supervisor.post(f"/back-checks/entries/{waiting.id}/give", {"phone": str(first)})
    taken = supervisor.post(f"/back-checks/entries/{waiting.id}/withdraw", follow_redirects=True)

    assert "1</b> of 7 answers differ" in shown
    assert "differs" in shown
    assert refused.status_code == 422
    assert "Taken back" in taken.text


def test_the_overview_tells_of_workers_and_the_file_of_all_answers(
    site: Site, supervisor: Browser
) -> None:
    _, second = two_workers(site, households=12)
    for entry in draw(site, least=12):
        told = {"hh_size": "3"} if entry.phone_id == second else {}
        send(site, second_xml(entry, **told), entry.phone_id)
    with Session(site.engine) as session:
        chosen = thresholds.current(session)
    rates.work_out(site, chosen, NOW)

    page = supervisor.get("/back-checks/").text
    lines = supervisor.get("/back-checks/answers.csv").text.splitlines()

    assert "24</b> of 24 households asked again" in page
    assert "100% (76% to 100%)" in page
    assert "Worth a talk" in page
    assert len(lines) == 1 + 24 * 7
    assert sum(line.endswith(",1") for line in lines) == 12
    assert "王" not in "".join(lines)
