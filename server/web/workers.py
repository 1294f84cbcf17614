"""Workers: what checks say of each, and how ages are rounded in the townships."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template

from server.survey import phones, tasks, worker_standing
from server.survey.accounts import Right
from server.survey.first_run import PROJECT
from server.survey.quality.checks import CHECKS
from server.survey.tasks import Task, Wanted
from server.survey.worker_standing import WorkerLine
from server.web import door, worker_evidence, worker_words
from server.web.language import _
from server.web.site_time import site_day
from server.web.task_reader import reader

pages = Blueprint("workers", __name__, url_prefix="/workers")
worker_evidence.set_up(pages)


@dataclass(frozen=True, slots=True)
class Shown:
    """One line with its words; `task` is None where nothing asks for a person."""

    line: WorkerLine
    title: str
    indicator: str
    sentence: str
    hint: str
    badge: tuple[str, str]
    task: Task | None


@pages.get("/")
@door.allow(Right.SEE_SUBMISSIONS)
def show() -> str:
    """List the workers of the area with what checks say of each."""
    session, scope = door.session(), door.account().scope
    return render_template(
        "workers.html",
        standings=worker_standing.standings(session, PROJECT, scope),
        badge=worker_words.badge,
        checked_at=worker_standing.checked_at(session),
    )


@pages.get("/<int:phone_id>")
@door.allow(Right.SEE_SUBMISSIONS)
def one(phone_id: int) -> str:
    """Show all that checks say of one worker, also what is as usual or too few to judge."""
    session = door.session()
    phone = phones.find(session, phone_id, door.account().scope)
    lines = shown(worker_standing.of_worker(session, phone_id))
    listed = [line for line in lines if line.task]
    others = [line for line in lines if not line.task]
    return render_template(
        "workers_one.html",
        phone=phone,
        listed=listed,
        judged=[line for line in others if line.line.verdict != "too_few"],
        too_few=[line for line in others if line.line.verdict == "too_few"],
        pictures=door.way("charts.worker", phone_id=phone_id),
        checked_at=worker_standing.checked_at(session),
    )


@pages.get("/ages")
@door.allow(Right.SEE_SUBMISSIONS)
def ages() -> str:
    """Show how ages and years of birth are rounded, township by township."""
    told = worker_standing.ages(door.session(), door.account().scope, site_day())
    return render_template(
        "workers_ages.html", townships=told, fewest=worker_standing.FEWEST_PERSONS
    )


def shown(lines: Sequence[WorkerLine]) -> list[Shown]:
    """Return lines with their words, and the tasks that stand for them."""
    if not lines:
        return []
    who, phone_id = reader(), lines[0].phone_id
    found = {
        (task.check, task.indicator): task
        for state in ("open", "closed")
        for task in tasks.every(door.session(), who, Wanted("worker", state, phone_id=phone_id))
    }
    return [_shown(line, found.get((line.check, line.indicator))) for line in lines]


def _shown(line: WorkerLine, task: Task | None) -> Shown:
    is_closed = task is not None and not task.is_open
    return Shown(
        line=line,
        title=_(CHECKS[line.check].title) if line.check in CHECKS else line.check,
        indicator=worker_words.indicator_name(line.indicator),
        sentence=worker_words.sentence(line.check, line.indicator, line.figures),
        hint=worker_words.hint(line.check) if task else "",
        badge=("fine", _("Closed")) if is_closed else worker_words.badge(line.verdict),
        task=task,
    )
