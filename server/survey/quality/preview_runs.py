"""Previews of thresholds, each in a process of its own; a page asks for one and comes back."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from server.errors import Missing
from server.survey.locks import in_turn
from server.survey.quality import on_demand
from server.survey.quality.preview import Difference, Preview, Wanted, preview
from server.survey.quality.running import STEPS
from server.survey.site import Site

FOLDER = "previews"
KEPT_FOR = timedelta(days=1)
# Longer than any run takes: its process is gone, with the server that started it.
GIVEN_UP_AFTER = timedelta(minutes=20)
_TOKEN = re.compile(r"[0-9a-f]{24}\Z")


@dataclass(frozen=True, slots=True)
class Asked:
    """A preview as it stands. `state` is running, done or failed; `told` what came of it.

    `base` stands for the thresholds that held when it was asked for. `number` of `steps` are done.
    """

    wanted: Wanted
    base: str
    state: str
    number: int = 0
    steps: int = 0
    told: Preview | None = None


def ask(site: Site, wanted: Wanted, base: str, now: datetime) -> str:
    """Start a preview beside the server; return its token. The same one once is enough."""
    folder = site.settings.folder / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    _drop_old(folder, now)
    asked = json.dumps({"wanted": dict(sorted(wanted.items())), "base": base})
    token = hashlib.sha256(f"{asked}{now:%Y%m%d%H%M}".encode()).hexdigest()[:24]
    place = folder / token
    if (place / "wanted.json").exists():
        return token
    place.mkdir(mode=0o700, exist_ok=True)
    (place / "wanted.json").write_text(asked, encoding="utf-8")
    process = on_demand.begin(site, "--preview-of", token)
    threading.Thread(target=_await, args=(process, place), name="preview", daemon=True).start()
    return token


def _await(process: subprocess.Popen[str], place: Path) -> None:
    if not on_demand.has_worked(process):
        _write(place, {"failed": True})


def read(site: Site, token: str, now: datetime) -> Asked:
    """Return how a preview stands. Raises Missing for one nobody asked for, or of yesterday."""
    place = _place(site, token)
    asked = _json(place / "wanted.json")
    if asked is None:
        raise Missing("This preview is no longer here. Look again.")
    result = _json(place / "result.json")
    since = datetime.fromtimestamp((place / "wanted.json").stat().st_mtime, UTC)
    if result is None and now - since > GIVEN_UP_AFTER:
        result = {"failed": True}
    wanted, base = asked["wanted"], asked["base"]
    if result is None:
        _, number, steps = on_demand.progress(place)
        return Asked(wanted, base, "running", number, steps)
    if "failed" in result:
        return Asked(wanted, base, "failed")
    several = tuple(Difference(**one) for one in result["differences"])
    return Asked(wanted, base, "done", told=Preview(several, tuple(result["faults"])))


def run(site: Site, token: str, now: datetime) -> None:
    """Work a preview out, in the process that was started for it."""
    place = _place(site, token)
    asked = _json(place / "wanted.json")
    if asked is None:
        raise Missing("This preview is no longer here. Look again.")
    on_demand.tell_progress(place, "", 0, 2 * len(STEPS))
    told = at_its_turn(site, asked["wanted"], now, _teller(place))
    _write(place, {"differences": [asdict(one) for one in told.differences], "faults": told.faults})


def at_its_turn(
    site: Site, wanted: Wanted, now: datetime, tell: Callable[[str], object]
) -> Preview:
    """Return a preview, worked out when no checks run: both read what came since first."""
    with in_turn(on_demand.lock_of(site.settings.folder)):
        return preview(site, wanted, now, tell)


def _teller(place: Path) -> Callable[[str], object]:
    done = iter(range(2 * len(STEPS)))
    return lambda name: on_demand.tell_progress(place, name, next(done, 0), 2 * len(STEPS))


def _place(site: Site, token: str) -> Path:
    if not _TOKEN.match(token):
        raise Missing("This preview is no longer here. Look again.")
    return site.settings.folder / FOLDER / token


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _write(place: Path, result: dict[str, Any]) -> None:
    scratch = place / "result.new"
    scratch.write_text(json.dumps(result), encoding="utf-8")
    scratch.rename(place / "result.json")


def _drop_old(folder: Path, now: datetime) -> None:
    oldest = (now - KEPT_FOR).timestamp()
    for place in folder.iterdir():
        if place.stat().st_mtime < oldest:
            shutil.rmtree(place, ignore_errors=True)
