"""Browsers of people who have signed in, for tests of pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.app import make_app
from server.database import writing_session
from server.survey import accounts, credentials
from server.survey.accounts import Role
from server.survey.areas import WHOLE_SITE
from server.survey.site import Site

PAGE_TOKEN = "page token of this test"


class Browser:
    """One person's browser: sends the page token with every form, as a page does."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, buffered=True, **more)

    def post(self, path: str, fields: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        return self.client.post(
            path, data={"csrf": PAGE_TOKEN, **(fields or {})}, buffered=True, **more
        )


def browser_of(
    site: Site, role: str, areas: Iterable[str] = ("",), *, language: str = "en"
) -> Browser:
    """Return the browser of a new account with a role in areas ("" is the whole site)."""
    name = f"test {role} {'+'.join(areas)}"
    with writing_session(site.engine) as session:
        added = accounts.add(session, name, Role(role), areas, WHOLE_SITE)
        epoch = credentials.set_password(session, added.id, "a long enough password")
        accounts.choose_language(session, added.id, language)
    client = make_app(site).test_client()
    with client.session_transaction() as cookie:
        cookie["account"] = [added.id, epoch]
        cookie["csrf"] = PAGE_TOKEN
    return Browser(client)
