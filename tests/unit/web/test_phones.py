"""Pages of phones: who sees which, adding one, the code that is shown once."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from server.database import writing_session
from server.survey import journal, phones
from server.survey.areas import WHOLE_SITE
from server.survey.phones import PhoneLine
from server.survey.site import Site
from server.tables.truth import Phone
from tests import phone_site
from tests.phone_site import AWAY, HERE, NEXT, add_phone
from tests.signed_in import Browser, browser_of

COUNTY = "130921"
ADDRESS = "http://192.168.1.10:8080"


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    opened = phone_site.open_phone_site(tmp_path / "site", database_url, phone_site.PLAIN)
    yield opened
    opened.close()


@pytest.fixture
def supervisor(site: Site) -> Browser:
    return browser_of(site, "supervisor", [COUNTY])


def filled(**more: object) -> dict[str, object]:
    return {"name": "Amina", "village": [HERE], "address": ADDRESS, "account": "", **more}


def lines(site: Site) -> list[PhoneLine]:
    with Session(site.engine) as session:
        return phones.phone_list(session, 1, WHOLE_SITE)


def shown(page: TestResponse, label: str) -> str:
    """Return the value beside a label of a description list."""
    found = re.search(rf"<dt>{label}</dt><dd>(.*?)</dd>", page.text)
    assert found, label
    return html.unescape(found[1])


def opened_by(browser: Browser, site_url: str) -> TestResponse:
    """Open the page that adds a phone by another address of the site."""
    cookie = browser.client.get_cookie("doorstep")
    assert cookie
    host = urlsplit(site_url).hostname or ""
    browser.client.set_cookie("doorstep", cookie.decoded_value, domain=host)
    return browser.get("/phones/new", base_url=site_url)


def test_an_empty_site_says_what_to_do_next(supervisor: Browser) -> None:
    page = supervisor.get("/phones/")

    assert page.status_code == 200
    assert "No phones yet" in page.text
    assert '"/phones/new"' in page.text


@pytest.mark.parametrize("role", ["worker", "hospital", "auditor"])
def test_others_have_no_right_to_phones(site: Site, role: str) -> None:
    browser = browser_of(site, role)

    assert browser.get("/phones/").status_code == 403
    assert browser.post("/phones/new", filled()).status_code == 403
    assert lines(site) == []


def test_a_phone_is_added_and_its_code_shown_once(site: Site, supervisor: Browser) -> None:
    page = supervisor.post("/phones/new", filled(village=[HERE, NEXT]))

    (line,) = lines(site)
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    assert [one.code for one in line.villages] == [HERE, NEXT]
    assert 'src="data:image/svg+xml' in page.text
    assert f'<code class="code-box">{ADDRESS}/v1/projects/1</code>' in page.text
    assert re.fullmatch(r"\d{6}", shown(page, "Password for the locked settings"))
    assert "not encrypted" in page.text
    with Session(site.engine) as session:
        assert "phone_added" in journal.actions(session)


def test_the_typed_name_and_password_let_the_phone_in(site: Site, supervisor: Browser) -> None:
    page = supervisor.post("/phones/new", filled())

    with site.engine.connect() as connection:
        found = phones.by_digest_name(connection, shown(page, "Username"))
    assert found is not None
    assert found[1] == phones.digest_hash(shown(page, "Username"), shown(page, "Password"))


def test_the_steps_are_in_both_languages_the_readers_first(site: Site) -> None:
    browser = browser_of(site, "supervisor", [COUNTY], language="zh")

    page = browser.post("/phones/new", filled())

    assert page.text.index("在手机上安装并打开") < page.text.index(
        "Install ODK Collect or KoboCollect"
    )


def test_settings_may_be_left_open(supervisor: Browser) -> None:
    page = supervisor.post("/phones/new", filled(preset="free"))

    assert "Password for the locked settings" not in page.text


def test_the_token_is_nowhere_in_the_page_but_in_the_picture(
    site: Site, supervisor: Browser
) -> None:
    page = supervisor.post("/phones/new", filled())

    assert "/v1/key/" not in unquote(page.text)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": " "}, "Give the phone a name"),
        ({"village": []}, "Choose at least one village."),
        ({"village": [AWAY]}, "There is no village"),
        ({"address": "survey.example.org"}, "http://192.168.1.10:8080"),
        ({"account": "999"}, "There is no such account."),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_is_kept(
    site: Site, supervisor: Browser, wrong: dict[str, object], words: str
) -> None:
    page = supervisor.post("/phones/new", filled(**{"name": "Bo", **wrong}))

    assert page.status_code == 422
    assert words in html.unescape(page.text)
    assert lines(site) == []
    assert wrong.get("name") or 'value="Bo"' in page.text


def test_villages_are_found_without_losing_the_chosen_ones(site: Site, supervisor: Browser) -> None:
    page = supervisor.post("/phones/new", filled(search="1", wanted="东"))

    offered = re.findall(r'name="village" value="(\d+)"( checked)?', page.text)
    assert offered == [(HERE, " checked"), (NEXT, "")]
    assert 'value="Amina"' in page.text
    assert lines(site) == []


def test_only_villages_of_the_readers_areas_are_offered(supervisor: Browser) -> None:
    page = supervisor.get("/phones/new")

    assert re.findall(r'name="village" value="(\d+)"', page.text) == [HERE, NEXT]


def test_the_address_is_the_one_the_reader_came_by(supervisor: Browser) -> None:
    page = opened_by(supervisor, "https://survey.example.org")

    assert 'value="https://survey.example.org"' in page.text


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080"])
def test_an_address_that_only_this_machine_has_is_not_given_to_phones(
    supervisor: Browser, host: str
) -> None:
    page = opened_by(supervisor, f"http://{host}")

    found = re.search(r'id="f-address"[^>]* value="([^"]*)"', page.text)
    assert found
    assert found[1].startswith("http://")
    assert "localhost" not in found[1]


def test_the_list_shows_the_readers_phones(site: Site, supervisor: Browser) -> None:
    add_phone(site, [HERE])
    add_phone(site, [AWAY])

    page = supervisor.get("/phones/")

    assert page.text.count('<th scope="row"') == 1
    assert "清水村" in page.text
    assert "远村" not in page.text
    assert "not heard of yet" in page.text


def test_the_board_counts_silent_phones_and_narrows_to_them(
    site: Site, supervisor: Browser
) -> None:
    silent, busy = add_phone(site, [HERE]), add_phone(site, [NEXT])
    with writing_session(site.engine) as session:
        session.get_one(Phone, silent.id).created_at = datetime(2026, 1, 1, tzinfo=UTC)
        session.get_one(Phone, busy.id).name = "Bo"

    board = supervisor.get("/phones/")
    narrowed = supervisor.get("/phones/?show=silent")
    named = supervisor.get("/phones/?wanted=bo&sort=name&page=0")

    assert "phones silent for 3 days" in board.text
    assert '<b class="big">1</b> of 2' in board.text
    assert "silent for" in narrowed.text
    assert narrowed.text.count('<th scope="row"') == 1
    assert f'"/phones/{silent.id}"' in narrowed.text
    assert f'"/phones/{busy.id}"' in named.text
    assert named.text.count('<th scope="row"') == 1


def test_a_phones_page_shows_its_device_and_forms(site: Site, supervisor: Browser) -> None:
    phone = add_phone(site, [HERE])
    agent = {"User-Agent": "org.koboc.collect.android/2023.2.1 Dalvik"}
    phone_site.client_of(site).get(
        phone_site.path(phone, "formList") + "?deviceID=collect:q", headers=agent
    )
    written = site.contacts.flush()
    assert written is not None
    written.result()

    page = supervisor.get(f"/phones/{phone.id}")

    assert "KoboCollect 2023.2.1" in page.text
    assert "collect:q" in page.text
    assert page.text.count("</svg>old</span>") == 1
    assert "old" in supervisor.get("/phones/?show=app").text


def test_a_phone_of_other_villages_is_missing(site: Site, supervisor: Browser) -> None:
    phone = add_phone(site, [AWAY])

    assert supervisor.get(f"/phones/{phone.id}").status_code == 404
    for rest in ("revoke", "code", "villages"):
        assert supervisor.post(f"/phones/{phone.id}/{rest}", filled()).status_code == 404


def test_a_phone_shared_with_others_can_be_seen_and_not_changed(
    site: Site, supervisor: Browser
) -> None:
    phone = add_phone(site, [HERE, AWAY])

    page = supervisor.get(f"/phones/{phone.id}")

    assert "not yours" in page.text
    assert "Make a new code" not in page.text
    for rest in ("revoke", "code", "villages"):
        assert supervisor.post(f"/phones/{phone.id}/{rest}", filled()).status_code == 403


def test_villages_and_account_of_a_phone_are_changed(site: Site, supervisor: Browser) -> None:
    phone = add_phone(site, [HERE])
    browser_of(site, "worker", [HERE])
    page = supervisor.get(f"/phones/{phone.id}")
    offered = re.findall(r'<option value="(\d+)">test worker', page.text)

    done = supervisor.post(
        f"/phones/{phone.id}/villages", filled(village=[NEXT], account=offered[0])
    )

    (line,) = lines(site)
    assert done.status_code == 303
    assert ([one.code for one in line.villages], line.account) == ([NEXT], f"test worker {HERE}")
    again = supervisor.get(f"/phones/{phone.id}")
    assert f'<option value="{offered[0]}" selected>' in again.text


def test_a_new_code_ends_the_old_one(site: Site, supervisor: Browser) -> None:
    phone = add_phone(site, [HERE])

    page = supervisor.post(f"/phones/{phone.id}/code", filled())

    assert 'src="data:image/svg+xml' in page.text
    with site.engine.connect() as connection:
        assert phones.by_token(connection, phone.token) is None


def test_a_lost_phone_is_shut_out(site: Site, supervisor: Browser) -> None:
    phone = add_phone(site, [HERE])

    page = supervisor.client.post(
        f"/phones/{phone.id}/revoke",
        data={"csrf": "page token of this test"},
        follow_redirects=True,
    )

    assert "is shut out" in page.text
    with site.engine.connect() as connection:
        known = phones.by_token(connection, phone.token)
    assert known is not None
    assert known.is_revoked


def test_a_change_needs_the_pages_token(site: Site, supervisor: Browser) -> None:
    phone = add_phone(site, [HERE])

    answer = supervisor.client.post(f"/phones/{phone.id}/revoke")

    assert answer.status_code == 400


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_speak_the_readers_language(site: Site, language: str) -> None:
    add_phone(site, [HERE])
    browser = browser_of(site, "supervisor", [COUNTY], language=language)

    words = {"zh": "部手机在用", "en": "phone in use"}[language]

    assert words in browser.get("/phones/").text
