"""Files beside forms: uploaded, replaced, taken away; and those that all forms share."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from forms.faults import Fault
from server.survey import form_files, shared_files
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.web import door
from server.web.form_pages import back_to, sent_file, tell_doubts
from server.web.kept_files import kept_file
from server.web.language import _

pages = Blueprint("form_files", __name__)


@pages.post("/forms/<form_id>/files")
@door.allow(Right.MANAGE_FORMS)
def attach(form_id: str) -> ResponseReturnValue:
    """Take a file the form needs on the phone."""
    name = request.form.get("name", "")
    sent = sent_file("file")
    if sent is None:
        flash(_("Choose a file first."), "watch")
        return back_to(form_id)
    folder = door.site().settings.files
    doubts: list[Fault] = []
    with door.keeping_input() as fault:
        doubts = form_files.attach_file(door.session(), folder, PROJECT, form_id, name, sent[1])
    if fault:
        flash(" ".join(fault.errors.values()), "watch")
        return back_to(form_id)
    door.journal("form_file", form_id, name=name)
    tell_doubts(doubts)
    flash(_("%(name)s is uploaded: phones fetch it at their next update.", name=name), "fine")
    return back_to(form_id)


@pages.post("/forms/<form_id>/files/remove")
@door.allow(Right.MANAGE_FORMS)
def remove(form_id: str) -> ResponseReturnValue:
    """Take a file away from a form."""
    name = request.form.get("name", "")
    form_files.remove_file(door.session(), PROJECT, form_id, name)
    door.journal("form_file_removed", form_id, name=name)
    flash(_("%(name)s is taken away.", name=name), "fine")
    return back_to(form_id)


@pages.get("/forms/<form_id>/files/<name>")
@door.allow(Right.MANAGE_FORMS)
def file(form_id: str, name: str) -> Response:
    """Download a file that lies beside a form."""
    found = form_files.form_file(door.session(), PROJECT, form_id, name)
    return kept_file(found.sha256, found.name)


@pages.get("/shared-files")
@door.allow(Right.MANAGE_FORMS)
def shared() -> str:
    """List the files all forms share, with the forms that take them."""
    return _shared_page({})


@pages.post("/shared-files")
@door.allow(Right.MANAGE_FORMS)
def share() -> ResponseReturnValue:
    """Take a file for all forms, in place of the one of its name."""
    sent = sent_file("file")
    if sent is None:
        return _shared_page({"file": _("Choose a file first.")}), 422
    folder, who = door.site().settings.files, door.account().name
    kept = ""
    with door.keeping_input() as fault:
        kept = shared_files.share(door.session(), folder, PROJECT, sent[0], sent[1], who)
    if fault:
        return _shared_page(fault.errors), 422
    door.journal("shared_file", kept)
    tell_doubts(shared_files.doubts_of(kept, sent[1]))
    flash(_("%(name)s is uploaded: phones fetch it at their next update.", name=kept), "fine")
    return redirect(url_for("form_files.shared"), 303)


@pages.post("/shared-files/remove")
@door.allow(Right.MANAGE_FORMS)
def unshare() -> ResponseReturnValue:
    """Take a shared file away."""
    name = request.form.get("name", "")
    shared_files.remove(door.session(), PROJECT, name)
    door.journal("shared_file_removed", name)
    flash(_("%(name)s is taken away.", name=name), "fine")
    return redirect(url_for("form_files.shared"), 303)


@pages.get("/shared-files/<name>")
@door.allow(Right.MANAGE_FORMS)
def shared_file(name: str) -> Response:
    """Download a shared file."""
    found = shared_files.find(door.session(), PROJECT, name)
    return kept_file(found.sha256, found.name)


def _shared_page(errors: dict[str, str]) -> str:
    files = shared_files.shared_files(door.reading(), PROJECT)
    return render_template("forms_shared.html", files=files, errors=errors)
