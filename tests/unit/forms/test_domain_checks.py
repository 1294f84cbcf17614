"""All domain checks together, on the shipped forms."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from forms.checks import MESSAGES as FORM_MESSAGES
from forms.checks import complaints
from forms.domain_checks import MESSAGES, domain_complaints
from tests.filled import answers_to, said, shipped

RECEIVED = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
TIMES = {"start": "2026-11-22T09:15:00.000+08:00", "end": "2026-11-22T09:31:00.000+08:00"}


def a_roster(**second: str) -> dict[str, Any]:
    """Return a household of two, the second changed."""
    head = {
        "pname": "甲",
        "relation": "head",
        "id18": "990000195806120020",
        "dob": "1958-06-12",
        "sex": "female",
        "birth_year": "1958",
        "age": "68",
    }
    child = {"pname": "乙", "relation": "child", "dob": "1990-01-01", "sex": "male", "age": "36"}
    household = {
        "village": "130921211201",
        "outcome": "met",
        "consent": "yes",
        "hh_type": "poor",
        "cause_main": "illness",
        "location": "38.3 116.9 12 5",
        "hh_size": "2",
    }
    return {**TIMES, "today": "2026-11-22", "hh": household, "member": [head, {**child, **second}]}


def test_a_clean_household_gives_no_complaint() -> None:
    answers = answers_to(shipped("household_roster"), a_roster())

    assert complaints(answers) == []
    assert domain_complaints(answers, RECEIVED, TODAY) == []


def test_complaints_name_the_field_and_the_repetition() -> None:
    answers = answers_to(shipped("household_roster"), a_roster(dob="1950-01-01", age="150"))

    found = domain_complaints(answers, RECEIVED, TODAY)

    assert [(one.code, one.path, one.position) for one in found] == [
        ("child_older_than_parent", "member/relation", (2,)),
        ("age_impossible", "member/age", (2,)),
    ]


def test_a_screening_is_held_against_its_own_clues() -> None:
    tree = {
        **TIMES,
        "today": "2026-11-22",
        "who": {"village": "130921211201"},
        "pp": {"age": "50", "sex": "male", "state": "done", "way": "home", "consent": "yes"},
        "known": {"dx": "none"},
        "meas": {"sbp1": "150", "dbp1": "95", "sbp": "150", "dbp": "95"},
        "adult": {"sym": "none"},
        "result": {"case_codes": ""},
        "location": "38.3 116.9 12 5",
    }

    found = domain_complaints(answers_to(shipped("disease_screening"), tree), RECEIVED, TODAY)

    assert [(one.code, one.path) for one in found] == [("clues_differ", "result/case_codes")]


@pytest.mark.parametrize("form_id", ["household_roster", "disease_screening", "chronic_followup"])
def test_an_empty_submission_is_checked_without_trouble(form_id: str) -> None:
    answers = answers_to(shipped(form_id), {})

    found = domain_complaints(answers, RECEIVED, TODAY)

    assert {one.code for one in found} <= {"fix_missing"}


def test_a_form_without_concepts_has_nothing_to_check() -> None:
    assert domain_complaints(said({}), RECEIVED, TODAY) == []


def test_codes_of_both_levels_are_different() -> None:
    assert not set(FORM_MESSAGES) & set(MESSAGES)
