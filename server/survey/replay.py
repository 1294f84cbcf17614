"""Works kept submissions out again: those not projected yet, those a change concerns, or all.

Every run takes submissions in small groups, each in a transaction of its own, and leaves those
done marked: it can be stopped and started again, and intake goes on beside it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from forms.plan import ReadingPlan
from forms.submission import Envelope, open_envelope, read_answers
from server.database import rows_with, table_of, writing
from server.survey import projection
from server.survey.form_mappings import WAITING
from server.survey.interpretation import Interpretation, Keys, Origin, interpret
from server.survey.site import Site, empty_projections
from server.tables.projections import Projected
from server.tables.truth import Submission

log = logging.getLogger(__name__)

# Large enough that a commit costs little, small enough that intake waits only a moment.
GROUP = 200

# Told how many submissions are done.
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Read:
    """A kept submission opened for interpretation; `plan` is None when its version is unknown."""

    origin: Origin
    envelope: Envelope
    plan: ReadingPlan | None


def interpretation(read: Read, keys: Keys) -> Interpretation:
    """Return what a submission says; parked when its version is unknown or it is encrypted."""
    if read.envelope.is_encrypted:
        return Interpretation(read.origin, "parked", "encrypted")
    if read.plan is None:
        return Interpretation(read.origin, "parked", "version_unknown")
    return interpret(read_answers(read.envelope, read.plan), read.origin, keys)


def rebuild(site: Site, progress: Progress = lambda done: None) -> int:
    """Empty the projected tables and work them out again; return how many submissions were read."""
    clear(site)
    return catch_up(site, progress)


def clear(site: Site) -> None:
    """Empty the projected tables: everything kept then waits to be worked out."""
    with writing(site.engine) as connection:
        empty_projections(connection)


def waiting(connection: Connection) -> int:
    """Return how many submissions are kept and not yet worked out."""
    done = select(func.count()).where(Projected.state != WAITING).scalar_subquery()
    kept = select(func.count()).select_from(Submission).scalar_subquery()
    number: int = connection.scalar(select(kept - done)) or 0
    return number


def catch_up(site: Site, progress: Progress = lambda done: None) -> int:
    """Project what is kept and not projected, in order of arrival; return how many were read.

    Also what waits to be projected once more, because its form reads differently now.
    """
    is_done = select(Projected.submission_id).where(
        Projected.submission_id == Submission.id, Projected.state != WAITING
    )
    done = again(site, ~is_done.exists(), progress)
    # What a correction no longer replaces waits since; a second round brings it back.
    returned = done and again(site, ~is_done.exists())
    return done + returned


def catch_up_beside(site: Site) -> None:
    """Start `catch_up` in a thread of its own, so that a page need not wait for it.

    When the program ends before it, what is left is still marked: the next start goes on.
    """
    beside = threading.Thread(target=catch_up, args=(site,), name="catch up", daemon=True)
    site.beside.append(beside)
    beside.start()


def again(
    site: Site, condition: ColumnElement[bool], progress: Progress = lambda done: None
) -> int:
    """Project the submissions that `condition` (on Submission) picks; return how many were read."""
    done, last_id = 0, 0
    while True:
        query = select(Submission).where(condition, Submission.id > last_id)
        with site.engine.connect() as connection:
            rows = connection.execute(query.order_by(Submission.id).limit(GROUP)).all()
            reads = [_open(site, connection, row) for row in rows]
        if not rows:
            return done
        _apply(site, [safely(read, site.keys) for read in reads])
        last_id = rows[-1].id
        done += len(rows)
        progress(done)


def _open(site: Site, connection: Connection, row: Row[Any]) -> Read:
    """Open a kept submission; it was readable when it was kept."""
    origin = Origin(
        row.id,
        row.project_id,
        row.form_id,
        row.instance_id,
        row.deprecated_id,
        row.received_at,
        row.phone_id,
        row.root_instance_id,
    )
    asked = site.plans.find(connection, row.project_id, row.form_id, row.version)
    return Read(origin, open_envelope(row.xml), asked.plan if asked else None)


def safely(read: Read, keys: Keys) -> Interpretation:
    """Return what a submission says, or that it failed: nothing in it may stop the others."""
    try:
        return interpretation(read, keys)
    except Exception as error:
        log.exception("submission %s is not projected", read.origin.submission_id)
        return Interpretation(read.origin, "failed", type(error).__name__)


def _apply(site: Site, group: Sequence[Interpretation]) -> None:
    ids = [one.origin.submission_id for one in group]
    with writing(site.writer_engine, is_durable=False) as connection:
        # What was wiped out since it was read must not come back.
        rows = rows_with(connection, table_of(Submission), ("id",), "id", ids)
        kept = {row[0] for row in rows}
        projection.apply(connection, [one for one in group if one.origin.submission_id in kept])
