"""Classes of chronic-disease visits, by the vectors of samples/form_logic_vectors.csv."""

from __future__ import annotations

import csv

import pytest

from forms.followup import FollowupAnswers, followup_result
from forms.values import read_number
from tests.filled import SAMPLES

with (SAMPLES / "form_logic_vectors.csv").open(encoding="utf-8", newline="") as file:
    VECTORS = [row for row in csv.DictReader(file) if row["form"] == "chronic_followup"]


def answers_of(inputs: str) -> FollowupAnswers:
    """Return the answers a vector writes as "age=60;htn=1;…"."""
    texts = dict(pair.split("=") for pair in inputs.split(";"))
    return FollowupAnswers(
        age_years=read_number(texts["age"]),
        modules=frozenset(name for name in ("htn", "dm", "tb") if texts[name] == "1"),
        danger=frozenset(texts["danger"].split()),
        adverse=texts["adverse"],
        has_new_complication=texts["new_comp"] == "yes",
        previous_class=texts["prev_class"],
        systolic=read_number(texts.get("sbp", "")),
        diastolic=read_number(texts.get("dbp", "")),
        fasting_glucose=read_number(texts.get("fbg", "")),
    )


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["case"])
def test_results_are_those_of_the_forms_own_formulas(vector: dict[str, str]) -> None:
    flag = {None: "", True: "1", False: "0"}

    result = followup_result(answers_of(vector["inputs"]))

    assert vector["expected"] == ";".join(
        (
            f"bp_ok={flag[result.pressure_ok]}",
            f"glu_ok={flag[result.glucose_ok]}",
            f"danger_value={flag[result.has_danger]}",
            f"fu_class={result.followup_class}",
            f"must_refer={flag[result.must_refer]}",
            f"max_days={result.max_days}",
        )
    )


def test_all_vectors_are_tried() -> None:
    assert len(VECTORS) == 14


def test_a_danger_sign_means_referral() -> None:
    result = followup_result(FollowupAnswers(danger=frozenset({"chest"})))

    assert (result.has_danger, result.must_refer, result.max_days) == (True, True, 14)


def test_one_failing_disease_fails_the_visit() -> None:
    answers = FollowupAnswers(
        modules=frozenset({"htn", "dm"}), systolic=120, diastolic=80, fasting_glucose=8.0
    )

    assert followup_result(answers).followup_class == "unsatisfied"


def test_a_systolic_value_alone_is_not_under_control() -> None:
    answers = FollowupAnswers(modules=frozenset({"htn"}), systolic=120)

    assert followup_result(answers).pressure_ok is False
