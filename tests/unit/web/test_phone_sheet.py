"""Codes for a team on paper: chosen, confirmed, made once; the old codes end with it."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import journal, phones
from server.survey.areas import WHOLE_SITE
from server.survey.site import Site
from tests import phone_site
from tests.phone_site import AWAY, HERE, NEXT, add_phone
from tests.signed_in import Browser, browser_of

ADDRESS = "http://192.168.1.10:8080"


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    opened = phone_site.open_phone_site(tmp_path / "site", database_url)
    yield opened
    opened.close()


@pytest.fixture
def supervisor(site: Site) -> Browser:
    return browser_of(site, "supervisor", ["130921"])


def chosen(*ids: int, **more: object) -> dict[str, object]:
    return {"phone": [str(one) for one in ids], "address": ADDRESS, "per_page": "6", **more}


def is_let_in(site: Site, token: str) -> bool:
    with site.engine.connect() as connection:
        return phones.by_token(connection, token) is not None


def test_nothing_ends_before_it_was_confirmed(site: Site, supervisor: Browser) -> None:
    phone = add_phone(site, [HERE])

    page = supervisor.post("/phone-sheet/", chosen(phone.id))

    assert "end at once" in page.text
    assert is_let_in(site, phone.token)


def test_the_sheet_gives_new_codes_and_ends_the_old(site: Site, supervisor: Browser) -> None:
    """J9, D8: the PDF holds tokens, so it is made once and cached nowhere."""
    one, other, third = (add_phone(site, [code]) for code in (HERE, NEXT, HERE))

    answer = supervisor.post("/phone-sheet/", chosen(one.id, other.id, sure="1"))

    assert answer.status_code == 200
    assert answer.data.startswith(b"%PDF-")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    told = [is_let_in(site, phone.token) for phone in (one, other, third)]
    assert told == [False, False, True]
    with Session(site.engine) as session:
        assert "phone_sheet_made" in journal.actions(session)


def test_phones_nobody_heard_of_are_chosen_already(site: Site, supervisor: Browser) -> None:
    fresh, busy = add_phone(site, [HERE]), add_phone(site, [HERE])
    phone_site.client_of(site).get(phone_site.path(busy, "formList") + "?deviceID=a")
    # The client's application shares the site, so what it noted is written here.
    written = site.contacts.flush()
    assert written is not None
    written.result()

    page = supervisor.get("/phone-sheet/")

    assert f'value="{fresh.id}" checked' in page.text
    assert f'value="{busy.id}" checked' not in page.text


def test_only_phones_that_are_all_the_readers_can_be_chosen(
    site: Site, supervisor: Browser
) -> None:
    away, shared = add_phone(site, [AWAY]), add_phone(site, [HERE, AWAY])

    page = supervisor.post("/phone-sheet/", chosen(away.id, shared.id, sure="1"))

    assert page.status_code == 422
    assert is_let_in(site, away.token)
    assert is_let_in(site, shared.token)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"phone": []}, "Choose at least one phone."),
        ({"phone": ["x", "-1", "٣"]}, "Choose at least one phone."),
        ({"address": "nowhere"}, "http://192.168.1.10:8080"),
    ],
)
def test_what_is_wrong_is_told(
    site: Site, supervisor: Browser, more: dict[str, object], words: str
) -> None:
    phone = add_phone(site, [HERE])

    page = supervisor.post("/phone-sheet/", {**chosen(phone.id, sure="1"), **more})

    assert page.status_code == 422
    assert words in html.unescape(page.text)
    assert is_let_in(site, phone.token)


def test_a_phone_keeps_its_settings_when_its_code_is_made_anew(site: Site) -> None:
    """E4, E5: locked or free stays with the phone."""
    with writing_session(site.engine) as session:
        free = phones.add_phone(session, 1, "Bo", [HERE], WHOLE_SITE, preset="free")
        again = phones.rotate(session, free.id, WHOLE_SITE)
        locked = phones.rotate(session, free.id, WHOLE_SITE, "locked")

    assert (free.is_locked, again.is_locked, locked.is_locked) == (False, False, True)


@pytest.mark.parametrize("role", ["worker", "hospital", "auditor"])
def test_others_make_no_sheet(site: Site, role: str) -> None:
    phone = add_phone(site, [HERE])
    browser = browser_of(site, role)

    assert browser.get("/phone-sheet/").status_code == 403
    assert browser.post("/phone-sheet/", chosen(phone.id, sure="1")).status_code == 403
    assert is_let_in(site, phone.token)
