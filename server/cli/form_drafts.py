"""`doorstep form draft` and its like: a form tried before it is out, and what a version changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from server.cli import options
from server.cli.form import WHO, catch_up, java_says, prepared_from, tell
from server.cli.options import say
from server.config import Settings
from server.survey import (
    addresses,
    draft_codes,
    drafts,
    form_files,
    form_history,
    shared_files,
)
from server.survey.first_run import PROJECT

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FORM = click.Path(exists=True, path_type=Path)
# What no version has in the database.
_NO_KEY = "-"


@click.command(
    epilog=options.examples(
        "doorstep form draft visit.xlsx",
        "doorstep form draft forms/visit/ --json",
        "doorstep form draft visit.xlsx --address http://192.168.1.10:8080 --attach logo.png",
    )
)
@click.argument("file", type=_FORM)
@click.option("--mapping", type=_FILE, help="What the questions mean: CSV path, concept, values.")
@click.option(
    "--attach", "attached", type=_FILE, multiple=True, help="A picture or list the form needs."
)
@click.option("--address", metavar="URL", help="Where phones find the site.")
@options.as_json
@options.on_site
def draft(
    settings: Settings,
    file: Path,
    mapping: Path | None,
    attached: tuple[Path, ...],
    address: str | None,
    as_json: bool,
) -> None:
    """Keep FILE as the draft of its form, to try it on phones before it is published.

    Prints the address for Collect; the text of its QR code with --json. A draft that is there is
    replaced, and phones that try it get the new one.
    """
    prepared = prepared_from(file, mapping, as_json)
    refusals = java_says(prepared)
    brought = {one.name: one.read_bytes() for one in attached}
    with options.opened(settings) as site, options.writing(site) as session:
        kept = drafts.keep(session, settings.files, PROJECT, prepared, WHO)
        form_files.attach_all_to_draft(session, settings.files, kept.id, prepared.files)
        doubts = form_files.attach_all_to_draft(session, settings.files, kept.id, brought)
        options.note(session, "draft_kept", kept.form_id, version=kept.form.version)
        losses = form_history.losses_of_draft(session, PROJECT, kept.form_id)
        missing = _missing(session, kept.id)
    code = draft_codes.make_code(address or addresses.main_address(settings), kept)
    if as_json:
        options.print_json(
            {
                "form_id": kept.form_id,
                "version": kept.form.version,
                "title": kept.form.title,
                "token": kept.token,
                "server_url": code.server_url,
                "qr": code.text,
                "losses": [say(one.msgid, **one.params) for one in losses],
                "missing_files": missing,
            }
        )
        return
    tell((*kept.warnings, *doubts, *(refusals or ()), *losses))
    if missing:
        click.echo(
            say("Phones get the form without these files: %(names)s.", names=", ".join(missing)),
            err=True,
        )
    click.echo(
        say(
            "%(title)s (%(form_id)s), version “%(version)s”, is kept as a draft. For Collect:",
            title=kept.form.title,
            form_id=kept.form_id,
            version=kept.form.version,
        )
    )
    click.echo(code.server_url)


@click.command("publish-draft", epilog=options.examples("doorstep form publish-draft visit"))
@click.argument("form_id", metavar="FORM")
@options.on_site
def publish_draft(settings: Settings, form_id: str) -> None:
    """Publish the draft of FORM; what was sent to try it is thrown away."""
    with options.opened(settings) as site:
        with options.writing(site) as session:
            done = drafts.publish(session, PROJECT, form_id, WHO)
            options.note(
                session, "form_published", form_id, version=done.version, is_new=done.is_new
            )
        catch_up(site, done.waiting, False)
    tell(done.warnings)
    click.echo(
        say(
            "%(title)s (%(form_id)s), version “%(version)s”, is published.",
            title=done.title,
            form_id=done.form_id,
            version=done.version,
        )
    )


@click.command("discard-draft", epilog=options.examples("doorstep form discard-draft visit"))
@click.argument("form_id", metavar="FORM")
@options.on_site
def discard_draft(settings: Settings, form_id: str) -> None:
    """Throw the draft of FORM away, with what was sent to try it."""
    with options.opened(settings) as site, options.writing(site) as session:
        drafts.discard(session, PROJECT, form_id)
        options.note(session, "draft_discarded", form_id)
    click.echo(say("The draft is thrown away."))


@click.command(
    epilog=options.examples(
        "doorstep form compare visit",
        "doorstep form compare visit --from 3 --to draft --json",
    )
)
@click.argument("form_id", metavar="FORM")
@click.option("--from", "old", metavar="VERSION", help="Default: the one before.")
@click.option("--to", "new", metavar="VERSION", help="A version, or: draft. Default: the newest.")
@options.as_json
@options.on_site
def compare(
    settings: Settings, form_id: str, old: str | None, new: str | None, as_json: bool
) -> None:
    """Say what differs between two versions of FORM, or its draft and a version."""
    with options.opened(settings) as site, options.reading(site) as session:
        keys = {one.version: one.key for one in form_history.editions(session, PROJECT, form_id)}
        keys[form_history.DRAFT] = form_history.DRAFT
        found = form_history.compare(
            session,
            PROJECT,
            form_id,
            "" if old is None else keys.get(old, _NO_KEY),
            "" if new is None else keys.get(new, _NO_KEY),
        )
    if as_json:
        told: dict[str, Any] = {
            "from": found.old.version,
            "to": found.new.version,
            "differences": [
                {
                    "kind": one.kind,
                    "path": one.path,
                    "before": one.before,
                    "after": one.after,
                    "language": one.language,
                }
                for one in found.differences
            ],
            "losses": [say(one.msgid, **one.params) for one in found.losses],
        }
        options.print_json(told)
        return
    for one in found.differences:
        click.echo("\t".join((one.kind, one.path, one.before, one.after, one.language)))
    tell(found.losses)


@click.command(
    epilog=options.examples(
        "doorstep form share logo.png crops.csv", "doorstep form share --remove crops.csv"
    )
)
@click.argument("names", metavar="FILE…", nargs=-1, required=True)
@click.option("--remove", is_flag=True, help="Take the files of these names away.")
@options.on_site
def share(settings: Settings, names: tuple[str, ...], remove: bool) -> None:
    """Give each FILE to all forms that ask for its name and have none of their own."""
    with options.opened(settings) as site, options.writing(site) as session:
        for name in names:
            if remove:
                shared_files.remove(session, PROJECT, name)
                options.note(session, "shared_file_removed", name)
                continue
            path = Path(name)
            kept = shared_files.share(
                session, settings.files, PROJECT, path.name, path.read_bytes(), WHO
            )
            options.note(session, "shared_file", kept)
            tell(shared_files.doubts_of(kept, path.read_bytes()))
    words = "Taken away: %(names)s" if remove else "Shared: %(names)s"
    click.echo(say(words, names=", ".join(Path(name).name for name in names)))


def _missing(session: Session, draft_id: int) -> list[str]:
    expected = form_files.expected_by_draft(session, draft_id)
    return [one.name for one in expected if one.origin == "missing"]


COMMANDS = (draft, publish_draft, discard_draft, compare, share)
