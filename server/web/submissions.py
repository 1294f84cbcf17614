"""What phones sent: a list where numbers open to, and one submission with its flags."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from forms.audit_log import FILE as LOG
from server.errors import NotAllowed
from server.survey import (
    flags,
    form_versions,
    phones,
    submission_story,
    submission_view,
    submissions,
)
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.survey.submission_view import Reader, ShownFlag, SubmissionView
from server.survey.submissions import ANY_FLAG, Wanted
from server.web import door, language, review_words
from server.web.kept_files import kept_file, made_file
from server.web.language import _

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
_LONGEST_REASON = 200


@pages.get("/")
@door.allow(Right.SEE_SUBMISSIONS)
def show() -> str:
    """List submissions by village, form, phone, day, flag or state; the last received first."""
    session, scope = door.session(), door.account().scope
    wanted = _wanted()
    before = request.args.get("before", type=int)
    page = submissions.page(session, PROJECT, scope, wanted, before)
    forms = form_versions.current_forms(session, PROJECT)
    known_phones = phones.phone_list(session, PROJECT, scope)
    counted = submissions.flag_counts(session, scope, wanted.village)
    everything = ("", _("all"))
    return render_template(
        "submissions.html",
        page=page,
        wanted=wanted,
        is_all=wanted == Wanted(),
        stuck=submissions.stuck_count(session, PROJECT, scope),
        village_choices=[everything, *submissions.visited_villages(session, scope)],
        form_choices=[everything, *((one.form_id, one.title) for one in forms)],
        phone_choices=[everything, *((one.id, one.name) for one in known_phones)],
        flag_choices=[everything, (ANY_FLAG, _("with any flag")), *map(_flag_choice, counted)],
        state_choices=[everything, *((one, _(words)) for one, words in STATE_WORDS.items())],
        older=_address(wanted, page.before) if page.before else None,
        newest=_address(wanted) if before is not None else None,
        **_STATES,
    )


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


def _wanted() -> Wanted:
    given = request.args
    return Wanted(
        village=given.get("village", ""),
        form_id=given.get("form", ""),
        phone_id=given.get("phone", type=int),
        day=given.get("day", type=date.fromisoformat),
        flag=given.get("flag", ""),
        state=given.get("state", "") if given.get("state", "") in STATE_WORDS else "",
        lacks_files="lacks_files" in given,
    )


def _address(wanted: Wanted, before: int | None = None) -> str:
    return url_for(
        "submissions.show",
        village=wanted.village or None,
        form=wanted.form_id or None,
        phone=wanted.phone_id,
        day=wanted.day,
        flag=wanted.flag or None,
        state=wanted.state or None,
        lacks_files=1 if wanted.lacks_files else None,
        before=before,
    )


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
        review_words=review_words.REVIEW_WORDS,
        review_badges=review_words.REVIEW_BADGES,
        correction_words=review_words.CORRECTION_WORDS,
        correction_badges=review_words.CORRECTION_BADGES,
        flag_words=_flag_words,
        next_step=NEXT_STEP_WORDS.get(shown.reason) or NEXT_STEP_WORDS.get(shown.state, ""),
        may_reveal=who.may(Right.REVEAL_PERSONS),
        may_download=who.may(Right.REVEAL_PERSONS) and who.may(Right.SEE_SENSITIVE),
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
}
