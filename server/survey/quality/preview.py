"""What other thresholds would raise and clear, before anybody chooses them.

The checks themselves are run, in a process of their own, on copies of what they write: temporary
tables that stand before the real ones of the same name for one connection alone, in both kinds of
database. Nothing of it is seen by anybody else, and it is gone with the process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, MetaData, Table, func, select, text

from server.database import insert_rows, open_engine, table_of, tables_of, writing
from server.survey.quality import running, thresholds
from server.survey.quality.signals import LISTED, SIGNAL
from server.survey.site import Site
from server.tables import signals as signal_tables
from server.tables.record_facts import RecordsCompared
from server.tables.tasks import CheckSetting
from server.tables.worker_blocks import WorkersCompared

SETTING = table_of(CheckSetting)

Wanted = Mapping[str, float | None]
"""Thresholds by name as they are to be; None is the default."""

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """What would become of one check's lines: how many there are, would come and would go."""

    check: str
    before: int
    raised: int
    cleared: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change of thresholds would do, check by check; `faults` are steps that failed."""

    differences: tuple[Difference, ...]
    faults: tuple[str, ...]

    @property
    def raised(self) -> int:
        """How many lines would come."""
        return sum(one.raised for one in self.differences)

    @property
    def cleared(self) -> int:
        """How many lines would go."""
        return sum(one.cleared for one in self.differences)


def preview(
    site: Site, wanted: Wanted, now: datetime, tell: Callable[[str], object] = lambda _name: None
) -> Preview:
    """Return what `wanted` would change, beside what has changed in the answers since the last run.

    `tell` hears the name of each step, twice: the present thresholds are brought up to date first.
    """
    with _beside(site) as aside:
        with aside.engine.connect() as connection:
            present = thresholds.current(connection)
        first = running.take_steps(aside, present, now, tell)
        before = _listed(aside)
        with writing(aside.engine, is_durable=False) as connection:
            _put(connection, wanted, now)
            proposed = thresholds.current(connection)
        second = running.take_steps(aside, proposed, now, tell)
        after = _listed(aside)
    faults = [name for name in running.STEPS if name in first.faults + second.faults]
    return Preview(_differences(before, after), tuple(faults))


def _differences(before: set[Key], after: set[Key]) -> tuple[Difference, ...]:
    known, come, go = (
        Counter(check for check, _, _ in keys) for keys in (before, after - before, before - after)
    )
    return tuple(
        Difference(check, known[check], come[check], go[check]) for check in sorted(come | go)
    )


def _listed(site: Site) -> set[Key]:
    query = select(SIGNAL.c.check, SIGNAL.c.subject, SIGNAL.c.indicator)
    with site.engine.connect() as connection:
        rows = connection.execute(query.where(SIGNAL.c.verdict.in_(LISTED)))
        return {(check, subject, indicator) for check, subject, indicator in rows}


def _put(connection: Connection, wanted: Wanted, now: datetime) -> None:
    last = connection.scalar(select(func.max(SETTING.c.id))) or 0
    rows = [
        {"id": last + at, "name": name, "value": value, "at": now, "who": ""}
        for at, (name, value) in enumerate(sorted(wanted.items()), start=1)
    ]
    insert_rows(connection, SETTING, rows)


@contextmanager
def _beside(site: Site) -> Iterator[Site]:
    """Give the site on one connection for which the checks' own tables are copies."""
    engine = open_engine(site.settings.database, is_for_writer=True)
    try:
        with writing(engine, is_durable=False) as connection:
            for table in _copied():
                _copy(connection, table)
        yield replace(site, engine=engine, writer_engine=engine)
    finally:
        engine.dispose()


def _copied() -> list[Table]:
    """Return what depends on thresholds: what checks say, and what they know they have done."""
    states = [table_of(WorkersCompared), table_of(RecordsCompared), SETTING]
    return [*tables_of(signal_tables.__name__), *states]


def _copy(connection: Connection, table: Table) -> None:
    """Put a temporary copy before a table; from then on its name means the copy."""
    shadow = table.to_metadata(MetaData())
    shadow._prefixes = ["TEMPORARY"]
    shadow.indexes.clear()
    aside = f"{table.name}_before"
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    # Names are our own tables and columns.
    kept = f"CREATE TEMPORARY TABLE {aside} AS SELECT {names} FROM {table.name}"  # noqa: S608
    connection.execute(text(kept))
    shadow.create(connection, checkfirst=False)
    filled = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {aside}"  # noqa: S608
    connection.execute(text(filled))
    connection.execute(text(f"DROP TABLE {aside}"))
