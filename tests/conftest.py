"""What tests share: the databases of both kinds, and the programs that some of them need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy.orm import Session

from server.config import Settings
from server.survey import first_run
from server.survey.site import Site, open_site
from tests import needs, postgres

# A busy machine is no fault of the code: examples are not timed.
settings.register_profile("doorstep", deadline=None)
settings.load_profile("doorstep")


def pytest_configure() -> None:
    """Name the run before its workers start, so that they share one PostgreSQL."""
    postgres.begin_run()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run in CI when anything was skipped: there, everything is installed."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if needs.is_ci() and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def java() -> Path:
    """The Java program, of a JDK: it also runs a client from its source."""
    if needs.find_program("javac") is None:
        needs.missing("Java's compiler", "default-jdk-headless")
    return needs.find_program("java") or needs.missing("Java", "default-jdk-headless")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser that Playwright drives."""
    return needs.find_program(*needs.CHROMIUM_NAMES) or needs.missing("Chromium", "chromium")


@pytest.fixture(scope="session")
def postgres_server() -> postgres.PostgresServer:
    """A running PostgreSQL, one for the whole run."""
    if postgres.find_programs() is None:
        needs.missing("PostgreSQL", "postgresql")
    return postgres.join_server()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of this test's own: each test runs on both kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'doorstep.db'}"
        return
    server: postgres.PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield url


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """An open site with the shipped forms published, on both kinds of database."""
    opened = open_site(Settings.read({}, str(tmp_path / "site"), database_url))
    first_run.prepare(opened)
    yield opened
    opened.close()


@pytest.fixture
def session(site: Site) -> Iterator[Session]:
    """A session on the site that sees what is committed."""
    with Session(site.engine) as opened:
        yield opened
