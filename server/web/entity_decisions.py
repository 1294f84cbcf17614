"""What waits for a person: conflicts, changes out of order, approvals, edits to apply again."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server.errors import NotValid
from server.survey.accounts import Right
from server.survey.entities import actions, backlog, reapplying, view
from server.survey.first_run import PROJECT
from server.web import door, entity_words
from server.web.entity_words import base_version, may_change, veil_for
from server.web.language import _

pages = Blueprint("entity_decisions", __name__, url_prefix="/entities")

KIND_WORDS = {
    "held": "Out of order",
    "waiting": "For approval",
    "faults": "Not applied",
    "rejected": "Rejected",
}
DECISIONS = {
    "force": "entity_forced",
    "approve": "entity_approved",
    "reject": "entity_rejected",
}


@pages.get("/waiting")
@door.allow(Right.SEE_SUBMISSIONS)
def waiting() -> str:
    """List changes that are not applied; `kind` is held, waiting, faults or rejected."""
    scope = door.account().scope
    counts = backlog.counts(door.session(), scope)
    asked = request.args.get("kind", "")
    first = next((kind for kind in ("held", "waiting", "faults") if counts[kind]), "held")
    kind = asked if asked in KIND_WORDS else first
    start = _start()
    page = backlog.page(door.session(), scope, kind, start)
    older = start + backlog.PAGE
    return render_template(
        "entities_waiting.html",
        page=page,
        kind=kind,
        counts=counts,
        kind_words=KIND_WORDS,
        days=door.site().settings.held_days,
        veil_for=veil_for,
        older=door.this_address(start=str(older)) if older < page.total else None,
        newer=door.this_address(start=str(max(0, start - backlog.PAGE))) if start else None,
        **entity_words.words(),
    )


@pages.post("/waiting/<int:submission_id>/<int:number>")
@door.allow(Right.SEE_SUBMISSIONS)
def decide(submission_id: int, number: int) -> ResponseReturnValue:
    """Force a held change, approve or reject one that waits."""
    who, kind = door.account(), request.form.get("decision", "")
    if kind not in DECISIONS:
        raise NotValid("Choose what to do.", "decision")
    change = backlog.open_change(door.session(), who.scope, submission_id, number)
    backlog.decide(door.session(), PROJECT, who.name, change, kind)
    door.journal(
        DECISIONS[kind], f"entity {change.list_name} {change.entity_id}", submission=submission_id
    )
    flash(_("Kept."))
    return redirect(url_for("entity_decisions.waiting", kind=change.outcome))


@pages.get("/of/<int:submission_id>")
@door.allow(Right.SEE_SUBMISSIONS)
def of_submission(submission_id: int) -> str:
    """Show what a submission says to entities, and what became of it."""
    changes = backlog.of_submission(door.session(), door.account().scope, submission_id)
    return render_template(
        "entities_of.html",
        changes=changes,
        submission_id=submission_id,
        veil_for=veil_for,
        **entity_words.words(),
    )


@pages.get("/in/<list_name>/<entity_id>/conflict")
@door.allow(Right.SEE_SUBMISSIONS)
def conflict(list_name: str, entity_id: str) -> str:
    """Show what several changed of one entity, to be settled property by property."""
    session = door.session()
    entity = actions.find(session, list_name, entity_id, door.account().scope)
    return render_template(
        "entities_conflict.html",
        entity=entity,
        shown=view.view(session, entity, veil_for(list_name)),
        **entity_words.words(),
    )


@pages.post("/in/<list_name>/<entity_id>/conflict")
@door.allow(Right.SEE_SUBMISSIONS)
def resolve(list_name: str, entity_id: str) -> ResponseReturnValue:
    """Settle a conflict: each property keeps its value, or takes an earlier one."""
    who, session = door.account(), door.session()
    entity = actions.find(session, list_name, entity_id, who.scope)
    chosen = {
        name.removeprefix("p-"): int(text)
        for name, text in request.form.items()
        if name.startswith("p-") and text.isascii() and text.isdigit() and len(text) < 9
    }
    label, properties = view.chosen_values(session, entity, chosen)
    actions.change(
        session,
        PROJECT,
        who.name,
        entity,
        label or entity.entity_id,
        properties,
        base_version(),
        who.scope,
        resolves=True,
    )
    door.journal("entity_resolved", f"entity {list_name} {entity_id}", chosen=len(chosen))
    flash(_("The conflict is settled."))
    return redirect(url_for("entities.one", list_name=list_name, entity_id=entity_id))


@pages.get("/again/<int:submission_id>/<int:number>")
@door.allow(Right.SEE_SUBMISSIONS)
def preview(submission_id: int, number: int) -> str:
    """Show what applying a change once more would change."""
    scope, session = door.account().scope, door.session()
    plain = reapplying.preview(session, submission_id, number, scope)
    shown = reapplying.preview(session, submission_id, number, scope, veil_for(plain.list_name))
    return render_template(
        "entities_again.html",
        shown=shown,
        submission_id=submission_id,
        may_apply=may_change(shown.list_name),
        **entity_words.words(),
    )


@pages.post("/again/<int:submission_id>/<int:number>")
@door.allow(Right.REVEAL_PERSONS)
def again(submission_id: int, number: int) -> ResponseReturnValue:
    """Apply a change that was not applied."""
    who, session = door.account(), door.session()
    list_name, entity_id = reapplying.apply(
        session, PROJECT, who.name, submission_id, number, base_version(), who.scope
    )
    door.journal("entity_reapplied", f"entity {list_name} {entity_id}", submission=submission_id)
    flash(_("Kept. Phones get it with their next contact."))
    return redirect(url_for("entities.one", list_name=list_name, entity_id=entity_id))


def _start() -> int:
    text = request.args.get("start", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
