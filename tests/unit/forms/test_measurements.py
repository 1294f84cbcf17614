"""Measurements against their limits."""

from __future__ import annotations

import pytest

from forms.measurements import LIMITS, MESSAGES, body_mass_index, measurement_complaints
from tests.filled import said


def found(age_years: float | None = 40, **measures: str) -> list[tuple[str, str]]:
    """Return (code, path) of the complaints about one person's measurements."""
    answers = said({f"measure.{name}": text for name, text in measures.items()})
    complaints = measurement_complaints(answers, age_years)
    assert all(MESSAGES[one.code] % one.params for one in complaints)
    return [(one.code, one.path.removeprefix("measure_")) for one in complaints]


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("pulse", "72", None),
        ("pulse", "25", "measure_unusual"),
        ("pulse", "24", "measure_impossible"),
        ("pulse", "131", "measure_unusual"),
        ("pulse", "251", "measure_impossible"),
        ("temp", "36.6", None),
        ("temp", "39.1", "measure_unusual"),
        ("temp", "366", "measure_impossible"),
        ("waist", "180", "measure_unusual"),
        ("hba1c", "2.9", "measure_impossible"),
        ("hba1c", "high", None),
        ("sbp1", "279", "measure_unusual"),
        ("dbp2", "181", "measure_impossible"),
        ("bmi", "45.1", "measure_unusual"),
        ("bmi", "8.9", "measure_impossible"),
        ("cholesterol", "9000", None),
    ],
)
def test_limits_are_hard_and_soft_with_both_ends_allowed(
    name: str, text: str, code: str | None
) -> None:
    assert found(40, **{name: text}) == ([(code, name)] if code else [])


@pytest.mark.parametrize(
    ("age_years", "height", "weight", "codes"),
    [
        (40, "170", "65", []),
        (40, "60", "65", ["measure_impossible", "measure_impossible"]),
        (40, "170", "10", ["measure_impossible", "measure_impossible"]),
        (5, "110", "19", []),
        (0, "50", "3.2", []),
        (5, "215", "80", ["measure_impossible"]),
        (None, "50", "3.2", ["measure_unusual"]),
        (None, "20", "70", ["measure_impossible", "measure_impossible"]),
    ],
)
def test_height_and_weight_go_by_age(
    age_years: float | None, height: str, weight: str, codes: list[str]
) -> None:
    # The BMI that height and weight make is judged too: only that of adults can be unusual.
    assert [code for code, _ in found(age_years, height=height, weight=weight)] == codes


def test_glucose_goes_by_fasting() -> None:
    assert found(glucose="26", fasting="yes") == [("measure_unusual", "glucose")]
    assert found(glucose="26", fasting="no") == []
    assert found(glucose="26") == []
    assert found(fbg="0.9") == [("measure_impossible", "fbg")]


def test_diastolic_is_at_least_ten_below_systolic() -> None:
    assert found(sbp="120", dbp="100") == []
    assert found(sbp="120", dbp="110") == [("measure_unusual", "sbp")]
    assert found(sbp="120", dbp="111") == [("pressures_too_close", "dbp")]
    assert found(sbp="80", dbp="120") == [("pressures_too_close", "dbp")]
    assert found(sbp="200", dbp="99") == [("measure_unusual", "sbp")]


def test_a_mean_is_not_judged_beside_its_readings() -> None:
    assert found(sbp1="230", dbp1="100", sbp="230", dbp="100") == [
        ("measure_unusual", "sbp1"),
        ("measure_unusual", "sbp1"),
    ]


def test_height_and_weight_that_make_no_body_are_found_without_a_bmi() -> None:
    assert found(height="200", weight="30") == [
        ("measure_unusual", "weight"),
        ("measure_impossible", "weight"),
    ]
    assert found(height="0", weight="60") == [("measure_impossible", "height")]


def test_a_childs_bmi_is_only_ever_impossible() -> None:
    assert found(6, bmi="13.2") == []
    assert found(40, bmi="13.2") == [("measure_unusual", "bmi")]


def test_a_complaint_has_words_with_unit_and_limits() -> None:
    answers = said({"measure.sbp": "300"})

    (complaint,) = measurement_complaints(answers, 40)

    assert MESSAGES[complaint.code] % complaint.params == (
        "Systolic pressure is 300 mmHg: not possible, must lie between 60 and 280."
    )


def test_body_mass_index_is_weight_over_height_squared() -> None:
    assert body_mass_index(200, 80) == 20


def test_limits_of_unknown_age_take_in_child_and_adult() -> None:
    assert LIMITS["weight"].hard == (0.8, 250)
    assert LIMITS["height"].soft == (45, 200)
    assert LIMITS["height"].label == "Height"
