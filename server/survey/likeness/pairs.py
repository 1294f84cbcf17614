"""Which persons look like one, and which households. Pure: same persons, same pairs.

Compared are those who share something rare already (an ID number, a day of birth, a household),
never everybody with everybody. Rules and why (domain.md, server checks; methods.md R10):

- one ID number belongs to one person;
- one name and one day of birth, within a township: further away chance alone would find hundreds;
- names that sound alike, or differ in one sign, and one day of birth, within a village. Not in one
  household when they differ in a sign: those are twins;
- one name, as it sounds, in one household, and births that a slip of the pen makes the same.

Two ID numbers that are further apart than a slip of the pen are two persons, whatever else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from server.survey.likeness.names import NEAR, SAME, SOUND, clean, likeness

ID_NUMBER, NAME_BIRTH, SOUND_BIRTH, NEAR_BIRTH, HOUSEHOLD_NAME = (
    "id_number",
    "name_birth",
    "sound_birth",
    "near_birth",
    "household_name",
)
MEMBERS, PHONE = "members", "phone"
_BY_NAME = {SAME: NAME_BIRTH, SOUND: SOUND_BIRTH}
# Of more who share one thing, each is held against the first alone: a number copied into a
# thousand lines makes a thousand pairs, not half a million.
MOST_ALIKE, MOST_BORN, MOST_IN_HOUSEHOLD = 8, 60, 40
# A telephone of more families is a worker's own, or the village committee's.
FAMILIES_A_PHONE = 2


@dataclass(frozen=True, slots=True)
class Someone:
    """One person as registered; texts are "" when not known. `phone` may be the household's."""

    id: str
    household_id: str
    village_code: str
    name: str
    sex: str
    birth_date: date | None
    birth_year: int | None
    id_number: str
    id_hash: str
    phone: str


@dataclass(frozen=True, slots=True)
class Family:
    """One household as registered."""

    id: str
    village_code: str
    phone: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two that look like one, the smaller id first, and the strongest rule that says so.

    `matched` of households are the members of both that look like one, as pairs of ids in the
    order of the households.
    """

    first_id: str
    second_id: str
    rule: str
    matched: tuple[tuple[str, str], ...] = ()


def persons(everybody: Sequence[Someone]) -> list[Pair]:
    """Return the pairs among the persons of a township but for ID_NUMBER, ordered by ids."""
    found: dict[tuple[str, str], str] = {}
    for key, rule_of, most in _PERSON_WAYS:
        for one, other in _together(everybody, key, most):
            if (rule := rule_of(one, other)) and _may_be_one(one, other):
                found.setdefault((one.id, other.id), rule)
    return [Pair(first, second, rule) for (first, second), rule in sorted(found.items())]


def same_number(everybody: Iterable[Someone]) -> list[Pair]:
    """Return the pairs of one ID number, ordered by ids."""
    pairs = [
        Pair(one.id, other.id, ID_NUMBER)
        for one, other in _together(everybody, lambda one: one.id_hash or None, MOST_ALIKE)
    ]
    return sorted(pairs, key=lambda pair: (pair.first_id, pair.second_id))


def families(
    several: Sequence[Family], everybody: Sequence[Someone], pairs: Iterable[Pair]
) -> list[Pair]:
    """Return the pairs of households of one village, ordered by ids.

    `pairs` are those of their persons. Two or more members of both, and half of the smaller one's,
    look like one; or one does and the telephone is the same; or all that both have is one.
    """
    village = {one.id: one.village_code for one in several}
    home = {one.id: one.household_id for one in everybody if one.household_id in village}
    size: dict[str, int] = defaultdict(int)
    for household_id in home.values():
        size[household_id] += 1
    phone_pairs = _phone_pairs(several)
    matched: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for pair in pairs:
        first, second = home.get(pair.first_id), home.get(pair.second_id)
        if first and second and first != second and village[first] == village[second]:
            ids = (pair.first_id, pair.second_id)
            if first > second:
                first, second, ids = second, first, (ids[1], ids[0])
            matched[first, second].append(ids)
    found = []
    for (first, second), same in sorted(matched.items()):
        smaller = min(size[first], size[second])
        is_whole = max(size[first], size[second]) == 1
        both = {one for one, _ in same}, {other for _, other in same}
        several_same = min(map(len, both))
        if (several_same >= 2 and several_same * 2 >= smaller) or is_whole:
            found.append(Pair(first, second, MEMBERS, tuple(sorted(same))))
        elif (first, second) in phone_pairs:
            found.append(Pair(first, second, PHONE, tuple(sorted(same))))
    nobody = {
        pair for pair in phone_pairs - matched.keys() if not size[pair[0]] or not size[pair[1]]
    }
    found += [Pair(first, second, PHONE) for first, second in nobody]
    return sorted(found, key=lambda pair: (pair.first_id, pair.second_id))


def _phone_pairs(several: Iterable[Family]) -> set[tuple[str, str]]:
    """Return the households of one village that two, and no more, tell one telephone of."""
    by_phone: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in several:
        if one.phone:
            by_phone[one.village_code, one.phone].append(one.id)
    return {(min(ids), max(ids)) for ids in by_phone.values() if len(ids) == FAMILIES_A_PHONE}


def _together(
    everybody: Iterable[Someone], key: Callable[[Someone], Hashable | None], most: int
) -> Iterator[tuple[Someone, Someone]]:
    """Give the pairs of those who share a key, the smaller id first; None shares nothing."""
    groups: dict[Hashable, list[Someone]] = defaultdict(list)
    for one in everybody:
        if (shared := key(one)) is not None:
            groups[shared].append(one)
    for group in groups.values():
        if len(group) < 2:
            continue
        group.sort(key=lambda one: one.id)
        if len(group) > most:
            yield from ((group[0], other) for other in group[1:])
        else:
            yield from combinations(group, 2)


def _by_name_and_birth(one: Someone) -> Hashable | None:
    name = clean(one.name)
    return (name, one.birth_date) if name and one.birth_date else None


def _by_birth(one: Someone) -> Hashable | None:
    return (one.village_code, one.birth_date) if one.birth_date and one.name else None


def _by_household(one: Someone) -> Hashable | None:
    return one.household_id or None


def _is_one_birth(one: Someone, other: Someone) -> str:
    how = likeness(one.name, other.name)
    if how != NEAR:
        return _BY_NAME.get(how, "")
    # Brothers and sisters born on one day differ in a sign of their names, and the first of
    # January stands for a day that nobody knows.
    is_twin = one.household_id and one.household_id == other.household_id
    is_known = one.birth_date and (one.birth_date.month, one.birth_date.day) != (1, 1)
    return NEAR_BIRTH if is_known and not is_twin else ""


def _is_one_household(one: Someone, other: Someone) -> str:
    if likeness(one.name, other.name) not in (SAME, SOUND):
        return ""
    return HOUSEHOLD_NAME if _are_births_close(one, other) else ""


# The strongest first.
_PERSON_WAYS: tuple[
    tuple[Callable[[Someone], Hashable | None], Callable[[Someone, Someone], str], int], ...
] = (
    (_by_name_and_birth, lambda _one, _other: NAME_BIRTH, MOST_ALIKE),
    (_by_birth, _is_one_birth, MOST_BORN),
    (_by_household, _is_one_household, MOST_IN_HOUSEHOLD),
)


def _may_be_one(one: Someone, other: Someone) -> bool:
    """Say whether nothing speaks against two being one: sexes, ID numbers."""
    if one.sex and other.sex and one.sex != other.sex:
        return False
    if not one.id_hash or not other.id_hash or one.id_hash == other.id_hash:
        return True
    return is_slip(one.id_number, other.id_number)


def _are_births_close(one: Someone, other: Someone) -> bool:
    """Say whether two births may be one: a slip of a digit, a year aside, or one not known."""
    if one.birth_date and other.birth_date:
        first, second = one.birth_date.isoformat(), other.birth_date.isoformat()
        return is_slip(first, second) or first == f"{second[:4]}-{second[8:]}-{second[5:7]}"
    if one.birth_year is None or other.birth_year is None:
        return True
    return abs(one.birth_year - other.birth_year) <= 1


def is_slip(one: str, other: str) -> bool:
    """Say whether two texts of one length differ in one sign at most, or two that are swapped."""
    if len(one) != len(other):
        return False
    apart = [index for index in range(len(one)) if one[index] != other[index]]
    if len(apart) <= 1:
        return True
    return (
        len(apart) == 2
        and apart[1] == apart[0] + 1
        and one[apart[0]] == other[apart[1]]
        and one[apart[1]] == other[apart[0]]
    )
