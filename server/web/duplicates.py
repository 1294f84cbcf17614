"""What looks like the same person or family twice, of the reader's villages."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for

from exports.masking import mask_phone
from server.survey import duplicates, places
from server.survey.accounts import Right
from server.survey.duplicates import DoublePage
from server.survey.likeness import listing
from server.survey.likeness.listing import AlikePage
from server.survey.likeness.settling import HOUSEHOLD, PERSON
from server.web import door, likeness_rows, likeness_words
from server.web.language import _
from server.web.site_time import site_day

pages = Blueprint("duplicates", __name__)

PAIR_TITLES = {
    PERSON: "Persons who look like one",
    HOUSEHOLD: "Households that look like one",
}
KINDS = {**PAIR_TITLES, **duplicates.KIND_TITLES}


@pages.get("/duplicates")
@door.allow(Right.SEE_PERSONS)
def show() -> str:
    """List doubles of one kind; `village` (a village or township) narrows the list."""
    kind = request.args.get("kind", PERSON)
    if kind not in KINDS:
        kind = PERSON
    code = request.args.get("village", "")
    code = code if code.isascii() and code.isdigit() and len(code) <= 12 else ""
    scope = door.account().scope.within(code) if len(code) > 1 else door.account().scope
    today = site_day()
    session, after = door.session(), request.args.get("after", "")
    is_pairs = kind in PAIR_TITLES
    found: AlikePage | DoublePage
    if is_pairs:
        found = listing.page(session, scope, kind, after)
    else:
        found = duplicates.page(session, scope, kind, today, after)
    older = None
    if found.next_key:
        older = url_for("duplicates.show", kind=kind, village=code or None, after=found.next_key)
    return render_template(
        "duplicates.html",
        page=found,
        kind=kind,
        kinds=[(one, _(title)) for one, title in KINDS.items()],
        title=_(KINDS[kind]),
        total=listing.count(session, scope, kind) if is_pairs else None,
        village=code,
        place=places.place_name(session, code) if code else "",
        older=older,
        is_pairs=is_pairs,
        is_phone=kind == duplicates.PHONE,
        is_id=kind == duplicates.ID_NUMBER,
        reason=likeness_words.reason,
        mask_name=likeness_rows.mask_of,
        mask_phone=mask_phone,
    )
