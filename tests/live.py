"""`doorstep serve` on a port of its own, as phones and browsers reach it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

from server.config import Settings

START_TIMEOUT_S = 30
HOME = Path(__file__).parent.parent
DOORSTEP = [sys.executable, "-c", "from server.cli.main import main; main()"]


@dataclass(frozen=True)
class Server:
    """A running `doorstep serve`, leader of a process group of its own: `kill` ends all of it."""

    address: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End every process at once, as kill -9 and a power cut do."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=START_TIMEOUT_S)


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Serve a site, and give its address: http://127.0.0.1:port."""
    with running(settings) as server:
        yield server.address


@contextmanager
def running(settings: Settings, workers: int = 1) -> Iterator[Server]:
    """Serve a site until the end of the block, or until it was killed inside."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    listening = ["--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
    log = settings.folder / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*DOORSTEP, "serve", *_where(settings), *listening],
            cwd=HOME,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    server = Server(f"http://127.0.0.1:{port}", process)
    try:
        _wait_for(server, log)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=START_TIMEOUT_S)


def doorstep(settings: Settings, *words: str) -> str:
    """Run a command of the program on a site, in a process of its own; return what it prints."""
    done = subprocess.run(
        [*DOORSTEP, *words, *_where(settings)],
        cwd=HOME,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _where(settings: Settings) -> list[str]:
    return ["--data", str(settings.folder), "--database", settings.database]


def _wait_for(server: Server, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while server.process.poll() is None and time.monotonic() < deadline:
        with suppress(URLError, ConnectionError):
            urllib.request.urlopen(f"{server.address}/healthz").close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")
