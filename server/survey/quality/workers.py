"""Checks on workers: each phone's readings, times and answers against those of its township.

Worked out by `doorstep checks`, in a process of its own: it loads scipy. Submissions are read
block by block (worker_blocks), only those that changed; with none, and the same thresholds,
nothing is worked out. Same submissions, same outcome.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from server.database import table_of, writing
from server.survey import blocks
from server.survey.quality import (
    signals,
    thresholds,
    worker_answer_checks,
    worker_blocks,
    worker_reading_checks,
)
from server.survey.quality.signals import NOTHING, Change
from server.survey.quality.worker_counts import Counted
from server.survey.quality.worker_lines import (
    ALIKE,
    CHECKS,
    CLUSTERING,
    DIGITS,
    GAPS,
    LEVEL,
    OVERLAPS,
    PACE,
    REPEATS,
    SHARE,
    SKIPPED,
    SPEED,
    STALE,
    Line,
)
from server.survey.site import Site
from server.tables.reference import Village
from server.tables.signals import Signal
from server.tables.worker_blocks import WorkersCompared

SIGNAL = table_of(Signal)
COMPARED = table_of(WorkersCompared)

_WAYS: Mapping[str, Callable[[Counted, Mapping[str, float]], Iterable[Line]]] = {
    DIGITS: worker_reading_checks.digits,
    REPEATS: worker_reading_checks.repeats,
    SPEED: worker_reading_checks.speed,
    OVERLAPS: worker_reading_checks.overlaps,
    PACE: worker_reading_checks.pace,
    LEVEL: worker_reading_checks.level,
    CLUSTERING: worker_reading_checks.clustering,
    SHARE: worker_answer_checks.share,
    GAPS: worker_answer_checks.gaps,
    ALIKE: worker_answer_checks.alike,
    SKIPPED: worker_answer_checks.skipped,
    STALE: worker_answer_checks.stale,
}


def work_out(site: Site, chosen: Mapping[str, float], now: datetime) -> Change:
    """Bring the signals of workers up to date."""
    worker_blocks.bring(site)
    with site.engine.connect() as connection:
        state = _state(connection, chosen)
        if connection.scalar(select(COMPARED.c.state)) == state:
            return NOTHING
        told = rows(connection, chosen)
    with writing(site.engine, is_durable=False) as connection:
        change = signals.bring(connection, CHECKS, told, now)
        connection.execute(delete(COMPARED))
        connection.execute(insert(COMPARED).values(id=1, state=state))
    return change


def rows(connection: Connection, chosen: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return what all checks on workers say by these thresholds, of the blocks as last read."""
    told = worker_blocks.everything(connection)
    counted = Counted(told, _townships(connection), _explained(connection))
    return [
        line.row(thresholds.hash_of(thresholds.of_check(chosen, check)))
        for check, way in _WAYS.items()
        for line in way(counted, chosen)
    ]


def _state(connection: Connection, chosen: Mapping[str, float]) -> str:
    """Stand for all that is compared: the same while nothing has to be worked out again."""
    limits = [thresholds.of_check(chosen, check) for check in CHECKS]
    told = [
        sorted(blocks.changes(connection).items()),
        limits,
        sorted(_townships(connection).items()),
        sorted(_explained(connection)),
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _townships(connection: Connection) -> dict[str, str]:
    query = select(Village.code, Village.township_code)
    return dict(connection.execute(query).all())


def _explained(connection: Connection) -> frozenset[tuple[str, str]]:
    """Return indicators with the villages whose own count stands apart: theirs is another list."""
    query = select(SIGNAL.c.indicator, SIGNAL.c.subject).where(
        SIGNAL.c.check == "rate", SIGNAL.c.verdict == "flag"
    )
    return frozenset((row.indicator, row.subject) for row in connection.execute(query))
