"""The plan of a round, set for many villages at once: looked at first, then done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from maps.pace import EVERY_DAY, Stretch, nth_working_day
from server.database import insert_or_replace, table_of
from server.errors import NotValid
from server.survey import rounds
from server.survey.areas import Scope
from server.survey.rounds import PlanLine, RoundDays
from server.survey.stored_rows import chunks
from server.tables.decisions import Round, VillagePlan
from server.tables.reference import Village

LONGEST_NAME = 60
LONGEST_DAYS = 400
"""More than a year is no round: it is a year typed wrong."""


@dataclass(frozen=True, slots=True)
class PlanWish:
    """What somebody wants: a round, and the villages that are worked in it.

    `starts_on` and `ends_on` are the villages' own days, None where they are the round's; with
    `working_days` the end follows from the start. `codes` None takes every village of `township`
    ("" is every village of who asks). With `is_off` the villages' plans are taken away.
    """

    of: RoundDays
    codes: tuple[str, ...] | None
    township: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    working_days: int | None = None
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class VillageChange:
    """What changes for one village: its plan before and after, None for none."""

    code: str
    name: str
    before: PlanLine | None
    after: PlanLine | None


@dataclass(frozen=True, slots=True)
class PlanChange:
    """What a wish would change.

    `round_before` is None for a new round; `followers` counts other villages that the round's new
    days move as well, `unregistered` villages without a register, of which no pace can be told.
    """

    wish: PlanWish
    round_before: RoundDays | None
    villages: tuple[VillageChange, ...]
    followers: int
    unregistered: int

    @property
    def is_nothing(self) -> bool:
        """Say whether all is so already."""
        return not self.villages and (self.wish.is_off or self.round_before == self.wish.of)

    @property
    def fingerprint(self) -> str:
        """A digest of what would be done: a preview and what is done must agree on it."""
        told = repr((self.wish, self.round_before, self.villages, self.followers))
        return hashlib.sha256(told.encode()).hexdigest()


def plan(session: Session, project_id: int, wish: PlanWish, scope: Scope) -> PlanChange:
    """Return what a wish would change. Reads only.

    Raises NotValid for days that cannot be, for villages that are none of `scope`, and for a
    round's new days when it also holds villages of others.
    """
    villages = _villages(session, wish, scope)
    before = rounds.plans(session, project_id, scope)
    if wish.is_off:
        gone = [_change(one, before.get(one.code), None) for one in villages]
        return PlanChange(wish, None, tuple(one for one in gone if one.before), 0, 0)
    of = _checked(wish.of)
    own = _own_days(wish)
    known = {one.name: one for one in rounds.rounds(session, project_id)}.get(of.name)
    after = Stretch(own[0] or of.starts_on, own[1] or of.ends_on, of.weekdays)
    lines = [
        _change(one, before.get(one.code), PlanLine(one.code, of.name, after, own != (None, None)))
        for one in villages
    ]
    followers = 0
    if known is not None and known != of:
        codes = {one.code for one in villages}
        followers = _followers(session, project_id, of, codes, scope)
    return PlanChange(
        wish,
        known,
        tuple(one for one in lines if one.before != one.after),
        followers,
        sum(not one.households for one in villages),
    )


def apply(session: Session, project_id: int, change: PlanChange, who: str, at: datetime) -> None:
    """Do what `plan` returned within the same transaction. Does not commit."""
    codes = [one.code for one in change.villages]
    if change.wish.is_off:
        for some in chunks(codes):
            session.execute(
                delete(VillagePlan).where(
                    VillagePlan.project_id == project_id,
                    VillagePlan.village_code.in_(some),
                )
            )
        return
    round_id = _keep_round(session, project_id, change.wish.of, who, at)
    starts_on, ends_on = _own_days(change.wish)
    rows = [
        {
            "project_id": project_id,
            "village_code": code,
            "round_id": round_id,
            "starts_on": starts_on,
            "ends_on": ends_on,
            "at": at,
            "who": who,
        }
        for code in codes
    ]
    insert_or_replace(session.connection(), table_of(VillagePlan), rows)
    session.expire_all()


def journal_detail(change: PlanChange) -> dict[str, Any]:
    """Return what the journal keeps of a change: days before and after, villages by their days."""
    told: dict[str, list[str]] = {}
    for one in change.villages:
        told.setdefault(f"{_words(one.before)} > {_words(one.after)}", []).append(one.code)
    of, was = change.wish.of, change.round_before
    detail: dict[str, Any] = {"villages": told}
    if not change.wish.is_off and was != of:
        detail["round"] = f"{_days(was) if was else '-'} > {_days(of)}"
    return detail


def to_json(wish: PlanWish) -> str:
    """Return a wish as text, to be kept between its preview and its doing."""
    of = wish.of
    told = {
        "name": of.name,
        "round": [of.starts_on.isoformat(), of.ends_on.isoformat()],
        "weekdays": of.weekdays,
        "codes": wish.codes,
        "township": wish.township,
        "own": [one and one.isoformat() for one in (wish.starts_on, wish.ends_on)],
        "working_days": wish.working_days,
        "is_off": wish.is_off,
    }
    return json.dumps(told)


def from_json(text: str | bytes) -> PlanWish:
    """Return the wish that `to_json` wrote."""
    told = json.loads(text)
    first, last = (date.fromisoformat(one) for one in told["round"])
    own = [date.fromisoformat(one) if one else None for one in told["own"]]
    codes = told["codes"]
    return PlanWish(
        of=RoundDays(told["name"], first, last, told["weekdays"]),
        codes=None if codes is None else tuple(codes),
        township=told["township"],
        starts_on=own[0],
        ends_on=own[1],
        working_days=told["working_days"],
        is_off=told["is_off"],
    )


def _checked(of: RoundDays) -> RoundDays:
    """Return a round whose days can be. Raises NotValid."""
    if not 1 <= len(of.name) <= LONGEST_NAME:
        raise NotValid("Give the round a name of at most %(most)s characters.", "name", most=60)
    if of.ends_on < of.starts_on:
        raise NotValid("The last day is before the first.", "ends_on")
    if (of.ends_on - of.starts_on).days > LONGEST_DAYS:
        raise NotValid("A round lasts at most %(most)s days.", "ends_on", most=LONGEST_DAYS)
    if not of.weekdays or not set(of.weekdays) <= set(EVERY_DAY):
        raise NotValid("Choose the weekdays that are worked.", "weekdays")
    if not Stretch(of.starts_on, of.ends_on, of.weekdays).length:
        raise NotValid("No day between the first and the last is worked.", "weekdays")
    return of


def _own_days(wish: PlanWish) -> tuple[date | None, date | None]:
    """Return the villages' own days where they are not the round's. Raises NotValid."""
    of = wish.of
    first, last = wish.starts_on or of.starts_on, wish.ends_on or of.ends_on
    if wish.working_days is not None:
        if not 1 <= wish.working_days <= LONGEST_DAYS:
            raise NotValid("Give a number of working days, 1 or more.", "working_days")
        last = nth_working_day(first, wish.working_days, of.weekdays)
    if not of.starts_on <= first <= last <= of.ends_on:
        raise NotValid(
            "The villages’ days must lie within the round: %(first)s to %(last)s.",
            "village_starts_on",
            first=of.starts_on,
            last=of.ends_on,
        )
    if not Stretch(first, last, of.weekdays).length:
        raise NotValid("No day between the first and the last is worked.", "village_starts_on")
    return (first if first != of.starts_on else None, last if last != of.ends_on else None)


def _villages(session: Session, wish: PlanWish, scope: Scope) -> Sequence[Village]:
    """Return the villages that are meant, by code. Raises NotValid for none and unknown ones."""
    inside = scope.within(wish.township) if wish.township else scope
    known = session.scalars(
        select(Village).where(inside.where(Village.code)).order_by(Village.code)
    ).all()
    if wish.codes is None:
        meant = [one for one in known if one.valid_to is None]
    else:
        wanted = set(wish.codes)
        meant = [one for one in known if one.code in wanted]
        missing = sorted(wanted - {one.code for one in meant})
        if missing:
            few = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
            raise NotValid("These are no villages here: %(codes)s.", "codes", codes=few)
    if not meant:
        raise NotValid("Name at least one village.", "codes")
    return meant


def _followers(
    session: Session, project_id: int, of: RoundDays, codes: Collection[str], scope: Scope
) -> int:
    """Count a round's other villages. Raises NotValid for those not of `scope`, or that do not fit.

    Whoever moves a round moves all its villages, so they must all be his.
    """
    rows = session.scalars(
        select(VillagePlan)
        .join(Round, Round.id == VillagePlan.round_id)
        .where(Round.project_id == project_id, Round.name == of.name)
    ).all()
    others = [one for one in rows if one.village_code not in codes]
    if any(not scope.covers(one.village_code) for one in rows):
        raise NotValid(
            "The round %(name)s also holds villages that are not yours: take another name.",
            "name",
            name=of.name,
        )
    if not all(_fits(one, of) for one in others):
        raise NotValid(
            "Other villages of the round %(name)s have days outside these: change theirs first.",
            "name",
            name=of.name,
        )
    return len(others)


def _fits(own: VillagePlan, of: RoundDays) -> bool:
    first, last = own.starts_on or of.starts_on, own.ends_on or of.ends_on
    return of.starts_on <= first <= last <= of.ends_on


def _keep_round(session: Session, project_id: int, of: RoundDays, who: str, at: datetime) -> int:
    query = select(Round).where(Round.project_id == project_id, Round.name == of.name)
    row = session.scalar(query)
    if row is None:
        row = Round(project_id=project_id, name=of.name)
        session.add(row)
    row.starts_on, row.ends_on, row.weekdays = of.starts_on, of.ends_on, of.weekdays
    row.at, row.who = at, who
    session.flush()
    return row.id


def _change(village: Village, before: PlanLine | None, after: PlanLine | None) -> VillageChange:
    return VillageChange(village.code, village.name, before, after)


def _words(line: PlanLine | None) -> str:
    if line is None:
        return "-"
    return f"{line.round_name} {line.stretch.starts_on}..{line.stretch.ends_on}"


def _days(of: RoundDays) -> str:
    return f"{of.name} {of.starts_on}..{of.ends_on} {of.weekdays}"
