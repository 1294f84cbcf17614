"""`doorstep move`: in from ODK Central, Kobo, Briefcase or another doorstep, and out again."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import click

from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey.first_run import PROJECT
from server.survey.moving import applying, parcel
from server.survey.moving.applying import Moved
from server.survey.moving.contents import Note
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
