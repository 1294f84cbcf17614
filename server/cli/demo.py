"""`doorstep demo`: a site of invented people, to try everything with."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click

from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey import addresses
from server.survey.demo import devices, filling
from server.survey.demo.filling import Prepared
from server.survey.phones import NewPhone
from server.survey.site import Site

_MOST_HOUSEHOLDS = 1_000_000
_PASSWORDS_ONCE = "These passwords and phone addresses are shown this once:"


@click.command(
    epilog=options.examples(
        "doorstep demo --data ./demo",
        "doorstep demo --households 100 --seed 7 --json",
        "doorstep demo --households 240000 --database postgresql://doorstep@localhost/demo",
    )
)
@click.option(
    "--households",
    type=click.IntRange(filling.FEWEST_HOUSEHOLDS, _MOST_HOUSEHOLDS),
    default=1500,
    show_default=True,
    help="Households visited; each makes about four submissions.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed gives the same site."
)
@options.as_json
@options.on_site
def demo(settings: Settings, households: int, seed: int, as_json: bool) -> None:
    """Make a site and fill it with invented people in the 33 villages of Gaochuan.

    Everything is sent through the real intake, as phones would send it. Positions, figures and
    persons are invented; faults are planted to be found. A site that holds submissions is refused.
    """
    with options.opened(settings) as site:
        prepared = filling.prepare(site, households, seed, datetime.now(UTC))
        sent, is_whole = _send(site, prepared)
        with options.writing(site) as session:
            devices.add(session)
    logins = [
        {"name": one.name, "role": one.role, "area": one.area, "password": one.password}
        for one in prepared.logins
    ]
    address = addresses.main_address(settings)
    phones = [_phone(one, address) for one in prepared.phones]
    if as_json:
        told = {"submissions": sent, "is_whole": is_whole, "accounts": logins, "phones": phones}
        options.print_json(told)
    else:
        _tell(logins, phones)
        click.echo(say("%(count)s submissions are in.", count=sent))
    if not is_whole:
        words = "Stopped. What was sent stays; for a whole demo begin again in an empty folder."
        raise click.ClickException(say(words))


def _send(site: Site, prepared: Prepared) -> tuple[int, bool]:
    """Send with a bar; return how many submissions are in, and whether that is all of them."""
    sent = 0

    def told(_: int | None) -> str:
        return say("%(count)s submissions", count=sent)

    with click.progressbar(
        length=prepared.fieldwork.households,
        label=say("Households"),
        show_pos=True,
        item_show_func=told,
        file=sys.stderr,
    ) as bar:
        try:
            for step in filling.send(site, prepared):
                sent += step.submissions
                bar.update(step.households)
        except KeyboardInterrupt:
            return sent, False
    return sent, True


def _phone(phone: NewPhone, address: str) -> dict[str, Any]:
    return {
        "name": phone.name,
        "token": phone.token,
        "server_url": f"{address}/v1/key/{phone.token}/projects/{phone.project_id}",
    }


def _tell(logins: list[dict[str, str]], phones: list[dict[str, Any]]) -> None:
    click.echo(say(_PASSWORDS_ONCE))
    for one in logins:
        click.echo(f"{one['name']:<16} {one['role']:<11} {one['area']:<13} {one['password']}")
    for phone in phones:
        click.echo(f"{phone['name']}\t{phone['server_url']}")
