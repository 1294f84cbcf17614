"""`doorstep rebuild`: works the projected tables out again from what phones sent."""

from __future__ import annotations

import click

from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey import replay
from server.survey.site import Site


@click.command(
    epilog=options.examples("doorstep rebuild", "doorstep rebuild --yes --data ./county")
)
@click.option("--yes", is_flag=True, help="Do not ask first.")
@options.on_site
def rebuild(settings: Settings, yes: bool) -> None:
    """Empty the projected tables and work them out again from the submissions.

    Nothing that was sent is touched. It can be stopped: the next start goes on where it was.
    """
    if not yes:
        click.confirm(say("Figures are incomplete while this runs. Go on?"), abort=True)
    with options.opened(settings) as site:
        replay.clear(site)
        done = catch_up(site)
    click.echo(say("%(count)s submissions worked out.", count=done))


def catch_up(site: Site) -> int:
    """Project what waits, with a progress bar; return how many submissions were read."""
    with site.engine.connect() as connection:
        waiting = replay.waiting(connection)
    if not waiting:
        return 0
    with click.progressbar(length=waiting, label=say("Working out")) as bar:
        return replay.catch_up(site, lambda done: bar.update(done - bar.pos))
