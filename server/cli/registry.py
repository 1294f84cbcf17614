"""`doorstep registry`: divisions, villages and clinics, from the command line."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import get_args

import click

from maps.crs import Crs
from server.cli import options, registry_words
from server.cli.options import say
from server.config import Settings
from server.survey import areas, replay
from server.survey.areas import WHOLE_SITE
from server.survey.registry import apply, overview, reading, sample
from server.survey.registry.apply import Applied, UndoRefused
from server.survey.registry.columns import KINDS
from server.survey.registry.plan import ImportPlan, plan_import
from server.survey.registry.units import ImportOptions
from server.survey.site import Site


def _checked_area(_context: click.Context, _option: click.Parameter, code: str) -> str:
    try:
        areas.stem(code)
    except ValueError as error:
        raise click.BadParameter(say("It must be 2 to 12 digits.")) from error
    return code


_area_option = click.option(
    "--area",
    default="",
    metavar="CODE",
    callback=_checked_area,
    help="Only codes that begin with this.",
)


@click.group()
def registry() -> None:
    """Import divisions, villages and clinics; undo an import; list what there is."""


@registry.command(
    "import",
    epilog=options.examples(
        "doorstep registry import villages.xlsx --dry-run",
        "doorstep registry import villages.csv --area 130921 --yes",
        "doorstep registry import clinics.csv --crs gcj02 --json",
    ),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(KINDS), help="What the rows are, if columns do not tell.")
@click.option(
    "--crs",
    type=click.Choice(get_args(Crs)),
    default="wgs84",
    show_default=True,
    help="The frame of the file's positions; they are kept in WGS 84.",
)
@_area_option
@click.option(
    "--withdraw-missing",
    is_flag=True,
    help="Villages that the file leaves out of a township it lists end yesterday.",
)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask first. Without a terminal nobody is asked.")
@options.as_json
@options.on_site
def import_file(
    settings: Settings,
    file: Path,
    kind: str | None,
    crs: Crs,
    area: str,
    withdraw_missing: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Import FILE (CSV, XLSX or XLS): divisions, villages with register figures, or clinics.

    The kind is told by the columns, which may be Chinese or English. Nothing is deleted, and
    nothing is changed when anything in the file is wrong: all faults are listed at once.
    """
    wanted = ImportOptions(kind, crs, area, withdraw_missing)
    with options.opened(settings) as site:
        today = datetime.now(settings.zone).date()
        with options.reading(site) as session:
            plan = plan_import(session, file.read_bytes(), file.name, wanted, today=today)
        if not as_json:
            registry_words.tell_plan(plan)
        is_done = not plan.faults and bool(plan.changes) and not dry_run
        if is_done and not yes and not as_json and sys.stdin.isatty():
            click.confirm(say("Do it?"), abort=True)
        applied = _apply(site, plan) if is_done else None
    if as_json:
        options.print_json(registry_words.plan_as_json(plan, applied))
    elif applied:
        click.echo(say("Done: import %(id)s.", id=applied.import_id))
    if plan.faults:
        sys.exit(1)


@registry.command("sample", epilog=options.examples("doorstep registry sample"))
@options.on_site
def import_sample(settings: Settings) -> None:
    """Import the sample: 61 real village units of six townships, to try the program with."""
    with options.opened(settings) as site:
        with options.writing(site) as session:
            done = sample.import_sample(session, options.shell_user())
            for one in done:
                options.note(session, "registry_import", f"import {one.import_id}")
        _catch_up(site, sum(one.waiting for one in done))
        with options.reading(site) as session:
            held = overview.counts(session, WHOLE_SITE)
    click.echo(
        say(
            "%(villages)s villages in %(townships)s townships are there.",
            villages=held.villages,
            townships=held.townships,
        )
    )


@registry.command(
    epilog=options.examples("doorstep registry undo", "doorstep registry undo 7"),
)
@click.argument("import_id", type=int, required=False)
@options.as_json
@options.on_site
def undo(settings: Settings, import_id: int | None, as_json: bool) -> None:
    """Take back the import with number IMPORT_ID, or the latest one.

    Refused when a later import touched the same rows, or when phones, submissions, clinics or
    villages have come to lie in what would go.
    """
    with options.opened(settings) as site:
        try:
            with options.writing(site) as session:
                wanted = import_id or apply.last_import_id(session)
                undone = apply.undo_import(session, wanted, options.shell_user())
                options.note(session, "registry_undo", f"import {wanted}")
        except UndoRefused as refusal:
            registry_words.tell_faults(refusal.reasons)
            raise
        _catch_up(site, undone.waiting)
    if as_json:
        options.print_json({"undone": wanted, "villages": list(undone.village_codes)})
    else:
        click.echo(say("Import %(id)s is undone.", id=wanted))


@registry.command(
    "list",
    epilog=options.examples(
        "doorstep registry list --area 130921211",
        "doorstep registry list --json > villages.json",
    ),
)
@_area_option
@options.as_json
@options.on_site
def list_villages(settings: Settings, area: str, as_json: bool) -> None:
    """List villages with their register figures and positions."""
    with options.opened(settings) as site, options.reading(site) as session:
        villages = reading.villages(session, WHOLE_SITE.within(area))
    if as_json:
        options.print_json([registry_words.village_as_json(one) for one in villages])
        return
    for one in villages:
        households = "–" if one.households is None else str(one.households)
        click.echo(f"{one.code}\t{one.name}\t{one.township_name}\t{households}")


@registry.command("imports", epilog=options.examples("doorstep registry imports --json"))
@options.as_json
@options.on_site
def list_imports(settings: Settings, as_json: bool) -> None:
    """List the latest imports, newest first."""
    with options.opened(settings) as site, options.reading(site) as session:
        listed = apply.imports(session)
    if as_json:
        options.print_json([registry_words.import_as_json(one) for one in listed])
        return
    for one in listed:
        state = say("undone") if one.undone_at else ""
        made = one.made_at.astimezone(settings.zone).strftime("%Y-%m-%d %H:%M")
        counts = f"+{one.added} ~{one.changed} -{one.removed}"
        click.echo(
            f"{one.id}\t{made}\t{one.made_by}\t{one.kind}\t{counts}\t{one.source_name}\t{state}"
        )


def _apply(site: Site, plan: ImportPlan) -> Applied:
    with options.writing(site) as session:
        applied = apply.apply_import(session, plan, options.shell_user())
        options.note(
            session,
            "registry_import",
            f"import {applied.import_id}",
            file=plan.source_name,
            added=len(plan.added),
            changed=len(plan.changed),
        )
    _catch_up(site, applied.waiting)
    return applied


def _catch_up(site: Site, waiting: int) -> None:
    """Project again what was sent from villages that moved, with a bar where it takes a while."""
    if not waiting:
        return
    label = say("Submissions of these villages")
    with click.progressbar(length=waiting, label=label, file=sys.stderr) as bar:
        shown = 0

        def show(done: int) -> None:
            nonlocal shown
            bar.update(done - shown)
            shown = done

        replay.catch_up(site, show)
