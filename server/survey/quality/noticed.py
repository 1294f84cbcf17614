"""Since when things were noticed, carried over what drops and works out what checks say.

Days of tasks count from their notice: a rebuild is no reason to have more time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, insert, select

from server.database import table_of
from server.tables.signals import Signal
from server.tables.tasks import Noticed

SIGNAL, NOTICED = table_of(Signal), table_of(Noticed)
_KEY = ("check", "subject", "indicator")


def keep(connection: Connection) -> None:
    """Keep since when everything is noticed, before the signals are dropped.

    What was kept by an earlier rebuild and was not looked at again since stays.
    """
    is_same = and_(*(NOTICED.c[name] == SIGNAL.c[name] for name in _KEY))
    connection.execute(delete(NOTICED).where(exists().where(is_same)))
    names = NOTICED.columns.keys()
    connection.execute(
        insert(NOTICED).from_select(names, select(*(SIGNAL.c[one] for one in names)))
    )


def kept(
    connection: Connection, checks: Collection[str]
) -> dict[tuple[str, ...], Mapping[str, Any]]:
    """Return what was kept of some checks, by its key; nothing when all was looked at since."""
    rows = connection.execute(select(NOTICED).where(NOTICED.c.check.in_(checks))).mappings()
    return {tuple(row[name] for name in _KEY): dict(row) for row in rows}


def is_any(connection: Connection) -> bool:
    """Say whether anything is kept."""
    return connection.scalar(select(NOTICED.c.check).limit(1)) is not None


def forget(connection: Connection) -> None:
    """Let go of what was kept: a run has looked at everything since."""
    connection.execute(delete(NOTICED))
