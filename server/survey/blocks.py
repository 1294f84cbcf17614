"""Submissions in blocks of a thousand, by number: what changed is found without looking at all.

A sum over all submissions that is kept block by block is brought up to date by the blocks whose
`changes` are not those it was worked out at. Written in the transaction that changes reports, so
a reader that sees the reports sees the mark.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from server.database import add_up, table_of
from server.tables.blocks import ChangedBlock

BLOCK = 1000

CHANGED = table_of(ChangedBlock)


def touch(connection: Connection, submission_ids: Iterable[int]) -> None:
    """Note that reports of these submissions were worked out anew, or taken out."""
    found = sorted({submission_id // BLOCK for submission_id in submission_ids})
    add_up(connection, CHANGED, [{"block": block, "changes": 1} for block in found])


def changes(connection: Connection) -> dict[int, int]:
    """Return every block with how often it changed, in order."""
    query = select(CHANGED.c.block, CHANGED.c.changes).order_by(CHANGED.c.block)
    return dict(connection.execute(query).all())
