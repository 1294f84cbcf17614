"""A real PostgreSQL for the tests: one server a test run, shared by its workers.

Run as a program, this file is the server's keeper: it starts the server in a folder of its own and
waits for pytest to end, however that happens. Then it stops the server and removes the folder.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed, Identifier

# Set by the first process of a test run, and inherited by its workers.
RUN_VARIABLE = "DOORSTEP_TEST_RUN"
OWNER = "doorstep"
# Nothing here has to survive a power cut; all else is as a site would have it.
OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}
INITDB_OPTIONS = ["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]
START_TIMEOUT_S = 60
ROOM_BYTES = 2 * 2**30

# Held to the end: a Popen that is let go while its program runs makes a warning.
_keepers: list[subprocess.Popen[bytes]] = []

CREATE = SQL("CREATE DATABASE {} TEMPLATE {}")
RENAME = SQL("ALTER DATABASE {} RENAME TO {}")
DROP = SQL("DROP DATABASE {} WITH (FORCE)")


@dataclass(frozen=True)
class PostgresServer:
    """A running server, reached through the socket in `folder`."""

    folder: Path

    def url(self, database: str) -> str:
        """Return what `doorstep --database` takes."""
        return f"postgresql://{OWNER}@/{database}?host={self.folder}"

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """Give the URL of a new copy of `template`, dropped at the end with its connections."""
        name = f"test_{uuid.uuid4().hex[:16]}"
        self._say(CREATE.format(Identifier(name), Identifier(template)))
        try:
            yield self.url(name)
        finally:
            self._say(DROP.format(Identifier(name)))

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        """Return the name of a database that `prepare` has filled, once in a test run.

        `prepare` takes a URL and must leave no connection open.
        """
        with _turn(self.folder):
            with self._connect() as connection:
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
                if known.fetchone():
                    return name
            unfinished = f"{name}_{uuid.uuid4().hex[:8]}"
            self._say(CREATE.format(Identifier(unfinished), Identifier("template1")))
            prepare(self.url(unfinished))
            self._say(RENAME.format(Identifier(unfinished), Identifier(name)))
        return name

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url("postgres"), autocommit=True)

    def _say(self, statement: Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)


def begin_run() -> None:
    """Name this test run after this process; workers started from here inherit the name."""
    os.environ.setdefault(RUN_VARIABLE, f"{os.getpid()}-{uuid.uuid4().hex[:8]}")


def find_programs() -> Path | None:
    """Return the folder of the newest PostgreSQL server's programs, None when there is none."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    # Debian keeps them off the path, one folder a version.
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((one.parent for one in versions), key=lambda bin: int(bin.parent.name), default=None)


def join_server() -> PostgresServer:
    """Return this test run's server, started by the first process that asks for it."""
    run = os.environ[RUN_VARIABLE]
    folder = _quickest_place() / f"doorstep-test-{run}"
    folder.mkdir(exist_ok=True)
    with _turn(folder):
        if not (folder / "ready").exists():
            _start_keeper(folder, int(run.split("-")[0]))
    return PostgresServer(folder)


def _quickest_place() -> Path:
    # A new database is a thousand small files: 0.3 s on a disk, 0.02 s in memory.
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_BYTES:
        return memory
    return Path(tempfile.gettempdir())


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    with (folder / "turn").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def _start_keeper(folder: Path, pytest_id: int) -> None:
    log = folder / "log"
    with log.open("w") as out:
        keeper = subprocess.Popen(
            [sys.executable, __file__, str(folder), str(pytest_id)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,  # Ctrl-C is for pytest; the keeper sees it end.
        )
    _keepers.append(keeper)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not (folder / "ready").exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
        time.sleep(0.02)


def keep(folder: Path, pytest_id: int) -> None:
    """Run a server in `folder` until the process `pytest_id` has ended, then remove the folder."""
    pytest = os.pidfd_open(pytest_id)
    try:
        server = _start_server(folder)
        try:
            _wait_for_answer(folder, server)
            (folder / "ready").touch()
            select.select([pytest], [], [])
        finally:
            server.send_signal(signal.SIGINT)  # "Fast shutdown": open connections are cut.
            server.wait()
    finally:
        shutil.rmtree(folder)


def _start_server(folder: Path) -> subprocess.Popen[bytes]:
    programs = find_programs()
    if programs is None:
        raise RuntimeError("initdb is not installed")
    files = folder / "files"
    as_user: dict[str, Any] = {"cwd": folder}
    if os.geteuid() == 0:  # The server refuses to run as root.
        owner = _unprivileged_user()
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        as_user |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    initdb = [f"{programs}/initdb", f"--username={OWNER}", f"--pgdata={files}", *INITDB_OPTIONS]
    subprocess.run(initdb, check=True, **as_user)
    options = [f"--{name}={value}" for name, value in OPTIONS.items()]
    server = [f"{programs}/postgres", "-D", str(files), "-k", str(folder), *options]
    return subprocess.Popen(server, **as_user)


def _unprivileged_user() -> pwd.struct_passwd:
    # Debian's package makes "postgres"; "nobody" is everywhere.
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("there is neither a user postgres nor nobody to run the server as")


def _wait_for_answer(folder: Path, server: subprocess.Popen[bytes]) -> None:
    url = PostgresServer(folder).url("postgres")
    while server.poll() is None:
        with suppress(psycopg.OperationalError):
            psycopg.connect(url).close()
            return
        time.sleep(0.02)
    raise RuntimeError(f"postgres ended with code {server.returncode}")


if __name__ == "__main__":
    keep(Path(sys.argv[1]), int(sys.argv[2]))
