"""All answers that were given twice, as a Table that may leave the house: no names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from exports.table import Cell, Column, Table
from server.survey.areas import Scope
from server.survey.back_checks import entries
from server.survey.back_checks.entries import EntryLine
from server.tables.back_checks import BackCheckEntry

COLUMNS = (
    Column("draw", {"en": "Draw", "zh": "抽样批次"}, "integer"),
    Column("village_code", {"en": "Village code", "zh": "村代码"}, width=15),
    Column("household_id", {"en": "Household", "zh": "住户"}, width=38),
    Column("interviewed_on", {"en": "First interview", "zh": "首次入户日期"}, "date"),
    Column("first_worker", {"en": "First worker", "zh": "首次入户人员"}, width=18),
    Column("second_worker", {"en": "Second worker", "zh": "复核人员"}, width=18),
    Column("state", {"en": "State", "zh": "状态"}, width=12),
    Column("question", {"en": "Question", "zh": "问题"}, width=20),
    Column("type", {"en": "Type", "zh": "类型"}, "integer"),
    Column("first_answer", {"en": "First answer", "zh": "首次回答"}, width=14),
    Column("second_answer", {"en": "Second answer", "zh": "复核回答"}, width=14),
    Column("differs", {"en": "Differs", "zh": "是否不同"}, "integer"),
)
_AT_ONCE = 500


def answers_table(
    session: Session, project_id: int, scope: Scope, title: str, notes: Sequence[str]
) -> Table:
    """Return one row for each question answered twice, and one for each household not asked yet."""
    return Table(title, COLUMNS, _rows(session, project_id, scope), tuple(notes))


def _rows(session: Session, project_id: int, scope: Scope) -> Iterator[Sequence[Cell]]:
    draws = session.scalars(
        select(BackCheckEntry.draw_id)
        .where(BackCheckEntry.project_id == project_id, scope.where(BackCheckEntry.village_code))
        .distinct()
        .order_by(BackCheckEntry.draw_id)
    ).all()
    for draw_id in draws:
        after = 0
        while lines := entries.of_draw(session, draw_id, scope, after=after, most=_AT_ONCE):
            after = lines[-1].id
            for line in lines:
                yield from _rows_of(line)


def _rows_of(line: EntryLine) -> Iterator[Sequence[Cell]]:
    about = (
        line.draw_id,
        line.village_code,
        line.household_id,
        line.interviewed_on,
        line.first_worker,
        line.worker,
        line.state,
    )
    if not line.pairs:
        yield (*about, "", None, "", "", None)
    for pair in line.pairs:
        question = pair.question
        yield (*about, question.name, question.type, pair.first, pair.second, int(pair.differs))
