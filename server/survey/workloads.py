"""What each worker has left to do: households of the villages that a phone serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from maps import loads
from maps.loads import VillageLoad
from server.survey import indicators, phones
from server.survey.areas import Scope
from server.survey.phones import PhoneLine


@dataclass(frozen=True, slots=True)
class WorkerLoad:
    """One phone in use: its villages here, the one with most left first, and households left.

    A village that several serve counts in equal parts. `is_ours` is false where it also serves
    villages outside the scope: those are not counted, and it gives nothing up.
    """

    phone_id: int
    name: str
    villages: tuple[VillageLoad, ...]
    left: float
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Workload:
    """The villages of an area and who serves them; workers with most left first.

    `escorts` are phones that go along with others, a supervisor's or an audit team's: of each of
    their villages another phone that serves fewer takes care. They count nowhere and lose nothing.
    """

    villages: tuple[VillageLoad, ...]
    workers: tuple[WorkerLoad, ...]
    escorts: tuple[PhoneLine, ...] = ()

    @property
    def unserved(self) -> tuple[VillageLoad, ...]:
        """Villages that nobody serves."""
        return tuple(one for one in self.villages if not one.phones)

    @property
    def proposal(self) -> dict[str, int]:
        """The few moves that make it more even, by village: the phone that takes it."""
        ours = [one.phone_id for one in self.workers if one.is_ours]
        movable = [one for one in self.villages if set(one.phones) <= set(ours)]
        return loads.balanced(movable, ours)


def workload(
    session: Session, project_id: int, scope: Scope, today: date, township: str = ""
) -> Workload:
    """Return who has how much left, of one township of the scope or of all of it."""
    inside = scope.within(township) if township else scope
    in_use = [
        one for one in phones.phone_list(session, project_id, inside) if one.revoked_at is None
    ]
    escorts = _escorts(in_use)
    lines = [one for one in in_use if one not in escorts]
    serving: dict[str, list[int]] = {}
    for one in lines:
        for village in one.villages:
            serving.setdefault(village.code, []).append(one.id)
    villages = [
        VillageLoad(one.code, one.name, one.left, tuple(sorted(serving.get(one.code, ()))))
        for one in indicators.coverage_by_village(session, inside, today)
    ]
    shares = loads.shares(villages, [one.id for one in lines])
    of_phone = loads.by_phone(villages)
    workers = [
        WorkerLoad(
            one.id,
            one.name,
            tuple(of_phone.get(one.id, ())),
            shares[one.id],
            all(scope.covers(two.code) for two in one.villages),
        )
        for one in lines
    ]
    return Workload(tuple(villages), tuple(_most_first(workers)), tuple(escorts))


def _escorts(lines: Sequence[PhoneLine]) -> list[PhoneLine]:
    fewest: dict[str, int] = {}
    for one in lines:
        for village in one.villages:
            number = len(one.villages)
            fewest[village.code] = min(number, fewest.get(village.code, number))
    return [
        one
        for one in lines
        if one.villages and all(fewest[two.code] < len(one.villages) for two in one.villages)
    ]


def _most_first(workers: Sequence[WorkerLoad]) -> list[WorkerLoad]:
    return sorted(workers, key=lambda one: (-one.left, one.name, one.phone_id))
