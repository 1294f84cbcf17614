"""The network log: who asked for what, when, with which outcome; a file a day, kept for months.

Chinese law wants network logs kept for six months (Cybersecurity Law, art. 21). Secrets of
addresses are left out: tokens of phones and one-time links, and every query (openrosa.md J9).
"""

from __future__ import annotations

import logging
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask, Response, g, request

from server.survey.accounts import SignedIn
from server.web import door

log = logging.getLogger(__name__)

# A token follows these, up to the next slash.
_TOKEN = re.compile(r"(/(?:key|test|welcome|link|for-phones)/)[^/]+")
_DAY = re.compile(r"access-([0-9]{4}-[0-9]{2}-[0-9]{2})\.log\Z")


class AccessLog:
    """Writes lines into `folder`, several processes side by side; removes files after `days`."""

    def __init__(self, folder: Path, days: int) -> None:
        """Open nothing yet: the folder is made with the first line."""
        self._folder = folder
        self._days = days
        self._day = ""
        self._handle = -1

    def write(self, at: datetime, line: str) -> None:
        """Add a line. A full disk loses lines of the log and fails no request."""
        try:
            if self._day != f"{at:%Y-%m-%d}":
                self._turn(at)
            # One write to a file opened for appending: lines of other processes stay whole.
            os.write(self._handle, f"{at:%Y-%m-%dT%H:%M:%SZ} {line}\n".encode())
        except OSError:
            log.warning("the network log cannot be written")

    def _turn(self, at: datetime) -> None:
        """Begin a day's file, and remove those that are too old."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"access-{at:%Y-%m-%d}.log"
        fresh = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        old, self._handle, self._day = self._handle, fresh, f"{at:%Y-%m-%d}"
        if old >= 0:
            os.close(old)
        oldest = f"{at - timedelta(days=self._days):%Y-%m-%d}"
        for kept in self._folder.glob("access-*.log"):
            named = _DAY.match(kept.name)
            if named and named[1] < oldest:
                kept.unlink(missing_ok=True)


def without_secrets(path: str) -> str:
    """Return a path with stars for its tokens, and nothing that could begin a line."""
    plain = _TOKEN.sub(r"\1***", path)
    return "".join(sign if sign.isprintable() and sign != " " else "_" for sign in plain)[:500]


def set_up(app: Flask, folder: Path, days: int) -> None:
    """Log every answer of `app`; 0 days: no log."""
    if not days:
        return
    kept = AccessLog(folder, days)

    @app.after_request
    def note(answer: Response) -> Response:
        account: SignedIn | None = g.get("account")
        who = without_secrets(account.name) if account else "-"
        path = without_secrets(request.script_root + request.path)
        line = f"{door.address()} {who} {request.method} {path} {answer.status_code}"
        kept.write(datetime.now(UTC), line)
        return answer
