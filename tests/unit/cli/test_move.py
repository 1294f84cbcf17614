"""`doorstep move`: as an administrator types it."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from server.cli.main import main

CENTRAL = Path(__file__).parents[2] / "samples/moving/central"


def run(*arguments: str, folder: Path) -> Result:
    return CliRunner().invoke(main, ["move", *arguments, "--data", str(folder)])


def test_in_out_and_in_elsewhere(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    looked = run("in", str(CENTRAL), "--preview", "--json", folder=here)
    done = run("in", str(CENTRAL), "--json", folder=here)
    out = run("out", str(tmp_path / "all.zip"), "--reason", "a test", "--json", folder=here)
    again = run("in", str(tmp_path / "all.zip"), "--json", folder=there)

    assert json.loads(looked.stdout)["moved"] is None
    assert json.loads(looked.stdout)["found"]["new"] == 3
    assert json.loads(done.stdout)["moved"]["submissions"] == 3
    assert json.loads(out.stdout)["submissions"] == 3
    assert json.loads(again.stdout)["moved"]["submissions"] == 3


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine", "utf-8")

    told = run("out", str(tmp_path / "full"), "--reason", "a test", folder=tmp_path / "site")

    assert told.exit_code == 1
    assert (tmp_path / "full/mine.txt").read_text("utf-8") == "mine"


def test_nothing_leaves_without_a_reason(tmp_path: Path) -> None:
    assert run("out", str(tmp_path / "all"), folder=tmp_path / "site").exit_code == 2
    assert run("out", str(tmp_path / "all"), "--reason", " ", folder=tmp_path).exit_code == 2
