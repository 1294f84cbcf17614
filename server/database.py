"""Opens the database; the only file where SQLite and PostgreSQL differ.

SQLite allows one writer at a time, and a writer that finds it taken sleeps and tries again:
with several processes that costs up to a second at the 99th percentile. So writers queue at a
lock of the operating system first (`writing`), which wakes the next one at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

# Any number will do as long as no other program locks the same one in this database.
WRITING_LOCK = 7_305_041


class Base(DeclarativeBase):
    """All tables."""


class UtcTime(TypeDecorator[datetime]):
    """An instant: aware UTC in Python, naive UTC in the database, so both databases hold the same."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware instant into naive UTC."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the instant its zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


def open_engine(url: str, *, is_durable: bool = True) -> Engine:
    """Open the database at `url` ("sqlite:///…" or "postgresql://…").

    `is_durable=False` opens it for work that `rebuild` can repeat: a commit then may be
    lost with the power, never half of it, and it does not wait for the disk.
    """
    if url.startswith(("postgresql:", "postgres:")):
        return _open_postgresql(url, is_durable)
    engine = create_engine(url, connect_args={"timeout": 60, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _tune(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # We say BEGIN ourselves, below.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if is_durable else 'NORMAL'}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("PRAGMA temp_store = MEMORY")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A reader that turns writer half-way fails when another has written since: say it at the start.
        is_writing = connection.get_execution_options().get("is_writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")

    return engine


def _open_postgresql(url: str, is_durable: bool) -> Engine:
    url = "postgresql+psycopg://" + url.split("://", 1)[1]
    options = "-c timezone=UTC" + ("" if is_durable else " -c synchronous_commit=off")
    return create_engine(url, connect_args={"options": options}, pool_size=40, max_overflow=40)


def is_sqlite(engine: Engine) -> bool:
    """Say whether the embedded database is in use."""
    return engine.dialect.name == "sqlite"


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection in a transaction of its own, alone among all that write projections.

    Commits at the end, rolls back on an exception.
    """
    with _turn(engine), engine.connect().execution_options(is_writing=True) as connection:
        with connection.begin():
            if not is_sqlite(engine):
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": WRITING_LOCK})
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


def is_disk_full(error: BaseException) -> bool:
    """Say whether a failure means that the disk, or the database's quota, is full."""
    if isinstance(error, OSError) and error.errno in (28, 122):  # ENOSPC, EDQUOT
        return True
    if not isinstance(error, OperationalError):
        return False
    said: Any = error.orig
    code = getattr(said, "sqlstate", None)  # PostgreSQL: class 53 is "insufficient resources"
    return code == "53100" or "disk is full" in str(said) or "disk I/O error" in str(said)
