"""Which findings a reader may tell apart, and which counts are too small to be shown."""

from __future__ import annotations

import pytest

from server.survey import findings
from server.survey.areas import Scope
from server.survey.findings import FindingLine
from server.survey.indicators import DiseaseCount

VILLAGE = "130921211201"
KINDS = {"stroke": "health", "mental": "mental", "tb": "infectious", "hiv": "hiv"}
COUNTS = [
    DiseaseCount("stroke", 2, 1),
    DiseaseCount("mental", 7, 3),
    DiseaseCount("tb", 4, 0),
    DiseaseCount("hiv", 1, 0),
]


def lines(area: str, *, may_see_sensitive: bool) -> list[FindingLine]:
    return findings.visible(
        COUNTS,
        Scope.of([area]),
        VILLAGE,
        KINDS.__getitem__,
        may_see_sensitive=may_see_sensitive,
    )


def test_without_the_right_all_sensitive_diseases_are_one_line() -> None:
    assert lines("130921211000", may_see_sensitive=False) == [
        FindingLine("stroke", 2, 1),
        FindingLine(None, 12, 3),
    ]


def test_with_the_right_the_township_sees_each_but_hiv() -> None:
    assert lines("130921211000", may_see_sensitive=True) == [
        FindingLine("stroke", 2, 1),
        FindingLine("mental", 7, 3),
        FindingLine("tb", 4, 0),
        FindingLine(None, 1, 0),
    ]


@pytest.mark.parametrize("area", ["", "130921", "130921000000"])
def test_above_the_township_counts_below_five_are_hidden_and_none_stays_none(area: str) -> None:
    assert lines(area, may_see_sensitive=True) == [
        FindingLine("stroke", 2, 1),
        FindingLine("mental", 7, None),
        FindingLine("tb", None, 0),
        FindingLine(None, None, 0),
    ]


def test_the_village_itself_is_of_its_township() -> None:
    assert findings.is_of_township(Scope.of([VILLAGE]), VILLAGE)
