"""How much faster and smaller is our XLSX writer than openpyxl's write-only mode?

Writes a list of 30 columns both ways, each in a process of its own, and prints seconds, the
time to the first byte, the growth of resident memory and the ratio. `python -m bench.xlsx [ROWS]`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl

from exports import files
from exports.table import Cell, Column, Kind, Table

ROWS = 100_000
KINDS: tuple[Kind, ...] = (
    "text", "text", "integer", "decimal", "date", "instant", "share", "text", "text", "text",
)  # fmt: skip
COLUMNS = tuple(
    Column(f"c{at}", {"zh": f"列{at}", "en": f"Column {at}"}, KINDS[at % 10]) for at in range(30)
)


def rows(count: int) -> Iterator[Sequence[Cell]]:
    """Rows of a screening list, long ids and Chinese names among them."""
    day, instant = date(2026, 8, 1), datetime(2026, 8, 1, 2, 20, tzinfo=UTC)
    for number in range(count):
        yield [
            f"99000019900101{number % 10_000:04}", "王小明", number, 36.6, day,
            instant, 0.5, "130921211201", "高川村村民委员会", f"第 {number} 号",
        ] * 3  # fmt: skip


def write_ours(count: int, target: Path) -> float:
    """Write with our own writer; return seconds to the first byte."""
    started, first = time.perf_counter(), 0.0
    with target.open("wb") as sink:
        for piece in files.xlsx([Table("名单", COLUMNS, rows(count))], "zh"):
            first = first or time.perf_counter() - started
            sink.write(piece)
    return first


def write_openpyxl(count: int, target: Path) -> float:
    """Write with openpyxl, which gives nothing before the end; return seconds to the first byte."""
    started = time.perf_counter()
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("名单")
    sheet.append([column.labels["zh"] for column in COLUMNS])
    for row in rows(count):
        # Excel knows no zones, and openpyxl refuses them.
        sheet.append(
            [cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell for cell in row]
        )
    book.save(target)
    return time.perf_counter() - started


def measure(writer: str, count: int) -> dict[str, float]:
    """Write once in this process and return what it took."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "list.xlsx"
        started = time.perf_counter()
        first = {"ours": write_ours, "openpyxl": write_openpyxl}[writer](count, target)
        seconds = time.perf_counter() - started
        size = target.stat().st_size
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {
        "seconds": seconds,
        "first_byte_s": first,
        "memory_growth_mb": grown / 1024,
        "file_mb": size / 1e6,
    }


def main() -> None:
    """Write once, when asked to by `compare`, or compare."""
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2], int(sys.argv[3]))))
    else:
        compare(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)


def run(_: argparse.Namespace) -> None:
    """Compare both writers, as one of the benches of `./run bench`."""
    compare(ROWS)


def compare(count: int) -> None:
    """Measure each writer in a fresh process, so that neither inherits the other's memory."""
    took = {}
    for writer in ("ours", "openpyxl"):
        output = subprocess.run(
            [sys.executable, "-m", "bench.xlsx", "--one", writer, str(count)],
            check=True,
            capture_output=True,
        ).stdout
        took[writer] = json.loads(output)
        figures = "  ".join(f"{name} {figure:.4g}" for name, figure in took[writer].items())
        print(f"{writer:9} {count} rows x {len(COLUMNS)}: {figures}")
    print(
        f"openpyxl takes {took['openpyxl']['seconds'] / took['ours']['seconds']:.1f} times as long"
    )


if __name__ == "__main__":
    main()
