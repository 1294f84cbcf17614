"""`doorstep assignment`: which phone serves which villages, for many at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

import click
from sqlalchemy.orm import Session

from maps.crs import Crs
from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.errors import NotValid
from server.survey import assignments, phone_lists, phones, village_choice
from server.survey.areas import WHOLE_SITE
from server.survey.assignments import MOVE, WAYS, AssignmentPlan, Wish
from server.survey.first_run import PROJECT
from server.survey.site import Site

_dry_run = click.option("--dry-run", is_flag=True, help="Show what would change; change nothing.")
_yes = click.option("--yes", is_flag=True, help="Do not ask first.")


@click.group()
def assignment() -> None:
    """Give villages to phones, hand them over, see what a phone gets."""


@assignment.command(
    epilog=options.examples(
        "doorstep assignment give 王芳 --village 130921211201 --village 130921211202",
        "doorstep assignment give 王芳 12 --inside township.geojson --crs gcj02 --way move",
        "doorstep assignment give --codes phones-and-villages.csv --way only --yes",
    )
)
@click.argument("names", nargs=-1)
@click.option("--village", "villages", multiple=True, metavar="CODE", help="May be repeated.")
@click.option(
    "--codes",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of village codes; with a phone's name before each, no NAMES are needed.",
)
@click.option(
    "--inside",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A GeoJSON polygon: all villages whose centre lies in it.",
)
@click.option("--crs", type=click.Choice(get_args(Crs)), default="wgs84", show_default=True)
@click.option("--way", type=click.Choice(WAYS), default="also", show_default=True)
@_dry_run
@_yes
@options.as_json
@options.on_site
def give(
    settings: Settings,
    names: tuple[str, ...],
    villages: tuple[str, ...],
    codes: Path | None,
    inside: Path | None,
    crs: Crs,
    way: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Give villages to the phones with these NAMES (or numbers).

    --way also: besides what they serve. move: and no other phone serves them any more. only: they
    serve nothing else. take: they serve them no longer.
    """
    with options.opened(settings) as site:
        with options.reading(site) as session:
            text = "\n".join(villages) + "\n" + (codes.read_text("utf-8-sig") if codes else "")
            pasted = village_choice.read_pasted(text)
            found = {*pasted.codes}
            if inside:
                area = inside.read_bytes()
                found |= {*village_choice.villages_inside(session, area, crs, WHOLE_SITE).codes}
            if pasted.has_phones and not names:
                told = village_choice.named_pairs(session, PROJECT, pasted, WHOLE_SITE)
                wish = Wish(way, told)
            else:
                ids = [phones.find_named(session, PROJECT, one, WHOLE_SITE).id for one in names]
                wish = Wish(way, assignments.pairs(ids, found))
        _go(site, wish, dry_run=dry_run, yes=yes, as_json=as_json)


@assignment.command(epilog=options.examples("doorstep assignment handover 王芳 李明 --dry-run"))
@click.argument("giver")
@click.argument("taker")
@_dry_run
@_yes
@options.as_json
@options.on_site
def handover(
    settings: Settings, giver: str, taker: str, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Move all villages of the phone GIVER to the phone TAKER."""
    with options.opened(settings) as site:
        with options.reading(site) as session:
            source = phones.find_named(session, PROJECT, giver, WHOLE_SITE).id
            target = phones.find_named(session, PROJECT, taker, WHOLE_SITE).id
            if source == target:
                raise NotValid("Choose another phone to take the villages.", "source")
            codes = assignments.villages_of(session, source, WHOLE_SITE)
        wish = Wish(MOVE, assignments.pairs([target], codes), source)
        _go(site, wish, dry_run=dry_run, yes=yes, as_json=as_json)


@assignment.command(epilog=options.examples("doorstep assignment view 王芳 --json"))
@click.argument("name")
@options.as_json
@options.on_site
def view(settings: Settings, name: str, as_json: bool) -> None:
    """Show what a phone gets: each list with its rows and hash."""
    with options.opened(settings) as site, options.reading(site) as session:
        line = phones.find_named(session, PROJECT, name, WHOLE_SITE)
        lists = phone_lists.phone_lists(session, PROJECT, line.id)
    if as_json:
        told = [{"name": one.name, "rows": one.rows, "hash": one.md5} for one in lists]
        options.print_json(told)
        return
    for one in lists:
        click.echo(f"{one.name}\t{one.rows}\t{one.md5}")


def _go(site: Site, wish: Wish, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    with options.reading(site) as session:
        planned = assignments.plan(session, PROJECT, wish, WHOLE_SITE)
    if not as_json:
        _tell(planned)
    if planned.shares and not dry_run:
        if not yes and not as_json and sys.stdin.isatty():
            click.confirm(say("Do it?"), abort=True)
        with options.writing(site) as session:
            _do(session, planned)
    if as_json:
        options.print_json([_line(one) for one in planned.shares])
    elif planned.shares and not dry_run:
        click.echo(say("They get the new lists when they next ask."))


def _do(session: Session, planned: AssignmentPlan) -> None:
    assignments.apply(session, planned)
    for one in planned.shares:
        gained, lost = ([two.code for two in some] for some in (one.gained, one.lost))
        options.note(session, "phone_assigned", one.name, gained=gained, lost=lost)


def _tell(planned: AssignmentPlan) -> None:
    for one in planned.shares:
        for sign, some in (("+", one.gained), ("-", one.lost)):
            for village in some:
                click.echo(f"{one.name}\t{sign}\t{village.code}\t{village.name}")
    if planned.unserved:
        names = ", ".join(one.name for one in planned.unserved)
        words = say("No phone would serve these villages any more: %(names)s.", names=names)
        click.echo(words, err=True)
    if not planned.shares:
        click.echo(say("Nothing to change"))


def _line(share: assignments.PhoneShare) -> dict[str, object]:
    return {
        "id": share.id,
        "name": share.name,
        "gained": [one.code for one in share.gained],
        "lost": [one.code for one in share.lost],
        "villages": [one.code for one in share.after],
    }
