"""Moving in from another server by an uploaded zip, and taking everything out."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server.errors import NotAllowed, NotValid, TooLarge
from server.survey import form_versions
from server.survey.accounts import Right
from server.survey.areas import WHOLE_SITE
from server.survey.first_run import PROJECT
from server.survey.moving import applying, runs
from server.survey.moving.contents import Note
from server.survey.moving.kept_answers import Wanted
from server.survey.moving.leaving import Leaving, zipped
from server.web import door, downloads
from server.web.language import _
from server.web.site_time import site_day

pages = Blueprint("moving", __name__, url_prefix="/moving")

# A page that reloads itself while something runs; no script is needed for it.
RELOAD_S = 5
MOST_NOTES = 60


@pages.get("/")
@door.allow(Right.MANAGE_FORMS)
def show() -> str:
    """Ask for a zip to be moved in, or why everything is taken out."""
    return _page({})


@pages.post("/in")
@door.allow(Right.MANAGE_FORMS, body_limit_bytes=None)
def upload() -> ResponseReturnValue:
    """Keep what was sent aside and show what it would do."""
    _demand_whole_site()
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _page({"file": _("Choose a file first.")}), 422
    sha256 = runs.keep_upload(door.site(), sent.filename, sent.stream)
    return redirect(url_for("moving.preview", sha256=sha256), 303)


@pages.get("/in/<sha256>")
@door.allow(Right.MANAGE_FORMS)
def preview(sha256: str) -> ResponseReturnValue:
    """Show what an upload holds, what is missing, and how far moving it in has got."""
    _demand_whole_site()
    site = door.site()
    run = runs.how_far(site, sha256)
    name = runs.upload_name(site, sha256)
    if run.state:
        reload_s = RELOAD_S if run.state == runs.RUNNING else 0
        return render_template(
            "moving_run.html",
            run=run,
            name=name,
            sha256=sha256,
            reload_s=reload_s,
            notes=_in_words(run.notes),
        )
    try:
        plan = runs.preview(site, door.reading(), PROJECT, sha256)
    except (NotValid, TooLarge) as problem:
        return _page({"file": _(problem.msgid, **problem.params)}), 422
    return render_template(
        "moving_preview.html",
        plan=plan,
        name=name,
        sha256=sha256,
        numbers=applying.planned(door.reading(), PROJECT, plan),
        notes=_in_words(plan.notes),
    )


@pages.post("/in/<sha256>")
@door.allow(Right.MANAGE_FORMS)
def begin(sha256: str) -> ResponseReturnValue:
    """Begin to move in, or go on with what was stopped."""
    _demand_whole_site()
    runs.start(
        door.site(), PROJECT, sha256, door.account().name, bool(request.form.get("close_forms"))
    )
    return redirect(url_for("moving.preview", sha256=sha256), 303)


@pages.post("/in/<sha256>/stop")
@door.allow(Right.MANAGE_FORMS)
def stop(sha256: str) -> ResponseReturnValue:
    """Let the running work end after the group it is at."""
    _demand_whole_site()
    runs.stop(door.site(), sha256)
    flash(_("It ends after the group it is at. What is moved in stays."), "fine")
    return redirect(url_for("moving.preview", sha256=sha256), 303)


@pages.post("/out")
@door.allow(Right.MANAGE_FORMS)
def take() -> ResponseReturnValue:
    """Hand out a zip of everything, or of one form or some days, and note who took it and why."""
    _demand_whole_site()
    if not _may_take():
        raise NotAllowed("Your account has no right to this page.")
    reason = request.form.get("reason", "").strip()
    if not reason:
        return _page({"reason": _("Write why everything is taken. The journal keeps it.")}), 422
    form_id = request.form.get("form", "")
    since, until = _day("since"), _day("until")
    wanted = Wanted(
        PROJECT,
        form_id or None,
        _start(since),
        _start(until + timedelta(days=1) if until else None),
    )
    door.journal_at_once(
        "moved_out",
        form_id or "site",
        reason=reason,
        **{name: str(day) for name, day in (("since", since), ("until", until)) if day},
    )
    leaving = Leaving(door.site(), wanted)
    today = site_day()
    return downloads.whole_file(
        zipped(leaving.members()),
        "zip",
        f"doorstep-{today.isoformat()}",
        folder=door.site().settings.folder,
    )


def _demand_whole_site() -> None:
    if door.account().scope != WHOLE_SITE:
        raise NotAllowed(
            "Moving in and out concerns the whole site: your account has a part of it."
        )


def _may_take() -> bool:
    """Say whether the reader may have everything in full: the office, not who runs the site."""
    who = door.account()
    return who.may(Right.REVEAL_PERSONS) and who.may(Right.SEE_SENSITIVE)


def _page(errors: dict[str, str]) -> str:
    who = door.account()
    forms = [
        (one.form_id, one.title) for one in form_versions.current_forms(door.reading(), PROJECT)
    ]
    return render_template(
        "moving.html",
        errors=errors,
        is_whole=who.scope == WHOLE_SITE,
        may_take=_may_take(),
        forms=[("", _("all forms")), *forms],
        typed=request.form,
    )


def _in_words(notes: tuple[Note, ...] | list[Note]) -> list[str]:
    return [_(one.msgid, **_params(one)) for one in notes[:MOST_NOTES]]


def _params(note: Note) -> dict[str, object]:
    """Return what fills a note's places; a reason may be a message itself."""
    told = dict(note.params)
    if isinstance(told.get("why"), str):
        told["why"] = _(str(told["why"]).replace("%", "%%"))
    return told


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        return None


def _start(day: date | None) -> datetime | None:
    return datetime.combine(day, time.min, door.site().settings.zone) if day else None
