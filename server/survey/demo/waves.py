"""The plan of the demo's round: two waves of villages, one over and one half done."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from maps.pace import EVERY_DAY
from server.survey import round_changes
from server.survey.areas import WHOLE_SITE
from server.survey.demo.places import Plan
from server.survey.first_run import PROJECT
from server.survey.round_changes import PlanWish
from server.survey.rounds import RoundDays

ROUND = "\u79cb\u51ac\u5165\u6237"  # Autumn and winter, door to door.
# Days before today. The villages that are begun later have no plan yet.
_ROUND, _FIRST_WAVE, _SECOND_WAVE = (60, -60), (60, 22), (52, -40)


def set_plan(session: Session, plan: Plan, today: date, who: str, at: datetime) -> None:
    """Plan the villages that were begun first. Does not commit."""
    first = [one.code for one in plan.places if one.first_day > _SECOND_WAVE[0]]
    second = [one.code for one in plan.places if one.first_day == _SECOND_WAVE[0]]

    def day(ago: int) -> date:
        return today - timedelta(days=ago)

    of = RoundDays(ROUND, day(_ROUND[0]), day(_ROUND[1]), EVERY_DAY)
    for codes, (begins, ends) in ((first, _FIRST_WAVE), (second, _SECOND_WAVE)):
        if codes:
            wish = PlanWish(of, tuple(codes), starts_on=day(begins), ends_on=day(ends))
            change = round_changes.plan(session, PROJECT, wish, WHOLE_SITE)
            round_changes.apply(session, PROJECT, change, who, at)
