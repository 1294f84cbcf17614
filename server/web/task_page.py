"""One task: the reason, what it rests on, and what to do about it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server.errors import Missing
from server.survey import task_steps, tasks
from server.survey.accounts import Right
from server.survey.task_steps import Deed
from server.survey.tasks import Task
from server.web import door, inputs, task_words
from server.web.language import _
from server.web.site_time import site_day, site_now
from server.web.task_reader import reader

pages = Blueprint("task_page", __name__, url_prefix="/tasks/one")


@pages.get("/<key>")
@door.allow(Right.SEE_SUBMISSIONS, Right.SEE_COVERAGE)
def show(key: str) -> str:
    """Show one task, open or closed."""
    return _page(_task(key), {})


@pages.post("/<key>")
@door.allow(Right.SEE_SUBMISSIONS)
def act(key: str) -> ResponseReturnValue:
    """Close it, open it again, take it on or leave a note."""
    task, what = _task(key), request.form.get("do", "")
    deed = Deed(door.account().name, site_now(), request.form.get("note", ""))
    with door.keeping_input() as fault:
        words = _do(task, what, deed)
    if fault:
        return _page(task, fault.errors), 422
    flash(words)
    queue = url_for(f"tasks.{task_words.QUEUES[task.family]}")
    path = queue if what == "close" else url_for("task_page.show", key=key)
    return redirect(path, 303)


def _do(task: Task, what: str, deed: Deed) -> str:
    """Do it, note it in the journal and return what to tell. Raises NotValid, Conflict."""
    session, subject = door.session(), f"{task.check} {task.subject}"
    if what == "close":
        reason = request.form.get("reason", "")
        task_steps.close(session, [task], reason, deed)
        door.journal("task_closed", subject, indicator=task.indicator, reason=reason)
        return _("Closed. It comes back only when what it rests on changes.")
    if what == "reopen":
        task_steps.reopen(session, task, deed)
        door.journal("task_reopened", subject, indicator=task.indicator)
        return _("Open again.")
    if what == "assign":
        owner = request.form.get("owner", "")
        due_on = inputs.day_or_none("due_on")
        task_steps.assign(session, reader(), [task], owner, due_on, deed)
        door.journal("task_assigned", subject, indicator=task.indicator, owner=owner)
        return _("Saved.")
    task_steps.note(session, task, deed)
    return _("Noted.")


def _task(key: str) -> Task:
    """Return the task at an address; raises Missing for one the reader may not see."""
    task = tasks.find(door.session(), reader(), tasks.read_key(key))
    if task.family != "village" and not door.account().may(Right.SEE_SUBMISSIONS):
        raise Missing("This is as usual, or is so by now.")
    return task


def _page(task: Task, errors: dict[str, str]) -> str:
    session, who = door.session(), door.account()
    (line,) = task_words.shown([task], site_day())
    owners = task_steps.owners(session, who.scope)
    if task.owner and task.owner not in owners:
        owners = [task.owner, *owners]
    return render_template(
        "tasks_one.html",
        line=line,
        task=task,
        links=task_words.links(task),
        queue=task_words.QUEUES[task.family],
        queue_title=_(task_words.TITLES[task.family]),
        history=task_steps.history(session, task),
        kinds=task_words.KIND_WORDS,
        reason_words=task_words.REASON_WORDS,
        reasons=[("", ""), *((one, _(told)) for one, told in task_words.REASON_WORDS.items())],
        owners=[("", _("nobody")), *((one, one) for one in owners)],
        me=who.name,
        errors=errors,
        typed=request.form if errors else {},
        may_act=who.may(Right.SEE_SUBMISSIONS),
        note=_(task_words.NOTES[task.family]),
        longest=task_steps.LONGEST_NOTE,
    )
