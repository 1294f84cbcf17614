"""One person's answers held against one another."""

from __future__ import annotations

from datetime import date

import pytest

from forms.persons import (
    MESSAGES,
    age_years,
    birth_year,
    born_on,
    completed_years,
    person_complaints,
)
from tests.filled import said

TODAY = date(2026, 11, 22)
WOMAN_1958 = "990000195806120020"


def codes(**answers: str) -> list[str]:
    """Return the complaint codes of one person."""
    person = said({f"person.{name}": text for name, text in answers.items()})
    complaints = person_complaints(person, TODAY, TODAY)
    assert all(MESSAGES[one.code] % one.params for one in complaints)
    return [one.code for one in complaints]


def test_a_consistent_person_passes() -> None:
    assert (
        codes(
            id_number=WOMAN_1958,
            birth_date="1958-06-12",
            birth_year="1958",
            sex="female",
            age="68",
        )
        == []
    )


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("990000195806120021", "id_checksum"),
        ("110105491231002", "id_first_generation"),
        ("99000019580612", "id_malformed"),
        ("990000202302290010", "id_birth_date"),
        ("440524188001010014", "id_birth_range"),
    ],
)
def test_a_wrong_id_number_is_found_and_never_repeated(number: str, code: str) -> None:
    person = said({"person.id_number": number})

    (complaint,) = person_complaints(person, TODAY, TODAY)

    assert complaint.code == code
    assert complaint.params == {}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"birth_date": "1958-06-13"}, ["birth_date_not_of_id"]),
        ({"birth_year": "1985"}, ["birth_year_not_of_id"]),
        ({"sex": "male"}, ["sex_not_of_id"]),
        ({"sex": "unknown"}, []),
        ({"age": "40"}, ["age_not_of_birth"]),
    ],
)
def test_what_is_said_must_be_what_the_id_says(
    answers: dict[str, str], expected: list[str]
) -> None:
    assert codes(id_number=WOMAN_1958, **answers) == expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"birth_date": "1899-12-31"}, ["birth_date_impossible"]),
        ({"birth_date": "2026-11-23"}, ["birth_date_impossible"]),
        ({"birth_date": "2026-11-22"}, []),
        ({"birth_year": "1899"}, ["birth_year_impossible"]),
        ({"birth_year": "2027"}, ["birth_year_impossible"]),
        ({"age": "121"}, ["age_impossible"]),
        ({"age": "-1"}, ["age_impossible"]),
        ({"age": "110"}, ["age_unusual"]),
        ({"age": "105"}, []),
        ({"age": "old"}, []),
        ({"age": "68", "birth_year": "1958"}, []),
        ({"age": "67", "birth_year": "1958"}, []),
        ({"age": "66", "birth_year": "1958"}, ["age_not_of_birth"]),
        ({"age": "5", "birth_date": "2020-11-23"}, []),
        ({"age": "8", "birth_date": "2020-11-23"}, ["age_not_of_birth"]),
    ],
)
def test_births_and_ages_must_be_possible(answers: dict[str, str], expected: list[str]) -> None:
    assert codes(**answers) == expected


def test_birth_comes_from_the_answer_or_the_id_number() -> None:
    by_id = said({"person.id_number": WOMAN_1958})
    by_answer = said({"person.id_number": WOMAN_1958, "person.birth_date": "1958-06-01"})
    by_year = said({"person.birth_year": "1958"})

    assert born_on(by_id, TODAY) == date(1958, 6, 12)
    assert born_on(by_answer, TODAY) == date(1958, 6, 1)
    assert born_on(by_year, TODAY) is None
    assert birth_year(by_id, TODAY) == birth_year(by_year, TODAY) == 1958


def test_age_is_the_one_said_or_worked_out() -> None:
    assert age_years(said({"person.age": "40", "person.birth_year": "1958"}), TODAY) == 40
    assert age_years(said({"person.birth_date": "1958-11-23"}), TODAY) == 67
    assert age_years(said({"person.birth_year": "1958"}), TODAY) == 68
    assert age_years(said({"person.name": "甲"}), TODAY) is None


def test_years_are_complete_on_the_birthday() -> None:
    born = date(2000, 2, 29)

    assert completed_years(born, date(2026, 2, 28)) == 25
    assert completed_years(born, date(2026, 3, 1)) == 26
    assert completed_years(born, date(2028, 2, 29)) == 28
