"""Clinic audits on the map: the score of one clinic and the class it falls in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from maps.points import Point

PASS_SCORE = 80
EXCELLENT_SCORE = 90


class ClinicClass(StrEnum):
    """What the latest audit says of a clinic; MISSING is no verdict, least of all a failure."""

    MISSING = "missing"
    VETO = "veto"
    FAILED = "fail"
    PASSED = "pass"
    EXCELLENT = "excellent"


@dataclass(frozen=True, slots=True)
class ClinicScore:
    """The latest audit of one clinic that still counts.

    `score` is points got over points possible × 100, one decimal; None, like `audited_on`, when
    there is no audit or the last is older than the site lets count (12 months). `vetoes` are the
    codes of failed veto questions. `dimensions` maps a dimension's code to (got, possible) points.
    """

    id: str
    name: str
    village_code: str
    village_name: str
    township_code: str
    township_name: str
    place: Point | None = None
    audited_on: date | None = None
    score: float | None = None
    vetoes: tuple[str, ...] = ()
    dimensions: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def clinic_class(self) -> ClinicClass:
        if self.score is None:
            return ClinicClass.MISSING
        if self.vetoes:
            return ClinicClass.VETO
        if self.score < PASS_SCORE:
            return ClinicClass.FAILED
        return ClinicClass.EXCELLENT if self.score >= EXCELLENT_SCORE else ClinicClass.PASSED

    @property
    def is_standard(self) -> bool | None:
        """Whether the clinic passes without a veto; None where no audit says."""
        if self.clinic_class is ClinicClass.MISSING:
            return None
        return self.clinic_class in (ClinicClass.PASSED, ClinicClass.EXCELLENT)
