"""Villages given to workers evenly: few moves, none that makes it worse."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from maps import loads
from maps.loads import VillageLoad

PHONES = (1, 2, 3)
villages = st.lists(
    st.builds(
        lambda left, phones: (left, tuple(sorted(phones))),
        st.none() | st.integers(0, 90),
        st.sets(st.sampled_from(PHONES), max_size=2),
    ),
    max_size=12,
).map(
    lambda some: [
        VillageLoad(f"{number:02}", f"village {number}", left, phones)
        for number, (left, phones) in enumerate(some)
    ]
)


def village(code: str, left: int | None, *phones: int) -> VillageLoad:
    return VillageLoad(code, code, left, phones)


def test_a_village_of_two_phones_counts_half_for_each() -> None:
    told = loads.shares([village("a", 30, 1, 2), village("b", 5, 1)], PHONES)

    assert told == {1: 20, 2: 15, 3: 0}


def test_one_village_moves_from_the_most_loaded_to_the_least() -> None:
    several = [village("a", 40, 1), village("b", 20, 1), village("c", 10, 2)]

    assert loads.balanced(several, (1, 2)) == {"b": 2}


def test_a_village_that_nobody_serves_goes_to_who_has_least() -> None:
    several = [village("a", 40, 1), village("b", 10, 2), village("c", 15)]

    assert loads.balanced(several, (1, 2)) == {"c": 2}


def test_what_is_even_stays_and_one_worker_alone_has_nobody_to_share_with() -> None:
    even = [village("a", 40, 1), village("b", 40, 2)]

    assert loads.balanced(even, (1, 2)) == {}
    assert loads.balanced([village("a", 40, 1)], (1,)) == {}


@given(villages)
def test_a_proposal_never_makes_the_largest_load_larger_and_takes_no_shared_village(
    several: list[VillageLoad],
) -> None:
    moves = loads.balanced(several, PHONES)

    after = [
        replace(one, phones=(moves[one.code],)) if one.code in moves else one for one in several
    ]
    shared = {one.code for one in several if len(one.phones) > 1}
    nobodys = [one for one in several if not one.phones]
    start = [one for one in several if one.phones]
    assert shared.isdisjoint(moves)
    if not nobodys:
        before = max(loads.shares(start, PHONES).values())
        assert max(loads.shares(after, PHONES).values()) <= before
    assert all(one.phones for one in after)
