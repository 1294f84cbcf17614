"""Keys for encrypted forms: made, retired, and given to forms."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server.survey import encryption_keys, form_encryption
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.web import door
from server.web.language import _

pages = Blueprint("encryption", __name__)


@pages.get("/keys")
@door.allow(Right.MANAGE_FORMS)
def keys() -> str:
    """List the keys, with the forms that encrypt with them."""
    return render_template("keys.html", keys=encryption_keys.keys(door.session(), PROJECT))


@pages.get("/new-key")
@door.allow(Right.MANAGE_FORMS)
def new() -> str:
    """Ask for a name and a passphrase."""
    return _new_page({}, {})


@pages.post("/new-key")
@door.allow(Right.MANAGE_FORMS)
def add() -> ResponseReturnValue:
    """Make a key pair; its passphrase is kept nowhere."""
    told = request.form
    name, hint = told.get("name", ""), told.get("hint", "")
    with door.catching() as fault:
        # Before the session is asked for: making a pair takes a second.
        pair = encryption_keys.new_pair(
            name, hint, told.get("passphrase", ""), told.get("repeated", "")
        )
    if fault:
        return _new_page(told, fault.errors), 422
    with door.keeping_input() as fault:
        key = encryption_keys.add(door.session(), PROJECT, name, hint, pair, door.account().name)
    if fault:
        return _new_page(told, fault.errors), 422
    door.journal("key_made", f"key {key.id}", name=key.name)
    flash(_("The key %(name)s is made. Give it to a form next.", name=key.name), "fine")
    return redirect(url_for("encryption.keys"), 303)


@pages.post("/keys/<int:key_id>/retire")
@door.allow(Right.MANAGE_FORMS)
def retire(key_id: int) -> ResponseReturnValue:
    """Take a key out of use; what was encrypted for it can still be read."""
    with door.keeping_input() as fault:
        key = encryption_keys.retire(door.session(), PROJECT, key_id)
    if fault:
        flash(" ".join(fault.errors.values()), "watch")
        return redirect(url_for("encryption.keys"), 303)
    door.journal("key_retired", f"key {key_id}", name=key.name)
    flash(_("The key %(name)s takes no new forms.", name=key.name), "fine")
    return redirect(url_for("encryption.keys"), 303)


@pages.get("/forms/<form_id>/encryption")
@door.allow(Right.MANAGE_FORMS)
def form(form_id: str) -> str:
    """Show how a form stands, and what encryption would cost, before it is switched."""
    return _form_page(form_id, {})


@pages.post("/forms/<form_id>/encryption")
@door.allow(Right.MANAGE_FORMS)
def switch(form_id: str) -> ResponseReturnValue:
    """Switch a form to a key, or back to plain answers: a new version either way."""
    session, who = door.session(), door.account().name
    key_id = request.form.get("key", 0, type=int)
    if key_id and "understood" not in request.form:
        words = _("Read what encryption costs, then say that you know.")
        return _form_page(form_id, {"understood": words}), 422
    with door.keeping_input() as fault:
        if key_id:
            done = form_encryption.switch_on(session, PROJECT, form_id, key_id, who)
        else:
            done = form_encryption.switch_off(session, PROJECT, form_id, who)
    if fault:
        return _form_page(form_id, fault.errors), 409
    door.journal("form_encryption", form_id, key=key_id or None, version=done.version)
    words = (
        _("From version “%(version)s” on, phones encrypt what they send.", version=done.version)
        if key_id
        else _("From version “%(version)s” on, answers come plain.", version=done.version)
    )
    flash(words, "fine")
    return redirect(url_for("forms.one", form_id=form_id), 303)


def _new_page(told: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "keys_new.html",
        name=told.get("name", ""),
        hint=told.get("hint", ""),
        errors=errors,
        least=encryption_keys.SHORTEST_PASSPHRASE,
        is_secure=request.is_secure,
    )


def _form_page(form_id: str, errors: dict[str, str]) -> str:
    session = door.reading()
    state = form_encryption.state_of(session, PROJECT, form_id)
    usable = [
        (one.id, one.name)
        for one in encryption_keys.keys(session, PROJECT)
        if one.retired_at is None and (state.key is None or one.id != state.key.id)
    ]
    return render_template("keys_form.html", state=state, usable=usable, errors=errors)
