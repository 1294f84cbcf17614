"""`doorstep assignment` and `doorstep register`, as scripts run them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy.orm import Session

from server.cli.main import main
from server.survey import first_run
from server.survey.entities import actions
from server.survey.entities.actions import NewAction
from tests import phone_site
from tests.phone_site import HERE, NEXT, add_phone

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    folder = tmp_path / "site"
    site = phone_site.open_phone_site(folder, f"sqlite:///{folder / 'doorstep.db'}")
    first_run.prepare(site)
    for villages in ([HERE], [NEXT]):
        add_phone(site, villages)
    site.close()
    monkeypatch.setenv("DOORSTEP_DATA", str(folder))

    def run(*words: object) -> Result:
        environment = {"LC_ALL": "C.UTF-8", "DOORSTEP_DATABASE": ""}
        return CliRunner(env=environment).invoke(main, [*map(str, words)])

    return run


def test_villages_are_handed_over_after_a_look(run: Run) -> None:
    looked = run("assignment", "handover", 1, 2, "--dry-run")
    done = run("assignment", "handover", 1, 2, "--json")
    again = run("assignment", "handover", 1, 2)

    assert (looked.exit_code, f"Amina\t+\t{HERE}" in looked.output) == (0, True)
    told = {one["id"]: one["villages"] for one in json.loads(done.output)}
    assert told == {1: [], 2: [HERE, NEXT]}
    assert again.exit_code == 1


def test_a_file_gives_each_phone_its_own(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "phones.csv"
    table.write_text(f"1,{NEXT}\n2,{HERE}\n", "utf-8")

    done = run("assignment", "give", "--codes", table, "--way", "only", "--json")

    told = {one["id"]: one["villages"] for one in json.loads(done.output)}
    assert told == {1: [NEXT], 2: [HERE]}


def test_a_village_that_is_not_there_is_said(run: Run) -> None:
    result = run("assignment", "give", 1, "--village", "130921211999")

    assert result.exit_code == 1
    assert "These are no villages here: 130921211999." in result.output


def test_what_a_phone_gets_is_told(run: Run) -> None:
    lists = {
        one["name"]: one["rows"]
        for one in json.loads(run("assignment", "view", 1, "--json").output)
    }

    assert lists["villages.csv"] == 1
    assert lists["clinics.csv"] == 1


def test_a_register_is_imported_and_taken_back(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "台账.csv"
    table.write_bytes(f"村代码,户号\n{HERE},12\n{HERE},\n".encode("gb18030"))

    refused = run("register", "import", "households", table)
    done = run("register", "import", "households", table, "--skip-faulty", "--json")
    listed = run("register", "imports", "households")
    undone = json.loads(run("register", "undo", 1, "--json").output)

    assert (refused.exit_code, "B3" in refused.output) == (1, True)
    assert json.loads(done.stdout)["created"] == 1
    assert "台账.csv" in listed.output
    assert undone == {"removed": 1, "restored": 0, "stays": []}


def test_a_column_is_named_by_its_number(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text(f"甲,乙\n{HERE},12\n", "utf-8")
    place = ("register", "import", "households", table, "--json")

    wrong = run(*place, "--column", "x=hh_no")
    right = run(*place, "--column", "1=village_code", "--column", "2=hh_no")

    assert wrong.exit_code == 2
    assert json.loads(right.stdout)["created"] == 1


def test_an_import_tells_how_far_it_is_and_leaves_nothing_when_stopped(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"{HERE},{number}\n" for number in range(2_500))
    table = tmp_path / "a.csv"
    table.write_text(f"村代码,户号\n{rows}", "utf-8")
    place = ("register", "import", "households", table)
    whole = actions.act
    done: list[int] = []

    def stopped(session: Session, project_id: int, who: str, some: list[NewAction]) -> None:
        whole(session, project_id, who, some)
        done.append(len(some))
        if len(done) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(actions, "act", stopped)
        broken_off = run(*place)
    left = run("register", "imports", "households")
    again = run(*place)

    assert (broken_off.exit_code, done) == (1, [1000, 1000])
    assert (left.exit_code, left.output) == (0, "")
    assert "2500" in again.stdout
    assert "Importing" in again.stderr
    assert json.loads(run("register", "undo", 1, "--json").output)["removed"] == 2_500
