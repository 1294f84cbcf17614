"""Signing in and out, and the first password by a one-time link."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server.survey import credentials
from server.web import door
from server.web.language import _, ngettext

pages = Blueprint("signin", __name__)


@pages.get("/sign-in")
@door.public
def show() -> ResponseReturnValue:
    """Ask for name and password; who has signed in already is led on."""
    if door.account_or_none():
        return redirect(_onward())
    return render_template("signin.html", name="", error="")


@pages.post("/sign-in")
@door.public
def enter() -> ResponseReturnValue:
    """Try a name and a password."""
    name = request.form.get("name", "")
    password = request.form.get("password", "")
    tried = credentials.sign_in(door.site().engine, name, password, door.address())
    if tried.account_id is not None:
        door.let_in(tried.account_id, tried.epoch)
        return redirect(_onward(), 303)
    if tried.wait_s:
        words = ngettext(
            "Too many attempts. Wait %(n)s second, then try again.",
            "Too many attempts. Wait %(n)s seconds, then try again.",
            tried.wait_s,
        )
        answer = make_response(render_template("signin.html", name=name, error=words), 429)
        answer.headers["Retry-After"] = str(tried.wait_s)
        return answer
    words = _("Name and password do not match. Check capital letters, then try again.")
    return render_template("signin.html", name=name, error=words), 401


@pages.post("/sign-out")
@door.public
def leave() -> ResponseReturnValue:
    """Forget who is signed in on this browser."""
    if door.account_or_none():
        door.journal("signed_out", door.account().name)
    door.let_out()
    answer = make_response(redirect(url_for("signin.show"), 303))
    # What the browser kept for the road goes too.
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@pages.get("/welcome/<token>")
@door.public
def welcome(token: str) -> str:
    """Ask the owner of a one-time link for a password. Looking does not use the link up."""
    _id, name = credentials.account_of_link(door.session(), token)
    return render_template("welcome.html", name=name, error="")


@pages.post("/welcome/<token>")
@door.public
def begin(token: str) -> ResponseReturnValue:
    """Set the first password, use the link up, and sign in."""
    password = request.form.get("password", "")
    account_id, name = credentials.account_of_link(door.session(), token)
    if password != request.form.get("again", ""):
        words = _("The two passwords differ. Type the same one twice.")
        return render_template("welcome.html", name=name, error=words), 422
    fault = credentials.password_fault(password)
    if fault is not None:
        words = _(fault.msgid, **fault.params)
        return render_template("welcome.html", name=name, error=words), 422
    epoch = credentials.set_password(door.session(), account_id, password)
    door.journal("password_set", name, by="one-time link")
    door.let_in(account_id, epoch)
    flash(_("Welcome. Your password is set."), "fine")
    return redirect(url_for("more.home"), 303)


def _onward() -> str:
    return door.local_path(request.values.get("next"), url_for("more.home"))
