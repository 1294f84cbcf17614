"""Two that look like one, side by side: merged or kept apart, and what was decided so far."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server.errors import NotValid
from server.survey import catalogue, merges, places
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.survey.likeness import comparing, listing
from server.survey.likeness.settling import HOUSEHOLD, PERSON
from server.survey.merges import Desk, Merge
from server.web import door, language, likeness_rows, likeness_words
from server.web.language import _

pages = Blueprint("merges", __name__)

SHORTEST_REASON = 4
KINDS = (PERSON, HOUSEHOLD)
Ids = tuple[str, str]


@pages.get("/duplicates/pair")
@door.allow(Right.SEE_PERSONS)
def pair() -> str:
    """Show two persons or households side by side, masked."""
    kind, ids = _asked(request.args)
    door.journal(f"{kind}s_compared", f"{kind} {ids[0]}", other=ids[1], masked=True)
    return _page(kind, ids, is_masked=True, errors={})


@pages.post("/duplicates/pair/reveal")
@door.allow(Right.REVEAL_PERSONS)
def reveal() -> ResponseReturnValue:
    """Show the two in full, for a reason that the journal keeps."""
    kind, ids = _asked(request.form)
    with door.keeping_input() as fault:
        reason = request.form.get("reason", "").strip()
        if len(reason) < SHORTEST_REASON:
            raise NotValid("Say in a few words why full names are needed.", field="reason")
    if fault:
        return _page(kind, ids, is_masked=True, errors=fault.errors), 422
    page = _page(kind, ids, is_masked=False, errors={})
    for one in ids:
        door.journal(f"{kind}_revealed", f"{kind} {one}", reason=reason)
    return page


@pages.post("/duplicates/pair")
@door.allow(Right.REVIEW_SUBMISSIONS)
def decide() -> ResponseReturnValue:
    """Merge the two, or keep them apart."""
    given, who = request.form, door.account()
    kind, ids = _asked(given)
    desk = Desk(PROJECT, who.name, who.scope)
    kept = given.get("kept") if given.get("kept") in ids else ids[0]
    other = ids[1] if kept == ids[0] else ids[0]
    wanted = Merge(kind, str(kept), other)
    is_merge = given.get("decision") == "merge"
    with door.keeping_input() as fault:
        note = given.get("note", "")
        if is_merge:
            members = _members(given.getlist("member"), kept == ids[0])
            number = merges.merge(door.session(), desk, wanted, note, members)
        else:
            number = merges.keep_apart(door.session(), desk, wanted, note)
        action = "pair_merged" if is_merge else "pair_kept_apart"
        door.journal(action, f"decision {number}", kind=kind, kept=kept, other=other)
    if fault:
        return _page(kind, ids, is_masked=True, errors=fault.errors), 422
    flash(_("Counted as one from now on.") if is_merge else _("Kept apart."), "fine")
    return redirect(url_for("merges.decided"), 303)


@pages.get("/duplicates/decided")
@door.allow(Right.SEE_PERSONS)
def decided() -> str:
    """List what was decided, the last first, each with the way to undo it."""
    before = request.args.get("before", 0, type=int)
    scope = door.account().scope
    lines = comparing.decisions(door.session(), scope, before)
    older = None
    if len(lines) == comparing.PAGE:
        older = url_for("merges.decided", before=lines[-1].id)
    return render_template(
        "duplicates_decided.html",
        lines=lines,
        older=older,
        waiting=sum(listing.count(door.session(), scope, kind) for kind in KINDS),
        place_name=lambda code: places.place_name(door.session(), code) or code,
        mask_name=likeness_rows.mask_of,
        may_decide=door.account().may(Right.REVIEW_SUBMISSIONS),
    )


@pages.post("/duplicates/decided")
@door.allow(Right.REVIEW_SUBMISSIONS)
def undo() -> ResponseReturnValue:
    """Take a decision back."""
    who = door.account()
    number = request.form.get("decision", 0, type=int)
    with door.keeping_input() as fault:
        merges.undo(door.session(), Desk(PROJECT, who.name, who.scope), number)
        door.journal("pair_undone", f"decision {number}")
    if fault:
        flash(next(iter(fault.errors.values())), "watch")
    else:
        flash(_("Undone: both count by themselves again."), "fine")
    return redirect(url_for("merges.decided"), 303)


def _asked(given: Any) -> tuple[str, Ids]:
    kind = given.get("kind", PERSON)
    return kind if kind in KINDS else PERSON, (given.get("first", ""), given.get("second", ""))


def _members(told: list[str], is_first_kept: bool) -> list[Merge]:
    """Return the members who are merged along: "first|second", in the order of the sides."""
    found = []
    for one in told:
        first, _bar, second = one.partition("|")
        kept, merged = (first, second) if is_first_kept else (second, first)
        found.append(Merge(PERSON, kept, merged))
    return found


def _page(kind: str, ids: Ids, *, is_masked: bool, errors: dict[str, str]) -> str:
    who, session = door.account(), door.session()
    may_see_sensitive = who.may(Right.SEE_SENSITIVE)
    spoken = language.language()
    rows = likeness_rows.Rows(is_masked, lambda code: catalogue.label(code, spoken))
    if kind == PERSON:
        persons = comparing.persons(session, ids, who.scope, may_see_sensitive=may_see_sensitive)
        reason, decision = likeness_words.reason(persons.rule), persons.decision
        sides, heads, members = rows.of_persons(persons), rows.heads_of_persons(persons), None
        newest = likeness_rows.newer(persons.sides)
    else:
        homes = comparing.households(session, ids, who.scope, may_see_sensitive=may_see_sensitive)
        reason = likeness_words.reason(homes.rule, len(homes.matched))
        decision, sides = homes.decision, rows.of_households(homes)
        heads, members = rows.heads_of_households(homes), rows.members(homes)
        newest = likeness_rows.newer(homes.sides)
    return render_template(
        "duplicates_pair.html",
        kind=kind,
        ids=ids,
        heads=heads,
        reason=reason,
        sides=sides,
        members=members,
        kept=ids[newest],
        decision=decision,
        is_masked=is_masked,
        may_decide=who.may(Right.REVIEW_SUBMISSIONS),
        may_reveal=who.may(Right.REVEAL_PERSONS),
        errors=errors,
    )
