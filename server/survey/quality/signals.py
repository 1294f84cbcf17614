"""What checks say, written down: each run replaces what its checks said before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, tuple_

from server.database import insert_rows, table_of
from server.survey.stored_rows import chunks
from server.tables.signals import Signal

SIGNAL = table_of(Signal)
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

    Rows hold the columns of Signal but `noticed_at`: that stays where a signal's inputs and verdict
    are what they were. Rows that did not change are not written.
    """
    conditions = [SIGNAL.c.check.in_(checks)]
    if indicators is not None:
        conditions.append(SIGNAL.c.indicator.in_(indicators))
    before = {
        tuple(row[name] for name in KEY): dict(row)
        for row in connection.execute(select(SIGNAL).where(*conditions)).mappings()
    }
    after = {}
    for row in rows:
        key = tuple(row[name] for name in KEY)
        old = before.get(key)
        is_same = old is not None and all(old[name] == row[name] for name in ("inputs", "verdict"))
        after[key] = {**row, "noticed_at": old["noticed_at"] if old and is_same else now}
    stale = [key for key, old in before.items() if after.get(key) != old]
    for some in chunks(stale):
        connection.execute(
            delete(SIGNAL).where(tuple_(*(SIGNAL.c[name] for name in KEY)).in_(some))
        )
    insert_rows(connection, SIGNAL, [row for key, row in after.items() if before.get(key) != row])
    listed_before = {key for key, old in before.items() if old["verdict"] in LISTED}
    listed_after = {key for key, row in after.items() if row["verdict"] in LISTED}
    return Change(len(listed_after - listed_before), len(listed_before - listed_after))
