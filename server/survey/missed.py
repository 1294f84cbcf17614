"""Households that are known and not done: whom to walk to in a village."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from maps.points import Point, distance_m
from maps.walk import MOST_STOPS, walk
from server.survey.areas import Scope
from server.tables.projections import Household


@dataclass(frozen=True, slots=True)
class Missed:
    """One household without a final outcome.

    `number` is the one people gave, "" without; `visits` were made in vain, the last on
    `last_visit_on`. `place` is None where no phone told a position.
    """

    id: str
    number: str
    group: str
    visits: int
    last_visit_on: date
    place: Point | None


@dataclass(frozen=True, slots=True)
class Stop:
    """A household on the walk, and how many metres it is from the place before."""

    household: Missed
    leg_m: float


@dataclass(frozen=True, slots=True)
class Walk:
    """The walk through a village: stops in order, those without a position, and how many more
    there are than a day has hours for. `start` is None where nothing has a position.
    """

    start: Point | None
    stops: tuple[Stop, ...]
    unplaced: tuple[Missed, ...]
    more: int

    @property
    def length_m(self) -> float:
        """The whole walk, as the crow flies."""
        return sum(one.leg_m for one in self.stops)


def walk_through(session: Session, scope: Scope, village: str, start: Point | None) -> Walk:
    """Return the walk to the households of a village that are not done, from `start`.

    Without a `start` it begins at the first of them. Of too many, the nearest are taken.
    """
    missed = _missed(session, scope, village)
    placed = [one for one in missed if one.place]
    unplaced = tuple(one for one in missed if not one.place)
    begin = start or (placed[0].place if placed else None)
    if begin is None:
        return Walk(None, (), unplaced, 0)
    nearest = sorted(placed, key=lambda one: (distance_m(begin, _place(one)), one.id))
    chosen = nearest[:MOST_STOPS]
    order = walk(begin, [_place(one) for one in chosen])
    return Walk(
        begin,
        tuple(_stops(begin, [chosen[at] for at in order])),
        unplaced,
        len(placed) - len(chosen),
    )


def _stops(begin: Point, ordered: Sequence[Missed]) -> list[Stop]:
    stops, here = [], begin
    for one in ordered:
        there = _place(one)
        stops.append(Stop(one, distance_m(here, there)))
        here = there
    return stops


def _place(one: Missed) -> Point:
    if one.place is None:
        raise ValueError(f"household {one.id} has no place")
    return one.place


def _missed(session: Session, scope: Scope, village: str) -> list[Missed]:
    rows = session.execute(
        select(
            Household.id,
            Household.number,
            Household.villager_group,
            Household.visits,
            Household.last_visit_on,
            Household.latitude,
            Household.longitude,
        )
        .where(
            scope.where(Household.village_code),
            Household.village_code == village,
            Household.outcome == "open",
        )
        .order_by(Household.number, Household.id)
    )
    return [
        Missed(
            *(one.id, one.number, one.villager_group, one.visits, one.last_visit_on),
            place=None
            if one.latitude is None or one.longitude is None
            else Point(one.latitude, one.longitude),
        )
        for one in rows
    ]
