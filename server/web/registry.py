"""The register: what there is, imports that are looked at before they are done, and their undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast, get_args

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from forms.faults import Fault
from maps.crs import Crs
from server.errors import Missing, NotValid
from server.survey import replay
from server.survey.accounts import Right
from server.survey.registry import apply, editing, overview, reading
from server.survey.registry.apply import Applied, UndoRefused
from server.survey.registry.columns import KINDS
from server.survey.registry.plan import ImportPlan, plan_import
from server.survey.registry.sample import import_sample
from server.survey.registry.units import ImportOptions
from server.web import door, waiting
from server.web.language import _, ngettext
from server.web.registry_words import CRS_WORDS, KIND_WORDS, VALUE_WORDS, WORDS
from server.web.site_time import site_day

pages = Blueprint("registry", __name__, url_prefix="/registry")

ACCEPTED = ".csv,.xlsx,.xls,.txt,.tsv"
# Rows of a preview; a county has a few hundred villages.
MOST_SHOWN = 500
SOURCES = ("register", "census", "estimate")


@pages.get("/")
@door.allow(Right.MANAGE_REGISTRY)
def show() -> str:
    """Show how much the register holds, what is missing in it, and its townships."""
    session, scope = door.session(), door.account().scope
    return render_template(
        "registry.html",
        counts=overview.counts(session, scope),
        townships=overview.township_counts(session, scope),
        may_take_sample="" in scope.stems,
    )


@pages.get("/townships/<code>")
@door.allow(Right.MANAGE_REGISTRY)
def township(code: str) -> str:
    """List the villages of a township with their figures."""
    session, scope = door.session(), door.account().scope
    villages = reading.villages(session, scope, code)
    if not villages:
        raise Missing("There is no village in %(code)s here.", code=code)
    return render_template(
        "registry_township.html",
        township=villages[0].township_name or code,
        villages=villages,
        clinics=reading.clinics(session, scope.within(code)),
        today=site_day(),
        **WORDS,
    )


@pages.get("/villages/<code>")
@door.allow(Right.MANAGE_REGISTRY)
def village(code: str) -> str:
    """Show one village's figures and position, to be changed."""
    found = reading.village(door.session(), code, door.account().scope)
    return _village_page(found, _typed(found), {})


@pages.post("/villages/<code>")
@door.allow(Right.MANAGE_REGISTRY)
def change_village(code: str) -> ResponseReturnValue:
    """Keep a village's new figures, as an import of one row."""
    who = door.account()
    typed = {name: request.form.get(name, "") for name in editing.FIELDS}
    with door.keeping_input() as fault:
        done = editing.edit_village(door.session(), code, typed, who.name, who.scope)
    found = reading.village(door.reading(), code, who.scope)
    if fault:
        return _village_page(found, typed, fault.errors), 422
    door.journal("registry_edit", f"village {code}", import_id=done.applied.import_id)
    flash(_("%(name)s is changed.", name=found.name), "fine")
    if done.is_thin:
        flash(_("Fewer persons than households: look again."), "watch")
    return _after(done.applied, url_for("registry.township", code=found.township_code))


@pages.get("/import")
@door.allow(Right.MANAGE_REGISTRY)
def choose() -> str:
    """Ask for a file and how to read it."""
    return _choose_page(ImportOptions(), {})


@pages.post("/import")
@door.allow(Right.MANAGE_REGISTRY)
def upload() -> ResponseReturnValue:
    """Keep an uploaded file aside for a day and show what it would change."""
    wanted = _options()
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _choose_page(wanted, {"file": _("Choose a file first.")}), 422
    sha256 = waiting.keep(sent.filename, sent.read())
    return redirect(
        url_for(
            "registry.preview",
            sha256=sha256,
            name=sent.filename,
            kind=wanted.kind,
            crs=wanted.crs,
            area=wanted.area,
            withdraw="1" if wanted.withdraws_missing else None,
        ),
        303,
    )


@pages.get("/import/<sha256>")
@door.allow(Right.MANAGE_REGISTRY)
def preview(sha256: str) -> ResponseReturnValue:
    """Show what an uploaded file would change, or everything that is wrong with it."""
    wanted = _options()
    try:
        plan = _plan(sha256, wanted)
    except NotValid as problem:
        return _choose_page(wanted, {problem.field: _(problem.msgid, **problem.params)}), 422
    return _preview_page(plan), 422 if plan.faults else 200


@pages.post("/import/<sha256>")
@door.allow(Right.MANAGE_REGISTRY)
def do_import(sha256: str) -> ResponseReturnValue:
    """Do what the preview showed; refused when the registry has changed since."""
    # Planned before the session is asked for: phones wait for their turn to write behind it.
    plan = _plan(sha256, _options())
    if plan.fingerprint != request.form.get("fingerprint"):
        flash(_("The registry has changed since the preview. Look at it again."), "watch")
        return redirect(request.full_path, 303)
    applied = apply.apply_import(door.session(), plan, door.account().name)
    door.journal(
        "registry_import",
        f"import {applied.import_id}",
        file=plan.source_name,
        added=len(plan.added),
        changed=len(plan.changed),
    )
    flash(_("Imported. It can be undone as long as nothing else is built on it."), "fine")
    return _after(applied, url_for("registry.one_import", import_id=applied.import_id))


@pages.post("/sample")
@door.allow(Right.MANAGE_REGISTRY)
def take_sample() -> ResponseReturnValue:
    """Import the 61 units of the sample."""
    session, who = door.session(), door.account()
    if "" not in who.scope.stems:
        raise NotValid(
            "The sample lies in four provinces: only an account for the whole site can take it."
        )
    for done in import_sample(session, who.name):
        door.journal("registry_import", f"import {done.import_id}", file="sample")
    flash(_("The sample is imported."), "fine")
    return redirect(url_for("registry.show"), 303)


@pages.get("/imports")
@door.allow(Right.MANAGE_REGISTRY)
def imports() -> str:
    """List the latest imports."""
    return render_template(
        "registry_imports.html",
        imports=apply.imports(door.session(), door.account().scope),
        **WORDS,
    )


@pages.get("/imports/<int:import_id>")
@door.allow(Right.MANAGE_REGISTRY)
def one_import(import_id: int) -> str:
    """Show what one import changed."""
    return _import_page(import_id, ())


@pages.post("/imports/<int:import_id>/undo")
@door.allow(Right.MANAGE_REGISTRY)
def undo(import_id: int) -> ResponseReturnValue:
    """Undo an import, or say what stands on it by now."""
    who = door.account()
    with door.keeping_input() as fault:
        applied = apply.undo_import(door.session(), import_id, who.name, who.scope)
    if isinstance(fault.problem, UndoRefused):
        return _import_page(import_id, fault.problem.reasons), 409
    if fault.problem:
        raise fault.problem
    door.journal("registry_undo", f"import {import_id}")
    flash(_("Import %(id)s is undone.", id=import_id), "fine")
    return _after(applied, url_for("registry.imports"))


def _options() -> ImportOptions:
    """Return how the page's form, or the preview's address, says to read a file."""
    said = request.values
    kind, crs = said.get("kind", ""), said.get("crs", "wgs84")
    return ImportOptions(
        kind=kind if kind in KINDS else None,
        crs=cast("Crs", crs if crs in get_args(Crs) else "wgs84"),
        area=said.get("area", "").strip(),
        withdraws_missing="withdraw" in said,
    )


def _plan(sha256: str, wanted: ImportOptions) -> ImportPlan:
    content = waiting.content(sha256)
    return plan_import(
        door.reading(),
        content,
        request.args.get("name", ""),
        wanted,
        scope=door.account().scope,
        today=site_day(),
    )


def _choose_page(wanted: ImportOptions, errors: dict[str, str]) -> str:
    return render_template(
        "registry_import.html",
        wanted=wanted,
        errors=errors,
        accepted=ACCEPTED,
        kinds=[("", _("told by the columns"))] + [(kind, _(KIND_WORDS[kind])) for kind in KINDS],
        frames=[(crs, _(words)) for crs, words in CRS_WORDS.items()],
    )


def _preview_page(plan: ImportPlan) -> str:
    return render_template(
        "registry_preview.html",
        plan=plan,
        accepted=ACCEPTED,
        most_shown=MOST_SHOWN,
        wanted=_options(),
        **WORDS,
    )


def _import_page(import_id: int, reasons: Sequence[Fault]) -> str:
    one, changes = apply.import_changes(door.reading(), import_id, door.account().scope)
    return render_template(
        "registry_one_import.html",
        one=one,
        changes=changes,
        reasons=reasons,
        most_shown=MOST_SHOWN,
        **WORDS,
    )


def _village_page(
    found: reading.Village, typed: Mapping[str, str], errors: Mapping[str, str]
) -> str:
    return render_template(
        "registry_village.html",
        village=found,
        typed=typed,
        errors=errors,
        sources=[("", "–"), *((one, _(VALUE_WORDS[one])) for one in SOURCES)],
        **WORDS,
    )


def _typed(found: reading.Village) -> dict[str, str]:
    """Return a village's figures and position as its form shows them."""
    values = {
        "households": found.households,
        "persons": found.persons,
        "register_source": found.register_source,
        "register_on": found.register_on,
        "latitude": found.place.latitude if found.place else None,
        "longitude": found.place.longitude if found.place else None,
    }
    return {name: "" if value is None else str(value) for name, value in values.items()}


def _after(applied: Applied, path: str) -> ResponseReturnValue:
    """Lead on after a change; what was sent from villages that moved is projected once more."""
    answer = redirect(path, 303)
    if applied.waiting:
        words = ngettext(
            "%(n)s submission is being read anew.",
            "%(n)s submissions are being read anew.",
            applied.waiting,
        )
        flash(words, "fine")
        site = door.site()
        # At the end of the answer all is committed; before, the thread would find nothing to do.
        answer.call_on_close(lambda: replay.catch_up_beside(site))
    return answer
