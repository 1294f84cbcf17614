"""The pace of a round, by examples one can count on a calendar (methods 4.1)."""

from __future__ import annotations

from datetime import date

from maps import pace
from maps.pace import Planned, Stretch

# Monday 2 November to Friday 13 November 2026: ten working days.
FORTNIGHT = Stretch(date(2026, 11, 2), date(2026, 11, 13), "12345")
WEDNESDAY = date(2026, 11, 11)


def a_village(done: int, goal: int = 100, before: int = 0, code: str = "1") -> Planned:
    return Planned(code, FORTNIGHT, goal, before, done)


def test_the_plan_goes_in_equal_parts_over_working_days() -> None:
    days = (date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 8), WEDNESDAY, date(2026, 11, 30))

    assert [a_village(0).by(day) for day in days] == [0, 10, 50, 80, 100]


def test_what_was_done_before_the_first_day_is_not_planned_again() -> None:
    assert a_village(0, before=40).by(date(2026, 11, 6)) == 70


def test_behind_is_counted_to_yesterday_and_needed_from_today() -> None:
    village = a_village(61)

    assert village.behind(WEDNESDAY) == 9
    assert village.needed(WEDNESDAY) == 13


def test_no_day_left_needs_no_number_but_is_overdue() -> None:
    village = a_village(61)

    told = pace.pace([village], {}, date(2026, 11, 16))

    assert village.needed(date(2026, 11, 16)) is None
    assert told is not None
    assert (told.overdue, told.behind, told.needed) == (39, 39, 0)


def test_slow_is_the_median_of_the_last_three_working_days_below_what_is_needed() -> None:
    days = [date(2026, 11, 6), date(2026, 11, 9), date(2026, 11, 10)]
    village = a_village(70)

    slow = pace.pace([village], dict(zip(days, (9, 30, 4), strict=True)), WEDNESDAY)
    quick = pace.pace([village], dict(zip(days, (10, 30, 4), strict=True)), WEDNESDAY)
    early = pace.pace([village], {}, date(2026, 11, 4))

    assert slow is not None
    assert quick is not None
    assert early is not None
    assert (slow.behind, slow.last_median, slow.needed, slow.is_behind) == (0, 9, 10, True)
    assert (quick.last_median, quick.is_behind) == (10, False)
    assert early.last_median is None


def test_one_village_ahead_makes_up_for_another_but_is_told() -> None:
    told = pace.pace([a_village(80), a_village(60, code="2")], {}, WEDNESDAY)

    assert told is not None
    assert (told.behind, told.villages, told.villages_behind) == (0, 2, 1)


def test_more_than_the_register_finishes_nobody_else() -> None:
    told = pace.pace([a_village(300), a_village(0, code="2")], {}, WEDNESDAY)

    assert told is not None
    assert (told.done, told.planned, told.behind) == (100, 140, 40)


def test_the_trend_ends_at_what_is_done_now_and_shows_the_plan_to_its_end() -> None:
    done_on = {date(2026, 11, 2): 8, date(2026, 11, 10): 20, date(2029, 1, 1): 1}

    days = pace.trend([a_village(39, before=10)], done_on, WEDNESDAY)

    assert (days[0].total, days[0].planned, days[0].done) == (18, 19, 8)
    assert next(one for one in days if one.day == WEDNESDAY).total == 39
    assert (days[-1].day, days[-1].total, days[-1].planned) == (FORTNIGHT.ends_on, None, 100)
    assert not days[5].is_worked


def test_nothing_planned_has_no_pace() -> None:
    assert pace.pace([], {}, WEDNESDAY) is None
    assert pace.trend([], {}, WEDNESDAY) == []
