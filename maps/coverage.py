"""How far villages and townships have got: the figures, their states and their sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby

from maps.points import Point

CLASS_BREAKS = (0.0, 0.2, 0.5, 0.8, 0.95)
"""Lower ends of the five classes of share; fixed, so that maps of different days compare."""
OVER_REGISTER_PERCENT = 105
"""Above this the register is wrong, not the work good."""


class State(StrEnum):
    """Where a village stands. Only IN_PROGRESS has a place on the colour ramp."""

    NO_REGISTER = "no_register"
    NOT_STARTED = "not_started"
    OVER_REGISTER = "over_register"
    IN_PROGRESS = "in_progress"


@dataclass(frozen=True, slots=True)
class VillageCoverage:
    """How far one village has got.

    `place` is None where no position is known. `register_households` and `register_persons` are
    what the village should have, None where no register was given; `register_source` is
    "register", "census" or "estimate" and `register_on` its day. The four `households_…` outcomes
    are final and distinct; `households_seen` counts every household with any visit, final or not.
    `suspected` and `documented` are persons. `days_behind` is whole days from `last_visit_on` to
    the day the figures were asked for, None when nobody has been there.
    """

    code: str
    name: str
    township_code: str
    township_name: str
    place: Point | None = None
    register_households: int | None = None
    register_persons: int | None = None
    register_source: str = ""
    register_on: date | None = None
    households_completed: int = 0
    households_refused: int = 0
    households_absent_final: int = 0
    households_vacated: int = 0
    households_seen: int = 0
    persons_registered: int = 0
    persons_screened: int = 0
    suspected: int = 0
    documented: int = 0
    last_visit_on: date | None = None
    days_behind: int | None = None

    @property
    def done(self) -> int:
        """Households with a final outcome; only the completed ones were screened."""
        return (
            self.households_completed
            + self.households_refused
            + self.households_absent_final
            + self.households_vacated
        )

    @property
    def share(self) -> float | None:
        """Done over the register: above 1 when more were found than planned, None for no plan."""
        return self.done / self.register_households if self.register_households else None

    @property
    def left(self) -> int | None:
        """Households still to do, never below 0; None without a register."""
        if self.register_households is None:
            return None
        return max(0, self.register_households - self.done)

    @property
    def state(self) -> State:
        if not self.register_households:
            return State.NO_REGISTER
        if self.done * 100 > OVER_REGISTER_PERCENT * self.register_households:
            return State.OVER_REGISTER
        if not self.done and not self.households_seen:
            return State.NOT_STARTED
        return State.IN_PROGRESS

    @property
    def class_index(self) -> int | None:
        """0–4 on the ramp of CLASS_BREAKS, None for a state that has no place there."""
        if self.state is not State.IN_PROGRESS or self.share is None:
            return None
        return sum(self.share >= lower for lower in CLASS_BREAKS) - 1

    @property
    def percent_text(self) -> str:
        """The share with its pair: "65% (312/480)"; "–" without a register."""
        return percent_text(self.done, self.register_households)


@dataclass(frozen=True, slots=True)
class AreaCoverage:
    """How far several villages together have got.

    Everything is a sum over villages. `register_households` adds the villages that have a
    register and `done_of_register` the households done in just those, so that a village
    without one cannot push the share up. `left` adds each village's own rest: what one village
    has too many does not finish another. None where no village has a register.
    """

    code: str
    name: str
    villages: int
    villages_by_state: dict[State, int]
    villages_without_place: int
    register_households: int | None
    register_persons: int | None
    done: int
    done_of_register: int
    left: int | None
    households_completed: int
    households_refused: int
    households_absent_final: int
    households_vacated: int
    households_seen: int
    persons_registered: int
    persons_screened: int
    suspected: int
    documented: int
    last_visit_on: date | None
    most_days_behind: int | None

    @property
    def share(self) -> float | None:
        """Done over the register in the villages that have one; None when none has."""
        return (
            self.done_of_register / self.register_households if self.register_households else None
        )

    @property
    def percent_text(self) -> str:
        """The share with its pair: "65% (312/480)"; "–" without a register."""
        return percent_text(self.done_of_register, self.register_households)


def total(villages: Iterable[VillageCoverage], code: str = "", name: str = "") -> AreaCoverage:
    """Add up villages: numerators and denominators, never their shares."""
    several = list(villages)
    planned = [one for one in several if one.register_households]
    return AreaCoverage(
        code=code,
        name=name,
        villages=len(several),
        villages_by_state={state: sum(one.state is state for one in several) for state in State},
        villages_without_place=sum(one.place is None for one in several),
        register_households=_sum_known([one.register_households for one in several]),
        register_persons=_sum_known([one.register_persons for one in several]),
        done=sum(one.done for one in several),
        done_of_register=sum(one.done for one in planned),
        left=_sum_known([one.left for one in several]),
        households_completed=sum(one.households_completed for one in several),
        households_refused=sum(one.households_refused for one in several),
        households_absent_final=sum(one.households_absent_final for one in several),
        households_vacated=sum(one.households_vacated for one in several),
        households_seen=sum(one.households_seen for one in several),
        persons_registered=sum(one.persons_registered for one in several),
        persons_screened=sum(one.persons_screened for one in several),
        suspected=sum(one.suspected for one in several),
        documented=sum(one.documented for one in several),
        last_visit_on=max(filter(None, (one.last_visit_on for one in several)), default=None),
        most_days_behind=max(
            (one.days_behind for one in several if one.days_behind is not None), default=None
        ),
    )


def by_township(villages: Iterable[VillageCoverage]) -> list[AreaCoverage]:
    """Return one sum per township, ordered by township code."""
    ordered = sorted(villages, key=lambda one: one.township_code)
    sums = []
    for code, members in groupby(ordered, key=lambda one: one.township_code):
        several = list(members)
        sums.append(total(several, code, several[0].township_name))
    return sums


def percent_text(numerator: int, denominator: int | None, decimals: int = 0) -> str:
    """Return the percentage with its pair, rounded half up: "65% (312/480)".

    "–" where there is no denominator. Exact: worked in whole numbers, never in floats, since
    monthly reports are compared by eye with figures rounded by hand.
    """
    if not denominator:
        return "–"
    scale = 10**decimals
    scaled = (200 * scale * numerator + denominator) // (2 * denominator)
    whole, part = divmod(scaled, scale)
    digits = f"{whole}.{part:0{decimals}d}" if decimals else str(whole)
    return f"{digits}% ({numerator}/{denominator})"


def _sum_known(figures: Sequence[int | None]) -> int | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None
