"""The door: who comes in, what is written, and how it says no."""

from __future__ import annotations

import errno
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Blueprint, Flask, Response, render_template_string, stream_with_context
from flask import session as cookie
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from server.app import make_app
from server.config import Settings
from server.database import writing_session
from server.errors import AlreadyKept, Busy, NotValid
from server.survey import accounts
from server.survey.accounts import RIGHTS, Right, Role
from server.survey.areas import WHOLE_SITE
from server.survey.site import Site, open_site
from server.tables.truth import Account, JournalEntry, Project
from server.web import door
from tests.bare import bare_site
from tests.signed_in import PAGE_TOKEN, Browser, browser_of

XML_TYPE = "text/xml; charset=utf-8"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site on SQLite alone: what the door does is the same on both databases."""
    with bare_site(tmp_path / "site") as opened:
        yield opened


# Routes that do what the product's routes must never have to be caught at.
pages = Blueprint("trial", __name__)


@pages.get("/trial/unguarded")
def unguarded() -> str:
    return "in"


@pages.post("/trial/project/<end>")
@door.signed_in
def project(end: str) -> ResponseReturnValue:
    door.session().add(Project(id=7, name="seven"))
    if end == "raise":
        raise AlreadyKept("It is here already.")
    return "kept"


@pages.post("/trial/form")
@door.signed_in
def form() -> ResponseReturnValue:
    with door.keeping_input() as fault:
        door.session().add(Project(id=8, name="eight"))
        raise NotValid("Write it as %(example)s.", "day", example="2026-11-22")
    door.journal("tried", "a form")
    return fault.errors, 422


@pages.get("/trial/journal")
@door.signed_in
def journal() -> str:
    door.journal("seen", "person 1", reason="a call")
    raise Busy("Later.")


@pages.get("/trial/fail/<kind>")
@door.public
def fail(kind: str) -> str:
    if kind == "disk":
        raise OSError(errno.ENOSPC, "No space left on device")
    if kind == "database":
        raise OperationalError("SELECT 1", {}, Exception("it is away"))
    raise RuntimeError("a secret that nobody may read")


@pages.get("/trial/stream")
@door.signed_in
def stream() -> Response:
    session = door.session()

    def lines() -> Iterator[str]:
        for _ in range(3):
            yield f"{session.scalar(select(func.count()).select_from(Account))};"

    return Response(stream_with_context(lines()))


@pages.get("/trial/script")
@door.public
def script() -> str:
    return render_template_string('<script nonce="{{ nonce() }}"></script>' + "long " * 1000)


@pytest.fixture
def app(site: Site) -> Flask:
    made = make_app(site)
    made.register_blueprint(pages)
    return made


def worker(site: Site, app: Flask, role: str = "worker") -> Browser:
    """Return the browser of a new account, on the application with the trial pages."""
    known = browser_of(site, role)
    with known.client.session_transaction() as kept:
        account = kept["account"]
    client = app.test_client()
    with client.session_transaction() as kept:
        kept.update(account=account, csrf=PAGE_TOKEN)
    return Browser(client)


def journal_actions(site: Site) -> list[str]:
    with Session(site.engine) as session:
        return list(session.scalars(select(JournalEntry.action)))


def has_project(site: Site, project_id: int) -> bool:
    with Session(site.engine) as session:
        return session.get(Project, project_id) is not None


def test_every_route_carries_a_guard(site: Site) -> None:
    app = make_app(site)

    with app.app_context():
        bare = [
            rule.endpoint for rule in app.url_map.iter_rules() if not door.guard_of(rule.endpoint)
        ]

    assert bare == []


def test_a_route_without_a_guard_is_never_reached(site: Site, app: Flask) -> None:
    answer = worker(site, app, "admin").get("/trial/unguarded")

    assert answer.status_code == 403
    assert answer.text != "in"


@pytest.mark.parametrize("role", list(Role))
def test_each_role_opens_the_pages_of_its_rights_and_no_other(site: Site, role: Role) -> None:
    browser = browser_of(site, role)
    app = browser.client.application
    with app.app_context():
        asked = {
            rule.rule: guard.rights
            for rule in app.url_map.iter_rules()
            if (guard := door.guard_of(rule.endpoint)) and guard.is_page
            if "GET" in (rule.methods or ()) and not rule.arguments
        }

    statuses = {path: browser.get(path).status_code for path in asked}

    refused = {path for path, status in statuses.items() if status == 403}
    closed = {path for path, rights in asked.items() if rights and not rights & RIGHTS[role]}
    assert refused == closed
    assert {status for status in statuses.values() if status >= 500} == set()


def test_who_has_not_signed_in_is_led_to_the_sign_in_page_and_back(site: Site) -> None:
    client = make_app(site).test_client()

    page = client.get("/journal?action=seen")
    change = client.post("/accounts/new")
    machine = client.get("/journal", headers={"Accept": "application/json"})

    assert page.status_code == 302
    assert page.headers["Location"] == "/sign-in?next=/journal?action%3Dseen"
    assert change.status_code == 401
    assert machine.status_code == 401
    assert machine.get_json()["code"] == "sign_in_needed"


def test_an_ended_session_is_no_session(site: Site) -> None:
    browser = browser_of(site, "admin")
    with writing_session(site.engine) as session:
        for account in accounts.account_list(session, WHOLE_SITE):
            accounts.end_sessions(session, account.id)

    answer = browser.get("/accounts/")

    assert answer.status_code == 302


def test_a_change_without_the_page_s_token_is_refused(site: Site, app: Flask) -> None:
    browser = worker(site, app)

    without = browser.client.post("/trial/project/keep")
    wrong = browser.post("/trial/project/keep", {"csrf": "another"})

    assert (without.status_code, wrong.status_code) == (400, 400)
    assert not has_project(site, 7)


def test_what_a_route_wrote_is_kept_when_it_returns(site: Site, app: Flask) -> None:
    answer = worker(site, app).post("/trial/project/keep")

    assert answer.text == "kept"
    assert has_project(site, 7)


def test_what_a_route_wrote_is_undone_when_it_raises(site: Site, app: Flask) -> None:
    answer = worker(site, app).post("/trial/project/raise")

    assert answer.status_code == 409
    assert not has_project(site, 7)


def test_a_form_that_is_wrong_keeps_nothing_but_what_follows(site: Site, app: Flask) -> None:
    answer = worker(site, app).post("/trial/form")

    assert answer.status_code == 422
    assert answer.get_json() == {"day": "Write it as 2026-11-22."}
    assert not has_project(site, 8)
    assert "tried" in journal_actions(site)


def test_a_look_is_noted_even_when_the_page_then_fails(site: Site, app: Flask) -> None:
    answer = worker(site, app).get("/trial/journal")

    assert answer.status_code == 503
    assert "seen" in journal_actions(site)


def test_a_streamed_answer_reads_the_database_to_its_end(site: Site, app: Flask) -> None:
    answer = worker(site, app).get("/trial/stream")

    assert answer.text == "2;2;2;"


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [("bug", 500, "网站出了问题"), ("disk", 507, "磁盘已满"), ("database", 503, "一分钟后重试")],
)
def test_a_failure_is_a_page_in_the_reader_s_language_without_its_cause(
    app: Flask, caplog: pytest.LogCaptureFixture, kind: str, status: int, words: str
) -> None:
    caplog.set_level(logging.CRITICAL)
    client = app.test_client()

    answer = client.get(f"/trial/fail/{kind}", headers={"Accept-Language": "zh-CN"})

    assert answer.status_code == status
    assert words in answer.text
    for hidden in ("Traceback", "a secret", "RuntimeError", "SELECT"):
        assert hidden not in answer.text


def test_a_failure_is_logged_by_its_route_as_addresses_hold_tokens(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    app.test_client().get("/trial/fail/hidden-token")

    (logged,) = [one for one in caplog.records if one.name == "doorstep"]
    assert logged.getMessage() == "failed at GET /trial/fail/<kind>"
    assert logged.exc_info is not None


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/nowhere", 404, "There is no such page."),
        ("DELETE", "/more", 405, "does not take that kind of request"),
        ("GET", "/static/../app.py", 404, "There is no such"),
        ("GET", "/static/nothing.css", 404, "There is no such file."),
    ],
)
def test_what_is_not_there_is_told_on_a_page(
    app: Flask, method: str, path: str, status: int, words: str
) -> None:
    answer = app.test_client().open(path, method=method, headers={"Accept-Language": "en"})

    assert answer.status_code == status
    assert words in answer.text
    assert '<html lang="en">' in answer.text


def test_a_phone_is_told_in_its_own_document(app: Flask) -> None:
    client = app.test_client()

    answers = [
        client.get("/v1/key/unknown/projects/1/formList"),
        client.get("/v1/key/unknown/projects/1/nowhere"),
        client.get("/nowhere", headers={"X-OpenRosa-Version": "1.0"}),
    ]

    assert [one.status_code for one in answers] == [403, 404, 404]
    for answer in answers:
        assert answer.headers["Content-Type"] == XML_TYPE
        assert answer.headers["X-OpenRosa-Version"] == "1.0"
        assert answer.text.count("<message") == 1


def test_a_phone_needs_no_page_token(app: Flask) -> None:
    answer = app.test_client().post("/v1/key/unknown/projects/1/submission")

    assert answer.status_code == 403


def test_a_machine_is_told_in_json(app: Flask) -> None:
    answer = app.test_client().get("/v1/nowhere")

    assert answer.status_code == 404
    assert answer.get_json()["code"] == "not_found"


def test_too_long_a_form_is_refused(app: Flask) -> None:
    answer = app.test_client().post("/sign-in", data={"name": "x" * 20_000})

    assert answer.status_code == 413


def test_who_has_no_right_is_refused_before_his_body_is_read(site: Site) -> None:
    browser = browser_of(site, "worker")

    class Untouched:
        def read(self, *_: int) -> bytes:
            raise AssertionError("the body was read")

    answer = browser.client.post(
        "/accounts/new",
        content_type="application/x-www-form-urlencoded",
        environ_overrides={"wsgi.input": Untouched(), "CONTENT_LENGTH": "1000"},
    )

    assert answer.status_code == 403


def test_every_page_says_what_it_may_load_and_who_may_keep_it(app: Flask) -> None:
    client = app.test_client()

    first, second = client.get("/trial/script"), client.get("/trial/script")

    policy = first.headers["Content-Security-Policy"]
    nonce = first.text.split('"')[1]
    assert f"script-src 'self' 'nonce-{nonce}'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert policy != second.headers["Content-Security-Policy"]
    assert first.headers["Cache-Control"] == "no-store"
    assert first.headers["Referrer-Policy"] == "no-referrer"
    assert first.headers["X-Content-Type-Options"] == "nosniff"


def test_long_texts_travel_gzipped_to_those_who_take_it(app: Flask) -> None:
    client = app.test_client()

    small = client.get("/trial/script", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/trial/script")

    assert small.headers["Content-Encoding"] == "gzip"
    assert len(small.data) < len(plain.data) / 5
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in small.headers["Vary"]


def test_the_sign_in_cookie_stays_on_the_site_and_away_from_scripts(app: Flask) -> None:
    client = app.test_client()

    plain = client.get("/sign-in").headers["Set-Cookie"]
    safe = client.get("/sign-in", base_url="https://county.example").headers["Set-Cookie"]

    for flag in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert flag in plain
    assert "Secure" not in plain
    assert "Secure" in safe


def test_a_choice_of_language_is_kept_by_cookie_and_account(site: Site) -> None:
    browser = browser_of(site, "admin", language="zh")

    answer = browser.get("/journal?lang=en&action=seen&day=2026-11-22")
    page = browser.get("/journal")

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/journal?action=seen&day=2026-11-22"
    assert "language=en" in answer.headers["Set-Cookie"]
    assert '<html lang="en">' in page.text
    with Session(site.engine) as session:
        assert "en" in session.scalars(select(Account.language)).all()


def test_the_switch_of_language_leads_nowhere_else(app: Flask) -> None:
    answer = app.test_client().get("/sign-in?lang=en&_external=1&_scheme=javascript&_anchor=x")

    assert answer.headers["Location"] == "/sign-in?_external=1&_scheme=javascript&_anchor=x"


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("en-US,en;q=0.9", "en"),
        ("zh-TW,zh;q=0.8,en;q=0.3", "zh-CN"),
        ("fr", "zh-CN"),
        ("", "zh-CN"),
    ],
)
def test_the_browser_s_language_decides_for_a_stranger(
    app: Flask, asked: str, language: str
) -> None:
    answer = app.test_client().get("/sign-in", headers={"Accept-Language": asked})

    assert f'<html lang="{language}">' in answer.text


def test_a_proxy_is_believed_as_far_as_the_settings_say(tmp_path: Path) -> None:
    told = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "county.example",
        "X-Forwarded-Prefix": "/survey",
    }
    behind = open_site(Settings.read({"DOORSTEP_BEHIND_PROXIES": "1"}, str(tmp_path / "behind")))
    alone = open_site(Settings.read({}, str(tmp_path / "alone")))

    trusting = make_app(behind).test_client().get("/", headers=told)
    wary = make_app(alone).test_client().get("/", headers=told)

    behind.close()
    alone.close()
    assert trusting.headers["Location"] == "/survey/sign-in"
    assert "Path=/survey" in trusting.headers.get("Set-Cookie", "Path=/survey")
    assert wary.headers["Location"] == "/sign-in"


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example", "/\\evil.example", "", None, "/a\r\nX: y", "more"],
)
def test_after_signing_in_nobody_is_led_off_the_site(wanted: str | None) -> None:
    assert door.local_path(wanted, "/") == "/"


def test_a_guard_of_no_right_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="signed_in"):
        door.allow()


def test_a_new_sign_in_drops_what_the_cookie_held(site: Site, app: Flask) -> None:
    with app.test_request_context("/"):
        cookie["csrf"] = "an earlier visitor's"

        door.let_in(1, 0)

        kept = dict(cookie)
        token = kept.pop("csrf")
        assert kept == {"_permanent": True, "account": [1, 0]}
        # One token for all pages from the start, and not the earlier visitor's.
        assert re.fullmatch("[0-9a-f]{32}", token)


def test_rights_are_asked_by_any_one_of_them(site: Site) -> None:
    auditor = browser_of(site, "auditor")

    answer = auditor.get("/map")

    assert Right.SEE_COVERAGE not in RIGHTS[Role.AUDITOR]
    assert answer.status_code == 200
