"""doorstep checks: villages and workers, once and not again."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from server.cli.main import main
from server.config import Settings
from server.survey import first_run
from server.survey.site import open_site
from tests.worker_rows import two_workers


def test_what_changed_is_worked_out_and_the_rest_is_left(tmp_path: Path, database_url: str) -> None:
    site = open_site(Settings.read({}, str(tmp_path / "site"), database_url))
    first_run.prepare(site)
    two_workers(site)
    site.close()
    where = ["checks", "--data", str(tmp_path / "site"), "--database", database_url]

    first = json.loads(CliRunner().invoke(main, [*where, "--json"]).output)
    second = CliRunner().invoke(main, where)

    # The last digits and the times of the one who rounds.
    assert first == {"raised": 2, "cleared": 0, "ran": True}
    assert second.output.splitlines()[-1] == "Checked. New: 0. Gone: 0."
