"""Registers signed by townships before a round: who, which figures, and what changed since."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from maps import layers
from server.survey import rounds, sign_offs
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.web import door
from server.web.language import _

pages = Blueprint("sign_offs", __name__, url_prefix="/plan/register")

STATE_WORDS = {
    "signed": ("fine", "signed"),
    "changed": ("watch", "changed since it was signed"),
    "not_signed": ("todo", "not signed"),
}
_ORDER = ("changed", "not_signed", "signed")


@pages.get("/")
@door.allow(Right.SEE_COVERAGE)
def show() -> str:
    """Show which townships signed their register, those with something to do first."""
    found = sign_offs.townships(door.session(), PROJECT, door.account().scope)
    return render_template(
        "sign_offs.html",
        townships=sorted(found, key=lambda one: (_ORDER.index(one.state), one.code)),
        state_words=STATE_WORDS,
        now=datetime.now(UTC),
    )


@pages.get("/<code>")
@door.allow(Right.SEE_COVERAGE)
def one(code: str) -> str:
    """Show a township's register, what changed since it was signed, and the form to sign it."""
    return _page(code, {}, {})


@pages.post("/<code>")
@door.allow(Right.SIGN_REGISTER)
def sign(code: str) -> ResponseReturnValue:
    """Keep that the township agrees to these figures."""
    session, who = door.session(), door.account()
    with door.catching() as fault:
        said = request.form
        signed = sign_offs.sign(
            session,
            PROJECT,
            code,
            who.scope,
            {name: said.get(name, "") for name in ("round_name", "signed_by", "office", "note")},
            said.get("seen", ""),
            who.name,
            datetime.now(UTC),
        )
        door.journal(
            "register_signed", code, households=signed.households, villages=len(signed.figures)
        )
        flash(_("Signed: these figures are kept as they are now."), "fine")
        return redirect(url_for("sign_offs.copy", sign_off_id=signed.id), 303)
    return _page(code, fault.errors, request.form), 422


@pages.get("/copy/<int:sign_off_id>")
@door.allow(Right.SEE_COVERAGE)
def copy(sign_off_id: int) -> str:
    """Show one frozen copy, for paper too."""
    session, scope = door.session(), door.account().scope
    signed = sign_offs.sign_off(session, sign_off_id, scope)
    township = sign_offs.township(session, PROJECT, signed.township_code, scope)
    return render_template(
        "sign_offs_copy.html", signed=signed, township=township, short_name=layers.short_name
    )


def _page(code: str, errors: Mapping[str, str], typed: Mapping[str, str]) -> str:
    session, who = door.session(), door.account()
    found = sign_offs.township(session, PROJECT, code, who.scope)
    known = rounds.rounds(session, PROJECT)
    return render_template(
        "sign_offs_one.html",
        township=found,
        history=sign_offs.history(session, PROJECT, code),
        state_words=STATE_WORDS,
        short_name=layers.short_name,
        may_sign=who.may(Right.SIGN_REGISTER),
        errors=errors,
        typed=typed or {"round_name": known[0].name if known else ""},
        now=datetime.now(UTC),
    )
