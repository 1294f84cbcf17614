"""Clues, follow-up classes and audit scores against the shipped forms' own formulas.

The formulas of survey.csv are evaluated by an XPath engine, as the phone's would.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from forms.audit import ITEMS, VILLAGE_CLINIC, AuditAnswers, audit_score
from forms.clues import ScreeningAnswers, screening_clues
from forms.followup import FollowupAnswers, followup_result
from forms.values import read_number
from tests.filled import LIBRARY

NODE = etree.Element("node")
REFERENCE = re.compile(r"\$\{(\w+)\}")


def _selected(_: object, answer: object, choice: str) -> bool:
    return choice in _text(answer).split()


def _count_selected(_: object, answer: object) -> float:
    return float(len(_text(answer).split()))


def _choose(_: object, test: bool, then: object, otherwise: object) -> object:
    return then if test else otherwise


def _round_to(_: object, number: float, places: float) -> object:
    # An independent reading of "half up": shift, add a half, cut. NaN stays as it is.
    if number != number:
        return number
    text = f"{number!r}"
    shifted = f"{text}e{int(places)}"
    return int(float(shifted) + 0.5) / 10 ** int(places)


FUNCTIONS: dict[tuple[None, str], Callable[..., Any]] = {
    (None, "selected"): _selected,
    (None, "count-selected"): _count_selected,
    (None, "if"): _choose,
    (None, "round-to"): _round_to,
}


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@cache
def calculations(form_id: str, before: str = "") -> dict[str, str]:
    """Return {name: XPath} of a form's plain calculations, in order, up to the row `before`."""
    found = {}
    with (LIBRARY / form_id / "survey.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["name"] == before:
                break
            formula = row["calculation"] or ""
            if row["type"] == "calculate" and "instance(" not in formula:
                found[row["name"]] = REFERENCE.sub(r"$\1", formula).replace("round(", "round-to(")
    return found


def evaluated(form_id: str, wanted: Iterable[str], answers: Mapping[str, str]) -> dict[str, str]:
    """Return the named calculations of a form as texts; what was not answered is blank."""
    formulas = calculations(form_id)
    values: dict[str, object] = dict(answers)
    for name in wanted:
        formula = formulas[name]
        variables = {one: values.get(one, "") for one in re.findall(r"\$(\w+)", formula)}
        values[name] = _eval(formula, variables)
    return {name: _text(value) for name, value in values.items()}


def _eval(formula: str, variables: Mapping[str, object]) -> object:
    # Answers are texts on the phone; XPath turns them into numbers where it compares.
    texts = {name: _text(value) for name, value in variables.items()}
    return etree.XPath(formula, extensions=FUNCTIONS)(NODE, **texts)


def some(*choices: str) -> st.SearchStrategy[str]:
    """Return any selection of choices, as a select_multiple writes it."""
    return st.lists(st.sampled_from(choices), unique=True, max_size=4).map(" ".join)


def one_of(*choices: str) -> st.SearchStrategy[str]:
    """Return one choice, or none."""
    return st.sampled_from(["", *choices])


def number(*near: float) -> st.SearchStrategy[str]:
    """Return a number at or near a limit, or none."""
    return st.sampled_from(
        ["", *(f"{limit + step:g}" for limit in near for step in (-0.1, 0, 0.1, 1))]
    )


SCREENING = st.fixed_dictionaries(
    {
        "age": st.sampled_from(["", "0", "5", "14", "15", "17", "18", "40", "70"]),
        "dx": some(
            "childhood_leukaemia",
            "childhood_chd",
            "oesophageal_cancer",
            "gastric_cancer",
            "colon_cancer",
            "rectal_cancer",
            "esrd",
            "severe_mental_disorder",
            "mdr_tb",
            "cervical_cancer",
            "breast_cancer",
            "lung_cancer",
            "pneumoconiosis",
            "other_special",
            "hypertension",
            "diabetes",
            "none",
        ),
        "dx_special": some("active_tb", "sle", "parkinson"),
        "sym": some(
            "dysphagia",
            "black_stool",
            "blood_stool",
            "weight_loss",
            "cough_2w",
            "haemoptysis",
            "breathless",
            "oedema",
            "lump",
            "none",
        ),
        "sym_w": some("bleeding", "breast_lump", "nipple", "none"),
        "sym_c": some(
            "fever_2w",
            "pallor",
            "bruise",
            "bone_pain",
            "nodes",
            "cyanosis",
            "feeding",
            "murmur",
            "pneumonia",
            "none",
        ),
        "mental": some("treated", "voices", "withdrawn", "none"),
        "dust": one_of("yes", "no"),
        "tb_history": one_of("yes", "no"),
        "dialysis": one_of("yes", "no"),
        "fobt": one_of("negative", "positive", "pending"),
        "cervix_test": one_of("negative", "positive"),
        "breast_test": one_of("negative", "positive"),
        "sbp": number(140, 160),
        "dbp": number(90),
        "glucose": number(7, 11.1),
        "fasting": one_of("yes", "no"),
    }
)


@settings(max_examples=400)
@given(SCREENING)
def test_clues_are_those_of_the_form(inputs: dict[str, str]) -> None:
    names = [name for name in calculations("disease_screening") if name.startswith("s_")]
    form = evaluated("disease_screening", names, inputs)

    clues = screening_clues(
        ScreeningAnswers(
            age_years=read_number(inputs["age"]),
            reported=frozenset(inputs["dx"].split()),
            special=frozenset(inputs["dx_special"].split()),
            adult=frozenset(inputs["sym"].split()),
            woman=frozenset(inputs["sym_w"].split()),
            child=frozenset(inputs["sym_c"].split()),
            mental=frozenset(inputs["mental"].split()),
            dust=inputs["dust"],
            tb_history=inputs["tb_history"],
            dialysis=inputs["dialysis"],
            fobt=inputs["fobt"],
            cervix=inputs["cervix_test"],
            breast=inputs["breast_test"],
            systolic=read_number(inputs["sbp"]),
            diastolic=read_number(inputs["dbp"]),
            glucose=read_number(inputs["glucose"]),
            fasted=inputs["fasting"] == "yes",
        )
    )

    assert clues == [name.removeprefix("s_") for name in names if form[name] == "1"]


FOLLOWUP = st.fixed_dictionaries(
    {
        "age": st.sampled_from(["", "40", "64", "65", "80"]),
        "module": some("htn", "dm", "tb", "elder"),
        "danger": some("chest", "fever", "none"),
        "adverse": one_of("none", "mild", "severe"),
        "new_comp": one_of("yes", "no"),
        "prev_class": one_of("satisfied", "unsatisfied", "adverse", "complication"),
        "sbp": number(140, 150, 180),
        "dbp": number(90, 110),
        "fbg": number(3.9, 7, 16.7),
    }
)


@settings(max_examples=400)
@given(FOLLOWUP)
def test_followup_results_are_those_of_the_form(inputs: dict[str, str]) -> None:
    names = [
        "htn",
        "dm",
        "tb",
        "bp_ok",
        "glu_ok",
        "danger_value",
        "fu_class",
        "must_refer",
        "max_days",
    ]
    form = evaluated("chronic_followup", names, inputs)

    result = followup_result(
        FollowupAnswers(
            age_years=read_number(inputs["age"]),
            modules=frozenset(inputs["module"].split()),
            danger=frozenset(inputs["danger"].split()),
            adverse=inputs["adverse"],
            has_new_complication=inputs["new_comp"] == "yes",
            previous_class=inputs["prev_class"],
            systolic=read_number(inputs["sbp"]),
            diastolic=read_number(inputs["dbp"]),
            fasting_glucose=read_number(inputs["fbg"]),
        )
    )

    flag = {None: "", True: "1", False: "0"}
    assert flag[result.pressure_ok] == form["bp_ok"]
    assert flag[result.glucose_ok] == form["glu_ok"]
    assert flag[result.has_danger] == form["danger_value"]
    assert result.followup_class == form["fu_class"]
    assert flag[result.must_refer] == form["must_refer"]
    assert str(result.max_days) == form["max_days"]


NUMBERS = {
    "area_m2": 60,
    "doctor_count": 1,
    "doctor_post": 7,
    "train_days": 10,
    "drug_kinds": 60,
    "followup_records": 4,
    "policy_known": 2,
    "it_ehr": 2,
}
MAY_BE_ABSENT = ("room_obs", "it_settle")


def _answer(code: str) -> st.SearchStrategy[str]:
    if code in NUMBERS:
        return st.integers(0, NUMBERS[code] * 2).map(str)
    # Mostly yes, so that some audits pass.
    return st.sampled_from(["yes"] * 8 + ["no"] + (["na"] if code in MAY_BE_ABSENT else []))


AUDIT = st.fixed_dictionaries(
    {item.code: _answer(item.code) for item in ITEMS[VILLAGE_CLINIC] if item.code != "doctor_ratio"}
)


@given(AUDIT, st.integers(1, 20_000), st.sampled_from(["yes", "no"]))
def test_audit_scores_are_those_of_the_form(items: dict[str, str], served: int, own: str) -> None:
    if own == "yes":
        items = {**items, "doctor_post": ""}
    names = list(calculations("clinic_audit", before="audit_str"))
    form = evaluated("clinic_audit", names, {**items, "served": str(served), "own_doctor": own})

    score = audit_score(VILLAGE_CLINIC, AuditAnswers(items, served, own == "yes"))

    assert {name: (got, possible) for name, (got, possible) in score.dimensions.items()} == {
        name: (float(form[f"got_{name}"]), float(form[f"max_{name}"])) for name in score.dimensions
    }
    assert (score.got, score.possible) == (float(form["got"]), float(form["possible"]))
    assert score.score == float(form["score"])
    assert str(int(bool(score.vetoes))) == form["veto"]
    assert score.result == form["result"]
