"""Does keeping a submission cost more when a million are stored?"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

from bench.intake import CLIENTS, loads, prepared, roster
from bench.load import upload
from bench.serving import BIN, doorstep, free_port, served


def run(chosen: argparse.Namespace) -> None:
    """Print both and their ratio. Fill a site with `doorstep demo --households N` first."""
    if not chosen.data:
        raise SystemExit("stored wants --data DIR, a site filled by `doorstep demo --households N`")
    filled = Path(chosen.data)
    told = subprocess.run(
        [str(BIN / "doorstep"), "status", "--json", "--data", str(filled)],
        check=True,
        capture_output=True,
        text=True,
    )
    print(f"{json.loads(told.stdout)['submissions']:,} submissions stored")
    with tempfile.TemporaryDirectory() as folder:
        empty = _measured(Path(folder), chosen)
    full = _measured(filled, chosen)
    for clients in CLIENTS:
        (before, before_ms), (after, after_ms) = empty[clients], full[clients]
        print(
            f"{clients:3} clients: empty {before.per_second:.0f}/s p99 {before.p99_ms:.0f} ms CPU"
            f" {before_ms:.2f} ms; filled {after.per_second:.0f}/s p99 {after.p99_ms:.0f} ms CPU"
            f" {after_ms:.2f} ms; slower by {before.per_second / after.per_second:.2f}",
            flush=True,
        )


def _measured(folder: Path, chosen: argparse.Namespace):  # type: ignore[no-untyped-def]
    token = prepared(folder, None)
    port = free_port()
    with served(doorstep(folder, port, None, chosen.workers), port) as server:
        path = f"/v1/key/{token}/projects/1/submission"
        return loads(server, chosen.seconds, lambda: upload(path, roster()))
