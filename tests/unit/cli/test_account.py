"""`doorstep account`, as a script runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.cli.main import main
from server.config import Settings
from server.database import open_engine, writing_session
from server.survey import credentials
from server.survey.site import open_site
from server.tables.reference import Division
from server.tables.truth import JournalEntry

PASSWORD = "three old brown houses"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    environment = {"DOORSTEP_DATA": str(tmp_path), "DOORSTEP_DATABASE": "", "LC_ALL": "C.UTF-8"}

    def run(*words: str, said: str = "", **more: str) -> Result:
        return CliRunner(env=environment | more).invoke(main, ["account", *words], input=said)

    return run


def signs_in(folder: Path, name: str, password: str) -> bool:
    engine = open_engine(f"sqlite:///{folder / 'doorstep.db'}")
    tried = credentials.sign_in(engine, name, password, "10.0.0.1")
    engine.dispose()
    return tried.account_id is not None


def register(folder: Path) -> None:
    site = open_site(Settings.read({}, str(folder)))
    with writing_session(site.engine) as session:
        session.add(
            Division(
                code="130921000000", name="沧县", level="county", stem="130921", parent_code=None
            )
        )
    site.close()


def test_an_account_is_added_with_a_password(run: Run, tmp_path: Path) -> None:
    result = run(
        *("add", "王芳", "--role", "office", "--area", "130921", "--password-stdin"),
        said=f"{PASSWORD}\n",
    )

    assert result.exit_code == 0
    assert "Account 王芳 is added, with the role office." in result.stdout
    assert PASSWORD not in result.output
    assert signs_in(tmp_path, "王芳", PASSWORD)


def test_without_a_password_a_link_is_printed(run: Run) -> None:
    result = run("add", "王芳", "--role", "worker", "--area", "130921", "--json")

    told = json.loads(result.stdout)
    assert told["areas"] == ["130921000000"]
    assert "/welcome/" in told["link"]


def test_an_area_nobody_can_check_is_taken_with_a_warning(run: Run) -> None:
    result = run("add", "王芳", "--role", "worker", "--area", "130921", "--area", "130922")

    assert result.exit_code == 0
    assert "the register is empty" in result.stderr
    assert "130921000000, 130922000000" in result.stderr


def test_an_area_that_is_not_in_the_register_is_refused(run: Run, tmp_path: Path) -> None:
    register(tmp_path)

    known = run("add", "王芳", "--role", "worker", "--area", "沧县")
    unknown = run("add", "李四", "--role", "worker", "--area", "130922")

    assert known.exit_code == 0
    assert known.stderr == ""
    assert unknown.exit_code == 1
    assert "Close to it: 沧县 130921000000" in unknown.stderr
    assert "李四" not in run("list").stdout


def test_all_accounts_are_listed(run: Run) -> None:
    run("add", "王芳", "--role", "worker", "--area", "130921")
    run("add", "李四", "--role", "admin", "--area", "*", "--password-stdin", said=PASSWORD)

    told = json.loads(run("list", "--json").stdout)

    assert [(one["name"], one["role"], one["areas"], one["state"]) for one in told] == [
        ("李四", "admin", [""], "active"),
        ("王芳", "worker", ["130921000000"], "invited"),
    ]
    assert "王芳\tworker\t130921000000\tinvited" in run("list").stdout


def test_an_account_is_disabled_and_gets_no_password_then(run: Run, tmp_path: Path) -> None:
    run("add", "王芳", "--role", "office", "--area", "*", "--password-stdin", said=PASSWORD)

    first = run("disable", "王芳")
    second = run("password", "王芳")

    assert first.exit_code == 0
    assert not signs_in(tmp_path, "王芳", PASSWORD)
    assert (second.exit_code, second.stderr) == (
        1,
        "Error: 王芳 is disabled. Enable the account first.\n",
    )


def test_a_new_password_replaces_the_old_one(run: Run, tmp_path: Path) -> None:
    run("add", "王芳", "--role", "office", "--area", "*", "--password-stdin", said=PASSWORD)

    result = run("password", "王芳", "--password-stdin", said="four new brown houses\n")

    assert result.exit_code == 0
    assert not signs_in(tmp_path, "王芳", PASSWORD)
    assert signs_in(tmp_path, "王芳", "four new brown houses")


@pytest.mark.parametrize(
    ("words", "said", "code", "told"),
    [
        (("add", "x", "--role", "king", "--area", "*"), "", 2, "'king' is not one of"),
        (("add", "x", "--role", "office"), "", 2, "Missing option '--area'"),
        (
            ("add", "x", "--role", "office", "--area", "*", "--password-stdin"),
            "",
            2,
            "standard input is empty",
        ),
        (
            ("add", "x", "--role", "office", "--area", "*", "--password-stdin"),
            "short",
            1,
            "A password has at least 8 characters.",
        ),
        (("add", " ", "--role", "office", "--area", "*"), "", 1, "Give the account a name."),
        (("disable", "nobody"), "", 1, "There is no account called nobody."),
    ],
)
def test_what_is_wrong_is_told_by_words_and_exit_code(
    run: Run, words: tuple[str, ...], said: str, code: int, told: str
) -> None:
    result = run(*words, said=said)

    assert result.exit_code == code
    assert told in result.stderr
    assert "Traceback" not in result.output


def test_the_terminal_s_language_is_spoken(run: Run) -> None:
    assert "没有名为“nobody”的账号。" in run("disable", "nobody", LC_ALL="zh_CN.UTF-8").stderr


def test_the_journal_names_the_shell_s_user(run: Run, tmp_path: Path) -> None:
    run("add", "王芳", "--role", "worker", "--area", "*", USER="root", SUDO_USER="li")

    engine = open_engine(f"sqlite:///{tmp_path / 'doorstep.db'}")
    with Session(engine) as session:
        rows = session.execute(select(JournalEntry.who, JournalEntry.action, JournalEntry.subject))
        assert rows.all() == [("shell:li", "account_added", "王芳")]
    engine.dispose()


def test_every_command_has_help_with_examples() -> None:
    for words in ((), ("account", "add"), ("account", "list"), ("serve",)):
        result = CliRunner().invoke(main, [*words, "--help"])

        assert result.exit_code == 0
        assert "Examples:" in result.output
