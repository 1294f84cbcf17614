"""Pages of accounts and of the journal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.app import make_app
from server.database import writing_session
from server.survey import accounts, journal
from server.survey.accounts import AccountView
from server.survey.areas import Scope
from server.survey.site import Site
from server.tables.truth import JournalEntry
from server.web.journal import ACTION_WORDS
from tests.bare import bare_site
from tests.signed_in import Browser, browser_of

HOME = Path(__file__).parents[3]
COUNTY = "130921000000"


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    with bare_site(tmp_path / "site", database_url) as opened:
        yield opened


def named(site: Site, name: str) -> AccountView:
    with Session(site.engine) as session:
        return accounts.find_named(session, name)


def add(browser: Browser, name: str = "王芳", role: str = "worker", areas: str = "130921") -> str:
    """Add an account on the page; returns what the page answers."""
    fields = {"name": name, "role": role, "more_areas": areas}
    return browser.post("/accounts/new", fields).text


def noted(site: Site) -> list[tuple[str, str]]:
    with Session(site.engine) as session:
        rows = session.execute(select(JournalEntry.action, JournalEntry.subject))
        return [(action, subject) for action, subject in rows]


def test_an_account_is_added_and_its_link_leads_in(site: Site) -> None:
    page = add(browser_of(site, "admin"), areas="130921\n130922, 130923")

    link = re.search(r"http://localhost(/welcome/[\w.-]+)", page)
    assert link
    assert make_app(site).test_client().get(link[1]).status_code == 200
    assert named(site, "王芳").areas == (COUNTY, "130922000000", "130923000000")
    assert ("account_added", "王芳") in noted(site)


def test_a_wrong_account_keeps_what_was_typed(site: Site) -> None:
    browser = browser_of(site, "admin")

    fields = {"name": "王芳", "role": "auditor", "more_areas": "高川乡"}
    answer = browser.post("/accounts/new", fields)

    assert answer.status_code == 422
    assert "The register is empty, so 高川乡 must be given as a code" in answer.text
    assert 'value="王芳"' in answer.text
    assert "高川乡</textarea>" in answer.text
    assert re.search(r'value="auditor" checked', answer.text)
    assert "account_added" not in dict(noted(site))


def test_role_and_areas_are_changed(site: Site) -> None:
    browser = browser_of(site, "admin")
    add(browser)
    account_id = named(site, "王芳").id

    form = browser.get(f"/accounts/{account_id}")
    fields = {"role": "office", "area": [COUNTY], "more_areas": "*"}
    answer = browser.post(f"/accounts/{account_id}", fields, follow_redirects=True)

    assert f'value="{COUNTY}" checked' in form.text
    assert "王芳 was changed" in answer.text
    assert named(site, "王芳").areas == ("", COUNTY)
    assert named(site, "王芳").role == "office"


def test_an_account_is_disabled_enabled_and_given_a_new_link(site: Site) -> None:
    browser = browser_of(site, "admin")
    add(browser)
    account_id = named(site, "王芳").id

    states = []
    for act in ("disable", "enable", "link"):
        answer = browser.post(f"/accounts/{account_id}/{act}", follow_redirects=True)
        assert answer.status_code == 200
        states.append(named(site, "王芳").state)

    assert states == ["disabled", "invited", "invited"]
    assert [action for action, name in noted(site) if name == "王芳"] == [
        "account_added",
        "account_disabled",
        "account_enabled",
        "link_made",
    ]


def test_an_administrator_of_one_county_sees_and_makes_accounts_of_it_alone(site: Site) -> None:
    whole = browser_of(site, "admin")
    add(whole, "本县")
    add(whole, "邻县", areas="130922")
    county = browser_of(site, "admin", [COUNTY])

    page = county.get("/accounts/").text
    other = county.get(f"/accounts/{named(site, '邻县').id}")
    outside = add(county, "外人", areas="130922")

    assert "本县" in page
    assert "邻县" not in page
    assert other.status_code == 404
    assert "areas that are your own" in outside


def test_one_s_own_password_is_changed_with_the_present_one(site: Site) -> None:
    browser = browser_of(site, "worker")
    new = "four new brown houses"

    wrong = browser.post("/accounts/mine/password", {"old": "guess", "password": new, "again": new})
    right = browser.post(
        "/accounts/mine/password", {"old": "a long enough password", "password": new, "again": new}
    )

    assert wrong.status_code == 422
    assert "This is not your present password." in wrong.text
    assert right.status_code == 303
    assert browser.get("/accounts/mine").status_code == 200


def test_signing_out_everywhere_ends_every_session(site: Site) -> None:
    browser = browser_of(site, "worker")

    answer = browser.post("/accounts/mine/sessions")

    assert answer.headers["Location"] == "/sign-in"
    assert browser.get("/accounts/mine").status_code == 302


def test_the_journal_page_shows_what_was_done_and_filters(site: Site) -> None:
    browser = browser_of(site, "admin")
    add(browser, "王芳")

    page = browser.get("/journal").text
    filtered = browser.get("/journal?action=signed_in").text
    wrong = browser.get("/journal?day=yesterday")

    assert "Added an account" in page
    assert "role: worker; areas: 130921000000" in page
    assert "Added an account</td>" not in filtered
    assert wrong.status_code == 422


def test_the_journal_of_a_county_shows_what_its_own_accounts_did(site: Site) -> None:
    county = browser_of(site, "admin", [COUNTY])
    with writing_session(site.engine) as session:
        (own,) = accounts.account_list(session, Scope.of([COUNTY]))
        journal.note(session, own.name, "seen", "what one of us saw", {}, "")
        journal.note(session, "somebody else", "seen", "what another saw", {}, "")

    page = county.get("/journal").text

    assert "what one of us saw" in page
    assert "what another saw" not in page


def test_every_action_of_the_journal_has_words() -> None:
    written = "".join(path.read_text("utf-8") for path in (HOME / "server").rglob("*.py"))
    noted = re.findall(r'(?:door\.journal|\bnote)\((?:[^"()]|\([^()]*\))*"([a-z_]+)"', written)

    assert len(set(noted)) > 20
    assert set(noted) - set(ACTION_WORDS) == set()
