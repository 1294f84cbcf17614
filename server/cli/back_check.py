"""`doorstep back-check`: draws households to be asked again, and tells what differs."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime

import click

from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey import phones
from server.survey.areas import WHOLE_SITE
from server.survey.back_checks import draws, entries, rates
from server.survey.back_checks.draws import STRATA, DrawPlan, DrawWish
from server.survey.first_run import PROJECT

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group(name="back-check")
def back_check() -> None:
    """Have a few households asked again by somebody else; compare the answers."""


@back_check.command(
    epilog=options.examples(
        "doorstep back-check draw --from 2026-11-02 --to 2026-11-15 --percent 5 --dry-run",
        "doorstep back-check draw --from 2026-11-02 --to 2026-11-15 --percent 10 --by village "
        "--seed 731 --phone 督导员",
    )
)
@click.option("--from", "starts_on", type=_DAY, required=True, help="Interviews from this day on.")
@click.option("--to", "ends_on", type=_DAY, required=True, help="Interviews until this day.")
@click.option("--percent", type=float, default=5.0, show_default=True, help="Of each stratum.")
@click.option(
    "--by",
    "stratum",
    type=click.Choice(STRATA),
    default="worker",
    show_default=True,
    help="Strata.",
)
@click.option("--least", type=int, default=2, show_default=True, help="Households of each stratum.")
@click.option("--township", default="", metavar="CODE", help="Of this township alone.")
@click.option("--phone", metavar="NAME", help="The phone that asks; else others near by, in turn.")
@click.option("--seed", type=int, help="The same seed draws the same households.")
@click.option("--dry-run", is_flag=True, help="Show what would be drawn; change nothing.")
@options.as_json
@options.on_site
def draw(
    settings: Settings,
    starts_on: datetime,
    ends_on: datetime,
    percent: float,
    stratum: str,
    least: int,
    township: str,
    phone: str | None,
    seed: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Draw households by chance and put them on other workers' phones."""
    with options.opened(settings) as site, options.writing(site) as session:
        wish = DrawWish(
            area=township,
            starts_on=starts_on.date(),
            ends_on=ends_on.date(),
            stratum=stratum,
            share=round(percent / 100, 6),
            least=least,
            seed=secrets.randbelow(1_000_000) if seed is None else seed,
            phone_id=phones.find_named(session, PROJECT, phone, WHOLE_SITE).id if phone else None,
        )
        planned = draws.plan(session, PROJECT, wish, WHOLE_SITE)
        number = None
        if not dry_run:
            at = datetime.now(UTC)
            number = draws.apply(session, PROJECT, planned, options.shell_user(), at)
            count = len(planned.asked)
            options.note(
                session, "back_checks_drawn", f"draw {number}", households=count, seed=wish.seed
            )
    _tell(planned, number, as_json=as_json)


@back_check.command(
    name="list",
    epilog=options.examples("doorstep back-check list", "doorstep back-check list --json"),
)
@options.as_json
@options.on_site
def list_draws(settings: Settings, as_json: bool) -> None:
    """List the draws: interviews of which days, households drawn and asked again."""
    with options.opened(settings) as site, options.reading(site) as session:
        told = [
            {
                "draw": one.id,
                "from": _text(one.starts_on),
                "to": _text(one.ends_on),
                "by": one.stratum,
                "seed": one.seed,
                "drawn": one.households,
                **{state: one.states.get(state, 0) for state in entries.STATES},
            }
            for one in entries.draws(session, PROJECT, WHOLE_SITE, most=1000)
        ]
    _lines(told, as_json=as_json)


@back_check.command(
    name="rates",
    epilog=options.examples("doorstep back-check rates", "doorstep back-check rates --json"),
)
@options.as_json
@options.on_site
def list_rates(settings: Settings, as_json: bool) -> None:
    """List how often answers differ by worker and question, as the last checks worked it out."""
    with options.opened(settings) as site, options.reading(site) as session:
        told = [
            {
                "worker": one.worker,
                "question": one.rate.question.name,
                "type": one.rate.question.type,
                "tried": one.rate.tried,
                "differing": one.rate.differing,
                "low": round(one.rate.low, 4),
                "high": round(one.rate.high, 4),
                "verdict": one.verdict,
            }
            for one in rates.of_workers(session, PROJECT, WHOLE_SITE)
        ]
    _lines(told, as_json=as_json)


def _tell(planned: DrawPlan, number: int | None, *, as_json: bool) -> None:
    if as_json:
        options.print_json(
            {
                "draw": number,
                "seed": planned.wish.seed,
                "households": len(planned.asked),
                "without_phone": len(planned.chosen) - len(planned.asked),
                "drawn_before": planned.before,
                "strata": [
                    {"name": one.name, "interviewed": one.interviewed, "drawn": one.drawn}
                    for one in planned.strata
                ],
                "phones": planned.loads,
            }
        )
        return
    for one in planned.strata:
        click.echo(f"{one.name}\t{one.interviewed}\t{one.drawn}")
    click.echo(
        say(
            "%(count)s households drawn with the seed %(seed)s.",
            count=len(planned.asked),
            seed=planned.wish.seed,
        )
    )


def _lines(told: list[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        options.print_json(told)
        return
    for one in told:
        click.echo("\t".join(map(str, one.values())))


def _text(day: date) -> str:
    return day.isoformat()
