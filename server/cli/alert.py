"""`doorstep alert`: who is told of what; look and send now."""

from __future__ import annotations

import click

from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.errors import Conflict
from server.survey.alerts import deliveries, rules, turns
from server.survey.areas import WHOLE_SITE
from server.survey.first_run import PROJECT
from server.web import language


@click.group()
def alert() -> None:
    """Alerts: who is told of what, and what went out."""


@alert.command("list", epilog=options.examples("doorstep alert list", "doorstep alert list --json"))
@options.as_json
@options.on_site
def listed(settings: Settings, as_json: bool) -> None:
    """List the rules with what stands open of each."""
    with options.opened(settings) as site, options.reading(site) as session:
        lines = [
            {
                "id": one.rule.id,
                "name": one.rule.name,
                "kind": one.rule.kind,
                "area": one.rule.area_code,
                "is_stopped": one.rule.stopped_at is not None,
                "open": one.open,
            }
            for one in rules.listed(session, PROJECT, WHOLE_SITE)
        ]
    if as_json:
        options.print_json(lines)
        return
    for line in lines:
        click.echo("\t".join(map(str, line.values())))


@alert.command(epilog=options.examples("doorstep alert send", "doorstep alert send --json"))
@options.as_json
@options.on_site
def send(settings: Settings, as_json: bool) -> None:
    """Look for what people asked to be told of, and send what is due.

    A running server does this every minute by itself.
    """
    with options.opened(settings) as site:
        turn = turns.take(site, PROJECT, language.say)
        with options.reading(site) as session:
            waiting = deliveries.waiting(session, PROJECT, WHOLE_SITE)
    if turn is None:
        raise Conflict("Another process is at it already.")
    told = {
        "began": turn.began,
        "written": turn.written,
        "sent": turn.sent,
        "failed": turn.failed,
        "waiting": waiting,
    }
    if as_json:
        options.print_json(told)
    else:
        click.echo(say("New: %(began)s. Sent: %(sent)s. Not taken: %(failed)s.", **told))
