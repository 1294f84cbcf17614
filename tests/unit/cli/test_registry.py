"""`doorstep registry`, as a script runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from server.cli.main import main

GAOCHUAN = "130921211201"
FIGURES = f"村代码,户数,来源,日期\n{GAOCHUAN},312,户籍,2018-06-30\n"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    environment = {
        "LC_ALL": "C.UTF-8",
        "DOORSTEP_DATA": str(tmp_path / "site"),
        "DOORSTEP_DATABASE": "",
    }

    def run(*words: object, **more: str) -> Result:
        return CliRunner(env=environment | more).invoke(main, ["registry", *map(str, words)])

    return run


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "list.csv"
        path.write_bytes(text.encode("gb18030"))
        return path

    return write


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def households(run: Run) -> int | None:
    villages = told(run("list", "--area", GAOCHUAN, "--json"))
    return next((one["households"] for one in villages), None)


def test_the_sample_is_there_once_however_often_it_is_asked_for(run: Run) -> None:
    first, second = run("sample"), run("sample")

    assert first.output == second.output == "61 villages in 6 townships are there.\n"
    assert len(told(run("list", "--json"))) == 61
    assert len(told(run("imports", "--json"))) == 2


def test_an_import_says_what_it_changed(run: Run, file: Callable[[str], Path]) -> None:
    run("sample")

    done = run("import", file(FIGURES))

    assert done.exit_code == 0
    assert f"~ {GAOCHUAN} 高川村村民委员会" in done.stdout
    assert "households: – → 312" in done.stdout
    assert "0 new, 1 changed, 0 unchanged." in done.stdout
    assert "Done: import 3." in done.stdout
    assert households(run) == 312


def test_a_dry_run_changes_nothing(run: Run, file: Callable[[str], Path]) -> None:
    run("sample")

    shown = told(run("import", file(FIGURES), "--dry-run", "--json"))

    assert shown["import"] is None
    assert shown["changed"][0]["fields"]["households"] == [None, 312]
    assert households(run) is None


def test_faults_end_with_1_and_name_their_cells(run: Run, file: Callable[[str], Path]) -> None:
    run("sample")
    path = file(f"村代码,户数\n1.3E+11,1\n{GAOCHUAN},-4\n")

    refused = run("import", path)
    as_json = run("import", path, "--json")
    in_chinese = run("import", path, LC_ALL="zh_CN.UTF-8")

    assert (refused.exit_code, as_json.exit_code) == (1, 1)
    assert "A2, 村代码: 1.3E+11 has lost digits" in refused.stderr
    assert "B3, 户数: -4 is below zero." in refused.stderr
    assert [one["cell"] for one in json.loads(as_json.stdout)["faults"]] == ["A2", "B3"]
    assert "-4 小于零" in in_chinese.stderr


def test_the_latest_import_is_undone_first(run: Run, file: Callable[[str], Path]) -> None:
    run("sample")
    run("import", file(FIGURES))

    undone = told(run("undo", "--json"))

    assert undone == {"undone": 3, "villages": []}
    assert households(run) is None
    assert "Import 2 is undone." in run("undo").stdout


def test_an_undo_that_is_refused_lists_why(run: Run) -> None:
    run("sample")

    refused = run("undo", 1)

    assert refused.exit_code == 1
    assert "Villages in 130921211000 高川乡: 33." in refused.stderr
    assert "cannot be undone any more" in refused.stderr


def test_a_county_is_taken_out_of_a_longer_list(run: Run, file: Callable[[str], Path]) -> None:
    text = "village_code,village_name,township_name\n110101001001,东村,东街道\n"

    done = run("import", file(f"{text}{GAOCHUAN},高川村,高川乡\n"), "--area", "130921")

    assert "2 new" in done.stdout
    assert run("list").stdout == f"{GAOCHUAN}\t高川村\t高川乡\t–\n"


def test_what_is_no_area_is_a_wrong_use(run: Run, file: Callable[[str], Path]) -> None:
    result = run("import", file(FIGURES), "--area", "沧县")

    assert result.exit_code == 2
    assert "It must be 2 to 12 digits." in result.stderr
