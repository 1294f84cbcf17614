"""Start-up time and resident memory at rest."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from bench.intake import prepared
from bench.serving import doorstep, free_port, served

RUNS = 5


def run(chosen: argparse.Namespace) -> None:
    """Print the median of several starts of a site that exists, and the memory of its processes."""
    with tempfile.TemporaryDirectory() as folder:
        prepared(Path(folder), None)
        times, memory = [], []
        for _ in range(RUNS):
            port = free_port()
            began = time.perf_counter()
            with served(doorstep(Path(folder), port, None, chosen.workers), port) as server:
                times.append(time.perf_counter() - began)
                memory = server.memory_mb()
    print(f"start to first answer: median {statistics.median(times):.2f} s of {RUNS}")
    print("resident memory by process: " + ", ".join(f"{one:.0f} MB" for one in memory))
