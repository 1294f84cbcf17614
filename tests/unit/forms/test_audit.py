"""Scores of audits."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from forms.audit import (
    ITEMS,
    TOWNSHIP_HOSPITAL,
    VILLAGE_CLINIC,
    AuditAnswers,
    AuditScore,
    audit_score,
)

NUMBERS = {
    "area_m2": "60",
    "doctor_count": "1",
    "train_days": "10",
    "drug_kinds": "60",
    "followup_records": "4",
    "policy_known": "2",
    "it_ehr": "2",
}


def perfect(changed: Mapping[str, str]) -> dict[str, str]:
    """Return answers of a clinic that passes everything, but for what is `changed`."""
    answers = {item.code: "yes" for item in ITEMS[VILLAGE_CLINIC]}
    del answers["doctor_post"], answers["doctor_ratio"]
    return {**answers, **NUMBERS, **changed}


def score_of(
    changed: Mapping[str, str] | None = None, *, own: bool | None = True, served: float = 900
) -> AuditScore:
    """Return the score of a clinic perfect but for what is `changed`."""
    return audit_score(VILLAGE_CLINIC, AuditAnswers(perfect(changed or {}), served, own))


def test_the_catalogue_holds_a_hundred_points_for_each_facility() -> None:
    dimensions: dict[str, dict[str, int]] = {}
    for facility, items in ITEMS.items():
        sums = dimensions.setdefault(facility, {})
        for item in items:
            sums[item.dimension] = sums.get(item.dimension, 0) + item.points

    assert dimensions == {
        VILLAGE_CLINIC: {
            "ownership": 15,
            "construction": 30,
            "service": 30,
            "it": 10,
            "management": 15,
        },
        TOWNSHIP_HOSPITAL: {"construction": 33, "service": 44, "it": 11, "management": 12},
    }
    assert [len(ITEMS[VILLAGE_CLINIC]), len(ITEMS[TOWNSHIP_HOSPITAL])] == [43, 29]


def test_a_perfect_clinic_is_excellent() -> None:
    score = score_of()

    # With a doctor of its own, the posted doctor's 2 points do not apply.
    assert (score.got, score.possible, score.score) == (98, 98, 100.0)
    assert score.result == "excellent"
    assert score.vetoes == ()
    assert score.dimensions["service"] == (28, 28)


def test_an_item_that_does_not_apply_leaves_both_sides() -> None:
    score = score_of({"room_obs": "na", "it_settle": "na", "own_doc": "no"})

    assert (score.got, score.possible) == (92, 95)
    assert score.score == 96.8


def test_not_applicable_is_no_answer_where_it_is_not_allowed() -> None:
    score = score_of({"own_doc": "na"})

    assert (score.got, score.possible) == (95, 98)


def test_an_item_not_answered_gets_no_points() -> None:
    items = perfect({})
    del items["sharps"]

    score = audit_score(VILLAGE_CLINIC, AuditAnswers(items, 900, True))

    assert (score.got, score.possible) == (97, 98)


@pytest.mark.parametrize(
    ("changed", "vetoes"),
    [
        ({"licence": "no"}, ("licence",)),
        ({"eq_core": "no", "drug_expired": "no"}, ("eq_core", "drug_expired")),
        ({"doctor_count": "0"}, ("doctor_count",)),
        ({"doctor_count": ""}, ("doctor_count",)),
        ({"own_doc": "no"}, ()),
    ],
)
def test_a_veto_fails_the_clinic_whatever_its_points(
    changed: dict[str, str], vetoes: tuple[str, ...]
) -> None:
    score = score_of(changed)

    assert score.vetoes == vetoes
    assert (score.result == "fail") == bool(vetoes)


@pytest.mark.parametrize(
    ("days", "own", "vetoes"),
    [("7", False, ()), ("6", False, ("doctor_count",)), ("7", None, ("doctor_count",))],
)
def test_a_posted_doctor_stands_in_for_the_villages_own(
    days: str, own: bool | None, vetoes: tuple[str, ...]
) -> None:
    score = score_of({"doctor_count": "0", "doctor_post": days}, own=own)

    assert score.vetoes == vetoes


def test_doctors_per_thousand_served_are_worked_out_to_two_decimals() -> None:
    enough = score_of(served=1_004)
    too_few = score_of(served=1_006)

    assert enough.dimensions["service"] == (28, 28)
    assert too_few.dimensions["service"] == (26, 28)


@pytest.mark.parametrize(
    ("lost", "score", "result"),
    [
        (["area_m2", "own_public", "int_staff", "own_doc", "room_consult"], 79.6, "fail"),
        (["area_m2", "own_public", "int_staff", "own_doc", "sharps"], 80.6, "pass"),
        (["area_m2", "int_staff", "tcm"], 88.8, "pass"),
        (["area_m2", "int_staff"], 90.8, "excellent"),
    ],
)
def test_eighty_passes_and_ninety_is_excellent(lost: list[str], score: float, result: str) -> None:
    audit = score_of(dict.fromkeys(lost, "0"))

    assert (audit.score, audit.result) == (score, result)


def test_a_score_is_rounded_half_up() -> None:
    items = {"own_public": "yes", "it_settle": "na"}

    audit = audit_score(VILLAGE_CLINIC, AuditAnswers(items, has_own_doctor=True))

    # 6 of 96 are 6.25 exactly.
    assert (audit.got, audit.possible, audit.score) == (6, 96, 6.3)


def test_hospital_items_count_departments_and_compare_shares() -> None:
    answers = {
        "t_depts": "a b c d e f g h",
        "t_eq_ecg": "ecg",
        "t_selfpay_drug": "4.0",
        "t_monthly": "3",
        "t_beds": "0",
    }

    audit = audit_score(TOWNSHIP_HOSPITAL, AuditAnswers(answers))

    assert audit.got == 5 + 3 + 3
    assert audit.vetoes == ("t_present", "t_licence", "t_gp", "t_ebm", "t_pay_later")


def test_an_unknown_facility_has_no_score() -> None:
    with pytest.raises(KeyError):
        audit_score("pharmacy", AuditAnswers({}))
