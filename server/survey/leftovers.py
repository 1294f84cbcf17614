"""Files in the store that nothing names: of refused uploads, and of drafts that are gone."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, Table, select

from server.database import Base
from server.survey import files, purging
from server.survey.site import Site


def sweep(site: Site, before: datetime) -> int:
    """Remove files last brought before an instant that no row names; return how many.

    A refused upload leaves its files behind, as they are safe on disk before it is judged. One
    look at each table of files, not one a file: only what nobody names is asked about again, in
    the writers' turn, before it goes.
    """
    stored = files.stored(site.settings.files)
    with site.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            if {"sha256", "size"} <= set(table.c.keys()):
                stored -= _named(connection, table)
    age_s = (datetime.now(UTC) - before).total_seconds()
    return purging.sweep(site, stored, age_s) if stored else 0


def _named(connection: Connection, table: Table) -> set[str]:
    return set(connection.scalars(select(table.c.sha256).distinct()))
