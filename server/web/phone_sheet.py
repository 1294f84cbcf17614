"""New codes for a whole team, as one PDF to print and cut: the old codes end when it is made."""

from __future__ import annotations

from datetime import UTC, datetime

import segno
from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from exports import qr_sheet
from exports.qr_sheet import PhoneCard, SheetWords
from server.errors import NotValid
from server.survey import phone_board, phones
from server.survey import phone_codes as codes
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.survey.phone_board import BoardLine, Marks, State
from server.survey.phones import NewPhone
from server.web import door, language, phone_codes
from server.web.kept_files import made_file
from server.web.language import _

pages = Blueprint("phone_sheet", __name__, url_prefix="/phone-sheet")

# A county's team; more at once is a mistake of the thumb.
MOST_PHONES = 200
SHEET_STEP_WORDS = (
    "Install ODK Collect or KoboCollect on the phone.",
    "Open it, tap “Configure with QR code” and scan this code.",
    "Wait for the forms. What you finish is sent by itself.",
)


@pages.get("/")
@door.allow(Right.MANAGE_PHONES)
def choose() -> str:
    """Ask for which phones; those nobody has heard of yet are chosen already."""
    lines = _changeable()
    fresh = {one.phone.id for one in lines if one.state == State.NEW}
    return _choose_page(lines, fresh, {})


@pages.post("/")
@door.allow(Right.MANAGE_PHONES)
def confirm() -> ResponseReturnValue:
    """Say which codes end, before they do; then make them and give the sheet."""
    lines = _changeable()
    with door.keeping_input() as fault:
        chosen = _chosen(lines)
        address = codes.clean_site_url(request.form.get("address", ""))
        _check_font()
    if fault:
        return _choose_page(lines, _asked(), fault.errors), 422
    if "sure" not in request.form:
        return render_template(
            "phone_sheet_confirm.html",
            lines=chosen,
            busy=[one for one in chosen if one.last_contact_at],
            address=address,
            per_page=_per_page(),
        )
    return _sheet(chosen, address)


def _changeable() -> list[BoardLine]:
    """Return the phones in use whose villages are all the reader's."""
    settings, scope = door.site().settings, door.account().scope
    marks = Marks(settings.silent_days, settings.oldest_app)
    lines = phone_board.board(door.reading(), PROJECT, scope, datetime.now(UTC), marks)
    return [one for one in lines if one.is_in_use and not one.elsewhere]


def _asked() -> set[int]:
    asked = request.form.getlist("phone")
    return {int(one) for one in asked if one.isascii() and one.isdigit() and len(one) < 10}


def _chosen(lines: list[BoardLine]) -> list[BoardLine]:
    """Return the phones that were asked for. Raises NotValid for none and for too many."""
    asked = _asked()
    chosen = [one for one in lines if one.phone.id in asked]
    if not chosen:
        raise NotValid("Choose at least one phone.", "phone")
    if len(chosen) > MOST_PHONES:
        raise NotValid("Choose at most %(most)s phones.", "phone", most=MOST_PHONES)
    return chosen


def _per_page() -> int:
    return 8 if request.form.get("per_page") == "8" else 6


def _check_font() -> None:
    font = door.site().settings.pdf_font
    try:
        qr_sheet.check_font(font)
    except ValueError as error:
        raise NotValid("The font %(path)s cannot be used: %(fault)s", path=font, fault=error) from (
            error
        )


def _choose_page(lines: list[BoardLine], chosen: set[int], errors: dict[str, str]) -> str:
    typed = request.form
    return render_template(
        "phone_sheet.html",
        lines=lines,
        chosen=chosen,
        errors=errors,
        address=typed.get("address") or phone_codes.site_url(),
        per_page=typed.get("per_page", "6"),
    )


def _sheet(chosen: list[BoardLine], address: str) -> Response:
    """Give every phone a new code and answer with all of them; nothing of it is kept here."""
    scope = door.account().scope
    made = [phones.rotate(door.session(), one.phone.id, scope) for one in chosen]
    door.journal("phone_sheet_made", _("Phones"), phones=[one.id for one in made])
    villages = {one.phone.id: " · ".join(one.village_names) for one in chosen}
    cards = [_card(one, address, villages[one.id]) for one in made]
    font = door.site().settings.pdf_font
    sheet = qr_sheet.qr_sheet(cards, _words(address), per_page=_per_page(), font=font)
    answer = made_file(sheet, f"{_('Phone codes')}.pdf", "application/pdf")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _card(made: NewPhone, address: str, villages: str) -> PhoneCard:
    code = phone_codes.code_of(made, address)
    drawn = segno.make(code.text, error="l", micro=False)
    return PhoneCard(
        name=made.name,
        number=_("No. %(number)s", number=made.id),
        villages=villages,
        modules=[[bool(one) for one in row] for row in drawn.matrix],
        settings_password=code.settings_password,
        digest_name=made.digest_name,
        digest_password=made.digest_password,
    )


def _words(address: str) -> SheetWords:
    moment = language.moment(datetime.now(UTC))
    return SheetWords(
        title=_("Phone codes"),
        address_label=_("Server"),
        address=address,
        steps=[_(one) for one in SHEET_STEP_WORDS],
        made=_("Made on %(moment)s. Older codes of this phone have ended.", moment=moment),
        kept_title=_("For the office: keep this page, do not hand it out"),
        kept_note=_(
            "The first password opens the locked settings of Collect. Name and second password are "
            "for phones without a camera; the server's address to type is %(url)s.",
            url=f"{address}/v1/projects/{PROJECT}",
        ),
        kept_heads=[
            _("Phone"),
            _("Number"),
            _("Settings password"),
            _("Username"),
            _("Password"),
        ],
    )
