"""Passwords and links: how they are kept, how long they hold, who is the first administrator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.errors import Missing, NotValid
from server.survey import accounts, credentials
from server.survey.accounts import Role
from server.survey.areas import WHOLE_SITE
from server.survey.site import Site
from server.tables.truth import Account, JournalEntry
from tests.bare import bare_site

PASSWORD = "three old brown houses"


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    with bare_site(tmp_path / "site", database_url) as opened:
        yield opened


@pytest.fixture
def account_id(site: Site) -> int:
    """An account with a password, beside the site's first administrator."""
    with writing_session(site.engine) as session:
        added = accounts.add(session, "王芳", Role.OFFICE, ["130921000000"], WHOLE_SITE)
        credentials.set_password(session, added.id, PASSWORD)
        return added.id


def kept(site: Site, account_id: int) -> Account:
    with Session(site.engine, expire_on_commit=False) as session:
        return session.get_one(Account, account_id)


def fail(site: Site, times: int, address: str = "10.0.0.1") -> None:
    for _ in range(times):
        credentials.sign_in(site.engine, "王芳", "wrong", address)


def grow_older(site: Site, by: timedelta) -> None:
    """Move the journal into the past."""
    with writing_session(site.engine) as session:
        for entry in session.scalars(select(JournalEntry)):
            entry.at -= by


def test_a_password_is_kept_as_an_argon2id_hash_alone(site: Site, account_id: int) -> None:
    password_hash = kept(site, account_id).password_hash

    assert password_hash.startswith("$argon2id$")
    assert PASSWORD not in password_hash


def test_a_link_is_kept_as_a_hash_alone(site: Site, account_id: int) -> None:
    with writing_session(site.engine) as session:
        token = credentials.one_time_link(session, account_id)

    assert kept(site, account_id).link_sha256 not in (None, token)
    assert len(token) > 40


def test_a_link_ends_after_a_week(
    site: Site, account_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing_session(site.engine) as session:
        monkeypatch.setattr(credentials, "LINK_DAYS", -1)
        token = credentials.one_time_link(session, account_id)

        with pytest.raises(Missing):
            credentials.account_of_link(session, token)


def test_a_new_password_ends_sessions_and_link(site: Site, account_id: int) -> None:
    with writing_session(site.engine) as session:
        credentials.one_time_link(session, account_id)
        before = session.get_one(Account, account_id).epoch

        epoch = credentials.set_password(session, account_id, PASSWORD + "!")

    after = kept(site, account_id)
    assert after.epoch == epoch > before
    assert after.link_sha256 is None
    with Session(site.engine) as session:
        assert accounts.signed_in(session, account_id, before) is None
        assert accounts.signed_in(session, account_id, epoch) is not None


@pytest.mark.parametrize("password", ["short", "", "aaaaaaaaaaaa", "abababababab", "x" * 257])
def test_a_password_that_will_not_do_is_refused(site: Site, account_id: int, password: str) -> None:
    with writing_session(site.engine) as session, pytest.raises(NotValid):
        credentials.set_password(session, account_id, password)


def test_the_right_password_signs_in(site: Site, account_id: int) -> None:
    tried = credentials.sign_in(site.engine, "王芳", PASSWORD, "10.0.0.1")

    assert tried.account_id == account_id


def test_an_account_without_a_password_cannot_sign_in(site: Site) -> None:
    tried = credentials.sign_in(site.engine, "admin", "", "10.0.0.1")

    assert tried.account_id is None


def test_each_failure_doubles_the_wait_up_to_a_quarter_of_an_hour(
    site: Site, account_id: int
) -> None:
    waits = []
    for _ in range(14):
        fail(site, 1)
        waits.append(credentials.sign_in(site.engine, "王芳", PASSWORD, "10.0.0.1").wait_s)
        if waits[-1]:
            grow_older(site, timedelta(seconds=waits[-1]))
        else:
            with writing_session(site.engine) as session:
                for entry in session.scalars(
                    select(JournalEntry).where(JournalEntry.action == "signed_in")
                ):
                    session.delete(entry)

    assert waits[:2] == [0, 0]
    assert waits[2:7] == [5, 10, 20, 40, 80]
    assert max(waits) <= 900


def test_a_wait_that_is_over_lets_in_and_forgets(site: Site, account_id: int) -> None:
    fail(site, 4)
    grow_older(site, timedelta(minutes=1))

    tried = credentials.sign_in(site.engine, "王芳", PASSWORD, "10.0.0.1")
    fail(site, 1)
    after = credentials.sign_in(site.engine, "王芳", PASSWORD, "10.0.0.1")

    assert tried.account_id == after.account_id == account_id


def test_a_wait_counts_for_one_address_only(site: Site, account_id: int) -> None:
    fail(site, 5, "10.0.0.1")

    tried = credentials.sign_in(site.engine, "王芳", PASSWORD, "10.0.0.2")

    assert tried.account_id == account_id


def test_the_first_administrator_s_link_is_renewed_until_it_was_used(site: Site) -> None:
    with writing_session(site.engine) as session:
        first = credentials.first_administrator(session)
        second = credentials.first_administrator(session)
        assert first != second
        assert second is not None
        account_id, name = credentials.account_of_link(session, second)
        credentials.set_password(session, account_id, PASSWORD)

        third = credentials.first_administrator(session)

    assert name == "admin"
    assert third is None


def test_a_site_whose_people_are_no_administrators_gets_one(site: Site) -> None:
    with writing_session(site.engine) as session:
        admin = session.scalars(select(Account)).one()
        admin.role = Role.WORKER

        token = credentials.first_administrator(session)

        assert token is not None
        assert credentials.account_of_link(session, token)[1] == "admin2"


def test_an_administrator_made_by_hand_is_left_alone(site: Site) -> None:
    with writing_session(site.engine) as session:
        session.scalars(select(Account)).one().disabled_at = datetime.now(UTC)
        accounts.add(session, "王芳", Role.ADMIN, [""], WHOLE_SITE)

        assert credentials.first_administrator(session) is None
