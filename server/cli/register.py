"""`doorstep register`: an office's register into an entity list, and back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

import click

from maps.crs import Crs
from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey.areas import WHOLE_SITE
from server.survey.entity_imports import apply
from server.survey.entity_imports.plan import ImportChoice, RegisterPlan, plan_import
from server.survey.first_run import PROJECT
from server.survey.site import Site


@click.group()
def register() -> None:
    """Import an office's register into an entity list, undo an import, list imports."""


@register.command(
    "import",
    epilog=options.examples(
        "doorstep register import households 台账.xlsx --dry-run",
        "doorstep register import persons people.csv --key id_number --yes",
        "doorstep register import households points.csv --crs gcj02 --column 3=hh_no --json",
    ),
)
@click.argument("list_name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", default="", help="The property that tells entities apart; or name, the id.")
@click.option("--crs", type=click.Choice(get_args(Crs)), default="wgs84", show_default=True)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="NUMBER=PROPERTY",
    help="What a column means, counted from 1; may be repeated. PROPERTY - leaves it out.",
)
@click.option("--dry-run", is_flag=True, help="Show what would change; change nothing.")
@click.option("--skip-faulty", is_flag=True, help="Import the other rows when some are faulty.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
@options.as_json
@options.on_site
def import_file(
    settings: Settings,
    list_name: str,
    file: Path,
    key: str,
    crs: Crs,
    columns: tuple[str, ...],
    dry_run: bool,
    skip_faulty: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Import FILE (CSV, XLSX or XLS) into the entity list LIST_NAME.

    Rows whose key is there already are updated, the others created; nothing is deleted.
    """
    choice = ImportChoice(crs, key, _columns(columns))
    with options.opened(settings) as site:
        with options.reading(site) as session:
            content = file.read_bytes()
            planned = plan_import(
                session, PROJECT, list_name, file.name, content, choice, WHOLE_SITE
            )
        if not as_json:
            _tell(planned)
        has_work = bool(planned.created or planned.updated) and planned.is_readable
        is_done = has_work and not dry_run and (skip_faulty or not planned.faults)
        if is_done and not yes and not as_json and sys.stdin.isatty():
            click.confirm(say("Do it?"), abort=True)
        import_id = None
        if is_done:
            import_id = _take(site, planned)
    if as_json:
        options.print_json(_as_json(planned, import_id))
    elif import_id:
        click.echo(say("Done: import %(id)s.", id=import_id))
    if planned.faults and not import_id:
        sys.exit(1)


@register.command(epilog=options.examples("doorstep register undo 3"))
@click.argument("import_id", type=int)
@options.as_json
@options.on_site
def undo(settings: Settings, import_id: int, as_json: bool) -> None:
    """Take back the whole import IMPORT_ID; what was changed since stays."""
    with options.opened(settings) as site, options.writing(site) as session:
        planned = apply.plan_undo(session, PROJECT, import_id, WHOLE_SITE)
        apply.undo_import(session, PROJECT, planned, options.shell_user())
        options.note(session, "entities_import_undone", f"import {import_id}")
    stays = [{"id": one.entity_id, "property": one.property} for one in planned.stays]
    if as_json:
        told = {"removed": planned.removed, "restored": planned.restored, "stays": stays}
        options.print_json(told)
        return
    for one in planned.stays:
        click.echo(f"{one.entity_id}\t{one.property}")
    click.echo(say("Import %(id)s is undone.", id=import_id))


@register.command("imports", epilog=options.examples("doorstep register imports households"))
@click.argument("list_name")
@options.on_site
def list_imports(settings: Settings, list_name: str) -> None:
    """List the latest imports into a list, newest first."""
    with options.opened(settings) as site, options.reading(site) as session:
        listed = apply.imports(session, PROJECT, list_name)
    for one in listed:
        made = one.made_at.astimezone(settings.zone).strftime("%Y-%m-%d %H:%M")
        state = say("undone") if one.undone_at else ""
        counts = f"+{one.created} ~{one.updated}"
        click.echo(f"{one.id}\t{made}\t{one.made_by}\t{counts}\t{one.source_name}\t{state}")


def _take(site: Site, planned: RegisterPlan) -> int:
    """Import in one transaction: stopped half-way, by Ctrl-C say, nothing of it is there."""
    total = len(planned.created) + len(planned.updated) + len(planned.followers)
    with (
        options.writing(site) as session,
        click.progressbar(length=total, label=say("Importing"), file=sys.stderr) as shown,
    ):
        import_id = apply.apply_import(
            session,
            PROJECT,
            planned,
            options.shell_user(),
            progress=lambda done: shown.update(done - shown.pos),
        )
        options.note(session, "entities_imported", f"{planned.list_name}, import {import_id}")
    return import_id


def _columns(told: tuple[str, ...]) -> dict[int, str]:
    chosen: dict[int, str] = {}
    for one in told:
        number, _, meaning = one.partition("=")
        if not number.isdecimal() or not int(number) or not meaning:
            raise click.BadParameter(say("Write it as 3=hh_no."), param_hint="--column")
        chosen[int(number) - 1] = meaning
    return chosen


def _tell(planned: RegisterPlan) -> None:
    for one in (*planned.faults, *planned.warnings):
        place = f"{one.place}: " if one.place else ""
        click.echo(place + say(one.msgid, **one.params), err=True)
    created, updated = len(planned.created), len(planned.updated)
    click.echo(say("%(created)s new, %(updated)s changed", created=created, updated=updated))


def _as_json(planned: RegisterPlan, import_id: int | None) -> dict[str, object]:
    return {
        "import": import_id,
        "key": planned.key,
        "created": len(planned.created),
        "updated": len(planned.updated),
        "unchanged": planned.unchanged,
        "moved_along": len(planned.followers),
        "faulty": planned.faulty,
        "faults": [str(one) for one in planned.faults],
        "warnings": [str(one) for one in planned.warnings],
    }
