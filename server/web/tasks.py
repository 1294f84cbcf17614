"""Three queues of tasks, never mixed: records, workers, villages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from exports.files import csv, xlsx
from server.errors import NotAllowed, NotValid
from server.survey import false_alarms, task_steps, task_table, tasks
from server.survey.accounts import Right
from server.survey.quality import on_demand, thresholds
from server.survey.quality.checks import FAMILIES, Family
from server.survey.quality.on_demand import Run
from server.survey.task_steps import Deed
from server.survey.tasks import STATES, Task, Wanted
from server.web import check_words, door, inputs, language, task_words, threshold_words
from server.web.downloads import whole_file
from server.web.language import _, ngettext
from server.web.site_time import site_day, site_now
from server.web.task_reader import reader

pages = Blueprint("tasks", __name__, url_prefix="/tasks")

RIGHTS: dict[Family, Right] = {
    "record": Right.SEE_SUBMISSIONS,
    "worker": Right.SEE_SUBMISSIONS,
    "village": Right.SEE_COVERAGE,
}
# A page that reloads itself while the checks run; no script is needed for it.
RELOAD_S = 5
# Who would close more at one go has a threshold to change.
MOST_AT_ONCE = 1000
_FAMILIES = {name: family for family, name in task_words.QUEUES.items()}


@pages.get("/")
@door.allow(Right.SEE_SUBMISSIONS, Right.SEE_COVERAGE)
def show() -> str:
    """Show how much is open of each kind, when it was last worked out, and what came of it."""
    who, session = door.account(), door.session()
    run = _run()
    counts = tasks.open_counts(session, who.scope, sees_sensitive=who.may(Right.SEE_SENSITIVE))
    mine = [one for one in FAMILIES if who.may(RIGHTS[one])]
    may_act = who.may(Right.SEE_SUBMISSIONS)
    return render_template(
        "tasks.html",
        queues=[(one, counts[one]) for one in mine],
        total=sum(counts[one] for one in mine),
        titles=task_words.TITLES,
        run=run,
        run_words=check_words.words(run),
        reload_s=RELOAD_S if run.is_running else 0,
        may_act=may_act,
        closed=false_alarms.by_check(session, thresholds.current(session)) if may_act else [],
        check_title=task_words.title,
        threshold=threshold_words,
    )


@pages.get("/records")
@door.allow(Right.SEE_SUBMISSIONS)
def records() -> str:
    """List single records that look wrong."""
    return _queue("record", {})


@pages.get("/workers")
@door.allow(Right.SEE_SUBMISSIONS)
def workers() -> str:
    """List workers whose records differ from colleagues'."""
    return _queue("worker", {})


@pages.get("/villages")
@door.allow(Right.SEE_COVERAGE)
def villages() -> str:
    """List villages whose count or coverage stands apart."""
    return _queue("village", {})


@pages.get("/<any(records, workers, villages):queue>/list.<any(csv, xlsx):kind>")
@door.allow(Right.SEE_SUBMISSIONS, Right.SEE_COVERAGE)
def download(queue: str, kind: str) -> Response:
    """Send a queue as a file, with the filter of the page."""
    family = _FAMILIES[queue]
    if not door.account().may(RIGHTS[family]):
        raise NotAllowed("Your account has no right to this page.")
    wanted = _wanted(family, request.args)
    lines = tasks.every(door.session(), reader(), wanted)
    door.journal("tasks_taken", queue, tasks=len(lines), state=wanted.state)
    told = [
        task_table.Told(one.task, one.name, one.title, one.sentence, _reason_words(one.task))
        for one in task_words.shown(lines, site_day())
    ]
    spoken, zone = language.language(), door.site().settings.zone
    title = _(task_words.TITLES[family])
    table = task_table.task_table(told, title, spoken, site_day(), zone)
    pieces = csv(table, spoken) if kind == "csv" else xlsx([table], spoken)
    return whole_file(pieces, kind, f"tasks-{queue}")


@pages.post("/<any(records, workers, villages):queue>")
@door.allow(Right.SEE_SUBMISSIONS)
def together(queue: str) -> ResponseReturnValue:
    """Close or give away several tasks at once: the chosen ones, or all of the list."""
    family, who = _FAMILIES[queue], door.account()
    deed = Deed(who.name, site_now(), request.form.get("note", ""))
    with door.keeping_input() as fault:
        chosen = _chosen(family)
        if request.form.get("do") == "assign":
            count = _assign(chosen, deed)
            flash(ngettext("Given away: %(n)s.", "Given away: %(n)s.", count))
        else:
            reason = request.form.get("reason", "")
            count = task_steps.close(door.session(), chosen, reason, deed)
            door.journal("task_closed", queue, tasks=count, reason=reason)
            flash(ngettext("Closed: %(n)s.", "Closed: %(n)s.", count))
    if fault:
        return _queue(family, fault.errors), 422
    return redirect(door.local_path(request.form.get("back"), url_for(f"tasks.{queue}")), 303)


@pages.post("/check")
@door.allow(Right.SEE_SUBMISSIONS)
def check() -> ResponseReturnValue:
    """Start the checks now, in a process of their own, unless they run already."""
    if on_demand.start(door.site(), door.reading(), datetime.now(UTC)):
        door.journal("checks_started", "site")
    return redirect(url_for("tasks.show"), 303)


def _queue(family: Family, errors: dict[str, str]) -> str:
    who, session = door.account(), door.session()
    given = request.form if errors else request.args
    wanted = _wanted(family, given)
    number = max(1, request.args.get("page", 1, type=int))
    page = tasks.page(session, reader(), wanted, number)
    counts = tasks.open_counts(session, who.scope, sees_sensitive=who.may(Right.SEE_SENSITIVE))
    may_act, run = who.may(Right.SEE_SUBMISSIONS), _run()
    return render_template(
        "tasks_queue.html",
        family=family,
        queue=task_words.QUEUES[family],
        wanted=wanted,
        page=page,
        lines=task_words.shown(page.tasks, site_day()),
        queues=[(one, counts[one]) for one in FAMILIES if who.may(RIGHTS[one])],
        titles=task_words.TITLES,
        short_titles=task_words.SHORT_TITLES,
        note=_(task_words.NOTES[family]),
        names=task_words.QUEUES,
        states=[(one, _(task_words.STATE_WORDS[one])) for one in STATES],
        choices=tasks.choices(session, reader(), family),
        check_title=task_words.title,
        address=_address(wanted),
        run=run,
        run_words=check_words.words(run) if run.is_incomplete else "",
        errors=errors,
        typed=request.form if errors else {},
        may_act=may_act,
        reasons=_reason_choices(),
        reason_words=_reason_words,
        owners=task_steps.owners(session, who.scope) if may_act else [],
        most=MOST_AT_ONCE,
    )


def _reason_choices() -> list[tuple[str, str]]:
    """Return the reasons to close a task with, in the reader's language."""
    return [("", ""), *((one, _(words)) for one, words in task_words.REASON_WORDS.items())]


def _wanted(family: Family, told: Mapping[str, str]) -> Wanted:
    state = told.get("state", "")
    phone = told.get("phone", "")
    return Wanted(
        family=family,
        state=state if state in STATES else "open",
        village=told.get("village", ""),
        phone_id=int(phone) if phone.isascii() and phone.isdecimal() and len(phone) < 10 else None,
        check=told.get("check", ""),
    )


def _address(wanted: Wanted) -> dict[str, str | int | None]:
    """Return the parts of an address that lead to this list again."""
    return {
        "state": None if wanted.state == "open" else wanted.state,
        "village": wanted.village or None,
        "phone": wanted.phone_id,
        "check": wanted.check or None,
    }


def _chosen(family: Family) -> list[Task]:
    """Return the tasks a form chose. Raises NotValid for none, and for too many."""
    session, form = door.session(), request.form
    if "all" in form:
        wanted = _wanted(family, form)
        total = tasks.page(session, reader(), wanted).total
        if total > MOST_AT_ONCE:
            raise NotValid("Choose at most %(most)s at once.", most=MOST_AT_ONCE)
        if str(total) != form.get("total", ""):
            raise NotValid("The list has changed since you saw it. Look again.")
        found: Sequence[Task] = tasks.every(session, reader(), wanted)
    else:
        found = tasks.found(session, reader(), [*map(tasks.read_key, form.getlist("key"))])
    mine = [one for one in found if one.family == family]
    if not mine:
        raise NotValid("Choose some of the list first.")
    return mine


def _assign(chosen: Sequence[Task], deed: Deed) -> int:
    owner = request.form.get("owner", "keep")
    name = None if owner == "keep" else owner.removeprefix("to:")
    due_on = inputs.day_or_none("due_on")
    if name is None and due_on is None:
        raise NotValid("Choose who takes it on, or until when.", "owner")
    count = task_steps.assign(door.session(), reader(), chosen, name, due_on, deed)
    door.journal("task_assigned", task_words.QUEUES[chosen[0].family], tasks=count)
    return count


def _reason_words(task: Task) -> str:
    if task.closing is None:
        return ""
    return _(task_words.REASON_WORDS.get(task.closing.reason, task.closing.reason))


def _run() -> Run:
    return on_demand.last(door.site(), door.reading(), datetime.now(UTC))
