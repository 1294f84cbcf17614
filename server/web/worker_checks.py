"""Workers with whom a talk is worthwhile: a list to act on, and one worker's figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server.survey import phones
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.survey.quality import talks
from server.survey.quality.talks import Signal
from server.survey.quality.unusual import Reply
from server.web import door, worker_words
from server.web.language import _

pages = Blueprint("worker_checks", __name__, url_prefix="/worker-checks")
pages.add_app_template_global(worker_words.digit_picture)

REASONS = {
    "talked": "Talked about it, and it is done otherwise from now on",
    "corrected": "Answers were wrong and are corrected",
    "explained": "There is another reason",
    "false_alarm": "Nothing was there",
}


@pages.get("/")
@door.allow(Right.SEE_SUBMISSIONS)
def show() -> str:
    """List what is worth a talk, open unless `closed` is asked for; then all workers."""
    is_open = request.args.get("closed") != "1"
    scope = door.account().scope
    lines = talks.worth_a_talk(door.session(), PROJECT, scope, is_open=is_open)
    return _page(lines, {}, is_open=is_open)


@pages.get("/<int:phone_id>")
@door.allow(Right.SEE_SUBMISSIONS)
def one(phone_id: int) -> str:
    """Show all that checks say of one worker, also what is as usual or too few to judge."""
    session, scope = door.session(), door.account().scope
    phone = phones.find(session, phone_id, scope)
    lines = talks.of_worker(session, PROJECT, scope, phone_id)
    return render_template(
        "worker_checks_one.html",
        phone=phone,
        lines=worker_words.shown(lines),
        worked_out_at=talks.worked_out_at(session),
        **_reasons(),
    )


@pages.post("/<int:phone_id>/<check>/<indicator>")
@door.allow(Right.SEE_SUBMISSIONS)
def close(phone_id: int, check: str, indicator: str) -> ResponseReturnValue:
    """Close one with what was found out."""
    who, reason = door.account(), request.form.get("reason", "")
    reply = Reply(reason, request.form.get("note", ""), who.name, datetime.now(UTC))
    with door.keeping_input() as fault:
        talks.close(door.session(), who.scope, phone_id, (check, indicator), reply)
    if fault:
        lines = talks.worth_a_talk(door.session(), PROJECT, who.scope)
        return _page(lines, fault.errors, is_open=True), 422
    door.journal(
        "worker_check_closed", f"phone {phone_id}", check=check, indicator=indicator, reason=reason
    )
    flash(_("Closed. It comes back only when the readings or times change."))
    return redirect(url_for("worker_checks.show"), 303)


def _page(lines: Sequence[Signal], errors: dict[str, str], *, is_open: bool) -> str:
    session, scope = door.session(), door.account().scope
    return render_template(
        "worker_checks.html",
        lines=worker_words.shown(lines),
        standings=talks.standings(session, PROJECT, scope) if is_open else [],
        badge=worker_words.badge,
        is_open=is_open,
        errors=errors,
        worked_out_at=talks.worked_out_at(session),
        **_reasons(),
    )


def _reasons() -> dict[str, dict[str, str]]:
    return {"reasons": {code: _(words) for code, words in REASONS.items()}}
