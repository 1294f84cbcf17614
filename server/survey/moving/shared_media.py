"""The files that all forms share, as they leave and come in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.errors import Problem
from server.survey import shared_files
from server.survey.moving.contents import Contents, Note
from server.survey.moving.parcel import Piece
from server.survey.moving.tables import of_csv, told_rows
from server.survey.site import Site
from server.tables.drafts import SharedFile

# Held in memory: a list of a whole province has 50 MB.
MOST_BYTES = 200_000_000
COLUMNS = ("file", "name")

HERE_ALREADY = "%(name)s is shared here already with other content, which stays."
LEFT_OUT = "%(name)s is not shared with all forms: %(why)s"


def kept(session: Session, project_id: int) -> list[tuple[str, str, int]]:
    """Return name, SHA-256 and size of the files that all forms share."""
    rows = select(SharedFile.name, SharedFile.sha256, SharedFile.size)
    found = session.execute(
        rows.where(SharedFile.project_id == project_id).order_by(SharedFile.name)
    )
    return [(row.name, row.sha256, row.size) for row in found]


def brought(contents: Contents) -> dict[str, Piece]:
    """Return the shared files of a parcel by their names, as the table beside them tells."""
    names: dict[str, str] = {}
    for piece in contents.shared_names:
        table = of_csv(piece)
        if table is not None:
            names.update({row["file"]: row["name"] for row in told_rows(table, COLUMNS)})
    return {names[one.name]: one for one in contents.shared if one.name in names}


def share_all(site: Site, project_id: int, pieces: Mapping[str, Piece], who: str) -> Iterator[Note]:
    """Share what was brought with all forms; what this site shares under a name stays."""
    for name, piece in pieces.items():
        try:
            content = piece.read(MOST_BYTES)
            with writing_session(site.engine) as session:
                before = session.get(SharedFile, (project_id, name))
                folder = site.settings.files
                if before is None:
                    shared_files.share(session, folder, project_id, name, content, who)
                elif before.sha256 != hashlib.sha256(content).hexdigest():
                    yield Note(HERE_ALREADY, {"name": name})
        except Problem as problem:
            yield Note(LEFT_OUT, {"name": name, "why": problem.msgid % problem.params})
