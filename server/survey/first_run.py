"""The first start of a site: the form pack and the first administrator."""

from __future__ import annotations

from dataclasses import dataclass

from server.database import writing_session
from server.survey import credentials, publishing
from server.survey.site import Site

PROJECT = 1


@dataclass(frozen=True, slots=True)
class FirstRun:
    """What was made now: the forms published, and the token of the administrator's one-time link.

    Both are empty on every later start; the token is None once an account exists.
    """

    forms: tuple[str, ...]
    link_token: str | None


def prepare(site: Site) -> FirstRun:
    """Publish the shipped forms that are missing; invite an administrator where nobody is."""
    with writing_session(site.engine) as session:
        published = publishing.publish_pack(session, PROJECT)
        token = credentials.first_administrator(session)
    return FirstRun(tuple(one.form_id for one in published), token)
