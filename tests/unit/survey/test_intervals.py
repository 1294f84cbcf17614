"""Intervals of shares: Newcombe's examples, and what always holds."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.survey.quality.intervals import clopper_pearson, wilson

ORACLE = Path(__file__).parents[2] / "samples" / "oracles" / "newcombe1998_intervals.csv"


@pytest.mark.parametrize(
    "row", list(csv.DictReader(ORACLE.read_text("utf-8").splitlines())), ids=lambda row: row["r"]
)
def test_both_intervals_are_those_newcombe_printed(row: dict[str, str]) -> None:
    events, tried = int(row["r"]), int(row["n"])

    printed = {name: float(text) for name, text in row.items() if "_" in name}
    assert wilson(events, tried) == pytest.approx(
        (printed["wilson_lo"], printed["wilson_hi"]), abs=5e-5
    )
    assert clopper_pearson(events, tried) == pytest.approx(
        (printed["clopper_pearson_lo"], printed["clopper_pearson_hi"]), abs=5e-5
    )


def test_nothing_tried_says_nothing() -> None:
    assert wilson(0, 0) == clopper_pearson(0, 0) == (0, 1)


@given(st.integers(0, 60), st.integers(0, 60))
def test_both_hold_the_share_and_the_exact_one_is_no_narrower_at_the_ends(a: int, b: int) -> None:
    events, tried = min(a, b), max(a, b)

    for low, high in (wilson(events, tried), clopper_pearson(events, tried)):
        assert 0 <= low <= (events / tried if tried else 0.5) <= high <= 1
