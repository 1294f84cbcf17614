"""The checks in a process of their own: every hour, and when somebody asks for them.

They load scipy, whose 150 MB are gone with the process. One at a time: `doorstep checks` holds a
lock, and here nothing is started while one is known to run.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.survey.locks import alone
from server.survey.site import Site
from server.tables.tasks import CheckRun

log = logging.getLogger(__name__)

# Python and scipy are loaded in a few seconds on a slow machine; later it did not come up.
STARTS_WITHIN = timedelta(seconds=60)
# It gives way to whatever a phone or a reader waits for.
_PROGRAM = "import os; os.nice(15); from server.cli.main import main; main()"


@dataclass(frozen=True, slots=True)
class Run:
    """The checks as they stand: whether they run, at which step, and how the last run ended.

    `state` is never, running, done, failed or broken (it was killed). `step` of `steps` is named
    while it runs. `at` is when it began, while it runs or broke off, else when it ended.
    """

    state: str
    at: datetime | None = None
    step: str = ""
    number: int = 0
    steps: int = 0
    raised: int = 0
    cleared: int = 0
    fault: str = ""

    @property
    def is_running(self) -> bool:
        """Whether it runs, or is about to."""
        return self.state == "running"

    @property
    def is_incomplete(self) -> bool:
        """Whether the last run did not look at everything: lists may lack something."""
        return self.state in ("failed", "broken")


def begin(site: Site, *arguments: str) -> subprocess.Popen[str]:
    """Start `doorstep checks` on a site, with these arguments."""
    told = {**os.environ, "DOORSTEP_DATA": str(site.settings.folder)}
    told["DOORSTEP_DATABASE"] = site.settings.database
    line = [sys.executable, "-c", _PROGRAM, "checks", *arguments]
    return subprocess.Popen(  # noqa: S603 - our own program
        line, env=told, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def has_worked(process: subprocess.Popen[str]) -> bool:
    """Wait for the end of checks that were begun; say whether they worked, and log why not."""
    _, said = process.communicate()
    if process.returncode:
        log.error("checks: %s", said.strip())
    return process.returncode == 0


def start(site: Site, session: Session, now: datetime) -> bool:
    """Start the checks beside the server; say whether, since one run may be under way."""
    if last(site, session, now).is_running:
        return False
    _asked(site).write_text(now.isoformat(), encoding="utf-8")
    threading.Thread(target=has_worked, args=(begin(site),), name="checks", daemon=True).start()
    return True


def last(site: Site, session: Session, now: datetime) -> Run:
    """Return how the newest run stands; one that was asked for and has not begun yet runs."""
    row = session.scalars(select(CheckRun).order_by(CheckRun.id.desc()).limit(1)).first()
    asked_at = _asked_at(site)
    if asked_at and now - asked_at < STARTS_WITHIN and (row is None or row.started_at < asked_at):
        return Run("running", asked_at)
    if row is None:
        return Run("never")
    if row.ended_at is None and _is_held(site):
        step, number, steps = progress(site.settings.folder)
        return Run("running", row.started_at, step, number, steps)
    if row.ended_at is None:
        return Run("broken", row.started_at)
    state = "failed" if row.fault else "done"
    return Run(state, row.ended_at, raised=row.raised, cleared=row.cleared, fault=row.fault)


def lock_of(folder: Path) -> Path:
    """Return the lock that the process holds which runs the checks, or previews them."""
    return folder / "checks.lock"


def tell_progress(folder: Path, step: str, number: int, steps: int) -> None:
    """Write down at which step the running checks are, for the page that waits for them."""
    scratch = folder / "checks.progress.new"
    scratch.write_text(json.dumps([step, number, steps]), encoding="utf-8")
    scratch.rename(folder / "checks.progress")


def progress(folder: Path) -> tuple[str, int, int]:
    """Return the step that runs, its number, and how many there are: "", 0 and 0 when unknown."""
    try:
        told = json.loads((folder / "checks.progress").read_text("utf-8"))
        return str(told[0]), int(told[1]), int(told[2])
    except (OSError, ValueError, IndexError):
        return "", 0, 0


def _is_held(site: Site) -> bool:
    """Say whether a process holds the lock. Only asked of a run that has not ended.

    A process that begins just then would find the lock taken, and give up: it has written its row
    only after it had the lock.
    """
    with alone(lock_of(site.settings.folder)) as is_mine:
        return not is_mine


def _asked(site: Site) -> Path:
    return site.settings.folder / "checks.asked"


def _asked_at(site: Site) -> datetime | None:
    try:
        return datetime.fromisoformat(_asked(site).read_text("utf-8"))
    except (OSError, ValueError):
        return None
