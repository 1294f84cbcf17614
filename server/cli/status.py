"""`doorstep status`: how a site stands, in a few figures."""

from __future__ import annotations

import click

from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey import standing

WORDS = {
    "folder": "Folder",
    "database": "Database",
    "version": "Version",
    "forms": "Forms",
    "villages": "Villages",
    "phones": "Phones",
    "accounts": "Accounts",
    "submissions": "Submissions",
    "projected": "of these worked out",
    "parked": "of these parked",
    "failed": "of these failed",
    "replaced": "of these replaced by an edit",
    "waiting": "of these waiting",
    "households": "Households",
    "persons": "Persons",
    "batches": "Batches",
    "last_submission_at": "Last submission",
}
"""What each figure is called; keys are those of `--json`."""


@click.command(epilog=options.examples("doorstep status", "doorstep status --json"))
@options.as_json
@options.on_site
def status(settings: Settings, as_json: bool) -> None:
    """Show what the site holds: forms, villages, phones, submissions and what became of them."""
    with options.opened(settings) as site, options.reading(site) as session:
        told = standing.standing(session, site)
    if as_json:
        options.print_json(told)
        return
    width = max(len(say(word)) for word in WORDS.values())
    for key, word in WORDS.items():
        click.echo(f"{say(word):<{width}}  {'–' if told[key] is None else told[key]}")
