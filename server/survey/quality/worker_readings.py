"""Which readings of a person are looked at: the one that was read off, never a mean of two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

PRESSURE = "pressure"
"""Systolic over diastolic: one reading of two numbers."""

# Spread over many tens, so that chance alone gives each last digit its tenth. Not so temperature.
WHOLE = ("pulse", "waist", "height", "weight")
_SINGLE = frozenset([*WHOLE, "temp", "glucose", "fbg"])
_PRESSURES = frozenset(["sbp1", "dbp1", "sbp", "dbp"])

Reading = tuple[int, str, int]
"""A submission, the name of what was read, and the value in tenths (PRESSURE: see `pressure`)."""


def pressure(value: int) -> tuple[int, int]:
    """Return upper and lower of a reading of PRESSURE."""
    return divmod(value, 1000)


def measured(rows: Iterable[tuple[int, int, str, float]]) -> Iterator[Reading]:
    """Give the readings in measurements: submission, position, name and value, in that order.

    Of two pressures the first counts, else the only one; one without the other is left out.
    """
    parts: dict[tuple[int, int], dict[str, float]] = {}
    for submission_id, position, name, value in rows:
        if name in _PRESSURES:
            parts.setdefault((submission_id, position), {})[name] = value
        elif name in _SINGLE:
            yield submission_id, name, round(abs(value) * 10)
    for (submission_id, _), told in parts.items():
        # A form with two readings tells their mean as well: that is nobody's reading.
        upper, lower = ("sbp1", "dbp1") if "sbp1" in told else ("sbp", "dbp")
        if upper in told and lower in told:
            yield submission_id, PRESSURE, int(abs(told[upper])) * 1000 + int(abs(told[lower]))
