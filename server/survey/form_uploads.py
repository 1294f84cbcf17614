"""Forms on their way in: an uploaded file waits here between being checked and being published."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from forms.faults import Fault
from server.errors import Missing
from server.survey import files, publishing
from server.survey.form_mappings import FaultyForm
from server.survey.publishing import Prepared

# A file somebody checked and forgot is no form of the site's.
KEPT_FOR_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at an uploaded form says.

    `prepared` is None when there are `faults`. `losses` is what it takes away from the current
    version; `is_taken` says that its version was published before with other content, `is_known`
    that the form is here already.
    """

    prepared: Prepared | None
    faults: tuple[Fault, ...]
    losses: tuple[Fault, ...] = ()
    is_known: bool = False
    is_taken: bool = False


def keep_upload(folder: Path, name: str, content: bytes) -> str:
    """Keep an uploaded file in `folder` and return its name there; drop those of yesterday."""
    folder.mkdir(mode=0o700, exist_ok=True)
    oldest = time.time() - KEPT_FOR_S
    for place in folder.glob("??/*"):
        if place.stat().st_mtime < oldest:
            place.unlink(missing_ok=True)
    kept = files.keep(folder, name, content)
    # The same file may have been there since yesterday.
    files.path_of(folder, kept.sha256).touch()
    return kept.sha256


def read_upload(folder: Path, sha256: str) -> bytes:
    """Return the bytes of a kept upload. Raises Missing when it is gone."""
    place = files.path_of(folder, sha256)
    if not place.is_file():
        raise Missing("The uploaded file is no longer here. Upload it again.")
    return place.read_bytes()


def check(session: Session, project_id: int, name: str, content: bytes) -> Checked:
    """Compile an uploaded form and compare it with what is published; changes nothing."""
    try:
        prepared = publishing.prepare(publishing.read_source(name, content))
    except FaultyForm as faulty:
        return Checked(None, faulty.faults)
    return Checked(
        prepared,
        (),
        publishing.losses_of(session, project_id, prepared),
        publishing.is_known(session, project_id, prepared.form.form_id),
        publishing.is_taken(session, project_id, prepared),
    )
