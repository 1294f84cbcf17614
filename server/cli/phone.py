"""`doorstep phone`: workers' phones and their codes, from the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import segno
from sqlalchemy.orm import Session

from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey import accounts, addresses, crew, phone_codes, phones
from server.survey.areas import WHOLE_SITE
from server.survey.first_run import PROJECT
from server.survey.phone_codes import PhoneCode
from server.survey.phones import NewPhone, PhoneLine

_url_option = click.option(
    "--url",
    metavar="URL",
    envvar="DOORSTEP_PUBLIC_URL",
    help="The site's address for phones. Default: DOORSTEP_PUBLIC_URL, else this machine's.",
)
_png_option = click.option(
    "--png",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the QR code into this file.",
)
_unlocked_option = click.option(
    "--unlocked", is_flag=True, help="Leave the settings of Collect open to the worker."
)
# Wide enough for a cheap camera from arm's length, and for a printer.
_PNG_SCALE = 6


@click.group()
def phone() -> None:
    """Add, list, shut out workers' phones; give them new codes."""


@phone.command(
    epilog=options.examples(
        "doorstep phone add 王芳 --village 130921211201 --telephone 13800138000",
        "doorstep phone add 王芳 --village 130921211201 --village 130921211202 --json",
        "doorstep phone add 王芳 --village 130921211201 --url https://example.org --png w.png",
    )
)
@click.argument("name")
@click.option(
    "--village",
    "villages",
    multiple=True,
    required=True,
    metavar="CODE",
    help="A village whose people the phone is given; may be repeated.",
)
@click.option("--account", metavar="NAME", help="Whose phone it is; it speaks that language.")
@click.option("--telephone", metavar="NUMBER", help="The number to call who carries it.")
@_url_option
@_png_option
@_unlocked_option
@options.as_json
@options.on_site
def add(
    settings: Settings,
    name: str,
    villages: tuple[str, ...],
    account: str | None,
    telephone: str | None,
    url: str | None,
    png: Path | None,
    unlocked: bool,
    as_json: bool,
) -> None:
    """Add a phone and print its code, this once."""
    site_url = _site_url(settings, url)
    with options.opened(settings) as site, options.writing(site) as session:
        account_id = accounts.find_named(session, account).id if account else None
        preset = "free" if unlocked else "locked"
        made = phones.add_phone(session, PROJECT, name, villages, WHOLE_SITE, account_id, preset)
        if telephone:
            crew.keep_telephone(session, made.id, telephone, WHOLE_SITE)
        options.note(session, "phone_added", made.name, villages=sorted({*villages}))
    _tell(made, site_url, png, as_json=as_json)


@phone.command(
    "list",
    epilog=options.examples(
        "doorstep phone list --json",
    ),
)
@options.as_json
@options.on_site
def list_phones(settings: Settings, as_json: bool) -> None:
    """List all phones: those in use first."""
    with options.opened(settings) as site, options.reading(site) as session:
        listed = phones.phone_list(session, PROJECT, WHOLE_SITE)
    if as_json:
        options.print_json([_line(one) for one in listed])
        return
    for one in listed:
        state = "revoked" if one.revoked_at else "in use"
        last = (
            one.last_submission_at.isoformat(timespec="minutes") if one.last_submission_at else "-"
        )
        villages = ", ".join(f"{two.code} {two.name}" for two in one.villages)
        click.echo(f"{one.id}\t{one.name}\t{state}\t{last}\t{villages}")


@phone.command(epilog=options.examples("doorstep phone villages 王芳 --village 130921211203"))
@click.argument("name")
@click.option("--village", "villages", multiple=True, required=True, metavar="CODE")
@options.on_site
def villages(settings: Settings, name: str, villages: tuple[str, ...]) -> None:
    """Let a phone serve these villages and no others. NAME may be its number."""
    with options.opened(settings) as site, options.writing(site) as session:
        found = _find(session, name)
        phones.assign_villages(session, found.id, villages, WHOLE_SITE)
        options.note(session, "phone_changed", found.name, villages=sorted({*villages}))
    click.echo(say("%(name)s gets the new lists when the phone next asks.", name=found.name))


@phone.command(epilog=options.examples("doorstep phone revoke 王芳", "doorstep phone revoke 12"))
@click.argument("name")
@options.on_site
def revoke(settings: Settings, name: str) -> None:
    """Shut a phone out, from its next request on. NAME may be its number."""
    with options.opened(settings) as site, options.writing(site) as session:
        found = _find(session, name)
        phones.revoke(session, found.id, WHOLE_SITE)
        options.note(session, "phone_revoked", found.name)
    click.echo(say("%(name)s is shut out. What the phone sent stays.", name=found.name))


@phone.command(epilog=options.examples("doorstep phone rotate 王芳 --json"))
@click.argument("name")
@_url_option
@_png_option
@_unlocked_option
@options.as_json
@options.on_site
def rotate(
    settings: Settings, name: str, url: str | None, png: Path | None, unlocked: bool, as_json: bool
) -> None:
    """Give a phone a new code; the old one ends. NAME may be its number."""
    site_url = _site_url(settings, url)
    with options.opened(settings) as site, options.writing(site) as session:
        preset = "free" if unlocked else None
        made = phones.rotate(session, _find(session, name).id, WHOLE_SITE, preset)
        options.note(session, "phone_code_made", made.name)
    _tell(made, site_url, png, as_json=as_json)


@phone.command(
    epilog=options.examples(
        "doorstep phone qr 'http://192.168.1.10:8080/v1/key/…/projects/1' --png wangfang.png",
    )
)
@click.argument("server_url")
@_png_option
@_unlocked_option
@options.on_site
def qr(settings: Settings, server_url: str, png: Path | None, unlocked: bool) -> None:
    """Draw the QR code of the server_url that `add` or `rotate` printed.

    The site keeps no codes, so a lost address cannot be drawn: `rotate` makes a new one.
    """
    with options.opened(settings) as site, site.engine.connect() as connection:
        known, site_url, token = phone_codes.phone_at(connection, server_url)
    code = phone_codes.make_code(
        site_url,
        token,
        known.project_id,
        worker=known.name,
        project_name=say("Door-to-door survey"),
        is_locked=not unlocked,
    )
    _draw(code, png)


def _find(session: Session, name: str) -> PhoneLine:
    return phones.find_named(session, PROJECT, name, WHOLE_SITE)


def _site_url(settings: Settings, url: str | None) -> str:
    return phone_codes.clean_site_url(url or addresses.main_address(settings))


def _line(line: PhoneLine) -> dict[str, object]:
    return {
        "id": line.id,
        "name": line.name,
        "villages": [one.code for one in line.villages],
        "account": line.account,
        "state": "revoked" if line.revoked_at else "in use",
        "created_at": line.created_at.isoformat(),
        "last_submission": line.last_submission_at and line.last_submission_at.isoformat(),
    }


def _tell(made: NewPhone, site_url: str, png: Path | None, *, as_json: bool) -> None:
    """Print the code of a phone; it is not kept anywhere."""
    code = phone_codes.make_code(
        site_url,
        made.token,
        made.project_id,
        worker=made.name,
        project_name=say("Door-to-door survey"),
        is_locked=made.is_locked,
    )
    if as_json:
        if png:
            _write(code, png)
        options.print_json(
            {
                "name": made.name,
                "token": made.token,
                "server_url": code.server_url,
                "qr": code.text,
            }
        )
        return
    click.echo(
        say("Phone %(name)s, no. %(number)s. This is shown once:", name=made.name, number=made.id)
    )
    _draw(code, png)
    click.echo(say("Or type in Collect: server %(url)s", url=code.typed_url))
    click.echo(
        say(
            "user name %(name)s, password %(password)s",
            name=made.digest_name,
            password=made.digest_password,
        )
    )


def _draw(code: PhoneCode, png: Path | None) -> None:
    if png:
        _write(code, png)
        click.echo(say("The QR code is in %(path)s. It is a key: hand it on with care.", path=png))
    elif sys.stdout.isatty():
        segno.make(code.text, error="l", micro=False).terminal(compact=True, border=2)
    else:
        click.echo(code.text)
    if code.settings_password:
        click.echo(
            say("Password for the locked settings: %(password)s", password=code.settings_password)
        )


def _write(code: PhoneCode, png: Path) -> None:
    # Owner's eyes only: the picture lets anybody in who scans it.
    png.touch(mode=0o600)
    with png.open("wb") as out:
        segno.make(code.text, error="l", micro=False).save(out, kind="png", scale=_PNG_SCALE)
