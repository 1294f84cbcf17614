"""Findings by disease as a reader may see them: what is sensitive is folded or hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from server.survey.areas import Scope
from server.survey.indicators import DiseaseCount

# domain.md 6: cells under 5 are hidden outside the township for sensitive diseases.
SMALLEST_CELL = 5
_TOWNSHIP_DIGITS = 9


@dataclass(frozen=True, slots=True)
class FindingLine:
    """Cases of one disease or clue, or of all that the reader may not tell apart (code None).

    A count is None where it is above 0 and too small to be shown to this reader.
    """

    code: str | None
    suspected: int | None
    documented: int | None


def visible(
    counts: Iterable[DiseaseCount],
    scope: Scope,
    village: str,
    sensitivity: Callable[[str], str],
    *,
    may_see_sensitive: bool,
) -> list[FindingLine]:
    """Return the lines for one village in the order given, the restricted line last.

    Sensitive diseases have a line of their own only for readers with the right to see them, and
    HIV for nobody (domain.md 8); the others are summed up in the restricted line.
    """
    smallest = 1 if is_of_township(scope, village) else SMALLEST_CELL
    lines, folded = [], []
    for one in counts:
        kind = sensitivity(one.code)
        if kind == "health":
            lines.append(FindingLine(one.code, one.suspected, one.documented))
        elif may_see_sensitive and kind != "hiv":
            lines.append(_line(one.code, one.suspected, one.documented, smallest))
        else:
            folded.append(one)
    if folded:
        suspected = sum(one.suspected for one in folded)
        documented = sum(one.documented for one in folded)
        lines.append(_line(None, suspected, documented, smallest))
    return lines


def is_of_township(scope: Scope, village: str) -> bool:
    """Say whether the reader works in the village's township, and not for a county or above."""
    return any(len(one) >= _TOWNSHIP_DIGITS and village.startswith(one) for one in scope.stems)


def _line(code: str | None, suspected: int, documented: int, smallest: int) -> FindingLine:
    return FindingLine(code, _shown(suspected, smallest), _shown(documented, smallest))


def _shown(cases: int, smallest: int) -> int | None:
    return None if 0 < cases < smallest else cases
