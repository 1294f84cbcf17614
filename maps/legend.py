"""What colours, shapes and signs of the map mean, with how many there are of each.

A state is told by shape and sign as well as by colour. Labels are message ids; the door translates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from maps.clinics import ClinicClass, ClinicScore
from maps.coverage import State, VillageCoverage

Shape = Literal["circle", "square", "triangle", "diamond"]
Finding = Literal["suspected", "documented"]

RATIO_BREAKS = (0.33, 0.5, 0.8, 1.25, 2.0, 3.0)
"""Ends of the classes of a rate over the usual one."""
COUNT_BREAKS = (1, 5, 20)
"""Lower ends of the classes of persons found; below the first is "none"."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """How one class is drawn.

    `sign` stands inside: a character, or "%" for the percentage, "#" for the number it is about.
    `colour` "" is hollow; `is_hatched` fills with stripes, `is_dashed` breaks the outline.
    """

    key: str
    label: str
    colour: str
    shape: Shape = "circle"
    sign: str = ""
    is_hatched: bool = False
    is_dashed: bool = False


@dataclass(frozen=True, slots=True)
class LegendRow:
    """One class of a layer and how many stand in it; None where nobody counted."""

    symbol: Symbol
    count: int | None


# ColorBrewer YlGnBu and the red side of RdBu, which readers of any colour vision tell apart.
COVERAGE: tuple[Symbol, ...] = (
    Symbol("class_0", "0–20%", "#ffffcc", sign="%"),
    Symbol("class_1", "20–50%", "#a1dab4", sign="%"),
    Symbol("class_2", "50–80%", "#41b6c4", sign="%"),
    Symbol("class_3", "80–95%", "#2c7fb8", sign="%"),
    Symbol("class_4", "95–105%", "#253494", sign="%"),
    Symbol(State.NOT_STARTED, "Not started", "", sign="0", is_dashed=True),
    Symbol(State.OVER_REGISTER, "Over 105%: check the register", "#fddbc7", "triangle", "!"),
    Symbol(State.NO_REGISTER, "No register", "#d4d7d9", "square", "?", is_hatched=True),
)

COUNTS: tuple[Symbol, ...] = (
    Symbol("none", "None found", "", sign="0"),
    Symbol("few", "1–4 persons", "#fddbc7", sign="#"),
    Symbol("some", "5–19 persons", "#ef8a62", sign="#"),
    Symbol("many", "20 persons or more", "#b2182b", sign="#"),
    Symbol("unscreened", "Nobody screened yet", "#d4d7d9", "square", "?", is_hatched=True),
    Symbol("hidden", "Too few to show", "#d4d7d9", "diamond", "<", is_hatched=True),
)

# The blue side of RdBu: here more is better.
TREATED: tuple[Symbol, ...] = (
    Symbol("none", "Found, none on a list yet", "#fddbc7", "triangle", "0"),
    Symbol("few", "1–4 persons on a list", "#d1e5f0", sign="#"),
    Symbol("some", "5–19 persons on a list", "#67a9cf", sign="#"),
    Symbol("many", "20 persons or more on a list", "#2166ac", sign="#"),
    Symbol("nobody", "None found", "", sign="0"),
    Symbol("unscreened", "Nobody screened yet", "#d4d7d9", "square", "?", is_hatched=True),
)

FOLLOWUP: tuple[Symbol, ...] = (
    Symbol("none", "Nobody is due", "", sign="0"),
    Symbol("few", "1–4 persons due", "#fddbc7", sign="#"),
    Symbol("some", "5–19 persons due", "#ef8a62", sign="#"),
    Symbol("many", "20 persons or more due", "#b2182b", sign="#"),
    Symbol("nobody", "Nobody to follow up", "#d4d7d9", "square", "–", is_hatched=True),
)

# ColorBrewer RdBu in seven classes, on the ratio to the usual rate.
RATIOS: tuple[Symbol, ...] = (
    Symbol("ratio_0", "Less than a third of the usual", "#2166ac", sign="#"),
    Symbol("ratio_1", "A third to half", "#67a9cf", sign="#"),
    Symbol("ratio_2", "Half to four fifths", "#d1e5f0", sign="#"),
    Symbol("ratio_3", "About the usual", "#f7f7f7", sign="#"),
    Symbol("ratio_4", "1.25 to 2 times the usual", "#fddbc7", sign="#"),
    Symbol("ratio_5", "2 to 3 times", "#ef8a62", sign="#"),
    Symbol("ratio_6", "3 times the usual or more", "#b2182b", sign="#"),
    Symbol(
        "no_data",
        "Nobody screened, or not worked out yet",
        "#d4d7d9",
        "square",
        "?",
        is_hatched=True,
    ),
)

CLINICS: tuple[Symbol, ...] = (
    Symbol(ClinicClass.EXCELLENT, "Excellent: 90 or more", "#2166ac", "square", "#"),
    Symbol(ClinicClass.PASSED, "Pass: 80 or more", "#67a9cf", "square", "#"),
    Symbol(ClinicClass.FAILED, "Fail: below 80", "#ef8a62", "triangle", "#"),
    Symbol(ClinicClass.VETO, "Veto: a must is missing", "#b2182b", "diamond", "×"),
    Symbol(ClinicClass.MISSING, "No audit in time", "", sign="?", is_dashed=True),
)

# In the order of layers.HouseholdStatus.
HOUSEHOLDS: tuple[Symbol, ...] = (
    Symbol("completed", "Completed", "#2c7fb8"),
    Symbol("vacated", "Vacated", "#d4d7d9", "square", is_hatched=True),
    Symbol("absent", "Absent", "#fddbc7", "diamond"),
    Symbol("refused", "Refused", "#ef8a62", "triangle"),
    Symbol("open", "Not finished", "", is_dashed=True),
)


def coverage_class(village: VillageCoverage) -> str:
    """Return the key of the village's class among COVERAGE."""
    if village.class_index is None:
        return village.state
    return f"class_{village.class_index}"


def count_class(village: VillageCoverage, finding: Finding, hide_below: int = 0) -> str:
    """Return the key of the village's class among COUNTS.

    A count above 0 and below `hide_below` is hidden: on a public page it could point at a person.
    """
    count = getattr(village, finding)
    if 0 < count < hide_below:
        return "hidden"
    if not count and not village.persons_screened:
        return "unscreened"
    return ("none", "few", "some", "many")[sum(count >= lower for lower in COUNT_BREAKS)]


def clinic_legend(clinics: Iterable[ClinicScore]) -> list[LegendRow]:
    """Return every class of clinic with its number of clinics."""
    return rows_of(CLINICS, (clinic.clinic_class for clinic in clinics))


def household_legend() -> list[LegendRow]:
    """Return how households are drawn; they are too many to count for a legend."""
    return [LegendRow(symbol, None) for symbol in HOUSEHOLDS]


def rows_of(symbols: Sequence[Symbol], keys: Iterable[str]) -> list[LegendRow]:
    """Return every symbol with how often its key is met."""
    counts = Counter(keys)
    return [LegendRow(symbol, counts[symbol.key]) for symbol in symbols]
