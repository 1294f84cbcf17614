"""What commands share: where the site is, how it is opened, how words and results are told.

A command of its own file takes them like this:

    @click.command(epilog=options.examples("doorstep status --json"))
    @options.on_site
    def status(settings: Settings) -> None:
        with options.opened(settings) as site: …

Exit codes: 0 done, 1 a problem that is told in words, 2 wrong usage.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from server.config import Settings
from server.database import writing_session
from server.errors import Problem
from server.survey import journal
from server.survey.site import Site, open_site
from server.web import language

R = TypeVar("R")

DATABASES = ("sqlite", "postgresql", "postgres")
# Who the journal names for what is done on the command line; a colon keeps accounts from it.
SHELL = "shell:"


def on_site(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command `--data` and `--database`; it receives `settings` as its first argument."""

    @click.option(
        "--data",
        metavar="DIR",
        help="The site's folder. Default: DOORSTEP_DATA, else ./doorstep-data.",
    )
    @click.option(
        "--database",
        metavar="URL",
        help="The database. Default: DOORSTEP_DATABASE, else SQLite in the folder.",
    )
    @functools.wraps(command)
    def with_settings(*args: Any, data: str | None, database: str | None, **rest: Any) -> R:
        return command(read_settings(data, database), *args, **rest)

    return with_settings


def examples(*lines: str) -> str:
    """Return the end of a command's help: `@click.command(epilog=examples("doorstep …"))`."""
    # Click keeps the lines of a block that begins with a backspace as they are.
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")


def read_settings(data: str | None, database: str | None) -> Settings:
    """Return the settings of environment and command line; says which variable cannot be used."""
    try:
        settings = Settings.read(folder=data, database=database)
    except ValueError as error:
        raise click.ClickException(
            say("A DOORSTEP_ setting is wrong: %(fault)s", fault=error)
        ) from error
    try:
        kind = make_url(settings.database).get_backend_name()
    except (ArgumentError, ValueError):
        kind = ""
    if kind not in DATABASES:
        raise click.ClickException(
            say("The database URL cannot be used: write sqlite:///… or postgresql://…")
        )
    return settings


@contextmanager
def opened(settings: Settings) -> Iterator[Site]:
    """Open the site, made when it is not there, and close it at the end."""
    site = open_site(settings)
    try:
        yield site
    finally:
        site.close()


@contextmanager
def writing(site: Site) -> Iterator[Session]:
    """Give a session whose work is committed at the end."""
    with writing_session(site.engine) as session:
        yield session


@contextmanager
def reading(site: Site) -> Iterator[Session]:
    """Give a session that only reads."""
    with Session(site.engine) as session:
        yield session


def note(session: Session, action: str, subject: str, **detail: object) -> None:
    """Note in the journal what the shell did, with the name of its user."""
    journal.note(session, shell_user(), action, subject, detail, "")


def shell_user() -> str:
    """Return the shell's user as the journal and other lists name him."""
    user = os.environ.get("SUDO_USER") or os.environ.get("USER") or str(os.getuid())
    return SHELL + user


def spoken() -> str:
    """Return the terminal's language: "zh" or "en"."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "zh" if os.environ[name].startswith("zh") else "en"
    return "en"


def say(msgid: str, **places: object) -> str:
    """Return a text in the terminal's language."""
    text = language.words(spoken()).text(msgid)
    return text % places if places else text


def in_words(problem: Problem) -> str:
    """Return a problem's words in the terminal's language."""
    return say(problem.msgid, **problem.params)


def print_json(result: Mapping[str, Any] | list[Any]) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(result, ensure_ascii=False, indent=2, default=str))
