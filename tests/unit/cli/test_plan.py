"""`doorstep plan`, as scripts run it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from server.cli.main import main
from server.database import writing_session
from server.survey import first_run
from server.survey.registry.sample import import_sample
from server.tables.reference import Village
from tests import phone_site
from tests.builders import NEXT_VILLAGE, VILLAGE

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    folder = tmp_path / "site"
    site = phone_site.open_phone_site(folder, f"sqlite:///{folder / 'doorstep.db'}")
    first_run.prepare(site)
    with writing_session(site.engine) as session:
        import_sample(session, "test")
        session.execute(update(Village).where(Village.code == VILLAGE).values(households=100))
    site.close()
    monkeypatch.setenv("DOORSTEP_DATA", str(folder))

    def run(*words: object) -> Result:
        environment = {"LC_ALL": "C.UTF-8", "DOORSTEP_DATABASE": ""}
        return CliRunner(env=environment).invoke(main, [*map(str, words)])

    return run


def test_a_plan_is_looked_at_set_and_shown(run: Run) -> None:
    first = date.today() - timedelta(days=200)  # noqa: DTZ011
    words = ("plan", "set", "Winter", "--from", first, "--to", first + timedelta(days=300))
    some = ("--village", VILLAGE, "--village", NEXT_VILLAGE, "--working-days", 10)

    looked = run(*words, *some, "--dry-run", "--json")
    before = json.loads(run("plan", "show", "--json").output)
    done = run(*words, *some)
    after = json.loads(run("plan", "show", "--json").output)

    assert len(json.loads(looked.output)["villages"]) == 2
    assert before == {"together": None, "villages": []}
    assert done.exit_code == 0
    here, there = after["villages"]
    assert here["ends_on"] == (first + timedelta(days=9)).isoformat()
    assert (here["goal"], here["planned"], here["done"], here["behind"]) == (100, 100, 0, 100)
    assert there["behind"] is None
    assert (after["together"]["behind"], after["together"]["overdue"]) == (100, 100)
    assert "Nothing to change" in run(*words, *some).output


def test_days_that_cannot_be_are_told_in_words(run: Run) -> None:
    result = run("plan", "set", "Winter", "--from", "2026-11-09", "--to", "2026-11-02")

    assert (result.exit_code, "before the first" in result.output) == (1, True)
