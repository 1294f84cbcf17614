"""Starts servers for the benches and measures what they cost: CPU and memory."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
START_TIMEOUT_S = 60
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Served:
    """A running server: its address parts and its first process."""

    port: int
    pid: int

    def processes(self) -> list[int]:
        """Return the server's first process and all its children."""
        children = _children()
        found, waiting = [], [self.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            waiting += children.get(pid, [])
        return found

    def cpu_s(self) -> float:
        """Return the CPU seconds that all processes have used so far."""
        return sum(_cpu_s(pid) for pid in self.processes())

    def memory_mb(self) -> list[float]:
        """Return the resident memory of each process in MB, largest first."""
        return sorted((_memory_mb(pid) for pid in self.processes()), reverse=True)


@contextmanager
def served(
    command: Sequence[str], port: int, more: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Run a server that answers /healthz, and stop it at the end."""
    log = tempfile.TemporaryFile()  # noqa: SIM115 - closed below, after the server
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **(more or {})}, stdout=log, stderr=log
    )
    try:
        wait_until_it_answers(process, port)
        yield Served(port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=START_TIMEOUT_S)
        log.close()


def doorstep(folder: Path, port: int, database: str | None, workers: int) -> list[str]:
    """Return the command that serves a site."""
    command = [str(BIN / "doorstep"), "serve", "--data", str(folder), "--port", str(port)]
    command += ["--host", "127.0.0.1"]
    command += ["--database", database] if database else []
    return command + (["--workers", str(workers)] if workers else [])


def wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz").close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
        else:
            return
    raise SystemExit("the server did not start")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def postgresql() -> Iterator[str | None]:
    """Start a PostgreSQL that waits for the disk, as a site's does; give its URL, None without."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        print("PostgreSQL is not installed: left out.")
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="doorstep-bench-"))
    port, tools = free_port(), programs[-1].parent
    as_owner: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        as_owner = ["runuser", "-u", "postgres", "--"]
    user = "postgres" if as_owner else pwd.getpwuid(os.geteuid()).pw_name
    cluster = str(folder / "cluster")
    _quietly([*as_owner, str(tools / "initdb"), "-D", cluster, "-A", "trust"])
    options = f"-p {port} -k {folder} -c max_connections=200"
    control = [*as_owner, str(tools / "pg_ctl"), "-D", cluster, "-w"]
    _quietly([*control, "-o", options, "-l", str(folder / "log"), "start"])
    try:
        yield f"postgresql://{user}@127.0.0.1:{port}/postgres"
    finally:
        _quietly([*control, "-m", "immediate", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


def _quietly(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _children() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            told = _stat(int(folder.name))
            if told:
                children.setdefault(int(told[1]), []).append(int(folder.name))
    return children


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu_s(pid: int) -> float:
    told = _stat(pid)
    return (int(told[11]) + int(told[12])) / TICKS if told else 0.0


def _memory_mb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES / 1e6
    except OSError:
        return 0.0
