"""`doorstep back-check`, and what `doorstep plan` adds to a plan, as scripts run them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli.main import main
from server.config import Settings
from server.survey import first_run
from server.survey.site import open_site
from tests.back_check_site import DAY, draw, second_xml, send, two_workers
from tests.builders import VILLAGE

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    folder = tmp_path / "site"
    site = open_site(Settings.read({}, str(folder), None))
    first_run.prepare(site)
    two_workers(site)
    site.close()
    monkeypatch.setenv("DOORSTEP_DATA", str(folder))

    def run(*words: object) -> Result:
        environment = {"LC_ALL": "C.UTF-8", "DOORSTEP_DATABASE": ""}
        done = CliRunner(env=environment).invoke(main, [*map(str, words)])
        assert done.exit_code == 0, done.output
        return done

    return run


def test_households_are_drawn_by_a_seed_and_listed(run: Run) -> None:
    words = ("back-check", "draw", "--from", DAY, "--to", DAY, "--seed", 7, "--json")

    looked = json.loads(run(*words, "--dry-run").output)
    before = json.loads(run("back-check", "list", "--json").output)
    done = json.loads(run(*words).output)
    (after,) = json.loads(run("back-check", "list", "--json").output)

    assert looked == {**done, "draw": None}
    assert (done["households"], done["seed"], before) == (4, 7, [])
    assert (after["drawn"], after["waiting"], after["seed"]) == (4, 4, 7)


def test_rates_are_told_after_the_checks(run: Run, tmp_path: Path) -> None:
    site = open_site(Settings.read({}, str(tmp_path / "site"), None))
    for entry in draw(site, least=5):
        send(site, second_xml(entry, hh_size="9"), entry.phone_id)
    site.close()

    run("checks")
    told = json.loads(run("back-check", "rates", "--json").output)

    size = [one for one in told if one["question"] == "household.size"]
    assert [(one["tried"], one["differing"], one["verdict"]) for one in size] == [
        (5, 5, "too_few"),
        (5, 5, "too_few"),
    ]


def test_a_holiday_is_set_and_worked_again(run: Run) -> None:
    first = date.today()  # noqa: DTZ011
    last, holiday = first + timedelta(days=9), first + timedelta(days=3)
    run("plan", "set", "Winter", "--from", first, "--to", last, "--village", VILLAGE)

    off = json.loads(run("plan", "day-off", holiday, "--json").output)
    again = json.loads(run("plan", "day-off", holiday, "--again", "--json").output)
    registers = json.loads(run("plan", "registers", "--json").output)

    assert (off["villages"], again["villages"]) == (1, 1)
    assert [(one["state"], one["households"]) for one in registers] == [("not_signed", 80)]
