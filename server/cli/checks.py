"""`doorstep checks`: holds villages and workers against their like, in a process of its own."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey.quality import running
from server.survey.quality.signals import NOTHING


@click.command(epilog=options.examples("doorstep checks", "doorstep checks --data ./county --json"))
@options.as_json
@options.on_site
def checks(settings: Settings, as_json: bool) -> None:
    """Work out which villages' counts and which workers' readings are unusual.

    A running server does this every hour by itself. What did not change is not worked out again;
    the same counts always give the same outcome.
    """
    with options.opened(settings) as site, _alone(settings.folder / "checks.lock") as is_mine:
        changes = running.run(site, datetime.now(UTC)) if is_mine else {}
    total = sum(changes.values(), NOTHING)
    if as_json:
        options.print_json({"raised": total.raised, "cleared": total.cleared, "ran": is_mine})
    elif is_mine:
        told = {"raised": total.raised, "cleared": total.cleared}
        click.echo(say("Checked. New: %(raised)s. Gone: %(cleared)s.", **told))
    else:
        click.echo(say("Another process is at it already."))


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Say whether no other process holds the lock; hold it until the end."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
