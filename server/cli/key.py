"""`doorstep key`: keys for encrypted forms, from the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey import encryption_keys, form_encryption
from server.survey.first_run import PROJECT

_passphrase_option = click.option(
    "--passphrase-stdin",
    is_flag=True,
    help="Read the passphrase from standard input; else it is asked for.",
)


@click.group()
def key() -> None:
    """Make, list and retire keys for encrypted forms; give them to forms."""


@key.command(
    epilog=options.examples(
        'doorstep key add "County 2026" --hint "in the safe, blue envelope"',
        'doorstep key add "County 2026" --passphrase-stdin < passphrase.txt',
    )
)
@click.argument("name")
@click.option("--hint", default="", help="Shown whenever the passphrase is asked for.")
@_passphrase_option
@options.on_site
def add(settings: Settings, name: str, hint: str, passphrase_stdin: bool) -> None:
    """Make a key. Its passphrase is kept nowhere: who loses it loses the answers."""
    passphrase = typed_passphrase(passphrase_stdin, is_new=True)
    pair = encryption_keys.new_pair(name, hint, passphrase, passphrase)
    with options.opened(settings) as site, options.writing(site) as session:
        who = options.shell_user()
        made = encryption_keys.add(session, PROJECT, name, hint, pair, who)
        options.note(session, "key_made", f"key {made.id}", name=made.name)
    click.echo(say("Key %(number)s, %(name)s, is made.", number=made.id, name=made.name))


@key.command(epilog=options.examples("doorstep key save 3 county.pem"))
@click.argument("number", type=int)
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@options.on_site
def save(settings: Settings, number: int, out: Path) -> None:
    """Write a key into a PEM file, still under its passphrase: a copy, or for other programs."""
    with options.opened(settings) as site, options.writing(site) as session:
        pem = encryption_keys.locked_pem(session, PROJECT, number)
        options.note(session, "key_saved", f"key {number}")
    out.touch(mode=0o600)
    out.write_bytes(pem)
    click.echo(say("%(file)s is written.", file=out))


@key.command(
    epilog=options.examples('doorstep key bring "County 2026" county.pem --hint "in the safe"')
)
@click.argument("name")
@click.argument("pem", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--hint", default="", help="Shown whenever the passphrase is asked for.")
@_passphrase_option
@options.on_site
def bring(settings: Settings, name: str, pem: Path, hint: str, passphrase_stdin: bool) -> None:
    """Take in a key that another site saved, to read what was encrypted for it."""
    passphrase = typed_passphrase(passphrase_stdin)
    pair = encryption_keys.pair_of_pem(name, hint, pem.read_bytes(), passphrase)
    with options.opened(settings) as site, options.writing(site) as session:
        made = encryption_keys.add(session, PROJECT, name, hint, pair, options.shell_user())
        options.note(session, "key_made", f"key {made.id}", name=made.name)
    click.echo(say("Key %(number)s, %(name)s, is made.", number=made.id, name=made.name))


@key.command("list", epilog=options.examples("doorstep key list --json"))
@options.as_json
@options.on_site
def list_keys(settings: Settings, as_json: bool) -> None:
    """List the keys, and the forms that encrypt with them."""
    with options.opened(settings) as site, options.reading(site) as session:
        listed = encryption_keys.keys(session, PROJECT)
    if as_json:
        options.print_json(
            [
                {
                    "id": one.id,
                    "name": one.name,
                    "hint": one.hint,
                    "public_key": one.public_key,
                    "forms": list(one.forms),
                    "made_at": one.made_at.isoformat(),
                    "retired_at": one.retired_at.isoformat() if one.retired_at else None,
                }
                for one in listed
            ]
        )
        return
    for one in listed:
        state = say("retired") if one.retired_at else ", ".join(one.forms)
        click.echo(f"{one.id}\t{one.name}\t{state}")


@key.command(epilog=options.examples("doorstep key retire 3"))
@click.argument("number", type=int)
@options.on_site
def retire(settings: Settings, number: int) -> None:
    """Take a key out of use; what was encrypted for it can still be read."""
    with options.opened(settings) as site, options.writing(site) as session:
        found = encryption_keys.retire(session, PROJECT, number)
        options.note(session, "key_retired", f"key {number}", name=found.name)
    click.echo(say("The key %(name)s takes no new forms.", name=found.name))


@key.command(
    epilog=options.examples(
        "doorstep key use disease_screening 3",
        "doorstep key use disease_screening --plain",
    )
)
@click.argument("form_id")
@click.argument("number", type=int, required=False)
@click.option("--plain", is_flag=True, help="Stop encrypting.")
@options.on_site
def use(settings: Settings, form_id: str, number: int | None, plain: bool) -> None:
    """Encrypt a form with a key, or stop: a new version of the form either way.

    Encrypted answers count nowhere: not in coverage, lists or flags, and change no list on phones.
    """
    if plain == (number is not None):
        raise click.UsageError(say("Give the number of a key, or --plain."))
    with options.opened(settings) as site, options.writing(site) as session:
        who = options.shell_user()
        if number is None:
            done = form_encryption.switch_off(session, PROJECT, form_id, who)
        else:
            done = form_encryption.switch_on(session, PROJECT, form_id, number, who)
        options.note(session, "form_encryption", form_id, key=number, version=done.version)
    click.echo(
        say("From version “%(version)s” on, answers come plain.", version=done.version)
        if plain
        else say(
            "From version “%(version)s” on, phones encrypt what they send.", version=done.version
        )
    )


def typed_passphrase(from_stdin: bool, *, is_new: bool = False) -> str:
    """Return the passphrase: the first line of standard input, or typed unseen."""
    if not from_stdin:
        words = say("Passphrase")
        typed: str = click.prompt(words, hide_input=True, confirmation_prompt=is_new, err=True)
        return typed
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise click.UsageError(say("--passphrase-stdin is given, but standard input is empty."))
    return line
