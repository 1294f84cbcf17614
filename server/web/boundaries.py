"""Borders of villages: bring a file, look at what it would draw, keep it, take it back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from maps.boundaries import FRAMES
from maps.crs import Crs
from server.errors import NotValid
from server.survey import boundaries, boundary_plan
from server.survey.accounts import Right
from server.survey.boundary_plan import BoundaryPlan
from server.web import door, waiting
from server.web.language import _
from server.web.registry_words import CRS_WORDS
from server.web.site_time import site_day

pages = Blueprint("boundaries", __name__, url_prefix="/boundaries")

ACCEPTED = ".geojson,.json"
MOST_SHOWN = 500


@pages.get("/")
@door.allow(Right.MANAGE_REGISTRY)
def show() -> str:
    """Show how many villages have a border, take another file, list what came before."""
    return _show_page("", {})


@pages.post("/")
@door.allow(Right.MANAGE_REGISTRY)
def upload() -> ResponseReturnValue:
    """Keep an uploaded file aside for a day and show what it would draw."""
    crs, sent = _crs(), request.files.get("file")
    if sent is None or not sent.filename:
        return _show_page(crs, {"file": _("Choose a file first.")}), 422
    if not crs:
        return _show_page(crs, {"crs": _("Say which frame the file is in.")}), 422
    sha256 = waiting.keep(sent.filename, sent.read())
    return redirect(url_for("boundaries.preview", sha256=sha256, name=sent.filename, crs=crs), 303)


@pages.get("/import/<sha256>")
@door.allow(Right.MANAGE_REGISTRY)
def preview(sha256: str) -> ResponseReturnValue:
    """Show which villages an uploaded file would draw, and whether its frame fits."""
    try:
        plan = _plan(sha256)
    except NotValid as problem:
        return _show_page(_crs(), {problem.field: _(problem.msgid, **problem.params)}), 422
    return render_template(
        "boundaries_preview.html",
        plan=plan,
        most_shown=MOST_SHOWN,
        frames=dict(_frames()),
        others=[
            (_address(sha256, crs), words) for crs, words in _frames() if crs != plan.brought.crs
        ],
        better=plan.check.better and _address(sha256, plan.check.better),
    )


@pages.post("/import/<sha256>")
@door.allow(Right.MANAGE_REGISTRY)
def keep(sha256: str) -> ResponseReturnValue:
    """Keep what the preview showed; refused when something has changed since."""
    # Planned before the session is asked for: phones wait for their turn to write behind it.
    plan = _plan(sha256)
    if plan.fingerprint != request.form.get("fingerprint"):
        flash(_("The registry has changed since the preview. Look at it again."), "watch")
        return redirect(request.full_path, 303)
    number = boundaries.keep(door.session(), plan.brought, door.account().name, datetime.now(UTC))
    door.journal(
        "boundaries_imported",
        f"import {number}",
        file=plan.brought.source_name,
        villages=len(plan.matches),
        crs=plan.brought.crs,
    )
    flash(_("The borders are on the map. They can be taken back at any time."), "fine")
    return redirect(url_for("boundaries.show"), 303)


@pages.post("/<int:import_id>/undo")
@door.allow(Right.MANAGE_REGISTRY)
def undo(import_id: int) -> ResponseReturnValue:
    """Let an import count no more; the borders before it count again."""
    who = door.account()
    done = boundaries.undo(door.session(), import_id, who.name, who.scope, datetime.now(UTC))
    door.journal("boundaries_undone", f"import {import_id}", file=done.source_name)
    flash(_("The borders of %(name)s are taken back.", name=done.source_name), "fine")
    return redirect(url_for("boundaries.show"), 303)


def _show_page(crs: str, errors: dict[str, str]) -> str:
    session, scope = door.reading(), door.account().scope
    drawn, villages = boundaries.held(session, scope, site_day())
    return render_template(
        "boundaries.html",
        drawn=drawn,
        villages=villages,
        imports=boundaries.imports(session, scope),
        errors=errors,
        accepted=ACCEPTED,
        crs=crs,
        frames=[("", _("Choose")), *_frames()],
        frame_words=dict(_frames()),
    )


def _plan(sha256: str) -> BoundaryPlan:
    content = waiting.content(sha256)
    name, scope = request.args.get("name", ""), door.account().scope
    crs = cast("Crs", _crs() or "wgs84")
    return boundary_plan.plan_import(door.reading(), content, name, crs, scope, site_day())


def _address(sha256: str, crs: str) -> str:
    name = request.args.get("name", "")
    return url_for("boundaries.preview", sha256=sha256, name=name, crs=crs)


def _crs() -> str:
    told = request.values.get("crs", "")
    return told if told in FRAMES else ""


def _frames() -> list[tuple[str, str]]:
    return [(crs, _(CRS_WORDS[crs])) for crs in FRAMES]
