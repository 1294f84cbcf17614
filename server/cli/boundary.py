"""`doorstep boundary`: borders of villages for the map, from the command line."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from maps.boundaries import FRAMES
from maps.crs import Crs
from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey import boundaries, boundary_plan
from server.survey.areas import WHOLE_SITE
from server.survey.boundary_plan import BoundaryPlan


@click.group()
def boundary() -> None:
    """Import borders of villages, list the imports, undo one."""


@boundary.command(
    "import",
    epilog=options.examples(
        "doorstep boundary import villages.geojson --crs cgcs2000 --dry-run",
        "doorstep boundary import villages.geojson --crs gcj02 --json",
    ),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--crs",
    type=click.Choice(FRAMES),
    required=True,
    help="The frame of the file's positions; they are kept in WGS 84.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be drawn, and keep nothing.")
@click.option("--anyway", is_flag=True, help="Keep borders that look as if in another frame.")
@options.as_json
@options.on_site
def import_file(
    settings: Settings, file: Path, crs: Crs, dry_run: bool, anyway: bool, as_json: bool
) -> None:
    """Import FILE (GeoJSON): each area says its village by code or name, in any property.

    Borders that lie all to one side of where phones were are not kept: see --anyway.
    """
    number = None
    with options.opened(settings) as site:
        today = datetime.now(settings.zone).date()
        with options.reading(site) as session:
            plan = boundary_plan.plan_import(
                session, file.read_bytes(), file.name, crs, WHOLE_SITE, today
            )
        is_wrong = plan.check.is_shifted and not anyway
        if plan.matches and not dry_run and not is_wrong:
            with options.writing(site) as session:
                who = options.shell_user()
                number = boundaries.keep(session, plan.brought, who, datetime.now(UTC))
                options.note(
                    session,
                    "boundaries_imported",
                    f"import {number}",
                    file=file.name,
                    villages=len(plan.matches),
                    crs=crs,
                )
    if as_json:
        options.print_json(_as_json(plan, number))
    else:
        _tell(plan, number)
    if is_wrong or not plan.matches:
        sys.exit(1)


@boundary.command("list", epilog=options.examples("doorstep boundary list --json"))
@options.as_json
@options.on_site
def list_imports(settings: Settings, as_json: bool) -> None:
    """List the imports of borders, newest first."""
    with options.opened(settings) as site, options.reading(site) as session:
        lines = boundaries.imports(session, WHOLE_SITE)
    if as_json:
        options.print_json(
            [
                {
                    "id": one.id,
                    "file": one.source_name,
                    "crs": one.crs,
                    "villages": one.villages,
                    "made_at": one.made_at.isoformat(),
                    "undone": one.undone_at is not None,
                }
                for one in lines
            ]
        )
        return
    for one in lines:
        state = say("undone") if one.undone_at else ""
        click.echo(f"{one.id}\t{one.source_name}\t{one.crs}\t{one.villages}\t{state}")


@boundary.command(
    epilog=options.examples("doorstep boundary undo", "doorstep boundary undo 3"),
)
@click.argument("number", type=int, required=False)
@options.on_site
def undo(settings: Settings, number: int | None) -> None:
    """Take an import back, the newest unless NUMBER is given; the borders before it count again."""
    with options.opened(settings) as site, options.writing(site) as session:
        wanted = number if number is not None else boundaries.last_import_id(session)
        who = options.shell_user()
        done = boundaries.undo(session, wanted, who, WHOLE_SITE, datetime.now(UTC))
        options.note(session, "boundaries_undone", f"import {wanted}", file=done.source_name)
    click.echo(say("Import %(id)s of borders is undone.", id=wanted))


def _tell(plan: BoundaryPlan, number: int | None) -> None:
    count, unmatched = len(plan.matches), len(plan.unmatched)
    click.echo(
        say(
            "Borders of %(count)s villages would be drawn, %(unmatched)s areas fit no village.",
            count=count,
            unmatched=unmatched,
        )
    )
    if plan.check.compared:
        click.echo(
            say(
                "Middle of the visits inside the border: %(inside)s of %(compared)s villages.",
                inside=plan.check.inside,
                compared=plan.check.compared,
            )
        )
    if plan.check.is_shifted:
        click.echo(
            say(
                "The borders lie %(metres)s m beside the places where phones were, "
                "all in one direction.",
                metres=round(plan.check.shift_m or 0),
            )
        )
    if plan.check.better:
        click.echo(say("The frame fits %(crs)s better.", crs=plan.check.better))
    if number is not None:
        click.echo(say("Done: import %(id)s of borders.", id=number))


def _as_json(plan: BoundaryPlan, number: int | None) -> dict[str, object]:
    return {
        "villages": [one.code for one in plan.matches],
        "unmatched": [dict(one.told) for one in plan.unmatched],
        "without": plan.without,
        "compared": plan.check.compared,
        "inside": plan.check.inside,
        "shift_m": plan.check.shift_m,
        "is_shifted": plan.check.is_shifted,
        "better": plan.check.better,
        "import": number,
    }
