"""`doorstep account`: who may sign in, from the command line."""

from __future__ import annotations

import sys

import click
from sqlalchemy.orm import Session

from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.errors import Conflict
from server.survey import account_areas, accounts, addresses, credentials
from server.survey.accounts import Role
from server.survey.areas import WHOLE_SITE

_LINK_WORDS = "Open this once within %(days)s days to choose a password: %(address)s"
_password_option = click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the password from standard input; else a one-time link is printed.",
)


@click.group()
def account() -> None:
    """Add, list and disable accounts; give them new passwords."""


@account.command(
    epilog=options.examples(
        "doorstep account add 王芳 --role supervisor --area 130921",
        "doorstep account add lixin --role office --area 130921 --password-stdin < password.txt",
    )
)
@click.argument("name")
@click.option("--role", required=True, type=click.Choice([one.value for one in Role]))
@click.option(
    "--area",
    "areas",
    multiple=True,
    required=True,
    metavar="CODE",
    help="A division's or village's code or name; may be repeated. '*' is the whole site.",
)
@_password_option
@options.as_json
@options.on_site
def add(
    settings: Settings,
    name: str,
    role: str,
    areas: tuple[str, ...],
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Add an account."""
    password = _typed_password() if password_stdin else None
    with options.opened(settings) as site, options.writing(site) as session:
        chosen = [account_areas.chosen(session, text) for text in areas]
        unseen = [one.code for one in chosen if one.code and not one.name]
        added = accounts.add(session, name, Role(role), [one.code for one in chosen], WHOLE_SITE)
        token = _let_in(session, added.id, password)
        options.note(session, "account_added", added.name, role=role, areas=list(added.areas))
    if unseen:
        click.echo(_unseen_words(unseen), err=True)
    if as_json:
        options.print_json(
            {
                "name": added.name,
                "role": added.role.value,
                "areas": list(added.areas),
                "link": _address(settings, token),
            }
        )
        return
    click.echo(
        say("Account %(name)s is added, with the role %(role)s.", name=added.name, role=role)
    )
    _tell_link(settings, token)


@account.command(
    "list",
    epilog=options.examples(
        "doorstep account list --json",
    ),
)
@options.as_json
@options.on_site
def list_accounts(settings: Settings, as_json: bool) -> None:
    """List all accounts."""
    with options.opened(settings) as site, options.reading(site) as session:
        listed = accounts.account_list(session, WHOLE_SITE)
    if as_json:
        options.print_json(
            [
                {
                    "name": one.name,
                    "role": one.role.value,
                    "areas": list(one.areas),
                    "state": one.state,
                    "created_at": one.created_at.isoformat(),
                }
                for one in listed
            ]
        )
        return
    for one in listed:
        areas = ", ".join(code or "*" for code in one.areas)
        click.echo(f"{one.name}\t{one.role.value}\t{areas}\t{one.state}")


@account.command(
    epilog=options.examples(
        "doorstep account disable 王芳",
    )
)
@click.argument("name")
@options.on_site
def disable(settings: Settings, name: str) -> None:
    """Disable an account; its sessions end at once, on every device."""
    with options.opened(settings) as site, options.writing(site) as session:
        found = accounts.find_named(session, name)
        accounts.disable(session, found.id, WHOLE_SITE)
        options.note(session, "account_disabled", found.name)
    click.echo(say("%(name)s can no longer sign in.", name=found.name))


@account.command(
    epilog=options.examples(
        "doorstep account password 王芳",
        "doorstep account password 王芳 --password-stdin < password.txt",
    )
)
@click.argument("name")
@_password_option
@options.on_site
def password(settings: Settings, name: str, password_stdin: bool) -> None:
    """Give an account a new password, or a one-time link to choose one."""
    typed = _typed_password() if password_stdin else None
    with options.opened(settings) as site, options.writing(site) as session:
        found = accounts.find_named(session, name)
        if found.state == "disabled":
            raise Conflict("%(name)s is disabled. Enable the account first.", name=found.name)
        token = _let_in(session, found.id, typed)
        options.note(session, "password_set" if typed else "link_made", found.name)
    if typed:
        click.echo(say("%(name)s has a new password.", name=found.name))
    _tell_link(settings, token)


def _typed_password() -> str:
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise click.UsageError(say("--password-stdin is given, but standard input is empty."))
    return line


def _let_in(session: Session, account_id: int, password: str | None) -> str | None:
    """Set the password, or return the token of a one-time link."""
    if password is None:
        return credentials.one_time_link(session, account_id)
    credentials.set_password(session, account_id, password)
    return None


def _address(settings: Settings, token: str | None) -> str | None:
    return f"{addresses.main_address(settings)}/welcome/{token}" if token else None


def _tell_link(settings: Settings, token: str | None) -> None:
    if token:
        click.echo(say(_LINK_WORDS, days=credentials.LINK_DAYS, address=_address(settings, token)))


def _unseen_words(codes: list[str]) -> str:
    return say(
        "Warning: the register is empty, so nobody could check %(codes)s. "
        "Import divisions and villages, then look at this account again.",
        codes=", ".join(codes),
    )
