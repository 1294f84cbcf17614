"""Who is asked again, and by whom: drawn at random within strata, by a seed. Pure.

Households are put in the order of a hash of the seed and their id, and the first of each stratum
are taken. So the same seed draws the same households whatever order they come in, and nobody can
foresee them who does not know it.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

# The leading digits of a township's villages, then of a county's.
_NEAR = (9, 6)


@dataclass(frozen=True, slots=True)
class Interview:
    """One household that may be drawn: its finished interview, and the phone that held it."""

    household_id: str
    village_code: str
    phone_id: int
    submission_id: int


def drawn(
    frame: Iterable[Interview], stratum: str, share: float, least: int, seed: int
) -> list[Interview]:
    """Return the households that are drawn of each stratum ("worker" or "village"), in order.

    Of n it is `share` rounded up, at least `least`, at most n.
    """
    strata: dict[str | int, list[Interview]] = {}
    for one in frame:
        key = one.phone_id if stratum == "worker" else one.village_code
        strata.setdefault(key, []).append(one)
    # As people write it: 7 % of 100 are 7, and not 8 by the last bit of 0.07.
    part = Fraction(str(share))
    chosen: list[Interview] = []
    for members in strata.values():
        wanted = max(least, -(-len(members) * part.numerator // part.denominator))
        chosen += heapq.nsmallest(wanted, members, key=lambda one: rank(seed, one.household_id))
    return sorted(chosen, key=lambda one: (one.village_code, one.household_id))


def rank(seed: int, name: str) -> bytes:
    """Return what puts names in an order by chance: the same for the same seed."""
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()


def spread(
    chosen: Iterable[Interview], phones: Mapping[int, Collection[str]], only: int | None = None
) -> dict[str, int | None]:
    """Return the phone that asks again, by household; None where no other phone is near.

    `phones` has the villages that each phone in use serves. With `only` that one asks all of them
    but its own. Otherwise another phone of the township, else of the county, the one with the
    fewest so far; of equal ones the one that serves the village itself.
    """
    given: Counter[int] = Counter()
    near: dict[str, list[int]] = {}
    for phone, villages in phones.items():
        for area in {code[:length] for code in villages for length in _NEAR}:
            near.setdefault(area, []).append(phone)
    found: dict[str, int | None] = {}
    for one in chosen:
        phone_id = only if only is not None and only != one.phone_id else None
        if only is None:
            phone_id = _nearest(one, near, phones, given)
        if phone_id is not None:
            given[phone_id] += 1
        found[one.household_id] = phone_id
    return found


def _nearest(
    one: Interview,
    near: Mapping[str, Collection[int]],
    phones: Mapping[int, Collection[str]],
    given: Mapping[int, int],
) -> int | None:
    for length in _NEAR:
        others = [key for key in near.get(one.village_code[:length], ()) if key != one.phone_id]
        if others:
            return min(
                others, key=lambda key: (given[key], one.village_code not in phones[key], key)
            )
    return None
