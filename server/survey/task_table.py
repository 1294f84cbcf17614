"""A queue of tasks as a Table that may leave the house: reasons and figures, no person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

from exports.table import Cell, Column, Table
from server.survey.tasks import Task

_STATES = {
    "open": {"en": "open", "zh": "待处理"},
    "late": {"en": "late", "zh": "已逾期"},
    "closed": {"en": "closed", "zh": "已关闭"},
}
COLUMNS = (
    Column("about", {"en": "About", "zh": "对象"}, width=24),
    Column("village_code", {"en": "Village code", "zh": "村代码"}, width=15),
    Column("village", {"en": "Village", "zh": "村"}, width=24),
    Column("township", {"en": "Township", "zh": "乡镇"}, width=14),
    Column("worker", {"en": "Worker", "zh": "入户人员"}, width=14),
    Column("check", {"en": "Check", "zh": "检查"}, width=26),
    Column("reason", {"en": "Reason", "zh": "原因"}, width=60, wraps=True),
    Column("noticed_at", {"en": "Noticed", "zh": "发现时间"}, "instant"),
    Column("state", {"en": "State", "zh": "状态"}, width=10),
    Column("owner", {"en": "Taken on by", "zh": "负责人"}, width=14),
    Column("due_on", {"en": "Due", "zh": "期限"}, "date"),
    Column("found_out", {"en": "What was found out", "zh": "查明的情况"}, width=30, wraps=True),
    Column("note", {"en": "Note", "zh": "备注"}, width=40, wraps=True),
    Column("closed_by", {"en": "Closed by", "zh": "关闭人"}, width=14),
    Column("closed_at", {"en": "Closed", "zh": "关闭时间"}, "instant"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """A task with its words in the reader's language."""

    task: Task
    about: str
    check: str
    reason: str
    found_out: str


def task_table(
    lines: Iterable[Told], title: str, language: str, today: date, zone: tzinfo
) -> Table:
    """Return tasks in the order given; instants in the site's time."""
    return Table(title, COLUMNS, (_row(one, language, today, zone) for one in lines))


def _row(told: Told, language: str, today: date, zone: tzinfo) -> Sequence[Cell]:
    task, closing = told.task, told.task.closing
    state = "closed" if closing else "late" if task.due_on < today else "open"
    return (
        told.about,
        task.village_code,
        task.village,
        task.township,
        task.worker,
        told.check,
        told.reason,
        task.noticed_at.astimezone(zone),
        _STATES[state][language],
        task.owner,
        task.due_on,
        told.found_out,
        closing.note if closing else "",
        closing.who if closing else "",
        closing.at.astimezone(zone) if closing else None,
    )
