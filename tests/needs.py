"""What some tests need of the machine: Java, Node.js, Chromium, PostgreSQL.

Where it is missing a test skips and says why; under DOORSTEP_CI=1, where all of it must be
there, the test fails instead. Use the marks, or the fixtures of conftest.py, which also give
what was found: `java` and `chromium` a path, `postgres_server` a running server.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

needs_java = pytest.mark.usefixtures("java")
needs_chromium = pytest.mark.usefixtures("chromium")

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def is_ci() -> bool:
    """Say whether this run has to be complete."""
    return os.environ.get("DOORSTEP_CI") == "1"


def missing(what: str, package: str) -> NoReturn:
    """Skip the running test aloud, or fail it where nothing may be missing."""
    unavailable(f"{what} is not installed (Debian: apt install {package})")


def unavailable(reason: str) -> NoReturn:
    """Skip the running test for a reason, or fail it where nothing may be missing."""
    if is_ci():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def find_program(*names: str) -> Path | None:
    """Return the first of the programs that is on the path, None when none is."""
    found = next(filter(None, map(shutil.which, names)), None)
    return Path(found) if found else None
