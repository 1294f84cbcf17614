"""Resident ID numbers, by the vectors of samples/id_test_vectors.csv."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from forms.idnumber import check_character, id_fault, normal_form, read_id
from tests.filled import SAMPLES

TODAY = date(2026, 11, 22)

FAULTS = {
    "valid": None,
    "valid_checksum": None,
    "checksum_ok_out_of_range": "id_birth_range",
    "legacy15": "id_first_generation",
}
INVALID = {
    "110105194912310021": "id_checksum",
    "11010519491331002X": "id_birth_date",
    "990000202302290010": "id_birth_date",
    "990000202701010012": "id_birth_range",
    "1101051949123100 2X": "id_malformed",
}

with (SAMPLES / "id_test_vectors.csv").open(encoding="utf-8", newline="") as file:
    VECTORS = list(csv.DictReader(file))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id18"])
def test_numbers_are_judged_as_the_vectors_say(vector: dict[str, str]) -> None:
    number = vector["id18"]
    expected = FAULTS[vector["expected"]] if number not in INVALID else INVALID[number]

    holder = read_id(number, TODAY)

    assert id_fault(number, TODAY) == expected
    if expected is None:
        assert holder is not None
        assert holder.birth_date.isoformat() == vector["birth_date"]
        assert holder.sex == vector["sex"]
        assert holder.text == number.upper()
    else:
        assert holder is None


def test_every_vector_is_used() -> None:
    assert len(VECTORS) == 13
    assert {vector["expected"] for vector in VECTORS} == {*FAULTS, "invalid"}


def test_the_examples_of_the_standard_have_their_check_character() -> None:
    assert check_character("11010519491231002") == "X"
    assert check_character("44052418800101001") == "4"


def test_numbers_are_stored_trimmed_with_a_capital_x() -> None:
    assert normal_form(" 11010519491231002x\n") == "11010519491231002X"


@pytest.mark.parametrize(
    "number", ["", "x", "X" * 18, "１１０１０５１９４９１２３１００２X", "A1234567"]
)
def test_other_numbers_are_malformed(number: str) -> None:
    assert id_fault(number, TODAY) == "id_malformed"


def test_a_birth_today_is_possible() -> None:
    digits = "99000020261122001"
    number = digits + check_character(digits)

    assert id_fault(number, TODAY) is None
    assert id_fault(number, date(2026, 11, 21)) == "id_birth_range"
