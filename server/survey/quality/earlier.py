"""What was closed of workers in release 0.2 stays closed in this one.

Release 0.2 took each reading into a worker's inputs; checks now take the steps of how many there
are. The first run after the upgrade therefore reads earlier closings as ones of what it finds.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, exists, select
from sqlalchemy.orm import aliased

from server.database import insert_rows, table_of, writing
from server.survey.quality.signals import KEY
from server.survey.site import Site
from server.tables.signals import Signal
from server.tables.tasks import CheckRun, TaskStep

# What migration 0003 puts before the inputs that release 0.2 told.
MARK = "0.2:"
STEP = table_of(TaskStep)


def carry_over(site: Site) -> int:
    """Close as in 0.2 what the first run of all found, and return how many that were."""
    with site.engine.connect() as connection:
        # One whose part for workers failed has found nothing of them.
        has_looked = CheckRun.ended_at.is_not(None) & ~CheckRun.fault.contains("workers")
        if connection.scalar(select(CheckRun.id).where(has_looked).limit(1)):
            return 0
        rows = _closings(connection)
    if rows:
        with writing(site.engine) as connection:
            insert_rows(connection, STEP, rows)
    return len(rows)


def _closings(connection: Connection) -> list[dict[str, Any]]:
    """Return the closings to add: those whose signal is there, and that nothing came after."""
    later = aliased(TaskStep)
    same, its = (
        and_(*(getattr(one, name) == getattr(TaskStep, name) for name in KEY))
        for one in (later, Signal)
    )
    query = (
        select(*(column for column in STEP.c if column.name not in ("id", "inputs")), Signal.inputs)
        .join(Signal, its)
        .where(TaskStep.inputs.startswith(MARK, autoescape=True))
        .where(~exists().where(same, later.id > TaskStep.id))
        .order_by(TaskStep.id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
