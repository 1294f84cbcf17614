"""Parked submissions: why they wait, and the ways on."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server.survey import replay, version_readings
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.web import door
from server.web.language import ngettext

pages = Blueprint("parked", __name__, url_prefix="/submissions/parked")

REASON_WORDS = {
    "version_unknown": "Nobody published this version here.",
    "encrypted": "They are encrypted and count nowhere. Who has the passphrase can read them.",
}


@pages.get("/")
@door.allow(Right.SEE_SUBMISSIONS)
def show() -> str:
    """List what is parked by form, version and reason, with the ways on."""
    session = door.session()
    return render_template(
        "submissions_parked.html",
        groups=version_readings.parked(session, PROJECT, door.account().scope),
        readings=version_readings.readings(session, PROJECT),
        reason_words=REASON_WORDS,
        may_decide=door.account().may(Right.MANAGE_FORMS),
    )


@pages.post("/")
@door.allow(Right.MANAGE_FORMS)
def read_as() -> ResponseReturnValue:
    """Have submissions of an unknown version read as another one, or no longer."""
    given, site = request.form, door.site()
    form_id, version, other = (given.get(one, "") for one in ("form", "version", "other"))
    waiting = 0
    with door.keeping_input() as fault:
        waiting = version_readings.read_as(
            door.session(), PROJECT, form_id, version, other, door.account().name
        )
        door.journal("version_read_as", f"form {form_id}", version=version, read_as=other)
    if fault:
        flash(next(iter(fault.errors.values())), "watch")
    else:
        said = ngettext(
            "%(n)s submission is read anew now.", "%(n)s submissions are read anew now.", waiting
        )
        flash(said, "fine")
    answer = redirect(url_for("parked.show"), 303)
    if isinstance(answer, Response):
        answer.call_on_close(lambda: replay.catch_up_beside(site))
    return answer
