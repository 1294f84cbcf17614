"""`doorstep phone`, as a script runs it."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy.orm import Session

from server.cli.main import main
from server.config import Settings
from server.database import writing_session
from server.survey import addresses, crew
from server.survey.areas import WHOLE_SITE
from server.survey.first_run import PROJECT
from server.survey.site import Site, open_site
from tests import phone_site
from tests.phone_site import HERE, NEXT

URL = "http://192.168.1.10:8080"
Run = Callable[..., Result]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A closed site with villages, named by the environment."""
    folder = tmp_path / "site"
    site = phone_site.open_phone_site(
        folder, f"sqlite:///{folder / 'doorstep.db'}", phone_site.PLAIN
    )
    site.close()
    monkeypatch.setenv("DOORSTEP_DATA", str(folder))
    return site


@pytest.fixture
def run(site: Site, monkeypatch: pytest.MonkeyPatch) -> Run:
    environment = {"LC_ALL": "C.UTF-8", "DOORSTEP_DATABASE": "", "DOORSTEP_PUBLIC_URL": ""}

    def run(*words: object, **more: str) -> Result:
        return CliRunner(env=environment | more).invoke(main, ["phone", *map(str, words)])

    return run


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def add(run: Run, name: str = "Amina", *more: object) -> dict[str, str]:
    return dict(told(run("add", name, "--village", HERE, "--url", URL, "--json", *more)))


def settings_of(text: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(text)))


def test_adding_prints_what_scripts_read(run: Run) -> None:
    made = add(run)

    assert sorted(made) == ["name", "qr", "server_url", "token"]
    assert made["name"] == "Amina"
    assert made["server_url"] == f"{URL}/v1/key/{made['token']}/projects/1"


def test_the_code_locks_a_phone_for_work_from_door_to_door(run: Run) -> None:
    made = add(run)

    settings = settings_of(made["qr"])

    general, admin = settings["general"], settings["admin"]
    assert general["server_url"] == made["server_url"]
    assert general["metadata_username"] == "Amina"
    assert general["form_update_mode"] == "match_exactly"
    assert general["autosend"] == "wifi_and_cellular"
    assert not any(admin[key] for key in ("change_server", "delete_saved", "get_blank"))
    assert len(admin["admin_pw"]) == 6
    assert settings["project"]["name"]
    assert len(made["qr"]) < 600


def test_a_phone_may_be_left_open(run: Run) -> None:
    assert settings_of(add(run, "Amina", "--unlocked")["qr"])["admin"] == {}


def test_a_phone_added_here_gets_in(site: Site, run: Run) -> None:
    made = add(run)
    opened = open_site(site.settings)

    answer = phone_site.client_of(opened).get(f"{made['server_url']}/formList".removeprefix(URL))

    opened.close()
    assert answer.status_code == 200
    assert b"plain" in answer.data


def test_the_address_is_the_machines_own_unless_one_is_given(run: Run) -> None:
    own = told(run("add", "a", "--village", HERE, "--json"))
    public = told(
        run("add", "b", "--village", HERE, "--json", DOORSTEP_PUBLIC_URL="https://a.example/")
    )

    assert own["server_url"].startswith("http://")
    assert ":8080/v1/key/" in own["server_url"]
    assert public["server_url"].startswith("https://a.example/v1/key/")


def test_an_unknown_village_is_refused_with_what_comes_near(run: Run) -> None:
    result = run("add", "Amina", "--village", "130921211209")

    assert result.exit_code == 1
    assert (
        f"There is no village 130921211209 here. Is it one of these: {HERE} 清水村" in result.stderr
    )
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "words", [["add"], ["add", "a"], ["add", "a", "--village"], ["revoke"], ["none"]]
)
def test_wrong_usage_ends_with_2(run: Run, words: list[str]) -> None:
    assert run(*words).exit_code == 2


def test_an_address_that_is_none_is_refused(run: Run) -> None:
    result = run("add", "a", "--village", HERE, "--url", "survey.example.org")

    assert result.exit_code == 1
    assert "http://" in result.stderr


def test_phones_are_listed(run: Run) -> None:
    add(run, "Amina", "--village", NEXT)

    (line,) = told(run("list", "--json"))
    words = run("list").stdout

    assert (line["name"], line["villages"], line["state"]) == ("Amina", [HERE, NEXT], "in use")
    assert line["last_submission"] is None
    assert "Amina" in words
    assert "清水村" in words


def test_villages_are_given_anew(run: Run) -> None:
    add(run)

    result = run("villages", "Amina", "--village", NEXT)

    assert result.exit_code == 0
    assert told(run("list", "--json"))[0]["villages"] == [NEXT]


def test_a_revoked_phone_comes_back_with_a_new_code(site: Site, run: Run) -> None:
    first = add(run)
    run("revoke", "Amina")
    state = told(run("list", "--json"))[0]["state"]

    second = told(run("rotate", "Amina", "--url", URL, "--json"))

    assert state == "revoked"
    assert second["token"] != first["token"]
    assert told(run("list", "--json"))[0]["state"] == "in use"


def test_a_code_can_be_drawn_from_its_address_while_it_lets_in(run: Run, tmp_path: Path) -> None:
    made = add(run)
    picture = tmp_path / "code.png"

    drawn = run("qr", made["server_url"], "--png", picture)
    run("revoke", "Amina")
    refused = run("qr", made["server_url"])

    assert drawn.exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_mode & 0o077 == 0
    assert refused.exit_code == 1


@pytest.mark.parametrize(
    "url", ["", "http://x/v1/projects/1", f"{URL}/v1/key/{'x' * 64}/projects/1"]
)
def test_what_is_no_phones_address_is_not_drawn(run: Run, url: str) -> None:
    result = run("qr", url)

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: This")


def test_people_are_told_the_password_too(run: Run) -> None:
    result = run("add", "Amina", "--village", HERE, "--url", URL)

    assert f"server {URL}/v1/projects/1" in result.stdout
    assert "password" in result.stdout


def test_a_picture_is_written_on_request(run: Run, tmp_path: Path) -> None:
    picture = tmp_path / "code.png"

    add(run, "Amina", "--png", picture)

    assert picture.read_bytes().startswith(b"\x89PNG")


def test_an_account_may_own_the_phone(site: Site, run: Run) -> None:
    opened = open_site(Settings.read())
    with writing_session(opened.engine) as session:
        session.add(phone_site.an_account("li"))
    opened.close()

    add(run, "Amina", "--account", "li")

    assert told(run("list", "--json"))[0]["account"] == "li"
    assert run("add", "x", "--village", HERE, "--account", "nobody").exit_code == 1


def test_a_code_leads_to_where_the_site_was_last_served(tmp_path: Path) -> None:
    settings = Settings.read({}, str(tmp_path))
    addresses.remember(replace(settings, host="127.0.0.1", port=8199))

    told = addresses.main_address(settings)
    otherwise = addresses.main_address(replace(settings, host="127.0.0.1", port=9000))

    assert (told, otherwise) == ("http://127.0.0.1:8199", "http://127.0.0.1:9000")


def test_a_phone_is_added_with_the_number_to_call(site: Site, run: Run) -> None:
    add(run, "Amina", "--telephone", "+86 138-0013-8000")
    refused = run("add", "Binta", "--village", HERE, "--url", URL, "--telephone", "ask her")

    opened = open_site(site.settings)
    with Session(opened.engine) as session:
        numbers = {one.name: one.telephone for one in crew.crew(session, PROJECT, WHOLE_SITE)}
    opened.close()
    assert numbers == {"Amina": "+8613800138000"}
    assert refused.exit_code == 1
    assert "Write the telephone number in digits" in refused.stderr
