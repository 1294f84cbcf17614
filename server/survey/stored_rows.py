"""Reads whole rows of projected tables, and replaces those that came out otherwise."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, delete, tuple_

from server.database import insert_or_replace, rows_with

Row = Mapping[str, Any]
T = TypeVar("T")

# SQLite takes 32,766 values in one statement; a pair counts twice.
LARGEST_LIST = 5_000


def whole(connection: Connection, table: Table, column: str, keys: Sequence[Any]) -> list[Row]:
    """Return the rows whose column has one of the keys, as plain dictionaries."""
    names = table.columns.keys()
    rows = rows_with(connection, table, names, column, keys)
    return [dict(zip(names, row, strict=True)) for row in rows]


def replace(
    connection: Connection,
    table: Table,
    old: Mapping[Any, Row],
    new: Mapping[Any, Row],
    count: Callable[[Row, int], None],
) -> None:
    """Write the subjects that changed, delete those nobody speaks of any more, and count both."""
    changed = {key: row for key, row in new.items() if old.get(key) != row}
    gone = [key for key in old if key not in new]
    for key in (*gone, *changed):
        if key in old:
            count(old[key], -1)
    for row in changed.values():
        count(row, +1)
    insert_or_replace(connection, table, list(changed.values()))
    keys = list(table.primary_key)
    column = tuple_(*keys) if len(keys) > 1 else keys[0]
    for some in chunks(gone):
        rows = [tuple(old[key][one.name] for one in keys) for key in some]
        found = rows if len(keys) > 1 else [row[0] for row in rows]
        connection.execute(delete(table).where(column.in_(found)))


def chunks(keys: Collection[T], most: int = LARGEST_LIST) -> Iterator[Sequence[T]]:
    """Give keys in portions that fit into one statement, or of `most`."""
    ordered = list(keys)
    for start in range(0, len(ordered), most):
        yield ordered[start : start + most]
