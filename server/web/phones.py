"""Workers' phones: add one, show its code once, change its villages, shut it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server.errors import NotValid
from server.survey import accounts, crew, phone_board, phone_villages, phones
from server.survey import phone_codes as codes
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.survey.phone_board import BoardLine, Marks, State
from server.survey.phones import NewPhone, PhoneLine
from server.web import door, phone_codes
from server.web.language import _

pages = Blueprint("phones", __name__, url_prefix="/phones")

SHOWN = 100
# What the board can be narrowed to, by its name in the address.
SHOWN_WORDS = {
    "silent": "Silent",
    "new": "Not heard of yet",
    "form": "Old form",
    "app": "Old app",
    "revoked": "Shut out",
}
SORT_WORDS = {
    "contact": "Silent first",
    "sent": "Longest without sending",
    "name": "Name",
}
_FITS: dict[str, Callable[[BoardLine], bool]] = {
    "silent": lambda one: one.state == State.SILENT,
    "new": lambda one: one.state == State.NEW,
    "form": lambda one: one.has_old_form,
    "app": lambda one: one.has_old_app,
    "revoked": lambda one: one.state == State.REVOKED,
    "": lambda one: True,
}


@pages.get("/")
@door.allow(Right.MANAGE_PHONES)
def show() -> str:
    """Show the phones that serve the reader's villages: silent, with old forms, shut out."""
    now = datetime.now(UTC)
    lines = phone_board.board(door.session(), PROJECT, door.account().scope, now, _marks())
    told = request.args
    shown = told.get("show", "") if told.get("show", "") in _FITS else ""
    sort = told.get("sort", "") if told.get("sort", "") in SORT_WORDS else "contact"
    wanted = told.get("wanted", "").strip()
    fitting = _ordered(
        [one for one in lines if _FITS[shown](one) and _is_called(one, wanted)], sort
    )
    first = (max(1, told.get("page", 1, int)) - 1) * SHOWN
    return render_template(
        "phones.html",
        lines=fitting[first : first + SHOWN],
        everywhere=len(lines),
        in_use=sum(one.is_in_use for one in lines),
        counts={key: sum(map(fits, lines)) for key, fits in _FITS.items()},
        shown=shown,
        shown_words={key: _(words) for key, words in SHOWN_WORDS.items()},
        sort=sort,
        sorts=[(key, _(words)) for key, words in SORT_WORDS.items()],
        wanted=wanted,
        marks=_marks(),
        newer=door.this_address(page=str(first // SHOWN)) if first else None,
        older=door.this_address(page=str(first // SHOWN + 2))
        if first + SHOWN < len(fitting)
        else None,
        this_address=door.this_address,
        now=now,
    )


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
        site_url = codes.clean_site_url(request.form.get("address", ""))
        made = phones.add_phone(
            door.session(),
            PROJECT,
            request.form.get("name", ""),
            request.form.getlist("village"),
            door.account().scope,
            _account_id(),
            request.form.get("preset", "locked"),
        )
        _keep_telephone(made.id)
    if fault:
        return _new_page(fault.errors), 422
    door.journal("phone_added", made.name, villages=sorted({*request.form.getlist("village")}))
    return _code_page(made, site_url)


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
    chosen = request.form.getlist("village")
    with door.keeping_input() as fault:
        scope = door.account().scope
        phones.assign_villages(door.session(), phone_id, chosen, scope)
        phones.link_account(door.session(), phone_id, _account_id(), scope)
        _keep_telephone(phone_id)
    if fault:
        return _one_page(before, fault.errors), 422
    door.journal("phone_changed", before.name, villages=sorted({*chosen}))
    flash(_("%(name)s gets the new lists when the phone next asks.", name=before.name), "fine")
    return redirect(url_for("phones.show"), 303)


@pages.post("/<int:phone_id>/code")
@door.allow(Right.MANAGE_PHONES)
def renew(phone_id: int) -> ResponseReturnValue:
    """Give the phone a new code and show it, once; the old one ends."""
    before = _line(phone_id)
    with door.keeping_input() as fault:
        site_url = codes.clean_site_url(request.form.get("address", ""))
        preset = request.form.get("preset")
        made = phones.rotate(door.session(), phone_id, door.account().scope, preset)
    if fault:
        return _one_page(before, fault.errors), 422
    door.journal("phone_code_made", made.name)
    return _code_page(made, site_url)


@pages.post("/<int:phone_id>/revoke")
@door.allow(Right.MANAGE_PHONES)
def revoke(phone_id: int) -> ResponseReturnValue:
    """Shut a lost phone out, from its next request on."""
    phones.revoke(door.session(), phone_id, door.account().scope)
    name = _line(phone_id).name
    door.journal("phone_revoked", name)
    flash(_("%(name)s is shut out. What the phone sent stays.", name=name), "fine")
    return redirect(url_for("phones.show"), 303)


def _keep_telephone(phone_id: int) -> None:
    scope, number = door.account().scope, request.form.get("telephone", "")
    crew.keep_telephone(door.session(), phone_id, number, scope)


def _line(phone_id: int) -> PhoneLine:
    return phones.find(door.session(), phone_id, door.account().scope)


def _marks() -> Marks:
    settings = door.site().settings
    return Marks(settings.silent_days, settings.oldest_app)


def _is_called(line: BoardLine, wanted: str) -> bool:
    """Say whether a phone's name, number, account or one of its villages holds what is wanted."""
    told = [line.phone.name, line.phone.account or "", *(one.name for one in line.villages)]
    return wanted == str(line.phone.id) or any(wanted.lower() in one.lower() for one in told)


def _ordered(lines: Sequence[BoardLine], sort: str) -> list[BoardLine]:
    """Return the phones in one of the orders of SORT_WORDS, those shut out last."""
    never = datetime.min.replace(tzinfo=UTC)
    keys: dict[str, Callable[[BoardLine], datetime]] = {
        "contact": lambda one: one.last_contact_at or never,
        "sent": lambda one: one.last_submission_at or never,
        "name": lambda one: never,
    }
    by_name = sorted(lines, key=lambda one: (one.phone.name, one.phone.id))
    return sorted(by_name, key=lambda one: (not one.is_in_use, keys[sort](one)))


def _new_page(errors: dict[str, str]) -> str:
    typed = request.form
    return render_template(
        "phones_new.html",
        errors=errors,
        name=typed.get("name", ""),
        telephone=typed.get("telephone", ""),
        preset=typed.get("preset", "locked"),
        presets=_presets(),
        address=typed.get("address") or phone_codes.site_url(),
        **_choices(typed.getlist("village")),
    )


def _one_page(phone: PhoneLine, errors: dict[str, str]) -> str:
    typed = request.form
    now, scope = datetime.now(UTC), door.account().scope
    village_codes = typed.getlist("village") if typed else [one.code for one in phone.villages]
    return render_template(
        "phones_one.html",
        line=phone_board.find(door.reading(), PROJECT, phone.id, scope, now, _marks()),
        phone=phone,
        telephone=typed.get("telephone", crew.telephone(door.session(), phone.id)),
        errors=errors,
        can_change=all(scope.covers(one.code) for one in phone.villages),
        preset=typed.get("preset", phone.preset),
        presets=_presets(),
        address=typed.get("address") or phone_codes.site_url(),
        marks=_marks(),
        now=now,
        **_choices(village_codes, phone.account_id),
    )


def _presets() -> list[tuple[str, str]]:
    return [(key, _(words)) for key, words in phone_codes.PRESET_WORDS.items()]


def _choices(chosen: Sequence[str], account_id: int | None = None) -> dict[str, object]:
    """Return what both forms offer: villages, as far as a search has found them, and accounts."""
    session, scope = door.session(), door.account().scope
    search = request.form.get("wanted", "")
    offered = accounts.account_list(session, scope)
    return {
        "search": search,
        "choices": phone_villages.village_choices(session, scope, search, chosen),
        "chosen": chosen,
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


def _code_page(made: NewPhone, address: str) -> str:
    code = phone_codes.code_of(made, address)
    return render_template(
        "phones_code.html",
        made=made,
        code=code,
        picture=phone_codes.picture_of(code.text),
        steps=phone_codes.steps(),
    )
