"""`doorstep demo`, as a script runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli.main import main
from server.config import Settings
from server.survey import credentials
from server.survey.site import open_site

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `doorstep demo …` on a site of this test's own, in English."""
    place = {"DOORSTEP_DATA": str(tmp_path / "site"), "LC_ALL": "C.UTF-8", "DOORSTEP_DATABASE": ""}

    def run(*words: str) -> Result:
        return CliRunner(env=place).invoke(main, ["demo", "--households", "20", *words])

    return run


def test_the_demo_tells_ways_in_that_work(run: Run, tmp_path: Path) -> None:
    told = json.loads(run("--json").stdout)

    site = open_site(Settings.read({}, str(tmp_path / "site")))
    for one in told["accounts"]:
        signed_in = credentials.sign_in(site.engine, one["name"], one["password"], "test")
        assert signed_in.account_id is not None
    assert told["is_whole"]
    assert told["submissions"] > 60
    assert [one["role"] for one in told["accounts"]] == [
        "admin",
        "office",
        "hospital",
        "supervisor",
        "auditor",
        "worker",
    ]
    assert all(f"/v1/key/{one['token']}/projects/1" in one["server_url"] for one in told["phones"])
    site.close()


def test_a_second_demo_is_refused_in_words(run: Run) -> None:
    run()

    again = run()

    assert again.exit_code == 1
    assert "holds" in again.stderr
    assert "Traceback" not in again.output


def test_too_few_households_are_wrong_usage(run: Run) -> None:
    assert run("--households", "3").exit_code == 2
