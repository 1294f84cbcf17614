"""The least and greatest number a constraint allows."""

from __future__ import annotations

import pytest

from forms.bounds import bounds_of


@pytest.mark.parametrize(
    ("constraint", "whole", "bounds"),
    [
        ("", True, (None, None)),
        (". >= 60 and . <= 280", True, (60, 280)),
        (".>=0 and .<=120", True, (0, 120)),
        ("0 <= . and . <= 31", True, (0, 31)),
        (". > 0 and . < 10", True, (1, 9)),
        (". > 0 and . < 10", False, (0, 10)),
        (". >= -2.5 and . <= 2.5", False, (-2.5, 2.5)),
        ("(. >= 1) and (. <= 5)", True, (1, 5)),
        (". >= 1 and . >= 3", True, (3, None)),
        (". >= 30 and . <= 180 and . <= /data/sbp1 - 10", True, (30, 180)),
        (". >= 1 or . = 99", True, (None, None)),
        ("(. >= 1 or . = 99) and . <= 120", True, (None, 120)),
        ("not(. >= 1)", True, (None, None)),
        ("regex(., '^. >= 1 and . <= 3$')", True, (None, None)),
        ("if(. >= 1 and . <= 3, true(), false())", True, (None, None)),
        (". >= 1 and . <= number(format-date(today(), '%Y'))", True, (1, None)),
        ("string-length(.) <= 40", True, (None, None)),
        (". = 5", True, (None, None)),
    ],
)
def test_bounds_are_those_that_must_hold(
    constraint: str, whole: bool, bounds: tuple[float | None, float | None]
) -> None:
    assert bounds_of(constraint, whole) == bounds
