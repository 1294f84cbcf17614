"""Signing in, the one-time link, and what guessing costs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from server.app import make_app
from server.database import writing_session
from server.survey import accounts, credentials
from server.survey.accounts import Role
from server.survey.areas import WHOLE_SITE
from server.survey.site import Site
from server.tables.truth import JournalEntry
from tests.bare import bare_site

PASSWORD = "three old brown houses"
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    with bare_site(tmp_path / "site", database_url) as opened:
        yield opened


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return make_app(site).test_client()


def add_account(site: Site, name: str = "王芳", password: str | None = PASSWORD) -> str:
    """Add an account; returns the token of its one-time link, which ends with a password."""
    with writing_session(site.engine) as session:
        added = accounts.add(session, name, Role.ADMIN, [""], WHOLE_SITE)
        if password is not None:
            credentials.set_password(session, added.id, password)
            return ""
        return credentials.one_time_link(session, added.id)


def page_token(page: TestResponse) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', page.text)
    assert found
    return found[1]


def submit(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    """Open a page and send its form, as a browser does."""
    token = page_token(client.get(path, headers=ENGLISH))
    return client.post(path, data={"csrf": token, **fields}, headers=ENGLISH)


def journal(site: Site) -> list[tuple[str, str]]:
    with Session(site.engine) as session:
        rows = session.execute(select(JournalEntry.action, JournalEntry.subject))
        return [(action, subject) for action, subject in rows]


def test_name_and_password_lead_to_the_page_that_was_asked_for(
    site: Site, client: FlaskClient
) -> None:
    add_account(site)

    answer = submit(client, "/sign-in?next=/journal", name=" 王芳 ", password=PASSWORD)
    page = client.get("/journal")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/journal")
    assert page.status_code == 200
    assert ("signed_in", "王芳") in journal(site)


def test_a_wrong_password_is_told_and_keeps_the_name(site: Site, client: FlaskClient) -> None:
    add_account(site)

    answer = submit(client, "/sign-in", name="王芳", password="guess")

    assert answer.status_code == 401
    assert "Name and password do not match." in answer.text
    assert 'value="王芳"' in answer.text
    assert "guess" not in answer.text
    assert ("sign_in_failed", "王芳") in journal(site)


def test_an_unknown_name_is_told_the_same_and_is_not_written_down(
    site: Site, client: FlaskClient
) -> None:
    answer = submit(client, "/sign-in", name="my-password-by-mistake", password="x")

    assert "Name and password do not match." in answer.text
    ((action, subject),) = journal(site)
    assert action == "sign_in_failed"
    assert re.fullmatch("unknown:[0-9a-f]{12}", subject)


def test_guesses_wait_longer_and_longer(site: Site, client: FlaskClient) -> None:
    add_account(site)

    answers = [submit(client, "/sign-in", name="王芳", password=f"{n}") for n in range(4)]
    right = submit(client, "/sign-in", name="王芳", password=PASSWORD)

    assert [one.status_code for one in answers] == [401, 401, 401, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 5
    assert right.status_code == 429


def test_guesses_from_one_address_shut_nobody_else_out(site: Site, client: FlaskClient) -> None:
    add_account(site)
    add_account(site, "李四")
    for number in range(4):
        submit(client, "/sign-in", name="王芳", password=f"{number}")

    neighbour = submit(client, "/sign-in", name="李四", password=PASSWORD)
    elsewhere = make_app(site).test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "192.168.1.77"
    from_home = submit(elsewhere, "/sign-in", name="王芳", password=PASSWORD)

    assert neighbour.status_code == 303
    assert from_home.status_code == 303


def test_a_disabled_account_cannot_sign_in(site: Site, client: FlaskClient) -> None:
    add_account(site)
    with writing_session(site.engine) as session:
        accounts.disable(session, accounts.find_named(session, "王芳").id, WHOLE_SITE)

    answer = submit(client, "/sign-in", name="王芳", password=PASSWORD)

    assert answer.status_code == 401


def test_signing_in_needs_the_page_s_token(site: Site, client: FlaskClient) -> None:
    add_account(site)

    answer = client.post("/sign-in", data={"name": "王芳", "password": PASSWORD})

    assert answer.status_code == 400


def test_signing_out_ends_the_visit(site: Site, client: FlaskClient) -> None:
    add_account(site)
    submit(client, "/sign-in", name="王芳", password=PASSWORD)

    answer = client.post("/sign-out", data={"csrf": page_token(client.get("/more"))})

    assert answer.headers["Location"] == "/sign-in"
    assert client.get("/more").status_code == 302
    assert ("signed_out", "王芳") in journal(site)


def test_a_one_time_link_sets_a_password_once(site: Site, client: FlaskClient) -> None:
    token = add_account(site, password=None)
    for _ in range(2):
        assert client.get(f"/welcome/{token}").status_code == 200

    answer = submit(client, f"/welcome/{token}", password=PASSWORD, again=PASSWORD)
    again = client.get(f"/welcome/{token}", headers=ENGLISH)

    assert answer.status_code == 303
    assert client.get("/accounts/").status_code == 200
    assert again.status_code == 404
    assert "This link was used before or has ended." in again.text
    assert ("password_set", "王芳") in journal(site)


def test_a_first_password_that_will_not_do_leaves_the_link_alive(
    site: Site, client: FlaskClient
) -> None:
    token = add_account(site, password=None)

    short = submit(client, f"/welcome/{token}", password="short", again="short")
    unlike = submit(client, f"/welcome/{token}", password=PASSWORD, again="another")
    right = submit(client, f"/welcome/{token}", password=PASSWORD, again=PASSWORD)

    assert short.status_code == 422
    assert "A password has at least 8 characters." in short.text
    assert "The two passwords differ." in unlike.text
    assert right.status_code == 303


def test_a_link_that_somebody_prolonged_or_made_up_is_refused(
    site: Site, client: FlaskClient
) -> None:
    token = add_account(site, password=None)
    secret, _, ends_at = token.rpartition(".")

    answers = [
        client.get(f"/welcome/{made_up}")
        for made_up in (f"{secret}.{int(ends_at) + 86400}", secret, "x.99999999999", "x")
    ]

    assert {one.status_code for one in answers} == {404}
