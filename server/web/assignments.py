"""Who serves which villages: given to many phones at once, looked at before it is done."""

from __future__ import annotations

import json
from typing import Any, cast, get_args

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from maps.crs import Crs
from server.errors import NotValid
from server.survey import assignments, phones, village_choice
from server.survey.accounts import Right
from server.survey.assignments import MOVE, WAYS, AssignmentPlan, Wish
from server.survey.first_run import PROJECT
from server.survey.phones import PhoneLine
from server.web import door, waiting
from server.web.language import _, ngettext
from server.web.registry_words import CRS_WORDS

pages = Blueprint("assignments", __name__, url_prefix="/assignments")

WAY_WORDS = {
    "also": ("Give them besides what they serve", "Other phones keep serving them too."),
    "move": ("Move them", "No other phone serves them any more."),
    "only": ("Give them and nothing else", "The phones stop serving their other villages."),
    "take": ("Take them away", "The phones stop serving them."),
}
# Villages without a phone that a page lists as check marks.
MOST_UNSERVED = 100


@pages.get("/")
@door.allow(Right.MANAGE_PHONES)
def show() -> str:
    """Show what each phone serves, what nobody serves, and ways to change it."""
    return _page({})


@pages.post("/")
@door.allow(Right.MANAGE_PHONES)
def ask() -> ResponseReturnValue:
    """Keep what was asked for a day and lead to its preview."""
    try:
        wish, notes = _wish()
        assignments.plan(door.reading(), PROJECT, wish, door.account().scope)
    except NotValid as problem:
        return _page({problem.field: _(problem.msgid, **problem.params)}), 422
    kept = json.dumps({"way": wish.way, "pairs": wish.pairs, "source": wish.source, "notes": notes})
    sha256 = waiting.keep("assignment.json", kept.encode())
    return redirect(url_for("assignments.preview", sha256=sha256), 303)


@pages.get("/<sha256>")
@door.allow(Right.MANAGE_PHONES)
def preview(sha256: str) -> str:
    """Show phone by phone what would change."""
    wish, notes = _kept(sha256)
    planned = assignments.plan(door.reading(), PROJECT, wish, door.account().scope)
    return _preview_page(planned, notes)


@pages.post("/<sha256>")
@door.allow(Right.MANAGE_PHONES)
def do(sha256: str) -> ResponseReturnValue:
    """Do what the preview showed; refused when phones were changed since."""
    wish, _notes = _kept(sha256)
    session = door.session()
    planned = assignments.plan(session, PROJECT, wish, door.account().scope)
    if planned.fingerprint != request.form.get("fingerprint"):
        flash(_("The phones’ villages have changed since the preview. Look again."), "watch")
        return redirect(request.full_path, 303)
    assignments.apply(session, planned)
    for one in planned.shares:
        gained, lost = ([two.code for two in some] for some in (one.gained, one.lost))
        door.journal("phone_assigned", one.name, gained=gained, lost=lost)
    count = len(planned.shares)
    words = ngettext("%(n)s phone is changed.", "%(n)s phones are changed.", count)
    flash(f"{words} {_('They get the new lists when they next ask.')}", "fine")
    return redirect(url_for("assignments.show"), 303)


def _wish() -> tuple[Wish, dict[str, Any]]:
    """Return what the form asks for, and what is worth a look. Raises NotValid."""
    said, session, scope = request.form, door.reading(), door.account().scope
    chosen = [number for one in said.getlist("phone") if (number := _number(one))]
    if said.get("what") == "hand":
        return _hand_over(chosen), {}
    way = said.get("way", "")
    if way not in WAYS:
        raise NotValid("Say how the villages are to be given.", "way")
    pasted = village_choice.read_pasted(said.get("codes", ""))
    codes, notes = {*said.getlist("village"), *pasted.codes}, {}
    sent = request.files.get("area")
    if sent is not None and sent.filename:
        crs = said.get("crs", "wgs84")
        frame = cast("Crs", crs if crs in get_args(Crs) else "wgs84")
        inside = village_choice.villages_inside(session, sent.read(), frame, scope)
        if not inside.codes:
            raise NotValid("No village’s centre lies in this area.", "area")
        codes |= {*inside.codes}
        notes = {"inside": len(inside.codes), "doubtful": inside.doubtful, "crs": crs}
        notes["unplaced"] = inside.unplaced
    if pasted.has_phones and not chosen:
        return Wish(way, village_choice.named_pairs(session, PROJECT, pasted, scope)), notes
    if not chosen:
        raise NotValid("Choose at least one phone.", "phones")
    return Wish(way, assignments.pairs(chosen, codes)), notes


def _hand_over(chosen: list[int]) -> Wish:
    source = _number(request.form.get("source", ""))
    if not source or not chosen:
        raise NotValid("Choose the phone that gives and the one that takes.", "source")
    codes = assignments.villages_of(door.reading(), source, door.account().scope)
    takers = [one for one in chosen if one != source]
    if not takers:
        raise NotValid("Choose another phone to take the villages.", "source")
    return Wish(MOVE, assignments.pairs(takers, codes), source)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _kept(sha256: str) -> tuple[Wish, dict[str, Any]]:
    return waiting.wish(sha256, _read)


def _read(content: bytes) -> tuple[Wish, dict[str, Any]]:
    told = json.loads(content)
    pairs = tuple((int(phone_id), str(code)) for phone_id, code in told["pairs"])
    spared = tuple(map(int, told.get("spared", ())))
    return Wish(told["way"], pairs, told["source"], spared), told["notes"]


def _page(errors: dict[str, str]) -> str:
    session, scope, said = door.reading(), door.account().scope, request.form
    listed = [one for one in phones.phone_list(session, PROJECT, scope) if one.revoked_at is None]
    unserved = assignments.unserved_villages(session, PROJECT, scope)
    return render_template(
        "assignments.html",
        phones=listed,
        offered=[(str(one.id), one.name, _of(one)) for one in listed],
        sources=[("", "–"), *((str(one.id), one.name) for one in listed)],
        unserved=unserved[:MOST_UNSERVED],
        unserved_options=[(one.code, one.name, one.code) for one in unserved[:MOST_UNSERVED]],
        unserved_count=len(unserved),
        ways=[(way, _(title), _(note)) for way, (title, note) in WAY_WORDS.items()],
        frames=[(crs, _(words)) for crs, words in CRS_WORDS.items()],
        typed=said,
        chosen=said.getlist("phone"),
        villages=said.getlist("village"),
        errors=errors,
    )


def _of(line: PhoneLine) -> str:
    """Return what a phone serves, in few words."""
    names = [one.name for one in line.villages]
    if not names:
        return _("no villages")
    count = ngettext("%(n)s village", "%(n)s villages", len(names))
    few = " · ".join(names[:3]) + (" …" if len(names) > 3 else "")
    return _("%(count)s: %(names)s", count=count, names=few)


def _preview_page(planned: AssignmentPlan, notes: dict[str, Any]) -> str:
    crs = notes.get("crs", "")
    return render_template(
        "assignments_preview.html",
        plan=planned,
        notes=notes,
        frame=_(CRS_WORDS[crs]) if crs in CRS_WORDS else "",
        gained=sum(len(one.gained) for one in planned.shares),
        lost=sum(len(one.lost) for one in planned.shares),
    )
