"""Registry rows as plain values, the way an import keeps them for its undo."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import cast

from sqlalchemy import Date, Table, select
from sqlalchemy.orm import Session

from server.tables.reference import Clinic, Division, Village

Stored = str | int | float | None
"""A value of a registry row; days as "2018-06-30"."""

StoredRow = Mapping[str, Stored]

TABLES: dict[str, Table] = {
    "division": cast("Table", Division.__table__),
    "village": cast("Table", Village.__table__),
    "clinic": cast("Table", Clinic.__table__),
}
"""In the order they are written: clinics lie in villages, villages in divisions."""

# SQLite takes no more than 32,766 parameters, and older builds 999.
GROUP = 500


def columns(table: str) -> tuple[str, ...]:
    """Return a table's column names."""
    return tuple(TABLES[table].c.keys())


def groups(codes: Collection[str]) -> Iterator[list[str]]:
    """Yield codes in order, as many at a time as one query takes."""
    ordered = sorted(codes)
    for start in range(0, len(ordered), GROUP):
        yield ordered[start : start + GROUP]


def stored_rows(session: Session, table: str, codes: Collection[str]) -> dict[str, StoredRow]:
    """Return the rows of a table that have one of `codes`, by code."""
    source = TABLES[table]
    found: dict[str, StoredRow] = {}
    for some in groups(codes):
        for row in session.execute(select(source).where(source.c.code.in_(some))).mappings():
            found[row["code"]] = {name: _plain(row[name]) for name in columns(table)}
    return found


def add_rows(session: Session, table: str, rows: Sequence[StoredRow]) -> None:
    """Insert rows."""
    if rows:
        session.execute(TABLES[table].insert(), [_typed(table, row) for row in rows])


def replace_row(session: Session, table: str, row: StoredRow) -> None:
    """Give the row with this code these values."""
    target = TABLES[table]
    session.execute(target.update().where(target.c.code == row["code"]).values(_typed(table, row)))


def remove_rows(session: Session, table: str, codes: Collection[str]) -> None:
    """Delete rows by code."""
    target = TABLES[table]
    for some in groups(codes):
        session.execute(target.delete().where(target.c.code.in_(some)))


def _plain(value: Stored | date) -> Stored:
    return value.isoformat() if isinstance(value, date) else value


def _typed(table: str, row: StoredRow) -> dict[str, Stored | date]:
    days = {name for name, column in TABLES[table].c.items() if isinstance(column.type, Date)}
    return {
        name: date.fromisoformat(value) if name in days and isinstance(value, str) else value
        for name, value in row.items()
    }
