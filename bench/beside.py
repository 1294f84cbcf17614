"""What the checks take from the intake: submissions a second alone, and while all is checked."""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.intake import VILLAGE, roster
from bench.load import send, upload
from bench.serving import BIN, ROOT, doorstep, free_port, served

CLIENTS, TURNS = 8, 3
# As the server starts them (server/survey/quality/on_demand.py).
CHECKS = "import os; os.nice(15); from server.cli.main import main; main()"


def run(chosen: argparse.Namespace) -> None:
    """Send in turns, alone and beside the checks; print each, and the ratio of the medians."""
    if not chosen.data:
        raise SystemExit("beside wants --data DIR, a site filled by `doorstep demo --households N`")
    folder, port = Path(chosen.data), free_port()
    path = f"/v1/key/{_token(folder)}/projects/1/submission"
    alone: list[float] = []
    beside: list[float] = []
    with served(doorstep(folder, port, chosen.database, chosen.workers), port) as server:
        send(server.port, CLIENTS, 2, lambda: upload(path, roster()))
        for _ in range(TURNS):
            alone.append(_rate(server.port, path, chosen.seconds))
            began = time.monotonic()
            checks = subprocess.Popen(
                [sys.executable, "-c", CHECKS, "checks", "--data", str(folder)],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
            )
            beside.append(_rate(server.port, path, chosen.seconds))
            is_short = checks.poll() is not None
            code = checks.wait()
            took = time.monotonic() - began
            told = f"alone {alone[-1]:5.0f}/s  beside {beside[-1]:5.0f}/s  checks {took:5.0f} s"
            told += "  (ended before the load did)" if is_short else ""
            print(told + (f"  (exit code {code})" if code else ""), flush=True)
    ratio = statistics.median(beside) / statistics.median(alone)
    print(f"intake beside the checks: {ratio:.2f} of alone")


def _rate(port: int, path: str, seconds: float) -> float:
    return send(port, CLIENTS, seconds, lambda: upload(path, roster())).per_second


def _token(folder: Path) -> str:
    add = [str(BIN / "doorstep"), "phone", "add", f"bench {secrets.token_hex(3)}"]
    add += ["--village", VILLAGE, "--json", "--data", str(folder)]
    told = subprocess.run(add, check=True, cwd=ROOT, capture_output=True, text=True)
    token: str = json.loads(told.stdout)["token"]
    return token
