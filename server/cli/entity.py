"""`doorstep entity`: the lists phones choose from, and changes that wait too long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey.areas import WHOLE_SITE
from server.survey.entities import backlog, overview
from server.survey.first_run import PROJECT


@click.group()
def entity() -> None:
    """Entity lists: what phones choose from and change."""


@entity.command(
    "list", epilog=options.examples("doorstep entity list", "doorstep entity list --json")
)
@options.as_json
@options.on_site
def list_(settings: Settings, as_json: bool) -> None:
    """List entity lists with how many entities each holds, and how much waits."""
    with options.opened(settings) as site, options.reading(site) as session:
        lists = overview.lists(session, PROJECT, WHOLE_SITE)
        waiting = backlog.counts(session, WHOLE_SITE)
    if as_json:
        told = [
            {"name": one.name, "entities": one.entities, "conflicts": one.conflicts}
            for one in lists
        ]
        options.print_json({"lists": told, "waiting": waiting})
        return
    width = max((len(one.name) for one in lists), default=0)
    for one in lists:
        note = say("%(count)s in conflict", count=one.conflicts) if one.conflicts else ""
        click.echo(f"{one.name:<{width}}  {one.entities:>7}  {note}".rstrip())
    click.echo(
        say("Out of order: %(held)s, for approval: %(waiting)s, not applied: %(faults)s", **waiting)
    )


@entity.command(epilog=options.examples("doorstep entity force", "doorstep entity force --days 0"))
@click.option("--days", type=click.IntRange(min=0), help="Days a change has waited at least.")
@options.on_site
def force(settings: Settings, days: int | None) -> None:
    """Apply changes that wait for the one before them longer than --days.

    Without --days: longer than the site's own DOORSTEP_HELD_DAYS, as the server does every hour.
    """
    now = datetime.now(UTC)
    if days is not None:
        now += timedelta(days=settings.held_days - days)
    with options.opened(settings) as site:
        done = backlog.force_overdue(site, PROJECT, now)
    click.echo(say("%(count)s changes applied out of order.", count=done))
