"""Screening clues, by the vectors of samples/form_logic_vectors.csv."""

from __future__ import annotations

import csv

import pytest

from forms.clues import ScreeningAnswers, screening_answers, screening_clues
from tests.filled import SAMPLES, said

CONCEPTS = {
    "age": "person.age",
    "dx": "finding.reported",
    "sym": "clue.adult",
    "sym_w": "clue.woman",
    "sym_c": "clue.child",
    "mental": "clue.mental",
    "dust": "clue.dust",
    "tb_history": "clue.tb_history",
    "dialysis": "clue.dialysis",
    "fobt": "clue.fobt",
    "sbp": "measure.sbp",
    "dbp": "measure.dbp",
    "glucose": "measure.glucose",
    "fasting": "measure.fasting",
}

with (SAMPLES / "form_logic_vectors.csv").open(encoding="utf-8", newline="") as file:
    VECTORS = [row for row in csv.DictReader(file) if row["form"] == "disease_screening"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["case"])
def test_clues_are_those_of_the_forms_own_formulas(vector: dict[str, str]) -> None:
    inputs = dict(pair.split("=") for pair in vector["inputs"].split(";"))
    expected = vector["expected"].removeprefix("flags=")
    person = said({CONCEPTS[name]: text for name, text in inputs.items()})

    clues = screening_clues(screening_answers(person))

    assert clues == ([] if expected == "none" else expected.split("+"))


def test_all_vectors_are_tried() -> None:
    assert len(VECTORS) == 23


@pytest.mark.parametrize(
    ("answers", "clues"),
    [
        (ScreeningAnswers(), []),
        (ScreeningAnswers(reported=frozenset({"other_special"})), ["special_reported"]),
        (ScreeningAnswers(special=frozenset({"active_tb"})), ["tb_suspect"]),
        (ScreeningAnswers(cervix="positive"), ["cervical_cancer"]),
        (ScreeningAnswers(breast="positive"), ["breast_cancer"]),
        (ScreeningAnswers(woman=frozenset({"nipple"})), ["breast_cancer"]),
        (ScreeningAnswers(adult=frozenset({"black_stool"})), ["gastric_cancer"]),
        (ScreeningAnswers(adult=frozenset({"oedema"})), []),
        (
            ScreeningAnswers(adult=frozenset({"oedema"}), reported=frozenset({"diabetes"})),
            ["esrd", "diabetes"],
        ),
        (ScreeningAnswers(mental=frozenset({"none", "voices"})), []),
        (ScreeningAnswers(systolic=200, age_years=17), []),
        (ScreeningAnswers(systolic=200), []),
        (
            ScreeningAnswers(adult=frozenset({"cough_2w", "weight_loss"})),
            ["tb_suspect", "lung_cancer"],
        ),
        (
            ScreeningAnswers(age_years=14, child=frozenset({"none", "pallor", "nodes"})),
            ["childhood_leukaemia"],
        ),
    ],
)
def test_clues_beyond_the_vectors(answers: ScreeningAnswers, clues: list[str]) -> None:
    assert screening_clues(answers) == clues


def test_a_fasting_glucose_of_its_own_counts_as_fasting() -> None:
    assert screening_clues(screening_answers(said({"measure.fbg": "7.0"}))) == ["diabetes"]
    assert screening_clues(screening_answers(said({"measure.glucose": "7.0"}))) == []
