"""Entity lists: what phones choose from, one entity with its history, changes by hand."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server.errors import Missing
from server.survey import entity_properties, entity_typing
from server.survey.accounts import Right
from server.survey.entities import actions, backlog, overview, view
from server.survey.entity_properties import DECIMAL, INTEGER, TEXT, YES_NO, Property
from server.survey.first_run import PROJECT
from server.web import door, entity_words
from server.web.entity_words import CONFLICT_WORDS, KIND_WORDS, base_version, may_change, veil_for
from server.web.language import _

pages = Blueprint("entities", __name__, url_prefix="/entities")

# What a phone's keyboard shows.
_KEYBOARDS = {INTEGER: "numeric", DECIMAL: "decimal"}
STATE_WORDS = {"": "All", "conflict": "In conflict", "deleted": "Deleted"}


@pages.get("/")
@door.allow(Right.SEE_SUBMISSIONS)
def show() -> str:
    """Show all lists, and how much waits for a person."""
    scope = door.account().scope
    lists = overview.lists(door.session(), PROJECT, scope)
    return render_template(
        "entities.html",
        lists=lists,
        total=sum(one.entities for one in lists if one.goes_to_phones),
        conflicts=sum(one.conflicts for one in lists),
        waiting=backlog.counts(door.session(), scope),
    )


@pages.get("/in/<list_name>")
@door.allow(Right.SEE_SUBMISSIONS)
def one_list(list_name: str) -> str:
    """List the entities of a list; `wanted` searches, `state` narrows, `after` pages."""
    line = _line(list_name)
    state = request.args.get("state", "")
    state = state if state in STATE_WORDS else ""
    wanted = request.args.get("wanted", "").strip()[:100]
    page = overview.page(
        door.session(),
        list_name,
        door.account().scope,
        wanted=wanted,
        state=state,
        after=request.args.get("after", ""),
    )
    older = door.this_address(after=page.after) if page.after else None
    return render_template(
        "entities_list.html",
        line=line,
        page=page,
        wanted=wanted,
        state=state,
        state_words=STATE_WORDS,
        conflict_words=CONFLICT_WORDS,
        veil=veil_for(list_name),
        older=older,
        this_address=door.this_address,
        may_change=may_change(list_name),
        may_settle=door.account().may(Right.MANAGE_FORMS),
    )


@pages.post("/in/<list_name>/approval")
@door.allow(Right.MANAGE_FORMS)
def approval(list_name: str) -> ResponseReturnValue:
    """Let what phones create in a list wait for approval, or no longer."""
    _line(list_name)
    is_needed = request.form.get("needed") == "yes"
    who = door.account()
    backlog.set_approval(door.session(), PROJECT, who.name, list_name, is_needed=is_needed)
    door.journal("entity_list_approval", f"list {list_name}", needed=is_needed)
    flash(_("Kept."))
    return redirect(url_for("entities.one_list", list_name=list_name))


@pages.get("/in/<list_name>/new")
@door.allow(Right.REVEAL_PERSONS)
def new(list_name: str) -> str:
    """Ask for an entity to be made by hand."""
    return _form(_line(list_name), None, {}, {})


@pages.post("/in/<list_name>/new")
@door.allow(Right.REVEAL_PERSONS)
def add(list_name: str) -> ResponseReturnValue:
    """Make an entity by hand."""
    line, who = _line(list_name), door.account()
    label, properties = _typed(line)
    session = door.session()
    with door.keeping_input() as fault:
        fit = entity_typing.fitted(session, PROJECT, list_name, properties, {})
        made = actions.create(session, PROJECT, who.name, list_name, label, fit, who.scope)
        door.journal("entity_made", f"entity {list_name} {made}")
    if fault:
        typed = {**properties, "label": label}
        return _form(line, None, typed, fault.errors), fault.problem.status  # type: ignore[union-attr]
    flash(_("Kept. Phones get it with their next contact."))
    return redirect(url_for("entities.one", list_name=list_name, entity_id=made))


@pages.get("/in/<list_name>/<entity_id>")
@door.allow(Right.SEE_SUBMISSIONS)
def one(list_name: str, entity_id: str) -> str:
    """Show one entity, masked, with its history."""
    session = door.session()
    entity = actions.find(session, list_name, entity_id, door.account().scope)
    door.journal("entity_seen", f"entity {list_name} {entity_id}", masked=True)
    return render_template(
        "entities_one.html",
        entity=entity,
        shown=view.view(session, entity, veil_for(list_name)),
        may_change=may_change(list_name),
        **entity_words.words(),
    )


@pages.get("/in/<list_name>/<entity_id>/change")
@door.allow(Right.REVEAL_PERSONS)
def change(list_name: str, entity_id: str) -> str:
    """Show an entity in full, to be changed."""
    entity = actions.find(door.session(), list_name, entity_id, door.account().scope)
    door.journal("entity_revealed", f"entity {list_name} {entity_id}")
    values = {**entity.properties, "label": entity.label}
    return _form(_line(list_name), entity, values, {})


@pages.post("/in/<list_name>/<entity_id>/change")
@door.allow(Right.REVEAL_PERSONS)
def save(list_name: str, entity_id: str) -> ResponseReturnValue:
    """Keep what was changed by hand, if nobody else changed the entity meanwhile."""
    line, who, session = _line(list_name), door.account(), door.session()
    entity = actions.find(session, list_name, entity_id, who.scope)
    label, properties = _typed(line)
    with door.keeping_input() as fault:
        fit = entity_typing.fitted(session, PROJECT, list_name, properties, entity.properties)
        actions.change(session, PROJECT, who.name, entity, label, fit, base_version(), who.scope)
        door.journal("entity_changed", f"entity {list_name} {entity_id}")
    if fault:
        typed = {**properties, "label": label}
        return _form(line, entity, typed, fault.errors), fault.problem.status  # type: ignore[union-attr]
    flash(_("Kept. Phones get it with their next contact."))
    return redirect(url_for("entities.one", list_name=list_name, entity_id=entity_id))


@pages.get("/in/<list_name>/<entity_id>/delete")
@door.allow(Right.REVEAL_PERSONS)
def confirm(list_name: str, entity_id: str) -> str:
    """Ask whether an entity is to be deleted, and why."""
    return _confirm(list_name, entity_id, {})


@pages.post("/in/<list_name>/<entity_id>/delete")
@door.allow(Right.REVEAL_PERSONS)
def delete(list_name: str, entity_id: str) -> ResponseReturnValue:
    """Delete an entity: phones forget it."""
    who, session = door.account(), door.session()
    entity = actions.find(session, list_name, entity_id, who.scope)
    reason = request.form.get("reason", "")
    with door.keeping_input() as fault:
        actions.delete(session, PROJECT, who.name, entity, base_version(), reason)
        door.journal("entity_deleted", f"entity {list_name} {entity_id}", reason=reason.strip())
    if fault:
        return _confirm(list_name, entity_id, fault.errors), fault.problem.status  # type: ignore[union-attr]
    flash(_("Deleted. Phones forget it with their next contact."))
    return redirect(url_for("entities.one", list_name=list_name, entity_id=entity_id))


@pages.post("/in/<list_name>/<entity_id>/restore")
@door.allow(Right.REVEAL_PERSONS)
def restore(list_name: str, entity_id: str) -> ResponseReturnValue:
    """Give a deleted entity back to phones."""
    who, session = door.account(), door.session()
    entity = actions.find(session, list_name, entity_id, who.scope)
    actions.restore(session, PROJECT, who.name, entity)
    door.journal("entity_restored", f"entity {list_name} {entity_id}")
    flash(_("Kept. Phones get it with their next contact."))
    return redirect(url_for("entities.one", list_name=list_name, entity_id=entity_id))


def _line(list_name: str) -> overview.ListLine:
    lists = overview.lists(door.session(), PROJECT, door.account().scope)
    found = next((one for one in lists if one.name == list_name), None)
    if found is None:
        raise Missing("There is no entity list %(list)s here.", list=list_name)
    return found


def _typed(line: overview.ListLine) -> tuple[str, dict[str, str]]:
    """Return label and properties as typed; a property that was not on the form stays away."""
    told = {
        name: request.form[f"p-{name}"].strip()
        for name in line.properties
        if f"p-{name}" in request.form
    }
    return request.form.get("label", ""), told


def _form(
    line: overview.ListLine, entity: Any, values: dict[str, str], errors: dict[str, str]
) -> str:
    kinds = entity_properties.properties(door.session(), PROJECT, line.name)
    return render_template(
        "entities_form.html",
        line=line,
        entity=entity,
        values=values,
        errors={f"p-{name}" if name in line.properties else name: errors[name] for name in errors},
        inputs=[_input(one, values.get(one.name, "")) for one in kinds],
    )


def _input(wanted: Property, value: str) -> dict[str, Any]:
    """Return how a property is asked for: what it is, and the values that are offered."""
    words = {"": "–", "yes": _("yes"), "no": _("no")} if wanted.kind == YES_NO else {"": "–"}
    offered = entity_typing.offered(wanted, value)
    return {
        "name": wanted.name,
        "value": value,
        "options": [(one, words.get(one, one)) for one in offered],
        "kind": "date" if entity_typing.is_day(wanted, value) else "text",
        "hint": "" if wanted.kind == TEXT or offered else _(KIND_WORDS[wanted.kind]),
        "inputmode": _KEYBOARDS.get(wanted.kind, ""),
    }


def _confirm(list_name: str, entity_id: str, errors: dict[str, str]) -> str:
    entity = actions.find(door.session(), list_name, entity_id, door.account().scope)
    label = veil_for(list_name).label(entity.label)
    return render_template("entities_delete.html", entity=entity, label=label, errors=errors)
