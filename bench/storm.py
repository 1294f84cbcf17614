"""The morning after nothing changed: 200 phones ask for everything within a minute."""

from __future__ import annotations

import argparse
import http.client
import random
import re
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.intake import prepared, roster
from bench.lists import fill
from bench.load import upload
from bench.serving import doorstep, free_port, served
from server.config import Settings
from server.database import writing_session
from server.survey import phones
from server.survey.areas import WHOLE_SITE
from server.survey.first_run import PROJECT
from server.survey.site import open_site

PHONES = 200
PERSONS = 31_000
UPLOADS_PER_SECOND = 20
CLIENTS = 24
_LINK = re.compile(r"<(?:downloadUrl|manifestUrl)>http://[^/]+(.*?)</")


@dataclass
class Seen:
    """What was measured: milliseconds by kind of request, and how often each status came."""

    times: dict[str, list[float]] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, status: int, began: float) -> None:
        took = (time.perf_counter() - began) * 1e3
        with self.lock:
            self.times.setdefault(kind, []).append(took)
            self.statuses[status] = self.statuses.get(status, 0) + 1


def run(chosen: argparse.Namespace) -> None:
    """Let every phone fetch all once; then all of them again within `--seconds`, nothing new."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        token = prepared(folder, None)
        villages = fill(folder, PERSONS)
        tokens = _add_phones(folder, villages)
        with served(doorstep(folder, port, None, chosen.workers), port) as server:
            # Whoever has the form, its manifest and lists asks with their ETags.
            kept = {one: _everything(port, one) for one in tokens}
            stop = threading.Event()
            uploads = Seen()
            sender = threading.Thread(target=_upload, args=(port, token, stop, uploads))
            sender.start()
            before, began = server.cpu_s(), time.perf_counter()
            seen = _storm(port, kept, chosen.seconds)
            took, cpu = time.perf_counter() - began, server.cpu_s() - before
            stop.set()
            sender.join()
    for kind, times in [*sorted(seen.times.items()), ("submission", uploads.times["submission"])]:
        cuts = statistics.quantiles(times, n=100)
        print(
            f"{kind:12} {len(times):6} p50 {cuts[49]:6.1f} ms  p95 {cuts[94]:6.1f} ms"
            f"  p99 {cuts[98]:6.1f} ms"
        )
    number = sum(len(one) for one in seen.times.values())
    print(
        f"{PHONES} phones, {number} requests in {took:.0f} s, statuses {seen.statuses};"
        f" submissions {uploads.statuses}; CPU {cpu / took:.2f} cores",
        flush=True,
    )


def _add_phones(folder: Path, villages: list[str]) -> list[str]:
    site = open_site(Settings.read({}, str(folder)))
    known = [one for one in villages if _is_known(one)]
    with writing_session(site.engine) as session:
        made = [
            phones.add_phone(
                session, PROJECT, f"w{number}", [known[number % len(known)]], WHOLE_SITE
            )
            for number in range(PHONES)
        ]
    site.close()
    return [one.token for one in made]


def _is_known(code: str) -> bool:
    # The sample's township has these villages.
    return code <= "130921211205"


def _everything(port: int, token: str) -> list[tuple[str, str, str]]:
    """Return (kind, path, ETag) of all that a phone asks for when it syncs."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    found: list[tuple[str, str, str]] = []
    waiting = [("formList", f"/v1/key/{token}/projects/1/formList")]
    while waiting:
        kind, path = waiting.pop()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}")
        found.append((kind, path, answer.getheader("ETag", "")))
        if kind in ("formList", "manifest"):
            text = body.decode()
            waiting += [(_kind(one), one) for one in _LINK.findall(text)]
    connection.close()
    return found


def _kind(path: str) -> str:
    if path.split("?")[0].endswith("/manifest"):
        return "manifest"
    return "list" if "/attachments/" in path else "form"


def _storm(port: int, kept: dict[str, list[tuple[str, str, str]]], seconds: float) -> Seen:
    """Start each phone at a moment of its own within `seconds`, whatever the others do."""
    chance = random.Random(7)
    begins = sorted((chance.uniform(0, seconds), token) for token in kept)
    seen, started = Seen(), time.perf_counter()

    def work() -> None:
        while True:
            with seen.lock:
                if not begins:
                    return
                at, token = begins.pop(0)
            time.sleep(max(0.0, started + at - time.perf_counter()))
            connection = http.client.HTTPConnection("127.0.0.1", port)
            for kind, path, etag in kept[token]:
                began = time.perf_counter()
                headers = {"If-None-Match": etag}
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
                answer.read()
                seen.add(kind, answer.status, began)
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def _upload(port: int, token: str, stop: threading.Event, seen: Seen) -> None:
    """Send households at a steady pace, as phones that work meanwhile."""
    path = f"/v1/key/{token}/projects/1/submission"
    head_end = b"\r\n\r\n"
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.perf_counter()
    while not stop.is_set():
        due += 1 / UPLOADS_PER_SECOND
        head, _, body = upload(path, roster()).partition(head_end)
        lines = [line.split(": ", 1) for line in head.decode().split("\r\n")[1:]]
        time.sleep(max(0.0, due - time.perf_counter()))
        began = time.perf_counter()
        connection.request("POST", path, body, dict(line for line in lines if len(line) == 2))
        answer = connection.getresponse()
        answer.read()
        seen.add("submission", answer.status, began)
