"""The site that properties of arrivals are tried on, one for each file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from server.config import Settings
from server.survey import first_run
from server.survey.site import Site, open_site


@pytest.fixture(scope="module")
def sqlite_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for all examples, emptied between them: opening costs more than an example."""
    folder = tmp_path_factory.mktemp("site")
    opened = open_site(Settings.read({}, str(folder)))
    first_run.prepare(opened)
    yield opened
    opened.close()
    shutil.rmtree(folder)
