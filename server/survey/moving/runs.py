"""Moving in from a page: an upload kept aside, a thread that works, and a note of how far it is.

The note lies in a file beside the upload, so that any process of the server can show it. A run
whose process ended is told as broken off; starting it once more goes on where it stopped.
"""

from __future__ import annotations

import json
import logging
import shutil
import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy.orm import Session

from server.database import writing_session
from server.errors import Conflict, Missing, Problem
from server.survey import files, journal
from server.survey.moving import applying, parcel
from server.survey.moving.applying import Moved
from server.survey.moving.contents import Note
from server.survey.moving.parcel import Parcel
from server.survey.moving.plan import Plan, make_plan
from server.survey.site import Site

log = logging.getLogger(__name__)

KEPT_FOR_S = 3 * 24 * 3600
# A group of 64 with large videos takes less; without news for so long, its process has ended.
SILENT_FOR_S = 300
_PIECE_BYTES = 1 << 20
RUNNING, DONE, STOPPED, FAILED = "running", "done", "stopped", "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """How far a run is.

    `state` is running, done, stopped, failed, or broken (its process ended).
    """

    state: str
    done: int = 0
    total: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    at: datetime | None = None


def keep_upload(site: Site, name: str, stream: IO[bytes]) -> str:
    """Write an upload to disk as it comes; return its SHA-256. Drops those of some days ago."""
    folder = _folder(site)
    folder.mkdir(mode=0o700, exist_ok=True)
    oldest = time.time() - KEPT_FOR_S
    for place in folder.iterdir():
        if place.is_dir() and place.stat().st_mtime < oldest:
            shutil.rmtree(place, ignore_errors=True)
    with files.arrivals(folder) as arriving:
        arrival = arriving.open(name)
        while piece := stream.read(_PIECE_BYTES):
            arrival.write(piece)
        kept = arrival.settle()
        place = folder / kept.sha256
        place.mkdir(mode=0o700, exist_ok=True)
        arrival.scratch.rename(place / "upload")
    (place / "name").write_text(_plain(name), encoding="utf-8")
    return kept.sha256


def upload_name(site: Site, sha256: str) -> str:
    """Return what the upload was called. Raises Missing when it is gone."""
    return (_place(site, sha256) / "name").read_text(encoding="utf-8")


def preview(site: Site, session: Session, project_id: int, sha256: str) -> Plan:
    """Return what moving an upload in would do. Raises Missing, NotValid and TooLarge."""
    with _opened(site, sha256) as brought:
        return make_plan(session, project_id, brought)


def start(site: Site, project_id: int, sha256: str, who: str, is_closing: bool) -> None:
    """Begin in a thread of its own. Raises Missing, and Conflict while it runs already."""
    place = _place(site, sha256)
    if how_far(site, sha256).state == RUNNING:
        raise Conflict("It is being moved in already.")
    (place / "stop").unlink(missing_ok=True)
    _note(place, RUNNING, 0, 0, None)
    beside = threading.Thread(
        target=_run,
        args=(site, project_id, sha256, who, is_closing),
        name="moving in",
        daemon=True,
    )
    # The site does not wait for it when it closes: it may take hours, and goes on when asked to.
    beside.start()


def stop(site: Site, sha256: str) -> None:
    """Let a run end after the group it is at. Raises Missing."""
    (_place(site, sha256) / "stop").touch()


def how_far(site: Site, sha256: str) -> Run:
    """Return how far a run is; state "" before its first. Raises Missing."""
    told = _place(site, sha256) / "run.json"
    if not told.exists():
        return Run("")
    known = json.loads(told.read_text(encoding="utf-8"))
    at = datetime.fromisoformat(known["at"])
    is_silent = (datetime.now(UTC) - at).total_seconds() > SILENT_FOR_S
    state = "broken" if known["state"] == RUNNING and is_silent else known["state"]
    notes = tuple(Note(one["msgid"], one["params"]) for one in known["notes"])
    return Run(state, known["done"], known["total"], known["counts"], notes, at)


def _run(site: Site, project_id: int, sha256: str, who: str, is_closing: bool) -> None:
    place = _place(site, sha256)
    try:
        with _opened(site, sha256) as brought:
            with Session(site.engine) as session:
                plan = make_plan(session, project_id, brought)
            moved = applying.apply(
                site,
                project_id,
                plan,
                who,
                progress=lambda done, total: _note(place, RUNNING, done, total, None),
                is_to_stop=(place / "stop").exists,
                is_closing=is_closing,
            )
        counts = _counts(moved)
        with writing_session(site.engine) as session:
            journal.note(session, who, "moved_in", "site", counts, "")
        total = len(plan.submissions)
        _note(place, STOPPED if moved.is_stopped else DONE, total, total, moved)
    except Problem as problem:
        _note(place, FAILED, 0, 0, Moved(notes=[Note(problem.msgid, dict(problem.params))]))
    except Exception:
        # Nobody waits for this thread: without a note the page would tell of work for ever.
        log.exception("moving in broke off")
        _note(place, FAILED, 0, 0, None)


def _note(place: Path, state: str, done: int, total: int, moved: Moved | None) -> None:
    told = {
        "state": state,
        "done": done,
        "total": total,
        "counts": _counts(moved) if moved else {},
        "notes": [_as_json(one) for one in (moved.notes if moved else ())],
        "at": datetime.now(UTC).isoformat(),
    }
    scratch = place / "run.new"
    scratch.write_text(json.dumps(told, ensure_ascii=False, default=str), encoding="utf-8")
    scratch.rename(place / "run.json")


def _as_json(note: Note) -> dict[str, Any]:
    return {"msgid": note.msgid, "params": note.params}


def _counts(moved: Moved) -> dict[str, int]:
    told = asdict(moved)
    return {name: told[name] for name in told if name not in ("notes", "is_stopped")}


def _opened(site: Site, sha256: str) -> AbstractContextManager[Parcel]:
    place = _place(site, sha256)
    return parcel.opened_as([(place / "upload", upload_name(site, sha256))])


def _folder(site: Site) -> Path:
    return site.settings.folder / "moving"


def _place(site: Site, sha256: str) -> Path:
    # The name is a hash or nothing: what a page is asked for never leads out of the folder.
    if len(sha256) != 64 or not sha256.isalnum() or not (_folder(site) / sha256).is_dir():
        raise Missing("The uploaded file is no longer here. Upload it again.")
    return _folder(site) / sha256


def _plain(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2].strip()
    return "".join(one for one in last if one.isprintable())[:200] or "upload.zip"
