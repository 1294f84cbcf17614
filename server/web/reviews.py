"""What people do about a submission: comment, review, send back, lay in the bin, wipe out."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server.survey import bin as the_bin
from server.survey import corrections, purging, replay, reviews, submission_comparison
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.survey.site import Site
from server.survey.submission_view import Reader
from server.web import door, language
from server.web.language import _, ngettext
from server.web.review_words import CORRECTION_BADGES, CORRECTION_WORDS

pages = Blueprint("reviews", __name__)


@pages.post("/submissions/<int:submission_id>/note")
@door.allow(Right.REVIEW_SUBMISSIONS)
def note(submission_id: int) -> ResponseReturnValue:
    """Add a comment, a review or both."""
    who, given = door.account(), request.form
    state = given.get("state", "")
    with door.keeping_input() as fault:
        reviews.add_note(
            door.session(), submission_id, who.scope, state, given.get("body", ""), who.name
        )
        door.journal("submission_reviewed", f"submission {submission_id}", state=state)
    if not fault and given.get("go_on"):
        flash(_("Noted."), "fine")
        return redirect(door.local_path(given.get("go_on"), url_for("submissions.show")), 303)
    return _back(submission_id, fault, _("Noted."), "review")


@pages.post("/submissions/review")
@door.allow(Right.REVIEW_SUBMISSIONS)
def note_many() -> ResponseReturnValue:
    """Say the same of several submissions of a list."""
    who, given, count = door.account(), request.form, 0
    every = "every" in given
    ids = [int(one) for one in given.getlist("listed" if every else "id") if one.isdecimal()]
    with door.keeping_input() as fault:
        count = reviews.review_many(
            door.session(),
            ids,
            who.scope,
            given.get("state", ""),
            given.get("body", ""),
            who.name,
        )
        door.journal(
            "submission_reviewed", f"{count} submissions", state=given.get("state"), ids=ids
        )
    said = ngettext("%(n)s submission reviewed.", "%(n)s submissions reviewed.", count)
    _tell(fault, said)
    return redirect(door.local_path(given.get("next"), url_for("submissions.show")), 303)


@pages.post("/submissions/<int:submission_id>/send-back")
@door.allow(Right.REVIEW_SUBMISSIONS)
def send_back(submission_id: int) -> ResponseReturnValue:
    """Send a record back to the phone it came from, with the reason."""
    who, given = door.account(), request.form
    phone = ""
    with door.keeping_input() as fault:
        phone = corrections.send_back(
            door.session(),
            submission_id,
            who.scope,
            given.get("reason", ""),
            who.name,
            given.get("phone", type=int),
        )
        door.journal("submission_sent_back", f"submission {submission_id}", phone=phone)
    said = _("Sent back: it is on the phone of %(phone)s when its forms are next updated.")
    return _back(submission_id, fault, said % {"phone": phone}, "correct")


@pages.post("/submissions/<int:submission_id>/bin")
@door.allow(Right.REMOVE_SUBMISSIONS)
def lay_in_bin(submission_id: int) -> ResponseReturnValue:
    """Lay a submission in the bin."""
    who, reason = door.account(), request.form.get("reason", "")
    with door.keeping_input() as fault:
        the_bin.lay_in(door.session(), submission_id, who.scope, reason, who.name)
        door.journal("submission_binned", f"submission {submission_id}", reason=reason[:200])
    said = _("It lies in the bin and counts nowhere. You can take it out again.")
    return _catching_up(_back(submission_id, fault, said, "bin"))


@pages.post("/submissions/<int:submission_id>/restore")
@door.allow(Right.REMOVE_SUBMISSIONS)
def restore(submission_id: int) -> ResponseReturnValue:
    """Take a submission out of the bin."""
    who = door.account()
    with door.keeping_input() as fault:
        the_bin.take_out(door.session(), submission_id, who.scope, who.name)
        door.journal("submission_restored", f"submission {submission_id}")
    said = _("It is out of the bin and counts again.")
    return _catching_up(_back(submission_id, fault, said, "bin"))


@pages.post("/submissions/<int:submission_id>/purge")
@door.allow(Right.REMOVE_SUBMISSIONS)
def purge(submission_id: int) -> ResponseReturnValue:
    """Wipe a submission of the bin out for good."""
    who, reason, site = door.account(), request.form.get("reason", ""), door.site()
    hashes: list[str] = []
    with door.keeping_input() as fault:
        hashes = purging.purge(door.session(), submission_id, who.scope, reason, who.name)
        door.journal("submission_purged", f"submission {submission_id}", reason=reason[:200])
    if fault:
        return _back(submission_id, fault, "", "bin")
    flash(_("It is wiped out. Copies of the data folder made before still hold it."), "fine")
    answer = redirect(url_for("submissions.show"), 303)
    answer.call_on_close(lambda: _end_purge(hashes, site))
    return answer


@pages.get("/submissions/<int:submission_id>/compare/<int:other_id>")
@door.allow(Right.SEE_SUBMISSIONS)
def compare(submission_id: int, other_id: int) -> str:
    """Show what differs between two versions of a submission, masked."""
    who = door.account()
    reader = Reader(
        who.scope,
        language.language(),
        shows_personal=False,
        shows_sensitive=who.may(Right.SEE_SENSITIVE),
    )
    found = submission_comparison.compare(door.session(), submission_id, other_id, reader)
    return render_template("submissions_compare.html", found=found)


@pages.get("/corrections/")
@door.allow(Right.SEE_SUBMISSIONS)
def queue() -> str:
    """List what was sent back: what waits for a phone first, then what is done."""
    wanted = request.args.get("state", corrections.WAITING)
    state = wanted if wanted in CORRECTION_WORDS else ""
    before = request.args.get("before", type=int)
    scope = door.account().scope
    lines = corrections.queue(door.session(), PROJECT, scope, state, before)
    older = None
    if len(lines) == corrections.PAGE:
        older = url_for("reviews.queue", state=state or "all", before=lines[-1].id)
    return render_template(
        "corrections.html",
        lines=lines,
        state=state,
        older=older,
        newest=url_for("reviews.queue", state=state or "all") if before else None,
        state_words=CORRECTION_WORDS,
        state_badges=CORRECTION_BADGES,
        may_withdraw=door.account().may(Right.REVIEW_SUBMISSIONS),
    )


@pages.post("/corrections/<int:correction_id>/withdraw")
@door.allow(Right.REVIEW_SUBMISSIONS)
def withdraw(correction_id: int) -> ResponseReturnValue:
    """Take an entry back from its phone."""
    who = door.account()
    with door.keeping_input() as fault:
        corrections.withdraw(door.session(), correction_id, who.scope, who.name)
        door.journal("correction_withdrawn", f"correction {correction_id}")
    _tell(fault, _("Withdrawn: it leaves the phone when its forms are next updated."))
    return redirect(door.local_path(request.form.get("next"), url_for("reviews.queue")), 303)


def _end_purge(hashes: list[str], site: Site) -> None:
    replay.catch_up_beside(site)
    purging.sweep(site, hashes)


def _back(submission_id: int, fault: door.Fault, said: str, anchor: str) -> Response:
    _tell(fault, said)
    address = url_for("submissions.one", submission_id=submission_id)
    return cast("Response", redirect(f"{address}#{anchor}", 303))


def _tell(fault: door.Fault, said: str) -> None:
    if fault:
        for words in fault.errors.values():
            flash(words, "watch")
    else:
        flash(said, "fine")


def _catching_up(answer: Response) -> Response:
    """Work the submission out anew once what was decided is committed."""
    site = door.site()
    answer.call_on_close(lambda: replay.catch_up_beside(site))
    return answer
