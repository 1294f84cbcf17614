"""The thresholds of all checks on one page; what a change would do is seen before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import (
    Blueprint,
    Response,
    after_this_request,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from server.errors import NotAllowed
from server.survey.accounts import Right
from server.survey.quality import choosing, on_demand, preview_runs, thresholds
from server.survey.quality.checks import CHECKS, FAMILIES, Check
from server.survey.quality.preview_runs import Asked
from server.survey.quality.thresholds import DEFAULTS
from server.web import door, task_words, threshold_words
from server.web.language import _

pages = Blueprint("check_settings", __name__, url_prefix="/settings/checks")
# A page that reloads itself while the preview is worked out; no script is needed for it.
RELOAD_S = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One threshold as the page shows it. `typed` is what stands in its field."""

    name: str
    label: str
    hint: str
    typed: str
    is_own: bool
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One check with its thresholds. `own` is how many this site chose for itself."""

    check: Check
    title: str
    action: str
    is_on: bool
    lines: list[Line]
    own: int
    is_open: bool


@pages.get("/")
@door.allow(Right.SEE_SUBMISSIONS, Right.MANAGE_REGISTRY)
def show() -> str:
    """Show every threshold; a proposal may come with the address (?rate.smallest_ratio=2.5)."""
    return _page({}, request.args)


@pages.post("/")
@door.allow(Right.MANAGE_REGISTRY)
def ask() -> ResponseReturnValue:
    """Have worked out what the form would change, and lead there."""
    _demand_all()
    present = thresholds.current(door.reading())
    with door.catching() as fault:
        wanted = choosing.read(request.form, present)
        if not wanted:
            flash(_("Nothing is set otherwise."))
            return redirect(url_for("check_settings.show"), 303)
        base = thresholds.hash_of(present)
        token = preview_runs.ask(door.site(), wanted, base, datetime.now(UTC))
        return redirect(url_for("check_settings.preview", token=token), 303)
    return _page(fault.errors, request.form), 422


@pages.get("/<token>")
@door.allow(Right.MANAGE_REGISTRY)
def preview(token: str) -> str:
    """Show what the change would raise and clear, or how far that is worked out."""
    _demand_all()
    return _preview(token)


@pages.post("/<token>")
@door.allow(Right.MANAGE_REGISTRY)
def save(token: str) -> ResponseReturnValue:
    """Let the thresholds hold, and have everything checked by them."""
    _demand_all()
    session, now, who = door.session(), datetime.now(UTC), door.account()
    asked = preview_runs.read(door.site(), token, now)
    if asked.state == "running":
        return redirect(url_for("check_settings.preview", token=token), 303)
    changes = choosing.changes(asked.wanted, thresholds.current(session))
    with door.keeping_input() as fault:
        choosing.choose(session, asked.wanted, asked.base, who.name, now)
    if fault:
        for words in fault.errors.values():
            flash(words, "watch")
        return redirect(url_for("check_settings.show"), 303)
    door.journal(
        "check_settings_set",
        "thresholds of checks",
        **{one.name: [one.now, one.then] for one in changes},
    )

    @after_this_request
    def check(answer: Response) -> Response:
        # By now the thresholds are committed, so the process finds them.
        on_demand.start(door.site(), door.reading(), now)
        return answer

    flash(_("Saved. Everything is being checked by it."), "fine")
    return redirect(url_for("tasks.show"), 303)


def _preview(token: str) -> str:
    asked: Asked = preview_runs.read(door.site(), token, datetime.now(UTC))
    present = thresholds.current(door.reading())
    told = asked.told
    return render_template(
        "check_settings_preview.html",
        asked=asked,
        reload_s=RELOAD_S if asked.state == "running" else 0,
        changes=[
            (
                task_words.title(one.name.partition(".")[0]),
                _switch(one.now, one.then) if one.name.endswith(".on") else "",
                threshold_words.name(one.name),
                threshold_words.number(one.now),
                threshold_words.number(one.then),
            )
            for one in choosing.changes(asked.wanted, present)
        ],
        is_outdated=thresholds.hash_of(present) != asked.base,
        differences=[(task_words.title(one.check), one) for one in told.differences]
        if told
        else [],
    )


def _switch(now: float, then: float) -> str:
    return _("switched on") if then > now else _("switched off")


def _page(errors: Mapping[str, str], typed: Mapping[str, str]) -> str:
    session, who = door.reading(), door.account()
    present = thresholds.current(session)
    is_sent = request.method == "POST"
    may_set = who.may(Right.MANAGE_REGISTRY) and choosing.covers_all(session, who.scope)
    several = [_shown(one, present, typed, errors, is_sent=is_sent) for one in CHECKS.values()]
    return render_template(
        "check_settings.html",
        families=[
            (_(task_words.TITLES[family]), [one for one in several if one.check.family == family])
            for family in FAMILIES
        ],
        own=sum(one.own for one in several),
        off=sum(not present[f"{name}.on"] for name in CHECKS),
        errors=errors,
        may_set=may_set,
        may_ever=who.may(Right.MANAGE_REGISTRY),
    )


def _shown(
    check: Check,
    present: Mapping[str, float],
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    is_sent: bool,
) -> Shown:
    switch = f"{check.name}.on"
    names = [name for name in DEFAULTS if name.startswith(f"{check.name}.") and name != switch]
    lines = [
        Line(
            name=name,
            label=threshold_words.name(name),
            hint=threshold_words.hint(name),
            typed=typed.get(name, f"{present[name]:g}"),
            is_own=present[name] != DEFAULTS[name].default,
            is_whole=isinstance(DEFAULTS[name].default, int),
        )
        for name in sorted(names, key=lambda name: name.endswith(".due_days"))
    ]
    return Shown(
        check=check,
        title=task_words.title(check.name),
        action=_(check.action),
        is_on=bool(typed.get(switch)) if is_sent else bool(present[switch]),
        lines=lines,
        own=sum(one.is_own for one in lines) + (not present[switch]),
        is_open=any(name in (errors if is_sent else typed) for name in names),
    )


def _demand_all() -> None:
    if not choosing.covers_all(door.reading(), door.account().scope):
        raise NotAllowed("Thresholds hold for the whole site: your account looks after a part.")
