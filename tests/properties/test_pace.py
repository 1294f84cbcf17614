"""The pace of a round (methods 4.1): never negative, and who goes exactly by the plan is on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from maps import pace
from maps.pace import Planned, Stretch

weekdays = st.sets(st.sampled_from("1234567"), min_size=1).map(lambda some: "".join(sorted(some)))
days = st.dates(date(2026, 1, 1), date(2026, 12, 31))
stretches = st.builds(
    lambda first, length, worked: Stretch(first, first + timedelta(days=length), worked),
    days,
    st.integers(0, 90),
    weekdays,
)


def with_targets(village: Planned, chosen: dict[int, int]) -> Planned:
    """Give some days of a village a target of their own; 0 is a day off."""
    first = village.stretch.starts_on
    days = {first + timedelta(days=after): number for after, number in sorted(chosen.items())}
    off = tuple(day for day, number in days.items() if not number)
    own = tuple((day, number) for day, number in days.items() if number)
    return replace(village, stretch=replace(village.stretch, off=off), targets=own)


villages = st.builds(
    with_targets,
    st.builds(
        Planned,
        st.just("130921211201"),
        stretches,
        st.integers(0, 600),
        st.integers(0, 700),
        st.integers(0, 700),
    ),
    st.dictionaries(st.integers(0, 40), st.sampled_from((0, 0, 1, 5, 300)), max_size=4),
)
shifts = st.integers(-5, 100)


@given(days, st.integers(0, 400), weekdays)
def test_working_days_are_those_one_counts_by_hand(first: date, length: int, worked: str) -> None:
    last = first + timedelta(days=length)
    by_hand = [first + timedelta(days=number) for number in range(length + 1)]

    counted = sum(str(day.isoweekday()) in worked for day in by_hand)

    assert pace.working_days(first, last, worked) == counted
    assert pace.working_days(last, first - timedelta(days=1), worked) == 0


@given(days, st.integers(1, 200), weekdays)
def test_the_nth_working_day_has_so_many_behind_it(first: date, number: int, worked: str) -> None:
    day = pace.nth_working_day(first, number, worked)

    assert pace.is_worked(day, worked)
    assert pace.working_days(first, day, worked) == number


@given(st.lists(villages, min_size=1, max_size=5), shifts, st.lists(st.integers(0, 40), max_size=9))
def test_no_figure_of_a_pace_is_negative(some: list[Planned], shift: int, last: list[int]) -> None:
    today = some[0].stretch.starts_on + timedelta(days=shift)
    done_on = {today - timedelta(days=ago): number for ago, number in enumerate(last)}

    told = pace.pace(some, done_on, today)

    assert told is not None
    figures = (told.left, told.planned, told.behind, told.needed, told.overdue, told.days_left)
    assert min(figures) >= 0
    assert told.planned <= told.goal
    assert told.done <= told.goal
    assert told.behind <= sum(one.behind(today) for one in some)
    assert [one.planned for one in pace.trend(some, done_on, today)] == sorted(
        one.planned for one in pace.trend(some, done_on, today)
    )


@given(stretches, st.integers(0, 600), st.integers(0, 650), shifts)
def test_who_goes_exactly_by_the_plan_is_never_behind(
    stretch: Stretch, goal: int, before: int, shift: int
) -> None:
    today = stretch.starts_on + timedelta(days=shift)
    plan = Planned("1", stretch, goal, min(before, goal), 0)
    first = stretch.starts_on - timedelta(days=1)
    totals = [
        plan.by(first + timedelta(days=n)) if n else plan.before for n in range(max(0, shift) + 1)
    ]
    done_on = {first + timedelta(days=n): totals[n] - totals[n - 1] for n in range(1, len(totals))}
    at = Planned("1", stretch, goal, plan.before, totals[-1])

    told = pace.pace([at], done_on, today)

    assert told is not None
    assert (at.behind(today), told.behind, told.is_slow) == (0, 0, False)


@given(villages, shifts)
def test_a_village_that_is_finished_is_not_behind_and_needs_nothing(
    village: Planned, shift: int
) -> None:
    today = village.stretch.starts_on + timedelta(days=shift)
    done = Planned("1", village.stretch, village.goal, village.before, village.goal)

    told = pace.pace([done], {}, today)

    assert told is not None
    assert (told.behind, told.is_behind, told.needed, told.left) == (0, False, 0.0, 0)


@given(villages, shifts)
def test_a_day_off_asks_for_nothing_and_a_target_for_itself(village: Planned, shift: int) -> None:
    day = village.stretch.starts_on + timedelta(days=shift)
    part = village.by(day) - village.by(day - timedelta(days=1))
    own = dict(village.targets).get(day)

    if day < village.stretch.starts_on or day >= village.stretch.ends_on:
        return
    if not village.stretch.works(day):
        assert part == 0
    elif own is not None and village.by(day) < village.goal:
        assert part == own
