"""What an entity list costs to send, beside the same bytes as a plain file of the same server."""

from __future__ import annotations

import argparse
import hashlib
import http.client
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.intake import VILLAGE, prepared
from bench.serving import doorstep, free_port, served
from server.config import Settings
from server.database import insert_rows, table_of, writing, writing_session
from server.survey import files
from server.survey.identity import stable_uuid
from server.survey.site import open_site
from server.survey.tallies import Differences
from server.tables.projections import Entity
from server.tables.truth import FormFile, PhoneVillage

ROWS = (31_000, 100_000)
VILLAGES = 31
TIMES = 5
FORM = "disease_screening"


@dataclass(frozen=True)
class Got:
    """One answer: seconds to its first byte and to its last, and its bytes."""

    first_s: float
    last_s: float
    body: bytes


def run(chosen: argparse.Namespace) -> None:
    """Fill a list, ask for it plain and squeezed, then ask for the same bytes as a form's file."""
    for rows in ROWS:
        with tempfile.TemporaryDirectory() as name:
            folder, port = Path(name), free_port()
            token = prepared(folder, None)
            fill(folder, rows)
            with served(doorstep(folder, port, None, chosen.workers), port) as server:
                before = max(server.memory_mb())
                path = f"/v1/key/{token}/projects/1/forms/{FORM}/attachments/"
                for squeezed in (False, True):
                    made = get(port, path + "persons.csv", squeezed)
                    again = [get(port, path + "persons.csv", squeezed) for _ in range(TIMES)]
                    _attach(folder, made.body)
                    plain = [get(port, path + "bench.bin", False) for _ in range(TIMES)]
                    _tell(rows, squeezed, made, _best(again), _best(plain))
                grown = max(server.memory_mb()) - before
                print(f"  largest process grew by {grown:.0f} MB", flush=True)


def fill(folder: Path, rows: int, villages: int = VILLAGES) -> list[str]:
    """Put persons into villages of a site whose phone 1 serves them; return the villages."""
    site = open_site(Settings.read({}, str(folder)))
    codes = [str(int(VILLAGE) + number) for number in range(villages)]
    differences = Differences()
    table = table_of(Entity)
    blank = {column.name: None if column.nullable else "" for column in table.columns}
    flags = {column.name: False for column in table.columns if column.name.startswith("is_")}
    with writing(site.engine) as connection:
        for start in range(0, rows, 5000):
            some: list[dict[str, Any]] = [
                {**blank, **flags, **_person(number, codes[number % villages])}
                for number in range(start, min(start + 5000, rows))
            ]
            insert_rows(connection, table, some)
            for row in some:
                differences.entity(row, +1)
        differences.write(connection)
        served_too = [{"phone_id": 1, "village_code": code} for code in codes[1:]]
        insert_rows(connection, table_of(PhoneVillage), served_too)
    site.close()
    return codes


def _person(number: int, village: str) -> dict[str, Any]:
    return {
        "entity_id": stable_uuid("bench", str(number)),
        "list_name": "persons",
        "village_code": village,
        "label": f"王小{number} 女 1970 {number:04}",
        "version": 1,
        "is_created": True,
        "properties": {
            "pname": f"王小{number}",
            "sex": "female",
            "birth_year": "1970",
            "residence": "home",
            "village_code": village,
            "hh_key": stable_uuid("bench household", str(number // 4)),
            "hh_type": "poor",
        },
    }


def _attach(folder: Path, content: bytes) -> None:
    """Lay the bytes beside the form as any file of it, which the form need not ask for."""
    site = open_site(Settings.read({}, str(folder)))
    kept = files.keep(site.settings.files, "bench.bin", content)
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    with writing_session(site.engine) as session:
        session.merge(
            FormFile(
                project_id=1,
                form_id=FORM,
                name="bench.bin",
                sha256=kept.sha256,
                md5=md5,
                size=kept.size,
                uploaded_at=datetime.now(UTC),
            )
        )
    site.close()


def get(port: int, path: str, squeezed: bool) -> Got:
    """Ask for a path and read the answer to its end."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    began = time.perf_counter()
    connection.request("GET", path, headers={"Accept-Encoding": "gzip" if squeezed else "identity"})
    answer = connection.getresponse()
    body = answer.read(1)
    first = time.perf_counter() - began
    body += answer.read()
    last = time.perf_counter() - began
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {body[:200]!r}")
    return Got(first, last, body)


def _best(some: list[Got]) -> Got:
    return min(some, key=lambda one: one.last_s)


def _tell(rows: int, squeezed: bool, made: Got, again: Got, plain: Got) -> None:
    size = len(made.body)
    print(
        f"{rows:,} rows {'gzip' if squeezed else 'plain':5} {size / 1e6:5.1f} MB:"
        f" made first byte {made.first_s * 1e3:.0f} ms, last {made.last_s * 1e3:.0f} ms;"
        f" again {again.first_s * 1e3:.0f} and {again.last_s * 1e3:.0f} ms;"
        f" as a file {plain.first_s * 1e3:.0f} and {plain.last_s * 1e3:.0f} ms"
        f" ({size * 8 / 10e6:.1f} s at 10 Mbit/s)",
        flush=True,
    )
