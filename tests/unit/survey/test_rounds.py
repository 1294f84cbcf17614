"""Rounds and villages' plans: set for many at once, looked at first, read from tallies."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from maps.pace import EVERY_DAY
from server.errors import NotValid
from server.survey import indicators, intake, round_changes, rounds
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.first_run import PROJECT
from server.survey.folds import done_on
from server.survey.registry.sample import import_sample
from server.survey.round_changes import PlanWish
from server.survey.rounds import DayOfWork, RoundDays
from server.survey.site import Site
from server.tables.projections import DoneTally, Household
from server.tables.reference import Village
from tests.builders import NEXT_VILLAGE, VILLAGE, an_id, an_upload, roster_xml, versions

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
NOVEMBER = RoundDays("November", date(2026, 11, 2), date(2026, 11, 30), EVERY_DAY)
TOWNSHIP = "130921211"
TODAY = date(2026, 11, 22)


@pytest.fixture
def session(site: Site, session: Session) -> Session:
    import_sample(session, "test")
    session.execute(update(Village).where(Village.code == VILLAGE).values(households=29))
    session.commit()
    return session


def set_plan(session: Session, wish: PlanWish, scope: Scope = WHOLE_SITE) -> None:
    change = round_changes.plan(session, PROJECT, wish, scope)
    round_changes.apply(session, PROJECT, change, "test", NOW)
    session.commit()


def test_a_township_is_planned_at_once(session: Session) -> None:
    wish = PlanWish(NOVEMBER, None, TOWNSHIP)
    change = round_changes.plan(session, PROJECT, wish, WHOLE_SITE)

    set_plan(session, wish)

    plans = rounds.plans(session, PROJECT, WHOLE_SITE)
    assert change.round_before is None
    assert len(change.villages) == len(plans) == 33
    assert {code[:9] for code in plans} == {TOWNSHIP}
    assert change.unregistered == 32
    assert round_changes.plan(session, PROJECT, wish, WHOLE_SITE).is_nothing


def test_villages_have_days_of_their_own_or_a_number_of_them(session: Session) -> None:
    weekdays = RoundDays("November", date(2026, 11, 2), date(2026, 11, 30), "12345")
    set_plan(session, PlanWish(weekdays, (VILLAGE,), starts_on=date(2026, 11, 5), working_days=5))
    set_plan(session, PlanWish(weekdays, (NEXT_VILLAGE,), ends_on=date(2026, 11, 6)))

    plans = rounds.plans(session, PROJECT, WHOLE_SITE)

    own = plans[VILLAGE].stretch
    assert (own.starts_on, own.ends_on) == (date(2026, 11, 5), date(2026, 11, 11))
    assert plans[NEXT_VILLAGE].stretch.length == 5
    assert plans[VILLAGE].has_own_days


def test_new_days_of_a_round_move_its_other_villages_and_say_so(session: Session) -> None:
    set_plan(session, PlanWish(NOVEMBER, (VILLAGE, NEXT_VILLAGE)))
    longer = RoundDays("November", date(2026, 11, 2), date(2026, 12, 11), EVERY_DAY)

    change = round_changes.plan(session, PROJECT, PlanWish(longer, (VILLAGE,)), WHOLE_SITE)
    set_plan(session, PlanWish(longer, (VILLAGE,)))

    assert (change.round_before, change.followers) == (NOVEMBER, 1)
    plans = rounds.plans(session, PROJECT, WHOLE_SITE)
    assert plans[NEXT_VILLAGE].stretch.ends_on == date(2026, 12, 11)
    assert [one.name for one in rounds.rounds(session, PROJECT)] == ["November"]


def test_a_round_does_not_shrink_below_the_days_of_its_villages(session: Session) -> None:
    set_plan(session, PlanWish(NOVEMBER, (NEXT_VILLAGE,), starts_on=date(2026, 11, 20)))
    shorter = RoundDays("November", date(2026, 11, 2), date(2026, 11, 13), EVERY_DAY)

    with pytest.raises(NotValid) as refused:
        round_changes.plan(session, PROJECT, PlanWish(shorter, (VILLAGE,)), WHOLE_SITE)

    assert refused.value.field == "name"


def test_nobody_moves_a_round_that_others_work_by(session: Session) -> None:
    set_plan(session, PlanWish(NOVEMBER, (VILLAGE, NEXT_VILLAGE)))
    longer = RoundDays("November", date(2026, 11, 2), date(2026, 12, 11), EVERY_DAY)
    mine = Scope.of([VILLAGE])

    for wish in (PlanWish(longer, (VILLAGE,)), PlanWish(NOVEMBER, (NEXT_VILLAGE,))):
        with pytest.raises(NotValid):
            round_changes.plan(session, PROJECT, wish, mine)

    assert [*rounds.plans(session, PROJECT, mine)] == [VILLAGE]


@pytest.mark.parametrize(
    ("of", "field"),
    [
        (RoundDays("", date(2026, 11, 2), date(2026, 11, 3), EVERY_DAY), "name"),
        (RoundDays("a", date(2026, 11, 2), date(2026, 11, 1), EVERY_DAY), "ends_on"),
        (RoundDays("a", date(2026, 11, 2), date(2062, 11, 1), EVERY_DAY), "ends_on"),
        (RoundDays("a", date(2026, 11, 2), date(2026, 11, 3), ""), "weekdays"),
        (RoundDays("a", date(2026, 11, 2), date(2026, 11, 3), "7"), "weekdays"),
        (RoundDays("a", date(2026, 11, 2), date(2026, 11, 3), "x"), "weekdays"),
    ],
)
def test_days_that_cannot_be_are_refused(session: Session, of: RoundDays, field: str) -> None:
    with pytest.raises(NotValid) as refused:
        round_changes.plan(session, PROJECT, PlanWish(of, (VILLAGE,)), WHOLE_SITE)

    assert refused.value.field == field


def test_villages_days_lie_within_the_round(session: Session) -> None:
    for wish in (
        PlanWish(NOVEMBER, (VILLAGE,), starts_on=date(2026, 10, 31)),
        PlanWish(NOVEMBER, (VILLAGE,), working_days=40),
        PlanWish(NOVEMBER, (VILLAGE,), working_days=0),
        PlanWish(NOVEMBER, ("130921211999",)),
        PlanWish(NOVEMBER, ()),
    ):
        with pytest.raises(NotValid):
            round_changes.plan(session, PROJECT, wish, WHOLE_SITE)


def test_a_plan_is_taken_away(session: Session) -> None:
    set_plan(session, PlanWish(NOVEMBER, (VILLAGE, NEXT_VILLAGE)))

    set_plan(session, PlanWish(NOVEMBER, (VILLAGE,), is_off=True))

    assert [*rounds.plans(session, PROJECT, WHOLE_SITE)] == [NEXT_VILLAGE]


def test_a_wish_is_kept_whole(session: Session) -> None:
    wish = PlanWish(NOVEMBER, (VILLAGE,), "", date(2026, 11, 5), None, 5)

    assert round_changes.from_json(round_changes.to_json(wish)) == wish


def test_the_day_a_household_is_done_is_that_of_its_first_final_outcome() -> None:
    def visit(day: int, outcome: str) -> dict[str, object]:
        return {"outcome": outcome, "visited_on": date(2026, 11, day)}

    absent = [visit(day, "absent") for day in (3, 4, 6)]

    assert done_on(absent) == date(2026, 11, 6)
    assert done_on([*absent[:2], visit(9, "refused"), visit(12, "completed")]) == date(2026, 11, 9)
    assert done_on(absent[:2]) is None


def test_the_pace_is_read_from_tallies_of_days(site: Site, session: Session) -> None:
    roster = versions(site)["household_roster"]
    days = ("2026-11-01", "2026-11-20", "2026-11-21", "2026-11-22")
    for number, day in enumerate(days):
        key = an_id("h", number)
        xml = roster_xml(f"uuid:{number}", consent="no", key=key, day=day, version=roster)
        intake.receive(site, an_upload(xml, NOW))
    absent = roster_xml("uuid:9", outcome="absent", key=an_id("h", 9), version=roster)
    intake.receive(site, an_upload(absent, NOW))
    set_plan(session, PlanWish(NOVEMBER, (VILLAGE, NEXT_VILLAGE)))
    asked: list[str] = []

    def ask(*told: object) -> None:
        asked.append(str(told[2]))

    event.listen(site.engine, "before_cursor_execute", ask)
    villages = indicators.coverage_by_village(session, WHOLE_SITE, TODAY)
    planned = rounds.planned(session, PROJECT, WHOLE_SITE, villages)
    done = rounds.done_on(session, PROJECT, WHOLE_SITE)
    came = rounds.since_yesterday(session, WHOLE_SITE, TODAY)
    event.remove(site.engine, "before_cursor_execute", ask)

    # A village without a register has no pace.
    assert [*planned] == [VILLAGE]
    assert (planned[VILLAGE].goal, planned[VILLAGE].before, planned[VILLAGE].done) == (29, 1, 4)
    assert planned[VILLAGE].behind(TODAY) == 1 + 28 * 20 // 29 - 4
    assert done == {date.fromisoformat(day): 1 for day in days}
    assert came == [DayOfWork(TODAY, 1, 1, 1), DayOfWork(date(2026, 11, 21), 1, 1, 1)]
    assert not any("submission" in one.split("FROM")[1].split()[0] for one in asked)
    finals = select(Household.done_on).where(Household.done_on.is_not(None))
    assert len(session.scalars(finals).all()) == sum(
        session.scalars(select(DoneTally.households)).all()
    )
