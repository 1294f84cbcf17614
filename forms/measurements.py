"""Measurements against the limits of library/measurement_limits.csv."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from forms.answers import Group
from forms.problems import Complaint
from forms.values import read_number

MESSAGES = {
    "measure_impossible": (
        "%(what)s is %(value)s %(unit)s: not possible, must lie between %(lower)s and %(upper)s."
    ),
    "measure_unusual": (
        "%(what)s is %(value)s %(unit)s: unusual, mostly between %(lower)s and %(upper)s."
    ),
    "pressures_too_close": (
        "Diastolic pressure must be at least 10 below systolic: %(systolic)s over %(diastolic)s."
    ),
}

ADULT_YEARS = 18

# A pressure that is the mean of two readings is judged by the readings.
_READINGS = {"sbp": "sbp1", "dbp": "dbp1"}
_LIMITS_OF = {"sbp1": "sbp", "sbp2": "sbp", "dbp1": "dbp", "dbp2": "dbp"}
_PAIRS = (("sbp", "dbp"), ("sbp1", "dbp1"), ("sbp2", "dbp2"))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a measurement can be (hard) and mostly is (soft), in `unit`, both ends included.

    `label` is its English name and a message id.
    """

    label: str
    unit: str
    hard: tuple[float, float]
    soft: tuple[float, float]

    def widened(self, other: Limits) -> Limits:
        """Return limits that take in both: for a person of unknown age."""
        return Limits(
            self.label.partition(",")[0],
            self.unit,
            (min(self.hard[0], other.hard[0]), max(self.hard[1], other.hard[1])),
            (min(self.soft[0], other.soft[0]), max(self.soft[1], other.soft[1])),
        )


def _load() -> Mapping[str, Limits]:
    path = Path(__file__).parent / "library" / "measurement_limits.csv"
    with path.open(encoding="utf-8", newline="") as file:
        limits = {
            row["field"]: Limits(
                row["label_en"],
                row["unit"],
                (float(row["hard_min"]), float(row["hard_max"])),
                (float(row["soft_min"]), float(row["soft_max"])),
            )
            for row in csv.DictReader(file)
        }
    for name in ("height", "weight"):
        limits[name] = limits[f"{name}_adult"].widened(limits[f"{name}_child"])
    return MappingProxyType(limits)


LIMITS = _load()
"""Limits by measurement; `height` and `weight` without suffix are for an unknown age."""


def measurement_complaints(person: Group, age_years: float | None) -> list[Complaint]:
    """Return what is wrong with a person's `measure.` answers.

    Height and weight go by age; glucose by whether the person had fasted. A measurement without
    limits is left alone, as is an answer that is no number: level 1 says so already.
    """
    texts = person.concepts("measure.")
    values = {
        name: value for name, text in texts.items() if (value := read_number(text)) is not None
    }
    found: list[Complaint] = []
    for name, value in values.items():
        limits = LIMITS.get(_limits_name(name, texts.get("fasting"), age_years))
        if limits and _READINGS.get(name) not in values:
            is_usual_known = name != "bmi" or _is_grown(age_years)
            found += _outside(person, f"measure.{name}", value, limits, is_usual_known)
    found += _body_mass(person, values, age_years)
    found += _pressures(person, values)
    return found


def body_mass_index(height_cm: float, weight_kg: float) -> float:
    """Return kg/m², unrounded. Raises ZeroDivisionError for a height of 0."""
    return weight_kg / (height_cm / 100) ** 2


def _limits_name(name: str, fasting: str | None, age_years: float | None) -> str:
    if name == "glucose":
        return "fbg" if fasting == "yes" else "rbg"
    if name in ("height", "weight") and age_years is not None:
        return f"{name}_{'adult' if age_years >= ADULT_YEARS else 'child'}"
    return _LIMITS_OF.get(name, name)


def _is_grown(age_years: float | None) -> bool:
    """Say whether the usual BMI of the table, which is that of adults, may be applied."""
    return age_years is None or age_years >= ADULT_YEARS


def _outside(
    person: Group, concept: str, value: float, limits: Limits, is_usual_known: bool = True
) -> list[Complaint]:
    """Return the one complaint, if any, about a value outside its limits, laid to `concept`."""
    if not limits.hard[0] <= value <= limits.hard[1]:
        code, (lower, upper) = "measure_impossible", limits.hard
    elif is_usual_known and not limits.soft[0] <= value <= limits.soft[1]:
        code, (lower, upper) = "measure_unusual", limits.soft
    else:
        return []
    complaint = person.complaint(
        code,
        concept,
        what=limits.label,
        value=_plain(value),
        unit=limits.unit,
        lower=_plain(lower),
        upper=_plain(upper),
    )
    return [complaint]


def _body_mass(
    person: Group, values: Mapping[str, float], age_years: float | None
) -> list[Complaint]:
    """Return the complaint about height and weight that make no body, where the form has no BMI."""
    height_cm, weight_kg = values.get("height"), values.get("weight")
    if "bmi" in values or not height_cm or not weight_kg:
        return []
    index = round(body_mass_index(height_cm, weight_kg), 1)
    return _outside(person, "measure.weight", index, LIMITS["bmi"], _is_grown(age_years))


def _pressures(person: Group, values: Mapping[str, float]) -> list[Complaint]:
    limits = LIMITS["pulse_pressure"]
    found: list[Complaint] = []
    for systolic, diastolic in _PAIRS:
        if systolic not in values or diastolic not in values or _READINGS.get(systolic) in values:
            continue
        upper, lower = values[systolic], values[diastolic]
        if upper - lower < limits.hard[0]:
            words = {"systolic": _plain(upper), "diastolic": _plain(lower)}
            found.append(person.complaint("pressures_too_close", f"measure.{diastolic}", **words))
        else:
            found += _outside(person, f"measure.{systolic}", upper - lower, limits)
    return found


def _plain(number: float) -> str:
    return f"{number:.10g}"
