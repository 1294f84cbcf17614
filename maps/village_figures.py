"""What the map can tell of a village beyond its coverage, and the class it falls in by layer."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from maps.coverage import VillageCoverage
from maps.legend import (
    COUNT_BREAKS,
    COUNTS,
    COVERAGE,
    FOLLOWUP,
    RATIO_BREAKS,
    RATIOS,
    TREATED,
    LegendRow,
    Symbol,
    count_class,
    coverage_class,
    rows_of,
)

TIMED = ("coverage", "suspected", "documented")
"""Layers whose figures are also known as of the end of an earlier week."""


@dataclass(frozen=True, slots=True)
class FoundRate:
    """Persons found of those screened: counts, the rate smoothed (Marshall) and the usual one."""

    events: int
    tried: int
    smoothed: float
    usual: float

    @property
    def raw(self) -> float:
        """The share as counted."""
        return self.events / self.tried


@dataclass(frozen=True, slots=True)
class VillageFigures:
    """One village as the map's layers show it.

    `treated` persons stand on a treatment list. Of `followed` persons with a chronic disease
    `due` should have been seen before today. `rate` is None where nobody was screened, or no
    check has run yet.
    """

    coverage: VillageCoverage
    treated: int = 0
    followed: int = 0
    due: int = 0
    rate: FoundRate | None = None

    @property
    def found(self) -> int:
        """Persons with a disease for treatment, suspected or documented."""
        return self.coverage.suspected + self.coverage.documented


def treated_class(one: VillageFigures) -> str:
    """Return the key of the village's class among TREATED."""
    if not one.found and not one.treated:
        return "unscreened" if not one.coverage.persons_screened else "nobody"
    return _by_count(one.treated)


def followup_class(one: VillageFigures) -> str:
    """Return the key of the village's class among FOLLOWUP."""
    return _by_count(one.due) if one.followed else "nobody"


def ratio_class(share: float | None, usual: float) -> str:
    """Return the key among RATIOS of a rate against the usual one; "no_data" for none."""
    if share is None or not usual:
        return "no_data"
    return f"ratio_{bisect_right(RATIO_BREAKS, share / usual)}"


def _by_count(count: int) -> str:
    return ("none", "few", "some", "many")[bisect_right(COUNT_BREAKS, count)]


def _rate_class(one: VillageFigures) -> str:
    return ratio_class(one.rate.smoothed if one.rate else None, one.rate.usual if one.rate else 0)


def _raw_class(one: VillageFigures) -> str:
    return ratio_class(one.rate.raw if one.rate else None, one.rate.usual if one.rate else 0)


@dataclass(frozen=True, slots=True)
class VillageLayer:
    """One layer of villages: how each falls into its symbols, and the number it is about.

    The number is None where there is none to tell; of the rates it is persons in a hundred.
    `urgency` orders villages for who goes from one to the next, most first.
    """

    symbols: tuple[Symbol, ...]
    class_of: Callable[[VillageFigures], str]
    number_of: Callable[[VillageFigures], float | None]
    urgency: Callable[[VillageFigures], float]

    def legend(self, villages: Iterable[VillageFigures]) -> list[LegendRow]:
        """Return every class with its number of villages; what is hidden only where it is met."""
        rows = rows_of(self.symbols, map(self.class_of, villages))
        return [row for row in rows if row.count or row.symbol.key != "hidden"]


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def _left(one: VillageFigures) -> float:
    return -1 if one.coverage.left is None else one.coverage.left


VILLAGE_LAYERS: Mapping[str, VillageLayer] = {
    "coverage": VillageLayer(
        COVERAGE, lambda one: coverage_class(one.coverage), lambda one: one.coverage.done, _left
    ),
    "suspected": VillageLayer(
        COUNTS,
        lambda one: count_class(one.coverage, "suspected"),
        lambda one: one.coverage.suspected,
        lambda one: one.coverage.suspected,
    ),
    "documented": VillageLayer(
        COUNTS,
        lambda one: count_class(one.coverage, "documented"),
        lambda one: one.coverage.documented,
        lambda one: one.coverage.documented,
    ),
    "treated": VillageLayer(
        TREATED,
        treated_class,
        lambda one: one.treated,
        lambda one: one.found - one.treated,
    ),
    "followup": VillageLayer(FOLLOWUP, followup_class, lambda one: one.due, lambda one: one.due),
    "rate": VillageLayer(
        RATIOS,
        _rate_class,
        lambda one: _percent(one.rate.smoothed if one.rate else None),
        lambda one: one.rate.smoothed if one.rate else -1,
    ),
    "rate_raw": VillageLayer(
        RATIOS,
        _raw_class,
        lambda one: _percent(one.rate.raw if one.rate else None),
        lambda one: one.rate.raw if one.rate else -1,
    ),
}
"""What the map shows of villages, by the name of the layer."""
