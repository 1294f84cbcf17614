"""What phones sent: a list where numbers open to, and one submission with its flags."""

from __future__ import annotations

import re

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from forms.audit_log import FILE as LOG
from forms.labels import words_in
from server.errors import NotAllowed
from server.survey import (
    answer_search,
    flags,
    form_versions,
    people,
    phones,
    submission_story,
    submission_view,
    submissions,
)
from server.survey.accounts import Right
from server.survey.answer_search import Search, SearchPage
from server.survey.first_run import PROJECT
from server.survey.submission_view import Reader, ShownFlag, SubmissionView
from server.survey.submissions import ANY_FLAG, STUCK, SubmissionPage, Wanted
from server.web import door, language, review_words, task_words
from server.web.kept_files import kept_file, made_file
from server.web.language import _
from server.web.submission_filters import Given, given_in, query_of, search_of, wanted_of

pages = Blueprint("submissions", __name__, url_prefix="/submissions")

STATE_WORDS = {
    "projected": "counted",
    "waiting": "to be read anew",
    "parked": "parked",
    "failed": "not understood",
    "replaced": "replaced by a later one",
    "binned": "in the bin",
}
STATE_BADGES = {
    "projected": "fine",
    "waiting": "todo",
    "parked": "watch",
    "failed": "watch",
    "replaced": "off",
    "binned": "off",
}
OUTCOME_WORDS = {
    "completed": "completed",
    "refused": "refused",
    "absent": "nobody home",
    "vacated": "vacant",
    "audited": "clinic audited",
    "back_check": "Asked again",
}
# What to do about a submission that counts nowhere, by its state and reason.
NEXT_STEP_WORDS = {
    "version_unknown": "Its form version is not published here. Publish that version: it is then "
    "read at once. Nothing is lost.",
    "encrypted": "It was encrypted on the phone and counts nowhere. Who has the passphrase of its "
    "key can read it.",
    "failed": "The site could not work it out, which is the program's fault and was noted. After "
    "the next upgrade “doorstep rebuild” reads it again. Nothing is lost.",
    "waiting": "It is read anew within minutes, as its form's mapping or versions changed.",
    "replaced": "A later edit or correction stands in its place. It is kept, and counts no more.",
    "binned": "It lies in the bin with its edits, and counts nowhere.",
}
COMPARISON_WORDS = {
    "contains": "contains",
    "is": "is",
    "at_least": "at least",
    "at_most": "at most",
    "empty": "is empty",
}
_LONGEST_REASON = 200
_ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]")


@pages.get("/")
@door.allow(Right.SEE_SUBMISSIONS)
def show() -> str:
    """List submissions by what they are and what they answer; the last received first."""
    session, scope = door.session(), door.account().scope
    given = request.args
    wanted, asked = _wanted(given), search_of(given)
    before = given.get("before", type=int)
    page, found = _looked_up(wanted, asked, before)
    forms = form_versions.current_forms(session, PROJECT)
    known_phones = phones.phone_list(session, PROJECT, scope)
    counted = submissions.flag_counts(session, scope, wanted.village)
    everything = ("", _("all"))
    query = query_of(given)
    return render_template(
        "submissions.html",
        page=page,
        found=found,
        wanted=wanted,
        asked=asked,
        is_all=not query,
        is_narrowed=bool(query_of(given, q=None)),
        query=query,
        stuck=submissions.stuck_count(session, PROJECT, scope),
        village_choices=[everything, *submissions.visited_villages(session, scope)],
        form_choices=[everything, *((one.form_id, one.title) for one in forms)],
        phone_choices=[everything, *((one.id, one.name) for one in known_phones)],
        flag_choices=[everything, (ANY_FLAG, _("with any flag")), *map(_flag_choice, counted)],
        state_choices=[everything, *((one, _(words)) for one, words in STATE_WORDS.items())],
        review_choices=[
            everything,
            *((one, _(words)) for one, words in review_words.REVIEW_WORDS.items()),
        ],
        question_choices=_question_choices(wanted.form_id),
        comparisons=[(one, _(words)) for one, words in COMPARISON_WORDS.items()],
        older=_list_address(query_of(given, before=page.before)) if page.before else None,
        newest=_list_address(query) if before is not None else None,
        may_review=door.account().may(Right.REVIEW_SUBMISSIONS),
        **_STATES,
    )


def _looked_up(
    wanted: Wanted, asked: Search, before: int | None, *, is_noted: bool = True
) -> tuple[SubmissionPage, SearchPage | None]:
    """Return the page of a list, and what a search found where one was asked for."""
    session, who = door.session(), door.account()
    if wanted.state in STUCK or not asked.is_asked:
        return submissions.page(session, PROJECT, who.scope, wanted, before), None
    reader = Reader(
        who.scope,
        language.language(),
        shows_personal=False,
        shows_sensitive=who.may(Right.SEE_SENSITIVE),
    )
    plans = door.site().plans
    found = answer_search.search(session, PROJECT, wanted, asked, reader, plans, before)
    if is_noted:
        where = {"form": wanted.form_id, "question": asked.question, "village": wanted.village}
        told = {key: text for key, text in where.items() if text}
        door.journal("submissions_searched", f"{len(found.lines)} submissions", **told)
    return SubmissionPage(found.lines, found.before), found


def _question_choices(form_id: str) -> list[tuple[str, str]]:
    if not form_id:
        return []
    said = language.language()
    asked = answer_search.questions(door.session(), PROJECT, form_id, door.site().plans)
    return [("", _("any question")), *((one.path, words_in(one.labels, said)) for one in asked)]


def _list_address(query: str) -> str:
    return url_for("submissions.show") + (f"?{query}" if query else "")


@pages.get("/<int:submission_id>")
@door.allow(Right.SEE_SUBMISSIONS)
def one(submission_id: int) -> str:
    """Show one submission; names and numbers of people are masked."""
    return _page(_view(submission_id, is_revealed=False))


@pages.post("/<int:submission_id>")
@door.allow(Right.SEE_SUBMISSIONS)
def reveal(submission_id: int) -> ResponseReturnValue:
    """Show one submission in full, or send it as it came, once a reason is given."""
    who = door.account()
    if not who.may(Right.REVEAL_PERSONS):
        raise NotAllowed("Your account has no right to see full names and numbers.")
    reason = request.form.get("reason", "").strip()[:_LONGEST_REASON]
    if not reason:
        flash(_("Say why you need it. The reason is noted in the journal."), "watch")
        return redirect(url_for("submissions.one", submission_id=submission_id) + "#reveal", 303)
    subject = f"submission {submission_id}"
    if "raw" in request.form:
        if not who.may(Right.SEE_SENSITIVE):
            raise NotAllowed("Your account has no right to see sensitive diseases.")
        name, xml = submission_view.raw_xml(door.session(), submission_id, who.scope)
        door.journal("submission_downloaded", subject, reason=reason)
        return made_file(xml, f"{name.removeprefix('uuid:')}.xml", "text/xml")
    shown = _view(submission_id, is_revealed=True)
    door.journal("submission_revealed", subject, reason=reason)
    return _page(shown)


@pages.get("/<int:submission_id>/files/<name>")
@door.allow(Right.SEE_SUBMISSIONS)
def file(submission_id: int, name: str) -> Response:
    """Show or send a photo or file of a submission.

    The phone's log may hold every answer as it was typed: it is for who may see them all.
    """
    who = door.account()
    if name == LOG and not (who.may(Right.REVEAL_PERSONS) and who.may(Right.SEE_SENSITIVE)):
        raise NotAllowed("Your account has no right to see full names and numbers.")
    sha256 = submission_view.attachment(door.session(), submission_id, name, who.scope)
    door.journal("submission_file", f"submission {submission_id}")
    return kept_file(sha256, name, is_shown=True)


def _wanted(given: Given) -> Wanted:
    """Return what the address asks for. A whole ID number in the search names its persons."""
    session, text = door.session(), search_of(given).text.upper()
    persons = None
    if _ID_NUMBER.fullmatch(text):
        persons = tuple(people.with_id_number(session, door.site().keys.id_numbers, text))
    return wanted_of(given, STATE_WORDS, persons or None)


def _neighbour(submission_id: int, query: str) -> str:
    """Return the address of the next submission of the list the reader came from, "" at its end."""
    given = given_in(query)
    page, _found = _looked_up(_wanted(given), search_of(given), submission_id, is_noted=False)
    if not page.lines:
        return ""
    return url_for("submissions.one", submission_id=page.lines[0].id, list=query)


def _view(submission_id: int, *, is_revealed: bool) -> SubmissionView:
    who = door.account()
    reader = Reader(
        scope=who.scope,
        language=language.language(),
        shows_personal=is_revealed,
        shows_sensitive=who.may(Right.SEE_SENSITIVE),
    )
    return submission_view.view(door.session(), submission_id, reader)


def _page(shown: SubmissionView) -> str:
    who, session = door.account(), door.session()
    log = submission_story.audit_of(door.site().settings.files, shown.files)
    came_from = request.args.get("list")
    return render_template(
        "submissions_one.html",
        shown=shown,
        story=submission_story.story(session, shown.id, who.scope),
        log=log,
        slowest=submission_story.slowest(log, shown.questions) if log else [],
        drawn=submission_story.drawn(session, shown.id, shown.sheet, log),
        phone_choices=_phone_choices() if who.may(Right.REVIEW_SUBMISSIONS) else [],
        is_picture=_is_picture,
        log_name=LOG,
        may_review=who.may(Right.REVIEW_SUBMISSIONS),
        may_remove=who.may(Right.REMOVE_SUBMISSIONS),
        correction_words=review_words.CORRECTION_WORDS,
        correction_badges=review_words.CORRECTION_BADGES,
        flag_words=_flag_words,
        tasks=task_words.of_submission(shown.id),
        next_step=NEXT_STEP_WORDS.get(shown.reason) or NEXT_STEP_WORDS.get(shown.state, ""),
        may_reveal=who.may(Right.REVEAL_PERSONS),
        may_download=who.may(Right.REVEAL_PERSONS) and who.may(Right.SEE_SENSITIVE),
        back=_list_address(came_from) if came_from is not None else "",
        go_on=_neighbour(shown.id, came_from) if came_from is not None else "",
        **_STATES,
    )


def _phone_choices() -> list[tuple[int, str]]:
    found = phones.phone_list(door.session(), PROJECT, door.account().scope)
    return [(one.id, one.name) for one in found if one.revoked_at is None]


def _is_picture(name: str) -> bool:
    """Say whether a browser shows it in the page (openrosa J6)."""
    return name.rpartition(".")[2].lower() in ("jpg", "jpeg", "png", "gif")


def _flag_words(flag: ShownFlag) -> str:
    params = dict(flag.params)
    if "what" in params:
        params["what"] = _(str(params["what"]))
    return _(flag.msgid, **params)


def _flag_choice(counted: tuple[str, int]) -> tuple[str, str]:
    """Return a flag's code, and its title with how often it stands: "Far from the village (12)"."""
    code, count = counted
    return code, f"{_(flags.title(code))} ({language.number(count)})"


_STATES = {
    "state_words": STATE_WORDS,
    "state_badges": STATE_BADGES,
    "outcome_words": OUTCOME_WORDS,
    "review_words": review_words.REVIEW_WORDS,
    "review_badges": review_words.REVIEW_BADGES,
}
