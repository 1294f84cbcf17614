"""Accounts: who may do what and where; everybody's own password and language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server.errors import NotValid
from server.survey import account_areas, accounts, credentials
from server.survey.accounts import AccountView, Right, Role
from server.survey.areas import full_code
from server.web import door, language
from server.web.language import _

pages = Blueprint("accounts", __name__, url_prefix="/accounts")

# Message ids: what a role is called, and what it is for.
ROLE_WORDS = {
    Role.WORKER: ("Worker", "Visits households; sees the people of their own villages"),
    Role.SUPERVISOR: ("Supervisor", "Looks after workers, phones and what they sent"),
    Role.OFFICE: ("Office", "Forms, register and treatment lists; full names with a reason"),
    Role.HOSPITAL: ("Hospital", "Treatment lists and the people on them"),
    Role.AUDITOR: ("Auditor", "Clinics and their audits; no people"),
    Role.ADMIN: ("Administrator", "Accounts, phones, forms, journal; no people"),
}
STATES = {
    "active": ("fine", "active"),
    "invited": ("todo", "no password yet"),
    "disabled": ("off", "disabled"),
}


@pages.get("/")
@door.allow(Right.MANAGE_ACCOUNTS)
def show() -> str:
    """List the accounts of the reader's areas."""
    listed = accounts.account_list(door.session(), door.account().scope)
    return render_template(
        "accounts.html",
        accounts=listed,
        areas=_area_words(listed),
        role_words=ROLE_WORDS,
        states=STATES,
    )


@pages.get("/new")
@door.allow(Right.MANAGE_ACCOUNTS)
def new() -> str:
    """Ask for name, role and areas of a new account."""
    return _form(None, {})


@pages.post("/new")
@door.allow(Right.MANAGE_ACCOUNTS)
def add() -> ResponseReturnValue:
    """Add an account; the answer shows its one-time link, once."""
    with door.keeping_input() as fault:
        role = accounts.role_named(request.form.get("role", ""))
        added = accounts.add(
            door.session(), request.form.get("name", ""), role, _areas(), door.account().scope
        )
    if fault:
        return _form(None, fault.errors), 422
    door.journal("account_added", added.name, role=role.value, areas=list(added.areas))
    return _with_link(added)


@pages.get("/<int:account_id>")
@door.allow(Right.MANAGE_ACCOUNTS)
def one(account_id: int) -> str:
    """Show one account, to be changed."""
    return _form(accounts.find(door.session(), account_id, door.account().scope), {})


@pages.post("/<int:account_id>")
@door.allow(Right.MANAGE_ACCOUNTS)
def change(account_id: int) -> ResponseReturnValue:
    """Give the account another role or other areas."""
    before = accounts.find(door.session(), account_id, door.account().scope)
    with door.keeping_input() as fault:
        role = accounts.role_named(request.form.get("role", ""))
        after = accounts.change(door.session(), account_id, role, _areas(), door.account().scope)
    if fault:
        return _form(before, fault.errors), 422
    door.journal("account_changed", after.name, role=role.value, areas=list(after.areas))
    flash(_("%(name)s was changed and has to sign in again.", name=after.name), "fine")
    return redirect(url_for("accounts.show"), 303)


@pages.post("/<int:account_id>/link")
@door.allow(Right.MANAGE_ACCOUNTS)
def link(account_id: int) -> ResponseReturnValue:
    """Make a new one-time link; it is shown once. The old password holds until the link is used."""
    account = accounts.find(door.session(), account_id, door.account().scope)
    door.journal("link_made", account.name)
    return _with_link(account)


@pages.post("/<int:account_id>/disable")
@door.allow(Right.MANAGE_ACCOUNTS)
def disable(account_id: int) -> ResponseReturnValue:
    """Disable an account; its sessions end at once."""
    account = accounts.disable(door.session(), account_id, door.account().scope)
    door.journal("account_disabled", account.name)
    flash(_("%(name)s can no longer sign in.", name=account.name), "fine")
    return redirect(url_for("accounts.show"), 303)


@pages.post("/<int:account_id>/enable")
@door.allow(Right.MANAGE_ACCOUNTS)
def enable(account_id: int) -> ResponseReturnValue:
    """Let a disabled account in again."""
    account = accounts.enable(door.session(), account_id, door.account().scope)
    door.journal("account_enabled", account.name)
    flash(_("%(name)s can sign in again.", name=account.name), "fine")
    return redirect(url_for("accounts.show"), 303)


@pages.get("/mine")
@door.signed_in
def own() -> str:
    """Show the reader's own account."""
    return _own({})


@pages.post("/mine/password")
@door.signed_in
def change_password() -> ResponseReturnValue:
    """Change the reader's own password; sign-ins elsewhere end."""
    who = door.account()
    with door.keeping_input() as fault:
        if not credentials.is_password(door.session(), who.id, request.form.get("old", "")):
            raise NotValid("This is not your present password.", "old")
        if request.form.get("password", "") != request.form.get("again", ""):
            raise NotValid("The two passwords differ. Type the same one twice.", "again")
        epoch = credentials.set_password(door.session(), who.id, request.form.get("password", ""))
    if fault:
        return _own(fault.errors), 422
    door.journal("password_set", who.name, by="owner")
    door.let_in(who.id, epoch)
    flash(_("Your password is changed. Elsewhere you have to sign in again."), "fine")
    return redirect(url_for("accounts.own"), 303)


@pages.post("/mine/sessions")
@door.signed_in
def end_sessions() -> ResponseReturnValue:
    """Sign the reader out everywhere, here too."""
    who = door.account()
    accounts.end_sessions(door.session(), who.id)
    door.journal("sessions_ended", who.name)
    door.let_out()
    return redirect(url_for("signin.show"), 303)


def _own(errors: dict[str, str]) -> str:
    who = door.account()
    codes = [full_code(stem) if stem else "" for stem in who.scope.stems]
    known = account_areas.names(door.session(), codes)
    return render_template(
        "account_own.html",
        who=who,
        areas=[_area_name(code, known) for code in codes],
        role_words=ROLE_WORDS,
        languages=language.LANGUAGES.items(),
        errors=errors,
    )


def _form(account: AccountView | None, errors: dict[str, str]) -> str:
    typed = request.form
    codes: Sequence[str] = account.areas if account else ()
    if typed:
        codes = typed.getlist("area")
    known = account_areas.names(door.session(), codes)
    return render_template(
        "account.html",
        account=account,
        name=typed.get("name", account.name if account else ""),
        role=typed.get("role", account.role.value if account else Role.WORKER.value),
        areas=[(code, _area_name(code, known)) for code in codes],
        chosen=codes,
        typed=typed.get("more_areas", ""),
        offered=account_areas.offered(door.session(), door.account().scope),
        is_register_empty=account_areas.is_register_empty(door.session()),
        roles=[(role.value, _(title), _(note)) for role, (title, note) in ROLE_WORDS.items()],
        states=STATES,
        errors=errors,
    )


def _with_link(account: AccountView) -> str:
    token = credentials.one_time_link(door.session(), account.id)
    address = url_for("signin.welcome", token=token, _external=True)
    return render_template(
        "account_link.html", account=account, address=address, days=credentials.LINK_DAYS
    )


def _areas() -> list[str]:
    """Return the codes of the areas ticked, and of those typed on lines or between commas."""
    typed = re.split(r"[\n,,、;;]+", request.form.get("more_areas", ""))
    named = [account_areas.chosen(door.session(), text).code for text in typed if text.strip()]
    return [*request.form.getlist("area"), *named]


def _area_words(listed: Iterable[AccountView]) -> dict[int, str]:
    listed = list(listed)
    known = account_areas.names(door.session(), {code for one in listed for code in one.areas})
    return {one.id: " · ".join(_area_name(code, known) for code in one.areas) for one in listed}


def _area_name(code: str, known: dict[str, str]) -> str:
    return known.get(code, code) if code else _("the whole site")
