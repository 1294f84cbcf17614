"""Every file of published or exact values is read by a test, and says where it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ORACLES = TESTS / "samples" / "oracles"
FILES = sorted(path.stem for path in ORACLES.glob("*.csv"))


def test_there_are_seventeen() -> None:
    assert len(FILES) == 17


@pytest.mark.parametrize("name", FILES)
def test_a_test_reads_it(name: str) -> None:
    readers = [
        path.name
        for path in (TESTS / "unit").rglob("test_*.py")
        if name in (text := path.read_text("utf-8")) and "oracles" in text
    ]

    assert readers


@pytest.mark.parametrize("name", FILES)
def test_its_source_is_told(name: str) -> None:
    told = (ORACLES / "README.md").read_text("utf-8")

    assert name in told or (name.startswith("nist_") and "nist_*" in told)
