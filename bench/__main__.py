"""`./run bench [NAME …]`: what is measured, each by its name; without one: intake and start."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from bench import batch, beside, intake, lists, pages, simulation, start, stored, storm, xlsx

BENCHES: dict[str, Callable[[argparse.Namespace], None]] = {
    "intake": intake.run,
    "stored": stored.run,
    "pages": pages.run,
    "batch": batch.run,
    "lists": lists.run,
    "storm": storm.run,
    "start": start.run,
    "simulation": simulation.run,
    "beside": beside.run,
    "xlsx": lambda chosen: xlsx.compare(100_000),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], help="which to run")
    parser.add_argument("--seconds", type=float, default=8, help="length of each load")
    parser.add_argument("--data", help="a filled site for stored, pages and batch")
    parser.add_argument("--database", help="its database, when it is not SQLite in the folder")
    parser.add_argument("--workers", type=int, default=0, help="server processes; 0: as a site")
    chosen = parser.parse_args()
    for name in chosen.names or ["intake", "start"]:
        print(f"\n== {name} ==", flush=True)
        BENCHES[name](chosen)


main()
