"""`doorstep serve` on a port of its own, as phones and browsers reach it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError

from server.config import Settings

START_TIMEOUT_S = 30


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Serve a site, and give its address: http://127.0.0.1:port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    doorstep = [sys.executable, "-c", "from server.cli.main import main; main()"]
    where = ["--data", str(settings.folder), "--database", settings.database]
    listening = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    log = settings.folder / "server.log"
    with log.open("w") as out:
        server = subprocess.Popen(
            [*doorstep, "serve", *where, *listening],
            cwd=Path(__file__).parent.parent,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            stdout=out,
            stderr=out,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, server, log)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=START_TIMEOUT_S)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(URLError, ConnectionError):
            urllib.request.urlopen(f"{address}/healthz").close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")
