"""What a page costs on a filled site: milliseconds at p50 and p95, and its gzipped size."""

from __future__ import annotations

import argparse
import gzip
import http.cookiejar
import re
import secrets
import statistics
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

from bench.serving import BIN, doorstep, free_port, served

PATHS = (
    "/today",
    "/villages",
    "/map",
    "/map/villages.json",
    "/clinics/",
    "/households",
    "/persons",
    "/pictures",
)
TIMES = 40


def run(chosen: argparse.Namespace) -> None:
    """Ask each page many times, signed in as a supervisor of the whole site."""
    if not chosen.data:
        raise SystemExit("pages wants --data DIR, a site filled by `doorstep demo --households N`")
    folder, port = Path(chosen.data), free_port()
    with served(doorstep(folder, port, chosen.database, chosen.workers), port) as server:
        browser = signed_in(folder, port)
        village = _first_village(browser, port)
        for path in (*PATHS, village):
            times, size = [], 0
            for _ in range(TIMES):
                began = time.perf_counter()
                size = len(get(browser, port, path))
                times.append((time.perf_counter() - began) * 1e3)
            cuts = statistics.quantiles(times, n=20)
            print(
                f"{path:28} p50 {statistics.median(times):6.0f} ms  p95 {cuts[18]:6.0f} ms"
                f"  {size / 1e3:6.1f} kB gzip",
                flush=True,
            )
        print("resident memory: " + ", ".join(f"{one:.0f} MB" for one in server.memory_mb()))


def signed_in(folder: Path, port: int, role: str = "supervisor") -> urllib.request.OpenerDirector:
    """Add an account and sign its browser in."""
    name, password = f"bench-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    command = [str(BIN / "doorstep"), "account", "add", name, "--role", role, "--area", "*"]
    command += ["--password-stdin", "--data", str(folder)]
    subprocess.run(command, input=password, text=True, check=True, stdout=subprocess.DEVNULL)
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(cookies)
    address = f"http://127.0.0.1:{port}/sign-in"
    page = browser.open(address).read().decode()
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    told = {"csrf": token.group(1) if token else "", "name": name, "password": password}
    browser.open(address, urllib.parse.urlencode(told).encode()).close()
    return browser


def get(browser: urllib.request.OpenerDirector, port: int, path: str) -> bytes:
    """Return a page as it travels: gzipped."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    asked.add_header("Accept-Encoding", "gzip")
    with browser.open(asked) as answer:
        body: bytes = answer.read()
        is_small = answer.headers.get("Content-Encoding") == "gzip"
        return body if is_small else gzip.compress(body)


def _first_village(browser: urllib.request.OpenerDirector, port: int) -> str:
    page = gzip.decompress(get(browser, port, "/villages")).decode()
    found = re.search(r'href="(/villages/[0-9]{12})', page)
    return found.group(1) if found else "/villages"
