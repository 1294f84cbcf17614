"""Workers' phones: add one, show its code once, change its villages, shut it out."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import segno
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server.errors import NotValid
from server.survey import accounts, addresses, phone_codes, phone_villages, phones
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.survey.phones import NewPhone, PhoneLine
from server.web import door, language
from server.web.language import _

pages = Blueprint("phones", __name__, url_prefix="/phones")

# How a worker gets going, read out or printed: message ids, shown in every language of the site.
STEP_WORDS = (
    "Install ODK Collect or KoboCollect on the phone, and open it.",
    "Tap “Configure with QR code” and hold the camera over this code. In a Collect that has a "
    "project already: tap the round icon at the top, then “Add project”.",
    "Wait until “Start new form” lists the forms. Without a signal they come later.",
    "Finished forms are sent by themselves as soon as there is a signal.",
)


@pages.get("/")
@door.allow(Right.MANAGE_PHONES)
def show() -> str:
    """List the phones that serve the reader's villages."""
    listed = phones.phone_list(door.session(), PROJECT, door.account().scope)
    in_use = sum(one.revoked_at is None for one in listed)
    return render_template("phones.html", phones=listed, in_use=in_use)


@pages.get("/new")
@door.allow(Right.MANAGE_PHONES)
def new() -> str:
    """Ask for the name and the villages of a new phone."""
    return _new_page({})


@pages.post("/new")
@door.allow(Right.MANAGE_PHONES)
def add() -> ResponseReturnValue:
    """Add a phone and show its code, once; or search the villages, keeping what was typed."""
    if "search" in request.form:
        return _new_page({})
    with door.keeping_input() as fault:
        site_url = phone_codes.clean_site_url(request.form.get("address", ""))
        made = phones.add_phone(
            door.session(),
            PROJECT,
            request.form.get("name", ""),
            request.form.getlist("village"),
            door.account().scope,
            _account_id(),
        )
    if fault:
        return _new_page(fault.errors), 422
    door.journal("phone_added", made.name, villages=sorted({*request.form.getlist("village")}))
    return _code_page(made, site_url, is_locked="free" not in request.form)


@pages.get("/<int:phone_id>")
@door.allow(Right.MANAGE_PHONES)
def one(phone_id: int) -> str:
    """Show one phone: its villages, its last work, and what can be done with it."""
    return _one_page(_line(phone_id), {})


@pages.post("/<int:phone_id>/villages")
@door.allow(Right.MANAGE_PHONES)
def assign(phone_id: int) -> ResponseReturnValue:
    """Let the phone serve other villages; or search them, keeping what was chosen."""
    before = _line(phone_id)
    if "search" in request.form:
        return _one_page(before, {})
    codes = request.form.getlist("village")
    with door.keeping_input() as fault:
        scope = door.account().scope
        phones.assign_villages(door.session(), phone_id, codes, scope)
        phones.link_account(door.session(), phone_id, _account_id(), scope)
    if fault:
        return _one_page(before, fault.errors), 422
    door.journal("phone_changed", before.name, villages=sorted({*codes}))
    flash(_("%(name)s gets the new lists when the phone next asks.", name=before.name), "fine")
    return redirect(url_for("phones.show"), 303)


@pages.post("/<int:phone_id>/code")
@door.allow(Right.MANAGE_PHONES)
def renew(phone_id: int) -> ResponseReturnValue:
    """Give the phone a new code and show it, once; the old one ends."""
    before = _line(phone_id)
    with door.keeping_input() as fault:
        site_url = phone_codes.clean_site_url(request.form.get("address", ""))
        made = phones.rotate(door.session(), phone_id, door.account().scope)
    if fault:
        return _one_page(before, fault.errors), 422
    door.journal("phone_code_made", made.name)
    return _code_page(made, site_url, is_locked="free" not in request.form)


@pages.post("/<int:phone_id>/revoke")
@door.allow(Right.MANAGE_PHONES)
def revoke(phone_id: int) -> ResponseReturnValue:
    """Shut a lost phone out, from its next request on."""
    phones.revoke(door.session(), phone_id, door.account().scope)
    name = _line(phone_id).name
    door.journal("phone_revoked", name)
    flash(_("%(name)s is shut out. What the phone sent stays.", name=name), "fine")
    return redirect(url_for("phones.show"), 303)


def _line(phone_id: int) -> PhoneLine:
    return phones.find(door.session(), phone_id, door.account().scope)


def _new_page(errors: dict[str, str]) -> str:
    typed = request.form
    return render_template(
        "phones_new.html",
        errors=errors,
        name=typed.get("name", ""),
        is_free="free" in typed,
        address=typed.get("address") or _site_url(),
        **_choices(typed.getlist("village")),
    )


def _one_page(phone: PhoneLine, errors: dict[str, str]) -> str:
    typed = request.form
    scope = door.account().scope
    codes = typed.getlist("village") if typed else [one.code for one in phone.villages]
    return render_template(
        "phones_one.html",
        phone=phone,
        errors=errors,
        can_change=all(scope.covers(one.code) for one in phone.villages),
        address=typed.get("address") or _site_url(),
        **_choices(codes, phone.account_id),
    )


def _choices(codes: Sequence[str], account_id: int | None = None) -> dict[str, object]:
    """Return what both forms offer: villages, as far as a search has found them, and accounts."""
    session, scope = door.session(), door.account().scope
    search = request.form.get("wanted", "")
    offered = accounts.account_list(session, scope)
    return {
        "search": search,
        "choices": phone_villages.village_choices(session, scope, search, codes),
        "chosen": codes,
        "accounts": [("", _("nobody’s")), *((str(one.id), one.name) for one in offered)],
        "account": request.form.get("account", str(account_id or "")),
    }


def _account_id() -> int | None:
    """Return the account the phone is to belong to. Raises NotValid for one that is not offered."""
    wanted = request.form.get("account", "")
    if not wanted:
        return None
    for one in accounts.account_list(door.session(), door.account().scope):
        if str(one.id) == wanted:
            return one.id
    raise NotValid("There is no such account.", "account")


def _code_page(made: NewPhone, site_url: str, *, is_locked: bool) -> str:
    code = phone_codes.make_code(
        site_url,
        made.token,
        made.project_id,
        worker=made.name,
        project_name=_("Door-to-door survey"),
        is_locked=is_locked,
    )
    picture = segno.make(code.text, error="l", micro=False)
    own = language.language()
    spoken = [own, *(one for one in language.LANGUAGES if one != own)]
    return render_template(
        "phones_code.html",
        made=made,
        code=code,
        # As an image of its own: the page's styles for drawings would thicken its lines.
        picture=picture.svg_data_uri(scale=4, border=4),
        steps={one: [language.words(one).text(step) for step in STEP_WORDS] for one in spoken},
    )


def _site_url() -> str:
    """Return where phones find the site: as the reader did, unless only his own machine can."""
    host = request.host.partition(":")[0]
    try:
        is_own_machine = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_own_machine = host == "localhost"
    if is_own_machine:
        return addresses.main_address(door.site().settings)
    return request.url_root.rstrip("/")
