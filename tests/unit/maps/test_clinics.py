"""What an audit says of a clinic."""

from __future__ import annotations

import pytest

from maps.clinics import ClinicClass, ClinicScore


@pytest.mark.parametrize(
    ("score", "vetoes", "clinic_class", "is_standard"),
    [
        (None, (), ClinicClass.MISSING, None),
        (None, ("licence",), ClinicClass.MISSING, None),
        (79.9, (), ClinicClass.FAILED, False),
        (80.0, (), ClinicClass.PASSED, True),
        (89.9, (), ClinicClass.PASSED, True),
        (90.0, (), ClinicClass.EXCELLENT, True),
        (100.0, ("licence",), ClinicClass.VETO, False),
        (0.0, (), ClinicClass.FAILED, False),
    ],
)
def test_a_veto_outweighs_any_score_and_no_audit_is_no_failure(
    score: float | None,
    vetoes: tuple[str, ...],
    clinic_class: ClinicClass,
    is_standard: bool | None,
) -> None:
    clinic = ClinicScore("c", "卫生室", "v", "村", "t", "乡", score=score, vetoes=vetoes)

    assert clinic.clinic_class is clinic_class
    assert clinic.is_standard is is_standard
