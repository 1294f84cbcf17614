"""A treatment list of 10,000 persons to XLSX: seconds to the first byte and to the last, memory."""

from __future__ import annotations

import argparse
import tempfile
import time
import urllib.request
from datetime import UTC, date, datetime
from pathlib import Path

from bench.pages import signed_in
from bench.serving import doorstep, free_port, served
from server.config import Settings
from server.database import writing_session
from server.survey import first_run
from server.survey.site import open_site
from server.tables.truth import Batch, BatchEntry

PERSONS = 10_000


def run(chosen: argparse.Namespace) -> None:
    """Download the batch from a running server, several times."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        _fill(folder)
        with served(doorstep(folder, port, None, 1), port) as server:
            browser = signed_in(folder, port, "office")
            for _ in range(3):
                before = max(server.memory_mb())
                first, last, size = _download(browser, port)
                grown = max(server.memory_mb()) - before
                print(
                    f"{PERSONS:,} persons: first byte {first:.2f} s, last {last:.2f} s,"
                    f" {size / 1e6:.1f} MB; memory grew by {grown:.0f} MB",
                    flush=True,
                )


def _download(browser: urllib.request.OpenerDirector, port: int) -> tuple[float, float, int]:
    began = time.perf_counter()
    with browser.open(f"http://127.0.0.1:{port}/batches/1/xlsx") as answer:
        size = len(answer.read(1))
        first = time.perf_counter() - began
        size += len(answer.read())
    return first, time.perf_counter() - began, size


def _fill(folder: Path) -> None:
    site = open_site(Settings.read({}, str(folder)))
    first_run.prepare(site)
    with writing_session(site.engine) as session:
        batch = Batch(
            project_id=1,
            number=1,
            title="10,000",
            hospital="县医院",
            starts_on=date(2026, 8, 1),
            ends_on=date(2026, 10, 31),
            catalogue="yn_13_19",
            area_code="",
            filters=dict.fromkeys(("found_from", "found_to"))
            | {"catalogue": "yn_13_19", "area": "", "diseases": [], "states": []},
            previous_number=None,
            made_at=datetime.now(UTC),
            made_by="bench",
        )
        session.add(batch)
        session.flush()
        session.add_all(_entry(batch.id, position) for position in range(1, PERSONS + 1))
    site.close()


def _entry(batch_id: int, position: int) -> BatchEntry:
    disease = {"code": "lung_cancer", "state": "suspected", "found_on": "2026-11-01"}
    snapshot = {
        "person_ids": [f"person-{position}"],
        "id_hash": "",
        "township_code": "130921211000",
        "township": "高川乡",
        "village_code": f"130921211{200 + position // 400:03}",
        "village": "高川村村民委员会",
        "household_number": f"HH{position:06}",
        "name": "王小明",
        "sex": "male",
        "birth_date": "1960-05-06",
        "birth_year": 1960,
        "id_number": "990000196005060013",
        "phone": "13812345678",
        "screening": "done",
        "residence": "home",
        "diseases": [{**disease, "worker": "张医生"}],
        "reason": "",
    }
    return BatchEntry(
        batch_id=batch_id,
        position=position,
        person_id=f"person-{position}",
        village_code=str(snapshot["village_code"]),
        change="new",
        snapshot=snapshot,
    )
