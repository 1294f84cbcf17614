"""Wiping a submission out for good: its versions, its files and all that was worked out from it.

What is left is that it was there (openrosa J14). A phone that sends it, or an edit of it, once
more is thanked, and nothing of it is kept. Copies of the data folder made before still hold it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.orm import Session

from server.database import Base, insert_new, is_sqlite, rows_with, table_of, writing
from server.errors import Conflict
from server.survey import bin as the_bin
from server.survey import files, projection
from server.survey.areas import Scope
from server.survey.decisions import Key
from server.survey.site import Site
from server.survey.submission_chain import root_of, visible
from server.tables.back_checks import BackCheckEntry
from server.tables.decisions import (
    Binned,
    Correction,
    EntityAction,
    MovedIn,
    Purged,
    SubmissionNote,
)
from server.tables.truth import Attachment, Submission

# A file touched so lately may belong to an upload that is not committed yet.
SETTLED_S = 600
BIN_FIRST = "Lay it in the bin first. From there it can be wiped out."


def purge(session: Session, submission_id: int, scope: Scope, reason: str, who: str) -> list[str]:
    """Wipe out a submission of the bin with all its versions; return the SHA-256 of its files.

    Hand those to `sweep` once this is committed. Raises Missing, NotValid without a reason, and
    Conflict for one that does not lie in the bin.
    """
    found = visible(session, submission_id, scope)
    key = root_of(found)
    if the_bin.in_bin(session, key) is None:
        raise Conflict(BIN_FIRST)
    told = the_bin.clean_reason(reason)
    session.flush()
    return _wipe(session.connection(), [one.id for one in found], key, told, who)


def sweep(site: Site, hashes: Iterable[str], settled_s: float = SETTLED_S) -> int:
    """Remove those files from the store that nothing names any more; return how many.

    Holds the writers' turn, so that none of them comes to be named meanwhile.
    """
    removed = 0
    with writing(site.engine) as connection:
        for sha256 in _unnamed(connection, sorted(set(hashes))):
            place = files.path_of(site.settings.files, sha256)
            if place.exists() and time.time() - place.stat().st_mtime >= settled_s:
                place.unlink()
                removed += 1
    return removed


def purged_among(connection: Connection, keys: Sequence[Key]) -> set[Key]:
    """Return which of these submissions were wiped out."""
    names = ("project_id", "form_id", "instance_id")
    rows = rows_with(
        connection, table_of(Purged), names, "instance_id", sorted({key[2] for key in keys})
    )
    return set(rows).intersection(keys)


def _wipe(
    connection: Connection, submission_ids: list[int], key: Key, reason: str, who: str
) -> list[str]:
    if is_sqlite(connection.engine):
        # Otherwise what was deleted stays legible in the file until something is written over it.
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    # What a desk applied or decided of it says what it said.
    connection.execute(delete(EntityAction).where(EntityAction.submission_id.in_(submission_ids)))
    projection.remove(connection, submission_ids)
    mine = Submission.id.in_(submission_ids)
    instances = list(connection.scalars(select(Submission.instance_id).where(mine)))
    attached = Attachment.submission_id.in_(submission_ids)
    hashes = list(connection.scalars(select(Attachment.sha256).where(attached).distinct()))
    project_id, form_id, root = key
    left = {
        "form_id": form_id,
        "project_id": project_id,
        "reason": reason,
        "at": datetime.now(UTC),
        "who": who,
        "last_id": max(submission_ids),
    }
    names = sorted({*instances, root})
    insert_new(connection, table_of(Purged), [{"instance_id": one, **left} for one in names])
    connection.execute(delete(Attachment).where(attached))
    connection.execute(delete(MovedIn).where(MovedIn.submission_id.in_(submission_ids)))
    connection.execute(delete(Submission).where(mine))
    for table in (SubmissionNote, Binned, Correction, BackCheckEntry):
        connection.execute(
            delete(table).where(
                table.root_instance_id.in_(names),
                table.form_id == form_id,
                table.project_id == project_id,
            )
        )
    return hashes


def _unnamed(connection: Connection, hashes: Sequence[str]) -> list[str]:
    """Return the hashes that stand in no table: one file may belong to several."""
    named: set[str] = set()
    for table in Base.metadata.sorted_tables:
        if "sha256" in table.c:
            named |= {row[0] for row in rows_with(connection, table, ("sha256",), "sha256", hashes)}
    return [one for one in hashes if one not in named]
