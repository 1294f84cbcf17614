"""What checks say, written down: each run replaces what its checks said before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, tuple_

from server.database import insert_rows, table_of
from server.survey.quality import noticed, thresholds
from server.survey.stored_rows import chunks
from server.tables.signals import Signal
from server.tables.tasks import TaskStep

SIGNAL = table_of(Signal)
STEP = table_of(TaskStep)
KEY = ("check", "subject", "indicator")
# What asks something of a person.
LISTED = ("flag", "watch")


@dataclass(frozen=True, slots=True)
class Change:
    """How many signals that ask something of a person came, and how many went."""

    raised: int
    cleared: int

    def __add__(self, other: Change) -> Change:
        return Change(self.raised + other.raised, self.cleared + other.cleared)


NOTHING = Change(0, 0)


def bring(
    connection: Connection,
    checks: Collection[str],
    rows: Iterable[Mapping[str, Any]],
    now: datetime,
    *,
    indicators: Collection[str] | None = None,
) -> Change:
    """Make `rows` all that these checks say; of some indicators alone where they are named.

    Rows hold the columns of Signal but `noticed_at`: that stays while a signal asks something of a
    person, so that a task does not become a new one with each reading of a running round; it is
    new once it was closed and its inputs changed. Rows that did not change are not written, nor
    those of a check that this site switched off.
    """
    off = thresholds.off(thresholds.current(connection))
    conditions = [SIGNAL.c.check.in_(checks)]
    if indicators is not None:
        conditions.append(SIGNAL.c.indicator.in_(indicators))
    before = {
        tuple(row[name] for name in KEY): dict(row)
        for row in connection.execute(select(SIGNAL).where(*conditions)).mappings()
    }
    # While something is kept, a rebuild took away what was noticed before.
    noticed_before = {**before, **noticed.kept(connection, checks)}
    closed = _closed(connection, checks)
    after = {}
    for row in rows:
        if row["check"] in off:
            continue
        key = tuple(row[name] for name in KEY)
        old = noticed_before.get(key)
        stays = old is not None and _stays(old, row, is_closed=(*key, old["inputs"]) in closed)
        after[key] = {**row, "noticed_at": old["noticed_at"] if old and stays else now}
    stale = [key for key, old in before.items() if after.get(key) != old]
    for some in chunks(stale):
        connection.execute(
            delete(SIGNAL).where(tuple_(*(SIGNAL.c[name] for name in KEY)).in_(some))
        )
    insert_rows(connection, SIGNAL, [row for key, row in after.items() if before.get(key) != row])
    listed_before = {key for key, old in before.items() if old["verdict"] in LISTED}
    listed_after = {key for key, row in after.items() if row["verdict"] in LISTED}
    return Change(len(listed_after - listed_before), len(listed_before - listed_after))


def _stays(old: Mapping[str, Any], row: Mapping[str, Any], *, is_closed: bool) -> bool:
    """Say whether a signal is the one that was noticed before."""
    if old["inputs"] == row["inputs"]:
        return bool(old["verdict"] == row["verdict"]) or _are_listed(old, row)
    return _are_listed(old, row) and not is_closed


def _are_listed(*rows: Mapping[str, Any]) -> bool:
    return all(row["verdict"] in LISTED for row in rows)


def _closed(connection: Connection, checks: Collection[str]) -> set[tuple[str, ...]]:
    """Return check, subject, indicator and inputs of all that anybody ever closed."""
    names = (*KEY, "inputs")
    rows = connection.execute(
        select(*(STEP.c[name] for name in names)).where(
            STEP.c.check.in_(checks), STEP.c.kind == "closed"
        )
    )
    return {tuple(row) for row in rows}
