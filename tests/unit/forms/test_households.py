"""Members of a household against one another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from forms.households import MESSAGES, household_complaints, members
from tests.filled import said

TODAY = date(2026, 11, 22)
HEAD = {"name": "甲", "relation": "head", "birth_date": "1970-03-12"}


def a_member(**answers: str) -> dict[str, str]:
    """Return a member's answers by concept."""
    return {f"person.{name}": text for name, text in answers.items()}


def complaints(
    household: Mapping[str, str], *persons: Mapping[str, str]
) -> list[tuple[str, tuple[int, ...]]]:
    """Return (code, position) of a household's complaints."""
    answers = said(
        {f"household.{name}": text for name, text in household.items()},
        [a_member(**person) for person in persons],
    )
    found = household_complaints(answers, TODAY, TODAY)
    assert all(MESSAGES[one.code] % one.params for one in found)
    return [(one.code, one.position) for one in found]


def test_a_consistent_household_passes() -> None:
    child = {"name": "乙", "relation": "child", "birth_date": "1999-07-07"}
    parent = {"name": "丙", "relation": "parent", "birth_date": "1944-01-01"}
    household = {"size": "3", "kind": "poor", "cause": "illness"}

    assert complaints(household, HEAD, child, parent) == []


def test_the_size_must_be_the_number_of_persons() -> None:
    assert complaints({"size": "2"}, HEAD) == [("household_size_differs", ())]
    assert complaints({"size": ""}, HEAD) == []


def test_a_form_without_members_has_no_size_to_compare() -> None:
    assert complaints({"size": "4"}) == []


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("poor", [("cause_missing", ())]),
        ("lifted", [("cause_missing", ())]),
        ("new", [("cause_missing", ())]),
        ("returned", [("cause_missing", ())]),
        ("ordinary", []),
        ("", []),
    ],
)
def test_a_registered_household_needs_its_cause(
    kind: str, expected: list[tuple[str, tuple[int, ...]]]
) -> None:
    assert complaints({"kind": kind, "cause": ""}) == expected


def test_a_form_that_asks_no_cause_is_not_blamed() -> None:
    assert complaints({"kind": "poor"}) == []


def test_a_household_has_one_head() -> None:
    spouse = {"name": "乙", "relation": "spouse"}

    assert complaints({}, spouse) == [("no_head", ())]
    assert complaints({}, HEAD, spouse) == []
    assert complaints({}, HEAD, HEAD) == [("several_heads", (2,))]
    assert complaints({}, {"name": "甲"}) == []


def test_a_head_is_fourteen_or_older() -> None:
    young = {"name": "甲", "relation": "head", "birth_date": "2012-11-23"}
    grown = {"name": "甲", "relation": "head", "birth_date": "2012-11-22"}
    said_age = {"name": "甲", "relation": "head", "age": "9"}

    assert complaints({}, young) == [("head_too_young", (1,))]
    assert complaints({}, grown) == []
    assert complaints({}, said_age) == [("head_too_young", (1,))]


@pytest.mark.parametrize(
    ("relation", "birth", "is_wrong"),
    [
        ("child", {"birth_date": "1970-03-12"}, True),
        ("child", {"birth_date": "1970-03-13"}, False),
        ("child", {"birth_year": "1969"}, True),
        ("child", {"birth_year": "1971"}, False),
        ("grandchild", {"birth_date": "1960-01-01"}, True),
        ("parent", {"birth_date": "1970-03-12"}, True),
        ("parent", {"birth_date": "1970-03-11"}, False),
        ("parent", {"birth_year": "1980"}, True),
        ("sibling", {"birth_date": "1960-01-01"}, False),
        ("child_in_law", {"birth_date": "1960-01-01"}, False),
        ("child", {}, False),
    ],
)
def test_a_child_is_younger_than_its_parent(
    relation: str, birth: dict[str, str], is_wrong: bool
) -> None:
    other = {"name": "乙", "relation": relation, **birth}

    found = complaints({}, HEAD, other)

    assert found == ([("child_older_than_parent", (2,))] if is_wrong else [])


def test_an_id_number_belongs_to_one_person() -> None:
    first = {"name": "甲", "relation": "head", "id_number": "11010519491231002X"}
    second = {"name": "乙", "relation": "spouse", "id_number": "11010519491231002x"}

    assert complaints({}, first, second) == [("id_number_twice", (2,))]
    assert complaints({}, {"name": "甲", "id_number": ""}, {"name": "乙", "id_number": ""}) == []


def test_members_are_the_repetitions_that_name_a_person() -> None:
    answers = said({"person.name": "户主"}, [a_member(**HEAD)])

    assert [person.position for person in members(answers)] == [(1,)]
