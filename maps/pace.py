"""The pace of a round: what is planned by a day, what is needed a day, and who is behind.

All is counted in whole households and whole working days, so that a village that goes exactly by
its plan is never called behind by a rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from statistics import median

EVERY_DAY = "1234567"
LAST_DAYS = 3
"""Working days whose median is held against what is needed (methods: pace)."""


def working_days(first: date, last: date, weekdays: str) -> int:
    """Count the days from `first` to `last`, both included, that are worked; 0 when none is left.

    `weekdays` are ISO numbers, "12345" for Monday to Friday.
    """
    length = (last - first).days + 1
    if length <= 0:
        return 0
    weeks, rest = divmod(length, 7)
    days = (first + timedelta(days=number) for number in range(rest))
    return weeks * len(weekdays) + sum(is_worked(day, weekdays) for day in days)


def is_worked(day: date, weekdays: str) -> bool:
    """Say whether a day's weekday is worked."""
    return str(day.isoweekday()) in weekdays


def nth_working_day(first: date, number: int, weekdays: str) -> date:
    """Return the day on which `number` (1 or more) days are worked, counted from `first` on."""
    weeks, rest = divmod(number - 1, len(weekdays))
    day = first + timedelta(weeks=weeks)
    days = (day + timedelta(days=ahead) for ahead in range(14))
    worked = [one for one in days if is_worked(one, weekdays)]
    return worked[rest]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The days in which villages are worked: both ends included, `weekdays` as ISO numbers.

    `off` are days that are not worked all the same, in order.
    """

    starts_on: date
    ends_on: date
    weekdays: str = EVERY_DAY
    off: tuple[date, ...] = ()

    @property
    def length(self) -> int:
        """Working days in all."""
        return self._worked(self.starts_on, self.ends_on)

    def elapsed(self, day: date) -> int:
        """Working days gone at the end of `day`."""
        return self._worked(self.starts_on, min(day, self.ends_on))

    def left(self, today: date) -> int:
        """Working days left, `today` among them when it is worked."""
        return self._worked(max(today, self.starts_on), self.ends_on)

    def works(self, day: date) -> bool:
        """Say whether it is worked on `day`."""
        is_within = self.starts_on <= day <= self.ends_on
        return is_within and is_worked(day, self.weekdays) and day not in self.off

    def _worked(self, first: date, last: date) -> int:
        free = sum(first <= day <= last and is_worked(day, self.weekdays) for day in self.off)
        return working_days(first, last, self.weekdays) - free


@dataclass(frozen=True, slots=True)
class Planned:
    """Households of one village, or of several with the same days.

    `goal` is the register's number; `before` were done before the first day, `done` until now. Both
    may be more than the goal where a register is wrong: more than all is all. `targets` are days
    with a number of their own, in order; what they leave is spread over the others.
    """

    code: str
    stretch: Stretch
    goal: int
    before: int
    done: int
    targets: tuple[tuple[date, int], ...] = ()

    @property
    def left(self) -> int:
        """Households still to do, never below 0."""
        return max(0, self.goal - self.done)

    def by(self, day: date) -> int:
        """Households that the plan has done at the end of `day`.

        In equal parts a working day, but for days with a target of their own. Never rounded up: a
        part of a household is not behind. After the last day it is the goal.
        """
        if day >= self.stretch.ends_on:
            return self.goal
        begun = min(self.before, self.goal)
        own = [one for one in self.targets if self.stretch.works(one[0])]
        past = [number for on, number in own if on <= day]
        gone, length = self.stretch.elapsed(day) - len(past), self.stretch.length - len(own)
        rest = max(0, self.goal - begun - sum(number for _, number in own))
        even = rest * gone // length if length else 0
        return min(self.goal, begun + sum(past) + even)

    def behind(self, today: date) -> int:
        """Households behind what was planned until yesterday; 0 when on plan or ahead.

        Today's are counted when they are done, and asked for only tomorrow.
        """
        return max(0, self.by(today - timedelta(days=1)) - self.done)

    def needed(self, today: date) -> float | None:
        """Households needed each working day from today on; None when no day is left for them."""
        days = self.stretch.left(today)
        if not self.left:
            return 0.0
        return self.left / days if days else None


@dataclass(frozen=True, slots=True)
class Pace:
    """How villages stand against their plans on a day.

    `planned` is what plans have done until yesterday, `behind` how many are missing to it: what one
    village is ahead makes up for what another is behind. `villages_behind` counts those that lack
    any. `needed` is a day's work of the villages that are worked now; `overdue` what is left in
    villages whose days are over. `last_median` is the median of the last LAST_DAYS working days,
    None where there were fewer.
    """

    goal: int
    done: int
    planned: int
    behind: int
    villages: int
    villages_behind: int
    needed: float
    overdue: int
    starts_on: date
    ends_on: date
    days_left: int
    last_median: float | None
    is_slow: bool

    @property
    def left(self) -> int:
        """Households still to do."""
        return self.goal - self.done

    @property
    def is_behind(self) -> bool:
        """Behind the plan, or slower than what is needed from here on."""
        return self.behind > 0 or self.is_slow


@dataclass(frozen=True, slots=True)
class DayPace:
    """The end of one day: households done on it and in all, and those of the plan.

    `done` and `total` are None for days to come.
    """

    day: date
    is_worked: bool
    done: int | None
    total: int | None
    planned: int


def pace(villages: Iterable[Planned], done_on: Mapping[date, int], today: date) -> Pace | None:
    """Return how villages stand together; None without a village that has a plan.

    `done_on` has the households that became done by day; days without one may be missing.
    """
    several = list(villages)
    if not several:
        return None
    joint = joined(several)
    done = sum(min(one.done, one.goal) for one in several)
    planned = sum(one.by(today - timedelta(days=1)) for one in joint)
    behind = max(0, planned - done)
    running = [one for one in joint if one.stretch.starts_on <= today <= one.stretch.ends_on]
    needed = sum(one.needed(today) or 0.0 for one in running)
    last = _last_median([one.stretch for one in joint], done_on, today)
    daily = sum(
        (one.goal - min(one.before, one.goal)) / (one.stretch.length or 1) for one in running
    )
    return Pace(
        goal=sum(one.goal for one in several),
        done=done,
        planned=planned,
        behind=behind,
        villages=len(several),
        villages_behind=sum(one.behind(today) > 0 for one in several),
        needed=needed,
        overdue=sum(one.left for one in several if not one.stretch.left(today)),
        starts_on=min(one.stretch.starts_on for one in joint),
        ends_on=max(one.stretch.ends_on for one in joint),
        days_left=max(one.stretch.left(today) for one in joint),
        last_median=last,
        is_slow=last is not None and last < (needed if behind else min(needed, daily // 1)),
    )


def joined(villages: Sequence[Planned]) -> list[Planned]:
    """Return one sum for all villages with the same days; each village counts up to its goal."""

    def days(one: Planned) -> tuple[object, ...]:
        stretch, own = one.stretch, tuple(on for on, _ in one.targets)
        return (stretch.starts_on, stretch.ends_on, stretch.weekdays, stretch.off, own)

    return [_sum([*members]) for _, members in groupby(sorted(villages, key=days), key=days)]


def _sum(members: Sequence[Planned]) -> Planned:
    return Planned(
        code="",
        stretch=members[0].stretch,
        goal=sum(one.goal for one in members),
        before=sum(min(one.before, one.goal) for one in members),
        done=sum(min(one.done, one.goal) for one in members),
        targets=tuple(
            (same[0][0], sum(number for _, number in same))
            for same in zip(*(one.targets for one in members), strict=True)
        ),
    )


def trend(
    villages: Iterable[Planned], done_on: Mapping[date, int], today: date, most_days: int = 400
) -> list[DayPace]:
    """Return every day of the plans and up to today, in order, at most `most_days` of them.

    Today's total is what is done now: also what was dated later by a phone with a wrong clock.
    """
    joint = joined(list(villages))
    if not joint:
        return []
    first = min(one.stretch.starts_on for one in joint)
    last = max(today, max(one.stretch.ends_on for one in joint))
    now = sum(one.done for one in joint)
    return list(_days(joint, done_on, now, (first, last, today)))[:most_days]


def _days(
    joint: Sequence[Planned], done_on: Mapping[date, int], now: int, span: tuple[date, date, date]
) -> Iterator[DayPace]:
    first, last, today = span
    total = sum(one.before for one in joint)
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        done = done_on.get(day, 0)
        total = now if day == today else min(now, total + done)
        is_past = day <= today
        yield DayPace(
            day=day,
            is_worked=any(one.stretch.works(day) for one in joint),
            done=done if is_past else None,
            total=total if is_past else None,
            planned=sum(one.by(day) for one in joint),
        )


def _last_median(
    stretches: Sequence[Stretch], done_on: Mapping[date, int], today: date
) -> float | None:
    """Return the median of the last LAST_DAYS working days before today; None with fewer."""
    first = min(one.starts_on for one in stretches)
    last = min(today - timedelta(days=1), max(one.ends_on for one in stretches))
    worked: list[int] = []
    day = last
    while day >= first and len(worked) < LAST_DAYS:
        if any(one.works(day) for one in stretches):
            worked.append(done_on.get(day, 0))
        day -= timedelta(days=1)
    return float(median(worked)) if len(worked) == LAST_DAYS else None
