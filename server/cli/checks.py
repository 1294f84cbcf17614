"""`doorstep checks`: holds villages and workers against their like, in a process of its own."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey.quality import on_demand, running
from server.survey.quality.signals import NOTHING


@click.command(epilog=options.examples("doorstep checks", "doorstep checks --data ./county --json"))
@options.as_json
@options.on_site
def checks(settings: Settings, as_json: bool) -> None:
    """Work out which villages' counts and which workers' readings are unusual.

    A running server does this every hour by itself. What did not change is not worked out again;
    the same counts always give the same outcome.
    """
    steps = list(running.STEPS)

    def tell(name: str) -> None:
        on_demand.tell_progress(settings.folder, name, steps.index(name) + 1, len(steps))

    with options.opened(settings) as site, on_demand.alone(settings.folder) as is_mine:
        changes = running.run(site, datetime.now(UTC), tell) if is_mine else {}
    total = sum(changes.values(), NOTHING)
    if as_json:
        options.print_json({"raised": total.raised, "cleared": total.cleared, "ran": is_mine})
    elif is_mine:
        told = {"raised": total.raised, "cleared": total.cleared}
        click.echo(say("Checked. New: %(raised)s. Gone: %(cleared)s.", **told))
    else:
        click.echo(say("Another process is at it already."))
