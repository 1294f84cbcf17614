"""What a phone gets: the very lists it is served, masked until somebody says why he must see."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from server.errors import NotAllowed, NotValid
from server.survey import phone_lists, phones
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.survey.phones import PhoneLine
from server.web import door

pages = Blueprint("phone_view", __name__, url_prefix="/phones")

# As for a single person: a word is no reason.
SHORTEST_REASON = 4


@pages.get("/<int:phone_id>/lists")
@door.allow(Right.MANAGE_PHONES)
def show(phone_id: int) -> str:
    """Show the lists a phone gets: rows, hash, and the forms that bring them."""
    line = _phone(phone_id)
    lists = phone_lists.phone_lists(door.reading(), PROJECT, phone_id)
    return render_template("phone_view.html", phone=line, lists=lists)


@pages.get("/<int:phone_id>/lists/<name>")
@door.allow(Right.MANAGE_PHONES)
def rows(phone_id: int, name: str) -> str:
    """Show the rows of one list, masked."""
    line = _phone(phone_id)
    _check_reader()
    door.journal("phone_list_seen", line.name, list=name, masked=True)
    return _rows_page(line, name, is_masked=True, errors={})


@pages.post("/<int:phone_id>/lists/<name>")
@door.allow(Right.REVEAL_PERSONS)
def reveal(phone_id: int, name: str) -> ResponseReturnValue:
    """Show the rows in full, for a reason that the journal keeps."""
    line = _phone(phone_id)
    _check_reader()
    reason = request.form.get("reason", "").strip()
    with door.keeping_input() as fault:
        if len(reason) < SHORTEST_REASON:
            raise NotValid("Say in a few words why full names are needed.", field="reason")
    if fault:
        return _rows_page(line, name, is_masked=True, errors=fault.errors), 422
    door.journal("phone_list_revealed", line.name, list=name, start=_start(), reason=reason)
    return _rows_page(line, name, is_masked=False, errors={})


def _check_reader() -> None:
    """Let pass who may both look after phones and see persons."""
    who = door.account()
    if not (who.may(Right.MANAGE_PHONES) and who.may(Right.SEE_PERSONS)):
        raise NotAllowed("Your account has no right to this page.")


def _phone(phone_id: int) -> PhoneLine:
    scope = door.account().scope
    line = phones.find(door.reading(), phone_id, scope)
    if not all(scope.covers(one.code) for one in line.villages):
        raise NotAllowed("This phone also serves villages that are not yours.")
    return line


def _start() -> int:
    asked = request.values.get("start", "0")
    return int(asked) if asked.isdecimal() and len(asked) < 10 else 0


def _rows_page(line: PhoneLine, name: str, *, is_masked: bool, errors: dict[str, str]) -> str:
    who = door.account()
    page = phone_lists.list_page(
        door.reading(),
        PROJECT,
        line.id,
        name,
        _start(),
        shows_personal=not is_masked,
        shows_sensitive=who.may(Right.SEE_SENSITIVE),
    )
    return render_template(
        "phone_view_rows.html",
        phone=line,
        page=page,
        is_masked=is_masked,
        may_reveal=who.may(Right.REVEAL_PERSONS),
        errors=errors,
    )
