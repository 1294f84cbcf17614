"""An entity list's properties: their types, what does not fit them, and who gets the list."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from exports.masking import HIDDEN, mask_name
from server.errors import NotAllowed
from server.survey import entity_properties, households_moved
from server.survey.accounts import Right
from server.survey.entity_columns import CLINICS, list_rules
from server.survey.entity_imports import apply
from server.survey.entity_properties import KINDS, Property
from server.survey.first_run import PROJECT
from server.web import door
from server.web.entity_words import KIND_WORDS
from server.web.language import _

pages = Blueprint("entity_properties", __name__, url_prefix="/entity-lists")

MOST_COMPLAINTS = 200


@pages.get("/")
@door.allow(Right.MANAGE_FORMS, Right.MANAGE_REGISTRY)
def show() -> str:
    """List the entity lists, with their properties."""
    columns = list_rules(door.reading().connection(), PROJECT).columns
    return render_template("entity_properties.html", lists=sorted(columns.items()))


@pages.get("/<list_name>")
@door.allow(Right.MANAGE_FORMS, Right.MANAGE_REGISTRY)
def one(list_name: str) -> str:
    """Show one list: properties and types, values that do not fit, imports."""
    return _page(list_name, {})


@pages.post("/<list_name>/properties")
@door.allow(Right.MANAGE_FORMS)
def set_property(list_name: str) -> ResponseReturnValue:
    """Give a property a type, or add one."""
    said = request.form
    wanted = Property(
        said.get("name", "").strip(),
        said.get("kind", ""),
        tuple(one.strip() for one in said.get("choices", "").splitlines() if one.strip()),
        said.get("refers_to", "") if said.get("kind") == "entity" else "",
    )
    with door.keeping_input() as fault:
        who = door.account().name
        entity_properties.set_property(door.session(), PROJECT, list_name, wanted, who)
    if fault:
        return _page(list_name, fault.errors), 422
    door.journal("property_typed", list_name, property=wanted.name, kind=wanted.kind)
    flash(_("%(name)s is kept.", name=wanted.name), "fine")
    return redirect(url_for("entity_properties.one", list_name=list_name), 303)


@pages.post("/<list_name>/properties/<name>/forget")
@door.allow(Right.MANAGE_FORMS)
def forget(list_name: str, name: str) -> ResponseReturnValue:
    """Take a property's type away; one that no form saves to leaves the list."""
    entity_properties.remove_type(door.session(), PROJECT, list_name, name)
    door.journal("property_typed", list_name, property=name, kind="")
    flash(_("%(name)s has no type any more.", name=name), "fine")
    return redirect(url_for("entity_properties.one", list_name=list_name), 303)


@pages.post("/<list_name>/owner")
@door.allow(Right.MANAGE_FORMS)
def set_owner(list_name: str) -> ResponseReturnValue:
    """Say whether each phone gets only what it created itself."""
    is_own = "owner_only" in request.form
    with door.keeping_input() as fault:
        who = door.account().name
        entity_properties.set_owner_only(door.session(), PROJECT, list_name, who, is_own=is_own)
    if fault:
        return _page(list_name, fault.errors), 422
    door.journal("list_settled", list_name, owner_only=is_own)
    flash(_("%(name)s is kept.", name=list_name), "fine")
    return redirect(url_for("entity_properties.one", list_name=list_name), 303)


@pages.get("/households/<entity_id>/move")
@door.allow(Right.MANAGE_REGISTRY)
def ask_move(entity_id: str) -> ResponseReturnValue:
    """Ask for a household's new village, and show what moves along."""
    _check_reader()
    return _move_page(entity_id)


@pages.post("/households/<entity_id>/move")
@door.allow(Right.MANAGE_REGISTRY)
def move(entity_id: str) -> ResponseReturnValue:
    """Move a household and its persons to another village."""
    _check_reader()
    session, who = door.session(), door.account()
    village = request.form.get("village", "")
    planned = households_moved.plan_move(session, entity_id, village, who.scope)
    shown = (str(planned.version), str(len(planned.persons)))
    if shown != (request.form.get("version"), request.form.get("persons")):
        flash(_("The household has changed since. Look again."), "watch")
        return redirect(url_for(".ask_move", entity_id=entity_id, village=village), 303)
    households_moved.move(session, PROJECT, planned, who.name, who.scope)
    door.journal(
        "household_moved",
        f"household {entity_id}",
        old=planned.old_village,
        new=planned.village_code,
        persons=len(planned.persons),
    )
    flash(_("The household and its persons are in %(name)s now.", name=planned.village), "fine")
    return redirect(url_for("entity_properties.one", list_name="households"), 303)


def _check_reader() -> None:
    """Let pass who may see persons: who runs the site sees none by default."""
    if not door.account().may(Right.SEE_PERSONS):
        raise NotAllowed("Your account has no right to this page.")


def _move_page(entity_id: str) -> ResponseReturnValue:
    village = request.args.get("village", "").strip()
    planned, errors = None, {}
    with door.keeping_input() as fault:
        if village:
            scope = door.account().scope
            planned = households_moved.plan_move(door.reading(), entity_id, village, scope)
    if fault:
        errors = fault.errors
    page = render_template(
        "household_move.html",
        entity_id=entity_id,
        village=village,
        plan=planned,
        errors=errors,
        mask_name=mask_name,
    )
    return page, 422 if errors else 200


def _page(list_name: str, errors: dict[str, str]) -> str:
    session, who = door.reading(), door.account()
    known = entity_properties.properties(session, PROJECT, list_name)
    columns = list_rules(session.connection(), PROJECT).columns
    complaints = []
    if who.may(Right.SEE_PERSONS) or list_name == CLINICS:
        complaints = entity_properties.complaints(
            session, PROJECT, list_name, who.scope, MOST_COMPLAINTS
        )
    return render_template(
        "entity_properties_one.html",
        list_name=list_name,
        properties=known,
        kind_words=KIND_WORDS,
        kinds=[(kind, _(KIND_WORDS[kind])) for kind in KINDS],
        lists=[("", "–"), *((name, name) for name in columns)],
        complaints=complaints,
        most=MOST_COMPLAINTS,
        mask_name=mask_name,
        hidden=HIDDEN,
        imports=apply.imports(session, PROJECT, list_name),
        is_own=entity_properties.is_owner_only(session, PROJECT, list_name),
        may_settle=who.may(Right.MANAGE_FORMS),
        may_import=who.may(Right.MANAGE_REGISTRY) and list_name != CLINICS,
        has_owners=list_name != CLINICS,
        typed=request.form,
        errors=errors,
    )
