"""`doorstep move`: in from ODK Central, Kobo, Briefcase or another doorstep, and out again."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import click

from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey.first_run import PROJECT
from server.survey.moving import applying, parcel
from server.survey.moving.applying import Moved
from server.survey.moving.contents import Note
from server.survey.moving.kept_answers import Wanted
from server.survey.moving.leaving import Leaving, into_folder, zipped
from server.survey.moving.plan import Plan, make_plan
from server.survey.site import Site


@click.group(
    epilog=options.examples(
        "doorstep move in ./from-central --preview",
        "doorstep move in forms.zip submissions.csv.zip entities.csv",
        'doorstep move out everything.zip --reason "the county changes its server"',
    )
)
def move() -> None:
    """Move in from another server, or take everything out."""


@move.command("in")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="PATH…"
)
@click.option("--preview", is_flag=True, help="Say what it would do, and do nothing.")
@click.option("--close-forms", is_flag=True, help="List the forms brought no longer to phones.")
@options.as_json
@options.on_site
def move_in(
    settings: Settings, paths: tuple[Path, ...], preview: bool, close_forms: bool, as_json: bool
) -> None:
    """Take in forms, submissions, files and entity lists from folders, zips and single files.

    Doing it again changes nothing; what was stopped (Ctrl-C) goes on where it stopped.
    """
    with options.opened(settings) as site, parcel.opened(paths) as brought:
        with options.reading(site) as session:
            plan = make_plan(session, PROJECT, brought)
            numbers = applying.planned(session, PROJECT, plan)
        moved = None if preview else _do(site, plan, close_forms)
        notes = [*plan.notes, *(moved.notes if moved else ())]
        if as_json:
            options.print_json(_as_json(plan, numbers, moved, notes))
            return
        _tell_plan(plan, numbers)
        for note in notes:
            click.echo(say(note.msgid, **note.params), err=True)
        if moved:
            _tell_moved(moved)


@move.command("out")
@click.argument("out", type=click.Path(path_type=Path), metavar="DIR|FILE.zip")
@click.option("--reason", required=True, help="Why everything is taken; the journal keeps it.")
@click.option("--form", "form_id", help="Only this form and its submissions.")
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), help="First day of receipt.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day of receipt.")
@options.as_json
@options.on_site
def move_out(
    settings: Settings,
    out: Path,
    reason: str,
    form_id: str | None,
    since: datetime | None,
    until: datetime | None,
    as_json: bool,
) -> None:
    """Write forms, submissions, files, lists, register and decisions: names and illnesses in full.

    Into an empty folder or a .zip; `doorstep move in` takes it in again.
    """
    if not reason.strip():
        raise click.UsageError(say("--reason must say why."))
    if out.is_dir() and any(out.iterdir()):
        raise click.ClickException(say("%(path)s is not empty: name a new folder.", path=out))
    zone = settings.zone
    wanted = Wanted(
        PROJECT,
        form_id,
        since.replace(tzinfo=zone) if since else None,
        (until + timedelta(days=1)).replace(tzinfo=zone) if until else None,
    )
    with options.opened(settings) as site:
        with options.writing(site) as session:
            options.note(session, "moved_out", form_id or "site", reason=reason.strip())
        leaving = Leaving(site, wanted, progress=lambda done: _count(done, as_json))
        _write_out(leaving, out)
    click.echo(err=True)
    counts = asdict(leaving.counts)
    if as_json:
        options.print_json(counts)
        return
    click.echo(
        say(
            "Written: %(forms)s form versions, %(submissions)s submissions, %(files)s files, "
            "%(entities)s entities. Files that the site no longer has: %(missing_files)s.",
            **counts,
        )
    )


def _count(done: int, is_quiet: bool) -> None:
    if not is_quiet and done % 100 == 0:
        click.echo("\r" + say("%(n)s submissions written", n=done), nl=False, err=True)


def _write_out(leaving: Leaving, out: Path) -> None:
    """Write a zip under another name first: half a zip shall not look like a whole one."""
    if out.suffix.lower() != ".zip":
        into_folder(leaving.members(), out)
        return
    scratch = out.with_name(f"{out.name}.part")
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        for piece in zipped(leaving.members()):
            stream.write(piece)
    scratch.rename(out)


def _do(site: Site, plan: Plan, close_forms: bool) -> Moved:
    with click.progressbar(
        length=len(plan.submissions), label=say("Moving in"), file=sys.stderr
    ) as shown:
        moved = applying.apply(
            site,
            PROJECT,
            plan,
            options.shell_user(),
            progress=lambda done, total: shown.update(done - shown.pos),
            is_closing=close_forms,
        )
    with options.writing(site) as session:
        options.note(session, "moved_in", "site", **_counts(moved))
    return moved


def _counts(moved: Moved) -> dict[str, int]:
    told = asdict(moved)
    return {name: told[name] for name in told if name not in ("notes", "is_stopped")}


def _as_json(
    plan: Plan, numbers: Mapping[str, int], moved: Moved | None, notes: Iterable[Note]
) -> dict[str, object]:
    return {
        "found": dict(numbers),
        "forms": [
            {
                "form_id": one.form.form_id,
                "version": one.form.version,
                "title": one.form.title,
                "path": one.path,
                "missing_files": list(one.missing),
            }
            for one in plan.forms
        ],
        "lists": [{"name": one.name, "entities": one.rows} for one in plan.entities],
        "moved": None if moved is None else _counts(moved),
        "notes": [{"text": str(one), "msgid": one.msgid, **one.params} for one in notes],
    }


def _tell_plan(plan: Plan, numbers: Mapping[str, int]) -> None:
    for one in plan.forms:
        click.echo(
            say(
                "Form %(form_id)s, version “%(version)s”: %(title)s",
                form_id=one.form.form_id,
                version=one.form.version,
                title=one.form.title,
            )
        )
        if one.missing:
            click.echo(say("  Not brought along: %(names)s", names=", ".join(one.missing)))
    click.echo(
        say(
            "%(submissions)s submissions: %(new)s new, %(here)s here already, %(other)s here with "
            "other answers.",
            **numbers,
        )
    )
    click.echo(
        say("%(files)s files of submissions; %(missing_files)s are named and missing.", **numbers)
    )
    for entity_list in plan.entities:
        click.echo(
            say("Entity list %(name)s: %(rows)s", name=entity_list.name, rows=entity_list.rows)
        )


def _tell_moved(moved: Moved) -> None:
    click.echo(
        say(
            "Moved in: %(forms)s form versions, %(submissions)s submissions, %(files)s files, "
            "%(entities)s entities. Here before: %(again)s. Left out: %(left_out)s.",
            **_counts(moved),
        )
    )
