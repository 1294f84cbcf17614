"""`doorstep task`: what checks noticed, and who has taken it on."""

from __future__ import annotations

from datetime import datetime

import click

from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey import tasks
from server.survey.areas import WHOLE_SITE
from server.survey.quality.checks import FAMILIES, Family
from server.survey.tasks import STATES, Reader, Task, Wanted


@click.group()
def task() -> None:
    """Look at what checks noticed."""


@task.command(
    name="list",
    epilog=options.examples(
        "doorstep task list", "doorstep task list --family worker --state late --json"
    ),
)
@click.option("--family", type=click.Choice(FAMILIES), help="One kind alone. Default: all.")
@click.option(
    "--state", type=click.Choice([one for one in STATES if one != "mine"]), default="open"
)
@click.option("--village", default="", metavar="CODE", help="One village alone.")
@click.option("--check", "name", default="", metavar="NAME", help="One check alone.")
@options.as_json
@options.on_site
def show(
    settings: Settings,
    family: Family | None,
    state: str,
    village: str,
    name: str,
    as_json: bool,
) -> None:
    """List tasks: what is due first comes first, records before workers before villages."""
    families = [family] if family else FAMILIES
    reader = Reader(WHOLE_SITE, "", datetime.now(settings.zone), sees_sensitive=True)
    with options.opened(settings) as site, options.reading(site) as session:
        lines = [
            _line(one)
            for kind in families
            for one in tasks.every(session, reader, Wanted(kind, state, village, check=name))
        ]
    if as_json:
        options.print_json(lines)
        return
    for line in lines:
        told = (line[key] for key in ("family", "check", "subject", "indicator", "due_on", "owner"))
        click.echo("\t".join(str(one or "-") for one in told))
    if not lines:
        click.echo(say("Nothing to check."))


def _line(task: Task) -> dict[str, object]:
    closing = task.closing
    return {
        "family": task.family,
        "check": task.check,
        "subject": task.subject,
        "indicator": task.indicator,
        "verdict": task.verdict,
        "village_code": task.village_code,
        "township_code": task.township_code,
        "phone": task.phone_id,
        "submission": task.submission_id,
        "figures": dict(task.figures),
        "noticed_at": task.noticed_at.isoformat(),
        "due_on": task.due_on.isoformat(),
        "owner": task.owner,
        "closed": None
        if closing is None
        else {
            "reason": closing.reason,
            "note": closing.note,
            "who": closing.who,
            "at": closing.at.isoformat(),
        },
    }
