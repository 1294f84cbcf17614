"""`doorstep checks`: holds villages and workers against their like, in a process of its own."""

from __future__ import annotations

import gc
import math
import sys
from dataclasses import asdict
from datetime import UTC, datetime

import click

from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey.locks import alone
from server.survey.quality import on_demand, preview_runs, running
from server.survey.quality.signals import NOTHING
from server.survey.quality.thresholds import DEFAULTS


@click.command(
    epilog=options.examples(
        "doorstep checks",
        "doorstep checks --data ./county --json",
        "doorstep checks --preview rate.smallest_ratio=3 --preview digits.on=0",
    )
)
@click.option(
    "--preview",
    "proposed",
    metavar="NAME=VALUE",
    multiple=True,
    help="Say what other thresholds would raise and clear; changes nothing.",
)
@click.option("--preview-of", "token", hidden=True, help="The preview a page asked for.")
@options.as_json
@options.on_site
def checks(settings: Settings, proposed: tuple[str, ...], token: str | None, as_json: bool) -> None:
    """Work out which records, workers and villages are worth a look.

    A running server does this every hour by itself. What did not change is not worked out again;
    the same answers always give the same outcome. Ends with 1 when a part of them failed; the
    others are worked out all the same.
    """
    # A million persons are read at once: going through all of them for garbage again and again
    # took a tenth of the time.
    gc.set_threshold(100_000, 50, 100)
    if token is not None:
        with options.opened(settings) as site:
            preview_runs.run(site, token, datetime.now(UTC))
        return
    if proposed:
        _preview(settings, dict(map(_threshold, proposed)), as_json=as_json)
        return
    steps = list(running.STEPS)

    def tell(name: str) -> None:
        on_demand.tell_progress(settings.folder, name, steps.index(name) + 1, len(steps))

    lock = on_demand.lock_of(settings.folder)
    with options.opened(settings) as site, alone(lock) as is_mine:
        taken = running.run(site, datetime.now(UTC), tell) if is_mine else running.NOTHING_TAKEN
    total = sum(taken.changes.values(), NOTHING)
    told = {"raised": total.raised, "cleared": total.cleared}
    if as_json:
        options.print_json({**told, "ran": is_mine, "faults": list(taken.faults)})
    elif is_mine:
        click.echo(say("Checked. New: %(raised)s. Gone: %(cleared)s.", **told))
    else:
        click.echo(say("Another process is at it already."))
    if taken.faults:
        click.echo(
            say("Failed: %(steps)s. The log says why.", steps=", ".join(taken.faults)), err=True
        )
        sys.exit(1)


def _threshold(text: str) -> tuple[str, float]:
    """Read NAME=VALUE."""
    name, _, value = text.partition("=")
    if name not in DEFAULTS:
        raise click.UsageError(say("There is no threshold %(name)s.", name=name))
    limits = DEFAULTS[name]
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not limits.lowest <= number <= limits.highest:
        places = {"lowest": f"{limits.lowest:g}", "highest": f"{limits.highest:g}"}
        told = say("Give a number from %(lowest)s to %(highest)s.", **places)
        raise click.UsageError(f"{name}: {told}")
    return name, number


def _preview(settings: Settings, wanted: dict[str, float], *, as_json: bool) -> None:
    with options.opened(settings) as site:
        now = datetime.now(UTC)
        told = preview_runs.at_its_turn(site, wanted, now, lambda _name: None)
    if as_json:
        options.print_json(
            {
                "raised": told.raised,
                "cleared": told.cleared,
                "checks": [asdict(one) for one in told.differences],
                "faults": list(told.faults),
            }
        )
        return
    for one in told.differences:
        places = {"check": one.check, "raised": one.raised, "cleared": one.cleared}
        click.echo(say("%(check)s: %(raised)s would come, %(cleared)s would go.", **places))
    places = {"raised": told.raised, "cleared": told.cleared}
    click.echo(say("In all, %(raised)s would come and %(cleared)s would go.", **places))
