"""Who asks for tasks, and the days that are typed at them."""

from __future__ import annotations

from datetime import date

from flask import request

from server.errors import NotValid
from server.survey.accounts import Right
from server.survey.tasks import Reader
from server.web import door
from server.web.village_order import site_now


def reader() -> Reader:
    """Return who looks, on which day it is at the site."""
    who = door.account()
    return Reader(who.scope, who.name, site_now(), who.may(Right.SEE_SENSITIVE))


def day_named(name: str) -> date | None:
    """Return the day of a form's input, None for none. Raises NotValid for what is no day."""
    text = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise NotValid("This is no day: %(text)s", name, text=text[:20]) from error
