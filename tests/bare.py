"""A site without forms, for tests that need none: it opens several times faster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.config import Settings
from server.database import writing_session
from server.survey import credentials
from server.survey.site import Site, open_site


@contextmanager
def bare_site(folder: Path, database_url: str | None = None) -> Iterator[Site]:
    """Open a site in `folder` with its first administrator; SQLite unless told otherwise."""
    opened = open_site(Settings.read({}, str(folder), database_url))
    with writing_session(opened.engine) as session:
        credentials.first_administrator(session)
    yield opened
    opened.close()
