"""How evenly villages are given to workers, and which few to move so that it is more even. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VillageLoad:
    """One village: households left, and the phones in use that serve it, by number, in order.

    `left` is None where no register tells how many there are.
    """

    code: str
    name: str
    left: int | None
    phones: tuple[int, ...] = ()


def shares(villages: Iterable[VillageLoad], phones: Iterable[int]) -> dict[int, float]:
    """Return the households left of each phone; several phones share a village in equal parts."""
    found: dict[int, float] = dict.fromkeys(phones, 0.0)
    for village in villages:
        for phone in village.phones:
            if phone in found:
                found[phone] += (village.left or 0) / len(village.phones)
    return found


def balanced(villages: Iterable[VillageLoad], phones: Iterable[int]) -> dict[str, int]:
    """Return the villages to move and to whom, so that the most loaded has less to do.

    First villages that nobody serves, the largest first, each to who has least. Then one village
    after the other from the most loaded to the least, as long as that lowers the larger of the
    two. Villages that several phones serve stay: they go from house to house together. The same
    villages give the same moves.
    """
    several = sorted(villages, key=lambda one: one.code)
    load = shares(several, phones)
    if len(load) < 2:
        return {}
    left = {one.code: one.left or 0 for one in several}
    now = {one.code: one.phones[0] for one in several if len(one.phones) == 1}
    before = dict(now)
    nobodys = [one.code for one in several if not one.phones]
    for code in sorted(nobodys, key=lambda one: (-left[one], one)):
        taker = min(load, key=lambda phone: (load[phone], phone))
        now[code] = taker
        load[taker] += left[code]
    _level(now, load, left)
    return {code: phone for code, phone in sorted(now.items()) if before.get(code) != phone}


def _level(now: dict[str, int], load: dict[int, float], left: Mapping[str, int]) -> None:
    """Move villages between phones in place until no single move makes it more even."""
    for _ in range(len(now) * 2):  # Each move lowers the sum of squares; this is never reached.
        giver = max(load, key=lambda phone: (load[phone], -phone))
        best: tuple[float, int, str] | None = None
        for taker in sorted(load, key=lambda phone: (load[phone], phone)):
            for code in sorted(now):
                if now[code] != giver or not left[code] or taker == giver:
                    continue
                larger = max(load[giver] - left[code], load[taker] + left[code])
                if larger < load[giver] and (best is None or (larger, taker, code) < best):
                    best = (larger, taker, code)
        if best is None:
            return
        _, taker, code = best
        load[giver] -= left[code]
        load[taker] += left[code]
        now[code] = taker


def by_phone(villages: Iterable[VillageLoad]) -> dict[int, list[VillageLoad]]:
    """Return the villages of each phone, the one with most left first."""
    found: dict[int, list[VillageLoad]] = defaultdict(list)
    for village in villages:
        for phone in village.phones:
            found[phone].append(village)
    for several in found.values():
        several.sort(key=lambda one: (-(one.left or 0), one.code))
    return dict(found)
