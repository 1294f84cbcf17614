"""Which persons and households look like one, and which only seem to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from server.survey.likeness import pairs
from server.survey.likeness.pairs import Family, Pair, Someone, is_slip

BASE = Someone(
    id="a",
    household_id="h1",
    village_code="v1",
    name="王小一",
    sex="female",
    birth_date=date(1970, 5, 6),
    birth_year=1970,
    id_number="",
    id_hash="",
    phone="",
)
ELSEWHERE = replace(BASE, id="b", household_id="h2", village_code="v2")
NEXT_DOOR = replace(BASE, id="b", household_id="h2")
NUMBER, SLIP, ANOTHER = "990000197005060028", "990000197005060038", "990000197005061135"


def numbered(one: Someone, number: str) -> Someone:
    return replace(one, id_number=number, id_hash=f"hash of {number}")


def rule(one: Someone, other: Someone) -> str:
    found = pairs.persons([one, other])
    return found[0].rule if found else ""


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (ELSEWHERE, pairs.NAME_BIRTH),
        (NEXT_DOOR, pairs.NAME_BIRTH),
        (replace(NEXT_DOOR, name="王晓一"), pairs.SOUND_BIRTH),
        (replace(NEXT_DOOR, name="王一"), pairs.NEAR_BIRTH),
        # Chance alone finds these, across villages.
        (replace(ELSEWHERE, name="王晓一"), ""),
        (replace(NEXT_DOOR, sex="male"), ""),
        (replace(NEXT_DOOR, sex=""), pairs.NAME_BIRTH),
        (replace(NEXT_DOOR, birth_date=date(1970, 5, 7)), ""),
        (replace(NEXT_DOOR, birth_date=None), ""),
        # In one household: a slip of the pen, but no twins.
        (replace(BASE, id="b", birth_date=date(1970, 6, 5)), pairs.HOUSEHOLD_NAME),
        (replace(BASE, id="b", birth_date=date(1970, 5, 8)), pairs.HOUSEHOLD_NAME),
        (replace(BASE, id="b", birth_date=None, birth_year=1971), pairs.HOUSEHOLD_NAME),
        (replace(BASE, id="b", birth_date=date(1998, 3, 1), birth_year=1998), ""),
        (replace(BASE, id="b", name="王小二"), ""),
        (replace(BASE, id="b", name="王晓一"), pairs.SOUND_BIRTH),
    ],
)
def test_two_look_like_one_by_what_is_rare(other: Someone, expected: str) -> None:
    assert rule(BASE, other) == expected
    assert rule(replace(other, id="a"), replace(BASE, id="b")) == expected


def test_two_different_id_numbers_are_two_persons() -> None:
    assert rule(numbered(BASE, NUMBER), numbered(NEXT_DOOR, ANOTHER)) == ""
    assert rule(numbered(BASE, NUMBER), numbered(NEXT_DOOR, SLIP)) == pairs.NAME_BIRTH
    assert rule(numbered(BASE, NUMBER), NEXT_DOOR) == pairs.NAME_BIRTH


def test_near_names_born_on_a_first_of_january_say_nothing() -> None:
    unknown = date(1970, 1, 1)
    one, other = replace(BASE, birth_date=unknown), replace(NEXT_DOOR, birth_date=unknown)
    assert rule(one, replace(other, name="王一")) == ""
    assert rule(one, other) == pairs.NAME_BIRTH


def test_one_id_number_is_one_pair_whatever_else_is_told() -> None:
    other = replace(ELSEWHERE, name="李四", birth_date=None, sex="male")
    found = pairs.same_number([numbered(other, NUMBER), numbered(BASE, NUMBER)])
    assert found == [Pair("a", "b", pairs.ID_NUMBER)]


def test_a_number_copied_into_many_lines_makes_as_many_pairs_and_not_their_square() -> None:
    many = [numbered(replace(BASE, id=f"{n:03}"), NUMBER) for n in range(200)]
    assert len(pairs.same_number(many)) == 199


def households(*ids: str, phone: str = "") -> list[Family]:
    return [Family(one, "v1", phone) for one in ids]


def members(household_id: str, *names: str) -> list[Someone]:
    return [
        replace(BASE, id=f"{household_id}.{name}", household_id=household_id, name=name)
        for name in names
    ]


def alike(several: list[Family], everybody: list[Someone]) -> list[Pair]:
    return pairs.families(several, everybody, pairs.persons(everybody))


def test_two_households_with_the_same_members_look_like_one() -> None:
    everybody = members("h1", "王小一", "李桂花", "赵大海") + members("h2", "王小一", "李桂花")
    (found,) = alike(households("h1", "h2"), everybody)

    assert (found.first_id, found.second_id, found.rule) == ("h1", "h2", pairs.MEMBERS)
    assert found.matched == (("h1.李桂花", "h2.李桂花"), ("h1.王小一", "h2.王小一"))


def test_a_daughter_listed_with_her_parents_and_alone_is_one_person_and_two_households() -> None:
    everybody = members("h1", "王小一", "李桂花", "赵大海") + members("h2", "赵大海")
    assert alike(households("h1", "h2"), everybody) == []
    assert [one.rule for one in alike(households("h1", "h2", phone="13800001111"), everybody)] == [
        pairs.PHONE
    ]
    alone = members("h1", "赵大海") + members("h2", "赵大海")
    assert [one.rule for one in alike(households("h1", "h2"), alone)] == [pairs.MEMBERS]


def test_one_telephone_tells_of_a_household_nobody_spoke_for_and_not_of_three_families() -> None:
    family = members("h1", "王小一", "李桂花")
    assert alike(households("h1", "h2", phone="13800001111"), family) == [
        Pair("h1", "h2", pairs.PHONE)
    ]
    assert alike(households("h1", "h2", "h3", phone="13800001111"), family) == []
    neighbours = family + members("h2", "刘子涵")
    assert alike(households("h1", "h2", phone="13800001111"), neighbours) == []


def test_a_slip_of_the_pen_is_one_digit_or_two_swapped() -> None:
    assert is_slip("1970-05-06", "1970-05-08")
    assert is_slip("123456", "124356")
    assert not is_slip("123456", "154326")
    assert not is_slip("12345", "123456")
