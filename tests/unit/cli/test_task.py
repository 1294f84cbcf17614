"""doorstep task: what checks noticed, for a script."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from server.cli.main import main
from server.config import Settings
from server.survey import first_run
from server.survey.site import open_site
from tests.task_rows import VILLAGE, a_signal, bring, steps

RATE = ("rate", VILLAGE, "found")


def test_tasks_are_listed_with_all_their_figures(tmp_path: Path, database_url: str) -> None:
    site = open_site(Settings.read({}, str(tmp_path / "site"), database_url))
    first_run.prepare(site)
    bring(site, a_signal(*RATE, figures={"events": 30}), a_signal("digits", "7", "systolic"))
    steps(site, ("digits", "7", "systolic"), kind="closed", reason="explained", note="a new cuff")
    site.close()

    def run(*more: str) -> str:
        where = ["task", "list", "--data", str(tmp_path / "site"), "--database", database_url]
        answer = CliRunner().invoke(main, [*where, *more])
        assert answer.exit_code == 0, answer.output
        return answer.output

    (rate,) = json.loads(run("--json"))
    (closed,) = json.loads(run("--json", "--state", "closed", "--family", "worker"))

    assert (rate["check"], rate["subject"], rate["indicator"]) == RATE
    assert (rate["figures"], rate["due_on"], rate["closed"]) == ({"events": 30}, "2026-11-16", None)
    assert closed["closed"]["note"] == "a new cuff"
    assert run("--village", VILLAGE).split("\t")[:2] == ["village", "rate"]
    assert run("--check", "cluster").strip() in ("Nothing to check.", "没有待核查的内容。")
