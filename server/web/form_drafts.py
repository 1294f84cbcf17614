"""Drafts of forms: kept, tried with a code of their own, published or thrown away."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from forms.faults import Fault
from server.errors import NotValid
from server.survey import (
    draft_codes,
    draft_submissions,
    drafts,
    form_files,
    form_history,
    form_versions,
    phone_villages,
    publishing,
)
from server.survey.accounts import Right
from server.survey.drafts import Draft
from server.survey.first_run import PROJECT
from server.web import door, language
from server.web.form_pages import ORIGINS, back_to, language_name, sent_file, tell_doubts, uploaded
from server.web.kept_files import kept_file, made_file
from server.web.language import _
from server.web.phone_codes import picture_of, site_url

pages = Blueprint("form_drafts", __name__)

SHORTEST_REASON = 4


@pages.post("/new-form/<sha256>/draft")
@door.allow(Right.MANAGE_FORMS)
def keep(sha256: str) -> ResponseReturnValue:
    """Keep a checked form as the draft of its form, to try it first."""
    name, content = uploaded(sha256)
    # Compiled before the session is asked for: phones wait for their turn to write behind it.
    prepared = publishing.prepare(publishing.read_source(name, content))
    site = door.site()
    kept = drafts.keep(door.session(), site.settings.files, PROJECT, prepared, door.account().name)
    door.journal("draft_kept", kept.form_id, version=kept.form.version)
    flash(_("Kept as a draft: scan the code to try it. Phones at work see none of it."), "fine")
    return _back(kept.form_id)


@pages.get("/forms/<form_id>/draft")
@door.allow(Right.MANAGE_FORMS)
def show(form_id: str) -> str:
    """Show a draft: its code, what it would change, its files, and what was sent to try it."""
    return _page(drafts.needed(door.reading(), PROJECT, form_id), {})


@pages.post("/forms/<form_id>/draft/publish")
@door.allow(Right.MANAGE_FORMS)
def publish(form_id: str) -> ResponseReturnValue:
    """Publish a draft; what was sent to try it is thrown away."""
    with door.keeping_input() as fault:
        done = drafts.publish(door.session(), PROJECT, form_id, door.account().name)
    if fault:
        return _page(drafts.needed(door.reading(), PROJECT, form_id), fault.errors), 409
    door.journal("form_published", form_id, version=done.version, is_new=done.is_new)
    words = _(
        "%(title)s, version “%(version)s”, is published.", title=done.title, version=done.version
    )
    flash(words, "fine")
    return back_to(form_id, done.waiting)


@pages.post("/forms/<form_id>/draft/discard")
@door.allow(Right.MANAGE_FORMS)
def discard(form_id: str) -> ResponseReturnValue:
    """Throw a draft away, with what was sent to try it."""
    session = door.session()
    drafts.discard(session, PROJECT, form_id)
    door.journal("draft_discarded", form_id)
    flash(_("The draft is thrown away."), "fine")
    if form_versions.form_version(session, PROJECT, form_id) is None:
        return redirect(url_for("forms.show"), 303)
    return back_to(form_id)


@pages.post("/forms/<form_id>/draft/villages")
@door.allow(Right.MANAGE_FORMS)
def choose(form_id: str) -> ResponseReturnValue:
    """Choose the villages whose lists testers get; or search them, keeping what was chosen."""
    if "search" in request.form:
        return _page(drafts.needed(door.reading(), PROJECT, form_id), {})
    codes = request.form.getlist("village")
    with door.keeping_input() as fault:
        drafts.choose_villages(door.session(), PROJECT, form_id, codes, door.account().scope)
    if fault:
        return _page(drafts.needed(door.reading(), PROJECT, form_id), fault.errors), 422
    door.journal("draft_villages", form_id, villages=sorted({*codes}))
    flash(_("Testers get the lists of these villages at their next update."), "fine")
    return _back(form_id)


@pages.post("/forms/<form_id>/draft/files")
@door.allow(Right.MANAGE_FORMS)
def attach(form_id: str) -> ResponseReturnValue:
    """Take a file for the draft; the published form keeps its own."""
    name = request.form.get("name", "")
    sent = sent_file("file")
    if sent is None:
        flash(_("Choose a file first."), "watch")
        return _back(form_id)
    folder = door.site().settings.files
    doubts: list[Fault] = []
    with door.keeping_input() as fault:
        draft = drafts.needed(door.session(), PROJECT, form_id)
        doubts = form_files.attach_to_draft(door.session(), folder, draft.id, name, sent[1])
    if fault:
        flash(" ".join(fault.errors.values()), "watch")
        return _back(form_id)
    door.journal("form_file", form_id, name=name, is_draft=True)
    tell_doubts(doubts)
    flash(_("%(name)s is uploaded: phones fetch it at their next update.", name=name), "fine")
    return _back(form_id)


@pages.post("/forms/<form_id>/draft/files/remove")
@door.allow(Right.MANAGE_FORMS)
def remove(form_id: str) -> ResponseReturnValue:
    """Take a file away from a draft."""
    name = request.form.get("name", "")
    draft = drafts.needed(door.session(), PROJECT, form_id)
    form_files.remove_from_draft(door.session(), draft.id, name)
    door.journal("form_file_removed", form_id, name=name, is_draft=True)
    flash(_("%(name)s is taken away.", name=name), "fine")
    return _back(form_id)


@pages.get("/forms/<form_id>/draft/files/<name>")
@door.allow(Right.MANAGE_FORMS)
def file(form_id: str, name: str) -> Response:
    """Download a file that lies beside a draft."""
    session = door.session()
    found = form_files.draft_file(session, drafts.needed(session, PROJECT, form_id).id, name)
    return kept_file(found.sha256, found.name)


@pages.get("/forms/<form_id>/draft/form.xml")
@door.allow(Right.MANAGE_FORMS)
def xform(form_id: str) -> Response:
    """Download the draft's XForm."""
    form = drafts.needed(door.session(), PROJECT, form_id).form
    return made_file(form.xml, f"{form_id}-draft.xml", "text/xml")


@pages.get("/forms/<form_id>/draft/answers/<int:number>")
@door.allow(Right.MANAGE_FORMS)
def one(form_id: str, number: int) -> str:
    """Show answers to the draft by question, names masked."""
    return _answers_page(form_id, number, {}, is_revealed=False)


@pages.post("/forms/<form_id>/draft/answers/<int:number>")
@door.allow(Right.REVEAL_PERSONS)
def reveal(form_id: str, number: int) -> ResponseReturnValue:
    """Show answers to the draft in full, for a reason that the journal keeps."""
    reason = request.form.get("reason", "").strip()
    with door.keeping_input() as fault:
        if len(reason) < SHORTEST_REASON:
            raise NotValid("Say in a few words why full names are needed.", field="reason")
    if fault:
        return _answers_page(form_id, number, fault.errors, is_revealed=False), 422
    door.journal("draft_revealed", form_id, number=number, reason=reason)
    return _answers_page(form_id, number, {}, is_revealed=True)


@pages.get("/forms/<form_id>/draft/answers/<int:number>/<name>")
@door.allow(Right.REVEAL_PERSONS)
def answer_file(form_id: str, number: int, name: str) -> Response:
    """Show a file that came with answers to the draft."""
    session = door.reading()
    draft = drafts.needed(session, PROJECT, form_id)
    sha256 = draft_submissions.attachment(session, draft, number, name)
    door.journal("draft_file_seen", form_id, number=number)
    return kept_file(sha256, name, is_shown=True)


def _back(form_id: str) -> ResponseReturnValue:
    return redirect(url_for("form_drafts.show", form_id=form_id), 303)


def _page(draft: Draft, errors: dict[str, str]) -> str:
    session, who = door.reading(), door.account()
    code = draft_codes.make_code(site_url(), draft)
    is_typed = "search" in request.form or "village" in request.form
    chosen = request.form.getlist("village") if is_typed else [*draft.villages]
    search = request.form.get("wanted", "")
    files = form_files.expected_by_draft(session, draft.id)
    return render_template(
        "forms_draft.html",
        draft=draft,
        errors=errors,
        code=code,
        picture=picture_of(code.text) if _may_try(draft) else "",
        current=form_versions.form_version(session, PROJECT, draft.form_id),
        is_taken=publishing.is_taken(session, PROJECT, drafts.prepared(session, draft)),
        losses=form_history.losses_of_draft(session, PROJECT, draft.form_id),
        files=files,
        uploadable=[(one.name, one.name) for one in files if one.origin != "site"],
        has_lists=any(one.origin == "site" for one in files),
        sent=draft_submissions.sent(session, draft),
        choices=phone_villages.village_choices(session, who.scope, search, chosen),
        chosen=chosen,
        search=search,
        languages=[language_name(code) for code in draft.form.languages if code],
        questions=publishing.question_count(draft.form),
        **ORIGINS,
    )


def _may_try(draft: Draft) -> bool:
    """Say whether the reader may have the code: it opens the lists of people to any phone."""
    who = door.account()
    is_own = who.may(Right.SEE_PERSONS) and all(map(who.scope.covers, draft.villages))
    return is_own or not draft.villages


def _answers_page(form_id: str, number: int, errors: dict[str, str], *, is_revealed: bool) -> str:
    session, who = door.reading(), door.account()
    draft = drafts.needed(session, PROJECT, form_id)
    shown = draft_submissions.view(
        session,
        draft,
        number,
        language.language(),
        shows_personal=is_revealed,
        shows_sensitive=who.may(Right.SEE_SENSITIVE),
    )
    return render_template(
        "forms_draft_answers.html",
        draft=draft,
        shown=shown,
        errors=errors,
        is_revealed=is_revealed,
        may_reveal=who.may(Right.REVEAL_PERSONS) and not is_revealed,
    )
