"""doorstep checks: villages and workers, once and not again."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner
from sqlalchemy import delete

from server.cli.main import main
from server.config import Settings
from server.database import writing
from server.survey import first_run
from server.survey.site import open_site
from server.tables.signals import Lookalike
from server.tables.truth import Submission
from tests.worker_rows import two_workers


def test_what_changed_is_worked_out_and_the_rest_is_left(tmp_path: Path, database_url: str) -> None:
    site = open_site(Settings.read({}, str(tmp_path / "site"), database_url))
    first_run.prepare(site)
    two_workers(site)
    site.close()
    where = ["checks", "--data", str(tmp_path / "site"), "--database", database_url]

    once = CliRunner().invoke(main, [*where, "--json"])
    first = json.loads(once.stdout)
    second = CliRunner().invoke(main, where)

    # Every step was taken: one that fails would be noted, and end the command with 1.
    assert (once.exit_code, once.stderr) == (0, "")
    assert second.exit_code == 0

    # The last digits and the times of the one who rounds.
    assert first == {"raised": 2, "cleared": 0, "ran": True, "faults": []}
    assert second.output.splitlines()[-1] == "Checked. New: 0. Gone: 0."


def test_a_part_that_fails_is_told_and_holds_up_no_other(tmp_path: Path, database_url: str) -> None:
    site = open_site(Settings.read({}, str(tmp_path / "site"), database_url))
    first_run.prepare(site)
    two_workers(site)
    with writing(site.engine) as connection:
        # A visit whose submission is gone: nothing that could be read of it.
        connection.execute(delete(Submission).where(Submission.id == 1))
        Lookalike.__table__.drop(connection)  # type: ignore[attr-defined]
    site.close()
    where = ["checks", "--data", str(tmp_path / "site"), "--database", database_url]

    told = CliRunner().invoke(main, [*where, "--json"])
    again = CliRunner().invoke(main, where)

    assert (told.exit_code, again.exit_code) == (1, 1)
    assert json.loads(told.stdout)["faults"] == ["duplicates"]
    assert json.loads(told.stdout)["raised"] == 2
    assert "Failed: duplicates. The log says why." in again.stderr
