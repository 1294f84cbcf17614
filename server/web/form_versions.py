"""What a form says, in each language, and what changed from one version to another."""

from __future__ import annotations

from collections import Counter

from flask import Blueprint, render_template, request

from forms.fields import CompiledForm
from forms.labels import words_in
from forms.translations import missing_translations
from server.survey import drafts, form_history, form_preview, form_versions, publishing
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.survey.form_history import DRAFT, Edition
from server.web import door, language
from server.web.form_pages import language_name
from server.web.language import _

pages = Blueprint("form_versions", __name__)

DIFFERENCE_WORDS = {
    "title": "Title of the form",
    "added": "New question",
    "removed": "Question is gone",
    "moved": "In another group",
    "retyped": "Another type",
    "label": "Other words",
    "hint": "Hint",
    "message": "Message when refused",
    "media": "Picture or sound",
    "choice_added": "New choice",
    "choice_removed": "Choice is gone",
    "choice_label": "Words of a choice",
    "choice_order": "Order of the choices",
    "order": "Order of the questions",
    "choices_file": "File of the choices",
    "required": "Must be answered",
    "relevant": "Asked only if",
    "constraint": "Taken only if",
    "calculation": "Calculation",
    "appearance": "Look on the phone",
    "concept": "Meaning (concept)",
    "saves_to": "Saved to list",
    "group_label": "Name of a group",
}
# What takes something away from those who read the answers.
GRAVE = frozenset({"removed", "retyped", "choice_removed", "moved", "concept"})
PART_WORDS = {
    "label": "question",
    "hint": "hint",
    "guidance_hint": "guidance",
    "constraint_message": "message when refused",
    "required_message": "message when empty",
    "choice": "choice",
    "image": "picture",
    "big-image": "large picture",
    "audio": "sound",
    "video": "film",
}


@pages.get("/forms/<form_id>/questions")
@door.allow(Right.MANAGE_FORMS)
def questions(form_id: str) -> str:
    """Show a form in one of its languages as a worker reads it, and what answers mean to us.

    `?version=` shows an older version, `?draft=1` the draft, `?words=` chooses the language.
    """
    title, version, form = _asked(form_id)
    wanted = request.args.get("words", language.language())
    chosen = wanted if wanted in form.languages else form.languages[0]
    return render_template(
        "forms_questions.html",
        title=title,
        version=version,
        form_id=form_id,
        lines=form_preview.preview(form, chosen),
        count=publishing.question_count(form),
        chosen=chosen,
        languages=[(code, language_name(code)) for code in form.languages if code],
        untranslated=sum(one.language == chosen for one in missing_translations(form)),
    )


@pages.get("/forms/<form_id>/translations")
@door.allow(Right.MANAGE_FORMS)
def translations(form_id: str) -> str:
    """List the words and media that one language of a form has and another has not."""
    title, version, form = _asked(form_id)
    missing = missing_translations(form)
    counts = Counter(one.language for one in missing)
    return render_template(
        "forms_translations.html",
        title=title,
        version=version,
        form_id=form_id,
        missing=missing,
        languages=[
            (code, language_name(code), counts.get(code, 0)) for code in form.languages if code
        ],
        language_name=language_name,
        part_words=PART_WORDS,
    )


@pages.get("/forms/<form_id>/changes")
@door.allow(Right.MANAGE_FORMS)
def changes(form_id: str) -> str:
    """Show what differs between two versions of a form, or between its draft and a version."""
    session = door.session()
    old, new = request.args.get("old", ""), request.args.get("new", "")
    found = form_history.compare(session, PROJECT, form_id, old, new)
    spoken = language.language()
    fields = {one.path: one for one in (*found.old_form.fields, *found.new_form.fields)}
    labels = {path: words_in(one.labels, spoken) for path, one in fields.items()}
    for form in (found.old_form, found.new_form):
        for path, words in form.groups.items():
            labels.setdefault(path, words_in(words, spoken))
    known = form_history.editions(session, PROJECT, form_id)
    return render_template(
        "forms_changes.html",
        found=found,
        form_id=form_id,
        labels=labels,
        old_name=_edition_name(found.old),
        new_name=_edition_name(found.new),
        editions=[(one.key, _edition_name(one)) for one in known],
        words=DIFFERENCE_WORDS,
        grave=GRAVE,
        language_name=language_name,
        several_languages=len(found.new_form.languages) > 1,
    )


def _asked(form_id: str) -> tuple[str, str, CompiledForm]:
    """Return title, name of the version and form that the address asks for. Raises Missing."""
    session = door.session()
    if request.args.get("draft"):
        draft = drafts.needed(session, PROJECT, form_id)
        form = drafts.as_it_would_read(session, draft)
        return form.title, _edition_name(Edition(DRAFT, form.version, is_current=False)), form
    wanted = request.args.get("version")
    found = form_versions.needed_version(session, PROJECT, form_id, wanted)
    name = _("Version %(version)s", version=found.version or "–")
    return found.title, name, publishing.compiled_version(session, found.id)


def _edition_name(one: Edition) -> str:
    if one.is_draft:
        return _("draft %(version)s", version=one.version or "–")
    words = "version %(version)s, current" if one.is_current else "version %(version)s"
    return _(words, version=one.version or "–")
