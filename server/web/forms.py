"""What phones ask: the forms, a form of the county's own, published and looked after."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from forms import validate
from forms.faults import Fault
from server.survey import (
    drafts,
    form_downloads,
    form_files,
    form_mappings,
    form_overview,
    form_uploads,
    form_versions,
    publishing,
)
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.survey.form_uploads import Checked
from server.web import door, waiting
from server.web.form_pages import (
    ACCEPTED,
    ORIGINS,
    STATE_HINT_WORDS,
    STATE_WORDS,
    STATES,
    back_to,
    language_name,
    uploaded,
)
from server.web.kept_files import made_file
from server.web.language import _

pages = Blueprint("forms", __name__)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Java is slow to start; a page must not wait longer for its opinion.
VALIDATE_TIMEOUT_S = 20.0


@pages.get("/forms")
@door.allow(Right.MANAGE_FORMS, Right.SEE_COVERAGE, Right.SEE_SUBMISSIONS, Right.SEE_CLINICS)
def show() -> str:
    """List all forms with their state, and what was sent of each from the reader's villages."""
    session, who = door.session(), door.account()
    may_manage = who.may(Right.MANAGE_FORMS)
    return render_template(
        "forms.html",
        forms=form_versions.current_forms(session, PROJECT),
        sent=form_overview.sent_by_form(session, who.scope),
        drafts=drafts.drafts(session, PROJECT) if may_manage else [],
        may_manage=may_manage,
        may_read=who.may(Right.SEE_SUBMISSIONS),
        **STATES,
    )


@pages.get("/new-form")
@door.allow(Right.MANAGE_FORMS)
def new() -> str:
    """Ask for the file of a form, or of a new version of one."""
    return render_template("forms_new.html", errors={}, accepted=ACCEPTED)


@pages.post("/new-form")
@door.allow(Right.MANAGE_FORMS)
def upload() -> ResponseReturnValue:
    """Keep an uploaded form aside and show what a check says of it."""
    sent = request.files.get("form")
    if sent is None or not sent.filename:
        errors = {"form": _("Choose the form's file first.")}
        return render_template("forms_new.html", errors=errors, accepted=ACCEPTED), 422
    sha256 = waiting.keep(sent.filename, sent.read())
    return redirect(url_for("forms.checked", sha256=sha256, name=sent.filename), 303)


@pages.get("/new-form/<sha256>")
@door.allow(Right.MANAGE_FORMS)
def checked(sha256: str) -> ResponseReturnValue:
    """Show what is wrong or doubtful about an uploaded form, and what it would change."""
    found = form_uploads.check(door.reading(), PROJECT, *uploaded(sha256))
    return _check_page(found), 422 if found.faults else 200


@pages.post("/new-form/<sha256>")
@door.allow(Right.MANAGE_FORMS)
def publish(sha256: str) -> ResponseReturnValue:
    """Publish a checked form."""
    name, content = uploaded(sha256)
    # Compiled before the session is asked for: phones wait for their turn to write behind it.
    prepared = publishing.prepare(publishing.read_source(name, content))
    site, session = door.site(), door.session()
    with door.keeping_input() as fault:
        done = publishing.publish_prepared(session, PROJECT, prepared, door.account().name)
        form_files.attach_all(session, site.settings.files, PROJECT, done.form_id, prepared.files)
    if fault:
        return _check_page(form_uploads.check(door.reading(), PROJECT, name, content)), 409
    door.journal("form_published", done.form_id, version=done.version, is_new=done.is_new)
    flash(
        _(
            "%(title)s, version “%(version)s”, is published.",
            title=done.title,
            version=done.version,
        ),
        "fine",
    )
    return back_to(done.form_id, done.waiting)


@pages.get("/forms/<form_id>")
@door.allow(Right.MANAGE_FORMS)
def one(form_id: str) -> str:
    """Show one form: state, files, mapping, versions, downloads."""
    session, who = door.session(), door.account()
    found = form_overview.overview(session, PROJECT, form_id)
    return render_template(
        "forms_one.html",
        form=found,
        sent=form_overview.sent_by_form(session, who.scope).get(form_id),
        may_read=who.may(Right.SEE_SUBMISSIONS),
        state_choices=[
            (one, _(STATE_WORDS[one]), _(hint)) for one, hint in STATE_HINT_WORDS.items()
        ],
        uploadable=[(one.name, one.name) for one in found.files if one.origin != "site"],
        draft=drafts.find(session, PROJECT, form_id),
        before={newer.id: older.id for newer, older in pairwise(found.versions)},
        **ORIGINS,
        languages=[language_name(code) for code in found.compiled.languages if code],
        **STATES,
    )


@pages.post("/forms/<form_id>/state")
@door.allow(Right.MANAGE_FORMS)
def change_state(form_id: str) -> ResponseReturnValue:
    """Open, begin to close, or close a form."""
    state = request.form.get("state", "")
    publishing.set_state(door.session(), PROJECT, form_id, state)
    door.journal("form_state", form_id, state=state)
    flash(_("The form is now: %(state)s.", state=_(STATE_WORDS[state])), "fine")
    return back_to(form_id)


@pages.post("/forms/<form_id>/mapping")
@door.allow(Right.MANAGE_FORMS)
def change_mapping(form_id: str) -> ResponseReturnValue:
    """Lay a mapping beside a form, or take it away; what was sent is read anew."""
    sent = request.files.get("mapping")
    content = sent.read() if sent else b""
    is_removed = "remove" in request.form
    if not content and not is_removed:
        flash(_("Choose the mapping's file first."), "watch")
        return back_to(form_id)
    with door.keeping_input() as fault:
        done = form_mappings.set_mapping(
            door.session(), PROJECT, form_id, None if is_removed else content
        )
    if fault:
        flash(" ".join(fault.errors.values()), "watch")
        return back_to(form_id)
    door.journal("form_mapping", form_id, is_removed=is_removed)
    flash(_("The mapping is removed.") if is_removed else _("The mapping is in use."), "fine")
    return back_to(form_id, done.waiting)


@pages.get("/forms/<form_id>/form.xlsx")
@door.allow(Right.MANAGE_FORMS)
def workbook(form_id: str) -> Response:
    """Download a version (`?version=`) for Excel."""
    version, name, source = _source(form_id)
    return made_file(form_downloads.as_xlsx(name, source), f"{form_id}-{version}.xlsx", XLSX)


@pages.get("/forms/<form_id>/form.xml")
@door.allow(Right.MANAGE_FORMS)
def xform(form_id: str) -> Response:
    """Download the XForm of a version (`?version=`), as phones are given it."""
    session = door.session()
    found = form_versions.needed_version(session, PROJECT, form_id, request.args.get("version"))
    xml = form_versions.form_xml(session, PROJECT, form_id, found.version)
    return made_file(xml, f"{form_id}-{found.version}.xml", "text/xml")


@pages.get("/forms/<form_id>/source")
@door.allow(Right.MANAGE_FORMS)
def source(form_id: str) -> Response:
    """Download the file a version (`?version=`) was published from."""
    _version, name, content = _source(form_id)
    return made_file(content, name)


@pages.get("/forms/<form_id>/mapping.csv")
@door.allow(Right.MANAGE_FORMS)
def mapping(form_id: str) -> Response:
    """Download the mapping; `?fill=1` gives one of all questions with what they mean today."""
    session = door.session()
    beside = form_mappings.mapping_of(session, PROJECT, form_id)
    if beside is None or "fill" in request.args:
        current = form_versions.needed_version(session, PROJECT, form_id)
        compiled = publishing.compiled_version(session, current.id)
        return made_file(
            form_downloads.mapping_to_fill(compiled), f"{form_id}-mapping.csv", "text/csv"
        )
    return made_file(beside.encode(), f"{form_id}-mapping.csv", "text/csv")


def _source(form_id: str) -> tuple[str, str, bytes]:
    session = door.session()
    found = form_versions.needed_version(session, PROJECT, form_id, request.args.get("version"))
    return found.version, *form_versions.form_source(session, PROJECT, form_id, found.version)


def _check_page(found: Checked) -> str:
    refusals = _java_says(found.prepared.form.xml) if found.prepared else None
    return render_template(
        "forms_check.html",
        found=found,
        name=request.args.get("name", "form"),
        refusals=refusals,
        accepted=ACCEPTED,
        languages=[language_name(code) for code in _languages(found)],
    )


def _languages(found: Checked) -> list[str]:
    return [code for code in found.prepared.form.languages if code] if found.prepared else []


@lru_cache(maxsize=16)
def _java_says(xml: bytes) -> tuple[Fault, ...] | None:
    """Return what ODK Validate has against a form, None without Java. Kept: a page is reloaded."""
    if validate.java() is None:
        return None
    return tuple(validate.validate_with_java(xml, VALIDATE_TIMEOUT_S))
