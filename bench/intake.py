"""Submissions kept durably and projected: a second, p50, p99 and CPU, beside the bare yardstick."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

from bench.load import Result, send, upload
from bench.serving import BIN, ROOT, Served, doorstep, free_port, postgresql, served

CLIENTS = (1, 8, 32)
VILLAGE = "130921211201"


def run(chosen: argparse.Namespace) -> None:
    """Print one line for each database, server and number of clients."""
    with postgresql() as postgres:
        for kind, url in (("SQLite", None), ("PostgreSQL", postgres)):
            if kind == "PostgreSQL" and url is None:
                continue
            each = _bare(url, "/each", chosen)
            grouped = _bare(url, "/grouped", chosen)
            ours = _ours(url, chosen)
            for clients in CLIENTS:
                _print(f"{kind}, bare, a commit each", clients, *each[clients])
                _print(f"{kind}, bare, grouped", clients, *grouped[clients])
                _print(f"{kind}, kept and projected", clients, *ours[clients])
                rate = ours[clients][0].per_second
                shares = [rate / one[clients][0].per_second for one in (each, grouped)]
                print("    {:.2f} of a commit each, {:.2f} of grouped".format(*shares))


def _ours(url: str | None, chosen: argparse.Namespace) -> dict[int, tuple[Result, float]]:
    with tempfile.TemporaryDirectory() as folder:
        token = prepared(Path(folder), url)
        port = free_port()
        with served(doorstep(Path(folder), port, url, chosen.workers), port) as server:
            path = f"/v1/key/{token}/projects/1/submission"
            return loads(server, chosen.seconds, lambda: upload(path, roster()))


def _bare(
    url: str | None, path: str, chosen: argparse.Namespace
) -> dict[int, tuple[Result, float]]:
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        workers = str(chosen.workers or 2)
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory"]
        command += ["--workers", workers, "--blocking-threads", "64", "--host", "127.0.0.1"]
        command += ["--port", str(port), "--log-level", "error", "bench.bare:load"]
        more = {"BARE_DATABASE": url or f"sqlite:///{folder}/bare.db"}
        with served(command, port, more) as server:
            return loads(server, chosen.seconds, lambda: upload(path, roster()))


def loads(
    server: Served, seconds: float, make: Callable[[], bytes]
) -> dict[int, tuple[Result, float]]:
    """Return (result, CPU ms a request) for each number of clients, after a short warming up."""
    send(server.port, 4, 1, make)
    measured = {}
    for clients in CLIENTS:
        before = server.cpu_s()
        result = send(server.port, clients, seconds, make)
        measured[clients] = (result, (server.cpu_s() - before) / result.requests * 1e3)
    return measured


def prepared(folder: Path, url: str | None) -> str:
    """Make a site with the sample villages and one phone; return the phone's token."""
    more = ["--data", str(folder), *(["--database", url] if url else [])]
    program = str(BIN / "doorstep")
    for command in (
        [program, "registry", "sample", *more],
        [program, "form", "list", *more],
    ):
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    add = [program, "phone", "add", "bench", "--village", VILLAGE, "--json", *more]
    told = subprocess.run(add, check=True, cwd=ROOT, capture_output=True, text=True)
    token: str = json.loads(told.stdout)["token"]
    return token


def roster(persons: int = 4) -> bytes:
    """A household roster of about 3 kB: 60 answers and a repeat of four."""
    key = uuid.uuid4()
    members = "".join(_member(number, key) for number in range(persons))
    return f"""<?xml version="1.0"?><data id="household_roster" version="2026112202"
 xmlns:orx="http://openrosa.org/xforms"><start>2026-11-20T09:00:00.000+08:00</start>
<end>2026-11-20T09:20:00.000+08:00</end><today>2026-11-20</today><username>w1</username>
<deviceid>collect:bench</deviceid><hh><village>{VILLAGE}</village><outcome>met</outcome>
<consent>yes</consent><hh_type>poor</hh_type><identified_on>2016-05-01</identified_on>
<cause_main>illness</cause_main><phone>13812345678</phone><hh_size>{persons}</hh_size>
<location>38.1 116.9 0 10</location><hh_key>{key}</hh_key><hh_village>高川村</hh_village></hh>
{members}<orx:meta><orx:instanceID>uuid:{uuid.uuid4()}</orx:instanceID>
<entity dataset="households" create="1" id="{uuid.uuid4()}"><label>高川村</label></entity>
</orx:meta></data>""".encode()


def _member(number: int, key: uuid.UUID) -> str:
    born = 1950 + number * 20
    relation = "head" if number == 0 else "child"
    return f"""<member><pname>王小{"一二三四五六七八"[number % 8]}</pname>
<relation>{relation}</relation><has_id>no</has_id><no_id_why>not_with</no_id_why>
<dob_manual>{born}-03-04</dob_manual><sex_manual>male</sex_manual><dob>{born}-03-04</dob>
<sex>male</sex><birth_year>{born}</birth_year><age>{2026 - born}</age><nation>han</nation>
<residence>home</residence><insured>resident</insured><serious_insured>yes</serious_insured>
<disability>none</disability><m_hh_key>{key}</m_hh_key><m_village>{VILLAGE}</m_village>
<m_hh_type>poor</m_hh_type><p_label>王小 {born}</p_label><meta><entity dataset="persons"
 create="1" id="{uuid.uuid4()}"><label>王小 男 {born} ----</label></entity></meta></member>"""


def _print(what: str, clients: int, result: Result, cpu_ms: float) -> None:
    statuses = "" if set(result.statuses) == {201} else f"  statuses {result.statuses}"
    print(
        f"{what:30} {clients:3} clients {result.per_second:7.0f}/s  p50 {result.p50_ms:6.1f} ms"
        f"  p99 {result.p99_ms:6.1f} ms  CPU {cpu_ms:5.2f} ms{statuses}",
        flush=True,
    )
