"""Villages whose counts stand apart: a list to act on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server.survey.accounts import Right
from server.survey.quality import unusual
from server.survey.quality.unusual import Reply, UnusualVillage
from server.web import door, funnels
from server.web.language import _

pages = Blueprint("unusual", __name__)

REASONS = {
    "confirmed": "It is so: followed up",
    "corrected": "Answers or the register were wrong and are corrected",
    "explained": "There is another reason",
    "false_alarm": "Nothing was there",
}


@pages.get("/unusual")
@door.allow(Right.SEE_COVERAGE)
def show() -> str:
    """List the villages whose counts are unusual, open ones unless `closed` is asked for."""
    is_open = request.args.get("closed") != "1"
    lines = unusual.unusual(door.session(), door.account().scope, is_open=is_open)
    return _page(lines, {}, is_open=is_open)


@pages.post("/unusual/<code>/<indicator>")
@door.allow(Right.SEE_SUBMISSIONS)
def close(code: str, indicator: str) -> ResponseReturnValue:
    """Close one with what was found out."""
    who, reason = door.account(), request.form.get("reason", "")
    reply = Reply(reason, request.form.get("note", ""), who.name, datetime.now(UTC))
    with door.keeping_input() as fault:
        unusual.close(door.session(), who.scope, (code, indicator), reply)
    if fault:
        lines = unusual.unusual(door.session(), who.scope)
        return _page(lines, fault.errors, is_open=True), 422
    door.journal("unusual_closed", f"village {code}", indicator=indicator, reason=reason)
    flash(_("Closed. It comes back only when the count changes."))
    return redirect(url_for("unusual.show"), 303)


def _page(lines: Sequence[UnusualVillage], errors: dict[str, str], *, is_open: bool) -> str:
    return render_template(
        "unusual.html",
        lines=[funnels.shown(one) for one in lines],
        is_open=is_open,
        errors=errors,
        reasons=[(one, _(words)) for one, words in REASONS.items()],
        reason_words={one: _(words) for one, words in REASONS.items()},
        may_close=door.account().may(Right.SEE_SUBMISSIONS),
        worked_out_at=unusual.worked_out_at(door.session()),
    )
