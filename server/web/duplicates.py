"""What looks like the same person or family twice, of the reader's villages."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, render_template, request, url_for

from exports.masking import mask_name, mask_phone
from server.survey import duplicates, places
from server.survey.accounts import Right
from server.web import door
from server.web.language import _

pages = Blueprint("duplicates", __name__)


@pages.get("/duplicates")
@door.allow(Right.SEE_PERSONS)
def show() -> str:
    """List doubles of one kind; `village` (a village or township) narrows the list."""
    kind = request.args.get("kind", duplicates.ID_NUMBER)
    if kind not in duplicates.KINDS:
        kind = duplicates.ID_NUMBER
    code = request.args.get("village", "")
    code = code if code.isascii() and code.isdigit() and len(code) <= 12 else ""
    scope = door.account().scope.within(code) if len(code) > 1 else door.account().scope
    today = datetime.now(door.site().settings.zone).date()
    found = duplicates.page(door.session(), scope, kind, today, request.args.get("after", ""))
    older = None
    if found.next_key:
        older = url_for("duplicates.show", kind=kind, village=code or None, after=found.next_key)
    return render_template(
        "duplicates.html",
        page=found,
        kind=kind,
        kinds=[(one, _(duplicates.KIND_TITLES[one])) for one in duplicates.KINDS],
        title=_(duplicates.KIND_TITLES[kind]),
        village=code,
        place=places.place_name(door.session(), code) if code else "",
        older=older,
        is_phone=kind == duplicates.PHONE,
        is_id=kind == duplicates.ID_NUMBER,
        mask_name=mask_name,
        mask_phone=mask_phone,
    )
