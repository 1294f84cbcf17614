"""Who asks for tasks."""

from __future__ import annotations

from server.survey.accounts import Right
from server.survey.tasks import Reader
from server.web import door
from server.web.site_time import site_now


def reader() -> Reader:
    """Return who looks, on which day it is at the site."""
    who = door.account()
    return Reader(who.scope, who.name, site_now(), who.may(Right.SEE_SENSITIVE))
