"""`doorstep plan`: when villages are worked, and how far the work is against it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import click

from maps import pace
from maps.pace import EVERY_DAY, Planned
from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey import indicators, round_changes, rounds, sign_offs, targets, village_choice
from server.survey.areas import WHOLE_SITE
from server.survey.first_run import PROJECT
from server.survey.round_changes import PlanChange, PlanWish
from server.survey.rounds import PlanLine, RoundDays

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def plan() -> None:
    """Plan a round: its days, its villages; see who is behind."""


@plan.command(epilog=options.examples("doorstep plan show", "doorstep plan show --json"))
@options.as_json
@options.on_site
def show(settings: Settings, as_json: bool) -> None:
    """Show every village with a plan: its days, what is planned until yesterday, done, behind."""
    with options.opened(settings) as site, options.reading(site) as session:
        today = datetime.now(settings.zone).date()
        villages = indicators.coverage_by_village(session, WHOLE_SITE, today)
        planned = rounds.planned(session, PROJECT, WHOLE_SITE, villages)
        plans = rounds.plans(session, PROJECT, WHOLE_SITE)
        done_on = rounds.done_on(session, PROJECT, WHOLE_SITE)
    told = pace.pace(planned.values(), done_on, today)
    lines = [_line(plans[code], planned.get(code), today) for code in plans]
    if as_json:
        together = None
        if told:
            together = {
                "done": told.done,
                "goal": told.goal,
                "planned": told.planned,
                "behind": told.behind,
                "villages_behind": told.villages_behind,
                "needed_a_day": round(told.needed, 2),
                "working_days_left": told.days_left,
                "median_of_last_days": told.last_median,
                "overdue": told.overdue,
            }
        options.print_json({"together": together, "villages": lines})
        return
    for line in lines:
        click.echo("\t".join("-" if one is None else str(one) for one in line.values()))
    if told:
        click.echo(
            say(
                "%(done)s of %(goal)s planned households; behind plan: %(behind)s",
                done=told.done,
                goal=told.goal,
                behind=told.behind,
            )
        )
    elif not lines:
        click.echo(say("No village has a plan yet."))


@plan.command(
    name="set",
    epilog=options.examples(
        "doorstep plan set 秋季入户 --from 2026-11-02 --to 2026-12-15 --township 130921211",
        "doorstep plan set 秋季入户 --from 2026-11-02 --to 2026-12-15 --weekdays 12345 "
        "--village 130921211201 --village-from 2026-11-09 --working-days 5 --dry-run",
    ),
)
@click.argument("name")
@click.option("--from", "starts_on", type=_DAY, required=True, help="The round's first day.")
@click.option("--to", "ends_on", type=_DAY, required=True, help="The round's last day.")
@click.option(
    "--weekdays",
    default=EVERY_DAY,
    show_default=True,
    help="Days of the week that are worked: 1 is Monday, 12345 Monday to Friday.",
)
@click.option("--village", "villages", multiple=True, metavar="CODE", help="May be repeated.")
@click.option(
    "--codes",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of village codes.",
)
@click.option("--township", default="", metavar="CODE", help="All villages of it.")
@click.option("--village-from", type=_DAY, help="These villages' own first day.")
@click.option("--village-to", type=_DAY, help="These villages' own last day.")
@click.option("--working-days", type=int, help="Their number of working days, instead of an end.")
@click.option("--dry-run", is_flag=True, help="Show what would change; change nothing.")
@options.as_json
@options.on_site
def set_plan(
    settings: Settings,
    name: str,
    starts_on: datetime,
    ends_on: datetime,
    weekdays: str,
    villages: tuple[str, ...],
    codes: Path | None,
    township: str,
    village_from: datetime | None,
    village_to: datetime | None,
    working_days: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Set the days of the round NAME and give it villages; without any named, all of the site."""
    text = "\n".join(villages) + "\n" + (codes.read_text("utf-8-sig") if codes else "")
    named = village_choice.read_pasted(text).codes
    wish = PlanWish(
        of=RoundDays(name, starts_on.date(), ends_on.date(), "".join(sorted(set(weekdays)))),
        codes=named if villages or codes else None,
        township=township,
        starts_on=village_from.date() if village_from else None,
        ends_on=village_to.date() if village_to else None,
        working_days=working_days,
    )
    with options.opened(settings) as site, options.writing(site) as session:
        change = round_changes.plan(session, PROJECT, wish, WHOLE_SITE)
        if not dry_run and not change.is_nothing:
            who = options.shell_user()
            round_changes.apply(session, PROJECT, change, who, datetime.now(UTC))
            options.note(session, "plan_set", name, **round_changes.journal_detail(change))
    _tell(change, as_json=as_json, is_done=not dry_run)


def _tell(change: PlanChange, *, as_json: bool, is_done: bool) -> None:
    if as_json:
        lines = [
            {"village": one.code, "before": _days(one.before), "after": _days(one.after)}
            for one in change.villages
        ]
        options.print_json({"is_done": is_done, "villages": lines, "followers": change.followers})
        return
    for one in change.villages:
        click.echo("\t".join((one.code, one.name, *_days(one.after))))
    if change.is_nothing:
        click.echo(say("Nothing to change"))


def _days(line: PlanLine | None) -> list[str]:
    if line is None:
        return []
    first, last = line.stretch.starts_on, line.stretch.ends_on
    return [line.round_name, first.isoformat(), last.isoformat()]


def _line(line: PlanLine, planned: Planned | None, today: date) -> dict[str, str | int | None]:
    yesterday = date.fromordinal(today.toordinal() - 1)
    return {
        "village": line.village_code,
        "round": line.round_name,
        "starts_on": line.stretch.starts_on.isoformat(),
        "ends_on": line.stretch.ends_on.isoformat(),
        "goal": planned.goal if planned else None,
        "planned": planned.by(yesterday) if planned else None,
        "done": planned.done if planned else None,
        "behind": planned.behind(today) if planned else None,
    }


@plan.command(
    name="day-off",
    epilog=options.examples(
        "doorstep plan day-off 2026-10-01",
        "doorstep plan day-off 2026-10-02 --township 130921211 --again",
    ),
)
@click.argument("day", type=_DAY)
@click.option("--township", default="", metavar="CODE", help="For this township's villages alone.")
@click.option("--again", is_flag=True, help="Work on it again.")
@options.as_json
@options.on_site
def day_off(settings: Settings, day: datetime, township: str, again: bool, as_json: bool) -> None:
    """Make DAY free in the plan; its part is spread over the other days."""
    scope = WHOLE_SITE.within(township) if township else WHOLE_SITE
    at, today = datetime.now(UTC), datetime.now(settings.zone).date()
    with options.opened(settings) as site, options.writing(site) as session:
        who = options.shell_user()
        changes = targets.set_day_off(
            session, PROJECT, scope, day.date(), today, who, at, is_off=not again
        )
        if changes:
            options.note(session, "target_set", township or "all", days=len(changes))
    if as_json:
        options.print_json({"day": day.date().isoformat(), "villages": len(changes)})
    else:
        click.echo(say("Changed for %(count)s villages.", count=len(changes)))


@plan.command(epilog=options.examples("doorstep plan registers", "doorstep plan registers --json"))
@options.as_json
@options.on_site
def registers(settings: Settings, as_json: bool) -> None:
    """List townships with their registers: signed by whom and when, and what changed since."""
    with options.opened(settings) as site, options.reading(site) as session:
        told = [
            {
                "township": one.code,
                "name": one.name,
                "state": one.state,
                "households": one.households,
                "signed_households": one.signed.households if one.signed else None,
                "signed_by": one.signed.signed_by if one.signed else None,
                "signed_at": one.signed.at.isoformat() if one.signed else None,
                "changed_villages": [two.code for two in one.differences],
            }
            for one in sign_offs.townships(session, PROJECT, WHOLE_SITE)
        ]
    if as_json:
        options.print_json(told)
        return
    for line in told:
        shown = [*line.values()][:-1]
        click.echo("\t".join("-" if one is None else str(one) for one in shown))
