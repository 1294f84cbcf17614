"""An office's register into an entity list: looked at first, taken then, undone when wrong."""

from __future__ import annotations

from typing import cast, get_args

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from exports.masking import HIDDEN, mask_name
from maps.crs import Crs
from server.errors import NotAllowed
from server.survey import entity_properties
from server.survey.accounts import Right
from server.survey.entity_imports import apply, headings
from server.survey.entity_imports.headings import ID, NOTHING
from server.survey.entity_imports.plan import ImportChoice, RegisterPlan, plan_import
from server.survey.entity_veil import EntityVeil, veil_of_list
from server.survey.first_run import PROJECT
from server.web import door, waiting
from server.web.language import _
from server.web.registry_words import CRS_WORDS

pages = Blueprint("entity_imports", __name__, url_prefix="/entity-lists")

ACCEPTED = ".csv,.xlsx,.xls,.txt,.tsv"
MOST_SHOWN = 100


@pages.get("/<list_name>/import")
@door.allow(Right.MANAGE_REGISTRY)
def choose(list_name: str) -> str:
    """Ask for a file and how to read it."""
    _check_reader()
    return _choose_page(list_name, {})


@pages.post("/<list_name>/import")
@door.allow(Right.MANAGE_REGISTRY)
def upload(list_name: str) -> ResponseReturnValue:
    """Keep an uploaded file aside for a day and show what it would change."""
    _check_reader()
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _choose_page(list_name, {"file": _("Choose a file first.")}), 422
    sha256 = waiting.keep(sent.filename, sent.read())
    return redirect(
        url_for(
            "entity_imports.preview",
            list_name=list_name,
            sha256=sha256,
            name=sent.filename,
            crs=request.form.get("crs", "wgs84"),
        ),
        303,
    )


@pages.get("/<list_name>/import/<sha256>")
@door.allow(Right.MANAGE_REGISTRY)
def preview(list_name: str, sha256: str) -> ResponseReturnValue:
    """Show what a file would change: created, updated, unchanged and faulty rows."""
    _check_reader()
    planned = _plan(list_name, sha256)
    return _preview_page(planned), 200 if planned.is_readable else 422


@pages.post("/<list_name>/import/<sha256>")
@door.allow(Right.MANAGE_REGISTRY)
def take(list_name: str, sha256: str) -> ResponseReturnValue:
    """Do what the preview showed; refused when the list has changed since."""
    _check_reader()
    # Planned before the session is asked for: phones wait for their turn to write behind it.
    planned = _plan(list_name, sha256)
    if planned.fingerprint != request.form.get("fingerprint"):
        flash(_("The list has changed since the preview. Look at it again."), "watch")
        return redirect(request.full_path, 303)
    import_id = apply.apply_import(door.session(), PROJECT, planned, door.account().name)
    door.journal(
        "entities_imported",
        f"{list_name}, import {import_id}",
        file=planned.source_name,
        created=len(planned.created),
        updated=len(planned.updated),
        faulty=planned.faulty,
    )
    flash(_("Imported. Phones get the new rows when they next ask."), "fine")
    return redirect(url_for("entity_properties.one", list_name=list_name), 303)


@pages.get("/imports/<int:import_id>/undo")
@door.allow(Right.MANAGE_REGISTRY)
def ask_undo(import_id: int) -> str:
    """Show what taking an import back would do, and what stays."""
    _check_reader()
    planned = apply.plan_undo(door.reading(), PROJECT, import_id, door.account().scope)
    return render_template(
        "entity_import_undo.html", plan=planned, most=MOST_SHOWN, mask_name=mask_name
    )


@pages.post("/imports/<int:import_id>/undo")
@door.allow(Right.MANAGE_REGISTRY)
def undo(import_id: int) -> ResponseReturnValue:
    """Take a whole import back."""
    _check_reader()
    session, who = door.session(), door.account()
    planned = apply.plan_undo(session, PROJECT, import_id, who.scope)
    apply.undo_import(session, PROJECT, planned, who.name)
    list_name = planned.line.list_name
    door.journal(
        "entities_import_undone",
        f"{list_name}, import {import_id}",
        removed=planned.removed,
        restored=planned.restored,
        stays=len(planned.stays),
    )
    flash(_("Import %(id)s is undone.", id=import_id), "fine")
    return redirect(url_for("entity_properties.one", list_name=list_name), 303)


def _check_reader() -> None:
    """Let pass who may see the persons whose rows are compared."""
    if not door.account().may(Right.SEE_PERSONS):
        raise NotAllowed("Your account has no right to this page.")


def _plan(list_name: str, sha256: str) -> RegisterPlan:
    content = waiting.content(sha256)
    said = request.args
    crs = said.get("crs", "wgs84")
    chosen = {
        int(name[1:]): meaning
        for name, meaning in said.items()
        if name[:1] == "c" and name[1:].isdecimal() and len(name) < 5 and meaning
    }
    choice = ImportChoice(
        cast("Crs", crs if crs in get_args(Crs) else "wgs84"), said.get("key", ""), chosen
    )
    name, scope = said.get("name", ""), door.account().scope
    return plan_import(door.reading(), PROJECT, list_name, name, content, choice, scope)


def _choose_page(list_name: str, errors: dict[str, str]) -> str:
    known = entity_properties.properties(door.reading(), PROJECT, list_name)
    return render_template(
        "entity_import.html",
        list_name=list_name,
        meanings=headings.meanings(list_name, [one.name for one in known]),
        accepted=ACCEPTED,
        frames=[(crs, _(words)) for crs, words in CRS_WORDS.items()],
        crs=request.form.get("crs", "wgs84"),
        errors=errors,
    )


def _preview_page(planned: RegisterPlan) -> str:
    session, list_name = door.reading(), planned.list_name
    known = [one.name for one in entity_properties.properties(session, PROJECT, list_name)]
    meant = headings.meanings(list_name, known)
    return render_template(
        "entity_import_preview.html",
        plan=planned,
        veil=_veil(list_name),
        hidden=HIDDEN,
        most=MOST_SHOWN,
        accepted=ACCEPTED,
        nothing=NOTHING,
        meanings=[(NOTHING, _("leave out")), *((one, one) for one in meant)],
        keys=[(ID, _("the entity’s id")), *((one, one) for one in known)],
        frames=[(crs, _(words)) for crs, words in CRS_WORDS.items()],
        said=request.args,
    )


def _veil(list_name: str) -> EntityVeil:
    return veil_of_list(
        door.reading().connection(),
        PROJECT,
        list_name,
        shows_personal=False,
        shows_sensitive=door.account().may(Right.SEE_SENSITIVE),
    )
