"""How tasks are told: whom they are about, why, what to do, and what came of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from maps import layers
from server.survey import tasks
from server.survey.quality.checks import CHECKS, Family
from server.survey.tasks import Task
from server.web import door, record_words, village_words, worker_words
from server.web.language import _
from server.web.task_reader import reader

QUEUES: dict[Family, str] = {"record": "records", "worker": "workers", "village": "villages"}
TITLES: dict[Family, str] = {
    "record": "Records to look at",
    "worker": "Workers to talk with",
    "village": "Villages to visit",
}
SHORT_TITLES: dict[Family, str] = {
    "record": "Records",
    "worker": "Workers",
    "village": "Villages",
}
NOTES: dict[Family, str] = {
    "record": "A reason to look again, not proof of anything. Nothing is left out for it.",
    "worker": (
        "A reason to talk, not proof of anything. Devices, villages and habits differ: ask first."
    ),
    "village": (
        "A reason to look, not proof of anything. Small villages and chance are allowed for."
    ),
}
STATE_WORDS = {"open": "Open", "mine": "Mine", "late": "Late", "closed": "Closed"}
REASON_WORDS = {
    "confirmed": "It is so: followed up",
    "corrected": "Answers or the register were wrong and are corrected",
    "retrained": "The worker was shown how, and does it otherwise now",
    "explained": "There is another reason",
    "false_alarm": "Nothing was there",
}
KIND_WORDS = {
    "assigned": "Taken on",
    "closed": "Closed",
    "reopened": "Opened again",
    "noted": "Note",
}
_SENTENCES = {
    "record": record_words.sentence,
    "worker": worker_words.sentence,
    "village": village_words.sentence,
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A task as pages show it: whom it is about and where, what was looked at, and the reason."""

    task: Task
    name: str
    place: str
    title: str
    sentence: str
    action: str
    badge: tuple[str, str] | None
    is_late: bool


def shown(several: Iterable[Task], today: date) -> list[Shown]:
    """Return tasks with their words."""
    return [_shown(one, today) for one in several]


def of_submission(submission_id: int) -> list[Shown]:
    """Return what is open about one submission."""
    who = reader()
    wanted = tasks.Wanted("record", submission_id=submission_id)
    return shown(tasks.page(door.session(), who, wanted).tasks, who.today)


def title(check: str) -> str:
    """Return what a check looks at."""
    return _(CHECKS[check].title) if check in CHECKS else check


def _shown(task: Task, today: date) -> Shown:
    is_late = task.is_open and task.due_on < today
    return Shown(
        task=task,
        name=_name(task),
        place=" · ".join(filter(None, _places(task))),
        title=_title(task),
        sentence=_SENTENCES[task.family](task.check, task.indicator, task.figures),
        action=_(CHECKS[task.check].action) if task.check in CHECKS else "",
        badge=_badge(task, is_late=is_late),
        is_late=is_late,
    )


def _name(task: Task) -> str:
    if task.family == "worker":
        return task.worker or task.township or _("All workers")
    if task.family == "village":
        return layers.short_name(task.village)
    if task.submission_id is not None:
        return _("Submission № %(number)s", number=task.submission_id)
    return layers.short_name(task.village) or title(task.check)


def _places(task: Task) -> list[str]:
    if task.family == "record":
        return [layers.short_name(task.village), task.worker]
    return [task.township if task.township != task.worker else ""]


def _title(task: Task) -> str:
    """Return what was looked at; sentences of villages and records name it themselves."""
    told = title(task.check)
    if task.family != "worker" or not task.indicator:
        return told
    return _("%(check)s: %(what)s", check=told, what=worker_words.indicator_name(task.indicator))


def _badge(task: Task, *, is_late: bool) -> tuple[str, str] | None:
    if not task.is_open:
        return "fine", _("Closed")
    if is_late:
        return "watch", _("Late")
    return ("todo", _("To be watched")) if task.verdict == "watch" else None


def links(task: Task) -> list[dict[str, str]]:
    """Return the pages of whom a task is about, those that the reader may open."""
    found = []
    if task.submission_id is not None:
        number = task.submission_id
        found.append((_("The submission"), door.way("submissions.one", submission_id=number)))
    if task.family == "worker" and task.phone_id is not None:
        path = door.way("workers.one", phone_id=task.phone_id)
        found.append((_("All checks of this worker"), path))
    # A record may name a village that the registry does not know: its name is its code.
    is_known = task.village != task.village_code
    if is_known and task.village_code and task.family != "worker":
        found.append((_("The village"), door.way("villages.one", code=task.village_code)))
    return [{"title": words, "url": url} for words, url in found if url]
