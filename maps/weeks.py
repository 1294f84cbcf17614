"""Weeks of a survey, from Monday to Sunday, for the slider of the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

MOST_WEEKS = 104
"""Two years: what is older stands in the first week that is shown."""


@dataclass(frozen=True, slots=True)
class Week:
    """A week by its Monday."""

    first: date

    @property
    def last(self) -> date:
        """The Sunday."""
        return self.first + timedelta(days=6)

    @classmethod
    def of(cls, day: date) -> Week:
        """Return the week that a day lies in."""
        return cls(day - timedelta(days=day.weekday()))


def weeks_between(first: date | None, today: date) -> Sequence[Week]:
    """Return the weeks from that of the first day to this one, oldest first; none without a day.

    A day in the future, told by a wrong clock, adds no week.
    """
    if first is None:
        return ()
    this = Week.of(today)
    number = max(0, (this.first - Week.of(first).first).days // 7)
    back = min(number, MOST_WEEKS - 1)
    return [Week(this.first - timedelta(weeks=before)) for before in range(back, -1, -1)]


def week_told(text: str, known: Sequence[Week]) -> Week | None:
    """Return the week of a date in an address; None for none, no date, or the current week."""
    try:
        wanted = Week.of(date.fromisoformat(text))
    except ValueError:
        return None
    return wanted if wanted in known[:-1] else None
