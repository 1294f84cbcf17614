"""Opens the database; the only file where SQLite and PostgreSQL differ.

SQLite allows one writer at a time, and a writer that finds it taken sleeps and tries again:
with several processes that costs up to a second at the 99th percentile. So writers queue at a
lock of the operating system first (`writing`), which wakes the next one at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Dialect,
    Engine,
    Select,
    Table,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

# Any number will do as long as no other program locks the same one in this database.
WRITING_LOCK = 7_305_041


_TAKE_TURN = text(
    "SELECT pg_advisory_xact_lock(:lock),"
    " set_config('synchronous_commit', CASE WHEN :durable THEN 'on' ELSE 'off' END, true)"
)


class Base(DeclarativeBase):
    """All tables."""


def table_of(model: type[Base]) -> Table:
    """Return the table of a class, for statements on many rows at once."""
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model.__name__} is no table")
    return table


def tables_of(module: str) -> list[Table]:
    """Return the tables whose classes stand in a module, named by its dotted path."""
    return [
        table_of(mapper.class_)
        for mapper in Base.registry.mappers
        if mapper.class_.__module__ == module
    ]


class UtcTime(TypeDecorator[datetime]):
    """An instant: aware UTC in Python, naive UTC in both databases."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware instant into naive UTC."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the instant its zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


class days_later(FunctionElement[date]):
    """The calendar day of an instant's column, so many minutes ahead of UTC, and days later.

    Called with the instant, the minutes that the calendar is ahead, and the days.
    """

    type = Date()
    inherit_cache = True


@compiles(days_later, "sqlite")
def _days_later_in_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    instant, ahead, days = (compiler.process(one, **kw) for one in element.clauses)
    return f"date({instant}, ({ahead}) || ' minutes', ({days}) || ' days')"


@compiles(days_later, "postgresql")
def _days_later_in_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    instant, ahead, days = (compiler.process(one, **kw) for one in element.clauses)
    return f"(CAST({instant} + ({ahead}) * INTERVAL '1 minute' AS DATE) + ({days}))"


def open_engine(url: str, *, is_for_writer: bool = False) -> Engine:
    """Open the database at `url` ("sqlite:///…" or "postgresql://…").

    `is_for_writer`: with one connection, whose pages SQLite remembers from one commit to the
    next. A second one in the same process would make it forget them (bench: stored).
    """
    # 64 threads take turns at 30: PostgreSQL allows 100 in all by default, for every process.
    pool = {"pool_size": 10, "max_overflow": 20}
    if is_for_writer:
        pool = {"pool_size": 1, "max_overflow": 0}
    if url.startswith("postgres"):  # postgres:, postgresql:, postgresql+psycopg:
        return _open_postgresql(url, pool)
    engine = create_engine(
        url,
        connect_args={"timeout": 60, "check_same_thread": False},
        json_serializer=_json,
        **pool,
    )
    cache_kib = 262_144 if is_for_writer else 16_384

    @event.listens_for(engine, "connect")
    def _tune(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # We say BEGIN ourselves, below.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
        connection.execute("PRAGMA temp_store = MEMORY")
        # Fewer, longer checkpoints than by default (1000 pages): they hold up whoever commits then.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A reader that turns writer half-way fails when another wrote since: say it at the start.
        is_writing = connection.get_execution_options().get("is_writing")
        driver: Any = connection.connection.driver_connection
        _say(driver, "BEGIN IMMEDIATE" if is_writing else "BEGIN")

    return engine


def _open_postgresql(url: str, pool: Mapping[str, int]) -> Engine:
    url = "postgresql+psycopg://" + url.split("://", 1)[1]
    connect = {"options": "-c timezone=UTC"}
    return create_engine(url, connect_args=connect, json_serializer=_json, **pool)


def is_sqlite(engine: Engine) -> bool:
    """Say whether the embedded database is in use."""
    return engine.dialect.name == "sqlite"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@contextlib.contextmanager
def writing(engine: Engine, *, is_durable: bool = True) -> Iterator[Connection]:
    """Give a connection in a transaction of its own, alone among all that write projections.

    Commits at the end, rolls back on an exception. `is_durable=False` is for work that `rebuild`
    can repeat: the commit may be lost with the power, never half of it, and it does not wait
    for the disk.
    """
    with _turn(engine), engine.connect().execution_options(is_writing=True) as connection:
        if is_sqlite(engine):
            driver: Any = connection.connection.driver_connection
            _say(driver, f"PRAGMA synchronous = {'FULL' if is_durable else 'NORMAL'}")
        with connection.begin():
            if not is_sqlite(engine):
                connection.execute(_TAKE_TURN, {"lock": WRITING_LOCK, "durable": is_durable})
            yield connection


@contextlib.contextmanager
def writing_session(engine: Engine) -> Iterator[Session]:
    """Give a Session inside `writing`; it is committed at the end."""
    with writing(engine) as connection, Session(connection, autoflush=True) as session:
        yield session
        session.flush()


@contextlib.contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """Wait for this process's turn to write to an SQLite file."""
    path = engine.url.database
    if not is_sqlite(engine) or not path or path == ":memory:":
        yield
        return
    handle = os.open(Path(path).with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, all with the same columns. Raises when a key is there already."""
    _write(connection, table, "", rows)


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose key is not there yet; leave the others as they are."""
    _write(connection, table, "skip", rows)


def insert_or_replace(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows (all with the same columns), or overwrite the ones with the same primary key."""
    _write(connection, table, "put", rows)


def add_up(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add each row's numbers to the row with the same primary key, or insert it."""
    _write(connection, table, "add", rows)


def rows_with(
    connection: Connection, table: Table, names: Sequence[str], column: str, keys: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """Return the named columns of the rows whose `column` has one of the keys, in any order."""
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(keys), _MOST_KEYS):
        some = list(keys[start : start + _MOST_KEYS])
        found += _read(connection, table, tuple(names), column, some)
    return found


def first_row(
    connection: Connection, statement: Select[*tuple[Any, ...]], values: Mapping[str, Any]
) -> tuple[Any, ...] | None:
    """Return the first row a statement finds, None without one; begins no transaction.

    For what every request asks. `statement` is a constant of its module, `values` (texts and
    whole numbers) are its bound parameters by name.
    """
    sql, order, processors = _question(connection.dialect, statement)
    told = [values[name] for name in order] if connection.dialect.positional else values
    rows = _run(connection, sql, told, is_asking=True)
    return _read_row(rows[0], processors) if rows else None


# Below: statements are compiled once and handed to the driver. SQLAlchemy takes about 0.15 ms of
# CPU for each execution, and one submission needs some thirty (bench: intake, CPU a submission).

# SQLite takes 32,766 values in one statement.
_MOST_KEYS = 5_000
_Processor = Callable[[Any], Any] | None


def _write(
    connection: Connection, table: Table, conflict: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    if not rows:
        return
    names = tuple(rows[0])
    sql, order, processors = _insert(connection.dialect, table, conflict, names)
    pairs = list(zip(order, processors, strict=True))
    told = [
        [row[name] if process is None else process(row[name]) for name, process in pairs]
        for row in rows
    ]
    if connection.dialect.positional:
        _run(connection, sql, told)
    else:
        _run(connection, sql, [dict(zip(order, one, strict=True)) for one in told])


@lru_cache(maxsize=256)
def _insert(
    dialect: Dialect, table: Table, conflict: str, names: tuple[str, ...]
) -> tuple[str, tuple[str, ...], tuple[_Processor, ...]]:
    """Return the SQL, its parameters in order, and what makes each fit for the driver."""
    # Both dialects write ON CONFLICT alike, but SQLAlchemy keeps one `insert` for each.
    is_lite = dialect.name == "sqlite"
    statement: Any = sqlite.insert(table) if is_lite else postgresql.insert(table)
    keys = [column.name for column in table.primary_key]
    given = {name: statement.excluded[name] for name in names if name not in keys}
    if conflict == "skip":
        statement = statement.on_conflict_do_nothing()
    elif conflict:
        if conflict == "add":
            given = {name: table.c[name] + value for name, value in given.items()}
        statement = statement.on_conflict_do_update(index_elements=keys, set_=given)
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    order = tuple(compiled.positiontup or names)
    return str(compiled), order, tuple(_binder(dialect, table.c[name]) for name in order)


def _binder(dialect: Dialect, column: Column[Any]) -> _Processor:
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def _read(
    connection: Connection, table: Table, names: tuple[str, ...], column: str, keys: list[Any]
) -> list[tuple[Any, ...]]:
    if is_lite := connection.dialect.positional:
        # A few lengths of list, so that SQLite knows the statement again.
        keys += keys[-1:] * ((1 << (len(keys) - 1).bit_length()) - len(keys))
    sql, processors = _select(connection.dialect, table, names, column, len(keys) if is_lite else 0)
    rows = _run(connection, sql, tuple(keys) if is_lite else (keys,), is_asking=True)
    return [_read_row(row, processors) for row in rows] if any(processors) else rows


@lru_cache(maxsize=64)
def _question(
    dialect: Dialect, statement: Select[*tuple[Any, ...]]
) -> tuple[str, tuple[str, ...], tuple[_Processor, ...]]:
    """Return the SQL, its parameters in order, and what makes each value of a row ours."""
    compiled = statement.compile(dialect=dialect)
    processors = tuple(_reader(dialect, column) for column in statement.selected_columns)
    return str(compiled), tuple(compiled.positiontup or ()), processors


def _read_row(row: tuple[Any, ...], processors: Sequence[_Processor]) -> tuple[Any, ...]:
    return tuple(
        value if process is None else process(value)
        for value, process in zip(row, processors, strict=True)
    )


@lru_cache(maxsize=1024)
def _select(
    dialect: Dialect, table: Table, names: tuple[str, ...], column: str, keys: int
) -> tuple[str, tuple[_Processor, ...]]:
    quote = dialect.identifier_preparer.quote
    wanted = f"IN ({', '.join('?' * keys)})" if keys else "= ANY(%s)"
    columns = ", ".join(quote(name) for name in names)
    # Names are our own columns; values go as parameters.
    sql = f"SELECT {columns} FROM {quote(table.name)} WHERE {quote(column)} {wanted}"  # noqa: S608
    return sql, tuple(_reader(dialect, table.c[name]) for name in names)


def _reader(dialect: Dialect, column: ColumnElement[Any]) -> _Processor:
    """Return what makes a value of the driver ours; psycopg's own are right but for instants."""
    if dialect.name != "sqlite" and not isinstance(column.type, UtcTime):
        return None
    return column.type.dialect_impl(dialect).result_processor(dialect, None)


def _say(driver: Any, sql: str) -> None:
    """Tell SQLite something; its errors come out as SQLAlchemy's."""
    try:
        driver.execute(sql)
    except sqlite3.Error as error:
        raise DBAPIError.instance(sql, None, error, sqlite3.Error) from error


def _run(
    connection: Connection, sql: str, told: Any, *, is_asking: bool = False
) -> list[tuple[Any, ...]]:
    """Run a statement through the driver; its errors come out as SQLAlchemy's."""
    driver: Any = connection.dialect.dbapi
    cursor = connection.connection.cursor()
    try:
        if is_asking:
            cursor.execute(sql, told)
            return list(cursor.fetchall())
        cursor.executemany(sql, told)
    except driver.Error as error:
        raise DBAPIError.instance(sql, None, error, driver.Error) from error
    finally:
        cursor.close()
    return []


def is_disk_full(error: BaseException) -> bool:
    """Say whether a failure means that the disk, or the database's quota, is full."""
    if isinstance(error, OSError) and error.errno in (28, 122):  # ENOSPC, EDQUOT
        return True
    if not isinstance(error, OperationalError):
        return False
    said: Any = error.orig
    code = getattr(said, "sqlstate", None)  # PostgreSQL: class 53 is "insufficient resources"
    return code == "53100" or "disk is full" in str(said) or "disk I/O error" in str(said)
