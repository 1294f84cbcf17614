"""Draws a sample of interviews to be held again: looked at first, then done.

What the first interview said is copied on the day of the draw. So the figures of a worker do not
become better by correcting a record that the second interview showed to be wrong.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import insert_rows, rows_with, table_of
from server.errors import NotValid
from server.survey import phones, publishing
from server.survey.areas import Scope
from server.survey.back_checks import sampling
from server.survey.back_checks.first_answers import entry_rows, village_names
from server.survey.back_checks.sampling import Interview
from server.tables.back_checks import BackCheckDraw, BackCheckEntry
from server.tables.projections import Visit
from server.tables.truth import Phone

FORM = "back_check"
STRATA = ("worker", "village")
MOST = 1000
"""Households of one draw: a page shows what came of it, and hands are few."""
LARGEST_FRAME = 100_000
"""Interviews that one draw looks at: a second or two."""
LARGEST_SEED = 2_147_483_647
LARGEST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class DrawWish:
    """What somebody wants drawn: interviews of these days, `share` (0 to 1) of each stratum.

    `area` is a township's code, "" for all of who asks. `phone_id` asks all of them; None for
    other phones near by, in turn.
    """

    area: str
    starts_on: date
    ends_on: date
    stratum: str
    share: float
    least: int
    seed: int
    phone_id: int | None = None


@dataclass(frozen=True, slots=True)
class Stratum:
    """One worker or village: households interviewed, drawn, and those that nobody could ask."""

    name: str
    interviewed: int
    drawn: int
    without_phone: int


@dataclass(frozen=True, slots=True)
class DrawPlan:
    """What a wish would draw. `given` has the phone that asks again, by household, None for none.

    `before` counts households that an earlier draw holds: nobody is asked a third time.
    """

    wish: DrawWish
    chosen: tuple[Interview, ...]
    given: Mapping[str, int | None]
    strata: tuple[Stratum, ...]
    phones: Mapping[int, str]
    before: int

    @property
    def asked(self) -> tuple[Interview, ...]:
        """The interviews that somebody can hold again."""
        return tuple(one for one in self.chosen if self.given[one.household_id] is not None)

    @property
    def loads(self) -> dict[str, int]:
        """How many households each phone gets, by its name, most first."""
        counted = Counter(phone for phone in self.given.values() if phone is not None)
        named = {self.phones[phone]: number for phone, number in counted.items()}
        return dict(sorted(named.items(), key=lambda one: (-one[1], one[0])))

    @property
    def fingerprint(self) -> str:
        """A digest of what would be drawn: a preview and what is done must agree on it."""
        told = repr((self.wish, self.chosen, sorted(self.given.items(), key=str)))
        return hashlib.sha256(told.encode()).hexdigest()


def to_json(wish: DrawWish) -> str:
    """Return a wish as text, for the time between preview and doing it."""
    return json.dumps(
        {**asdict(wish), "starts_on": str(wish.starts_on), "ends_on": str(wish.ends_on)}
    )


def from_json(text: str | bytes) -> DrawWish:
    """Return the wish that `to_json` wrote."""
    told = json.loads(text)
    days = {name: date.fromisoformat(told[name]) for name in ("starts_on", "ends_on")}
    return DrawWish(**{**told, **days})


def plan(session: Session, project_id: int, wish: DrawWish, scope: Scope) -> DrawPlan:
    """Return what a wish would draw. Reads only.

    Raises NotValid for a wish that cannot be, and where no interview is left to be drawn.
    """
    _check(wish)
    inside = scope.within(wish.area) if wish.area else scope
    in_use = {
        one.id: one
        for one in phones.phone_list(session, project_id, scope)
        if one.revoked_at is None
    }
    if wish.phone_id is not None and wish.phone_id not in in_use:
        raise NotValid("Choose a phone that is in use here.", "phone")
    held = _drawn_before(session, project_id, inside)
    frame = _frame(session, project_id, wish, inside)
    fresh = [one for one in frame if one.household_id not in held]
    if not fresh:
        raise NotValid("No interview of these days is left to be drawn.", "starts_on")
    chosen = sampling.drawn(fresh, wish.stratum, wish.share, wish.least, wish.seed)
    if len(chosen) > MOST:
        raise NotValid(
            "These would be %(count)s households; at most %(most)s are drawn at once. Take fewer"
            " days or a smaller share.",
            "share",
            count=len(chosen),
            most=MOST,
        )
    served = {one.id: [two.code for two in one.villages] for one in in_use.values()}
    given = sampling.spread(chosen, served, wish.phone_id)
    names = _worker_names(session, [one.phone_id for one in fresh])
    return DrawPlan(
        wish,
        tuple(chosen),
        given,
        _strata(session, wish, fresh, chosen, given, names),
        {key: one.name for key, one in in_use.items()},
        len(frame) - len(fresh),
    )


def apply(session: Session, project_id: int, planned: DrawPlan, who: str, at: datetime) -> int:
    """Draw what was planned, publish the form where it is missing; return the draw's number.

    Raises NotValid where no other phone could ask anybody.
    """
    asked = planned.asked
    if not asked:
        raise NotValid("No other phone is near that could ask again. Name one.", "phone")
    publishing.publish_shipped(session, project_id, FORM)
    wish = planned.wish
    row = BackCheckDraw(
        project_id=project_id,
        area_code=wish.area,
        starts_on=wish.starts_on,
        ends_on=wish.ends_on,
        stratum=wish.stratum,
        share=wish.share,
        least=wish.least,
        seed=wish.seed,
        phone_id=wish.phone_id,
        at=at,
        who=who,
    )
    session.add(row)
    session.flush()
    rows = entry_rows(session, project_id, row.id, asked, planned.given, wish.seed)
    insert_rows(session.connection(), table_of(BackCheckEntry), rows)
    return row.id


def _check(wish: DrawWish) -> None:
    if wish.ends_on < wish.starts_on:
        raise NotValid("The last day is before the first.", "ends_on")
    if wish.stratum not in STRATA:
        raise NotValid("Choose workers or villages.", "stratum")
    if not 0 < wish.share <= LARGEST_SHARE:
        raise NotValid("Take a share between 1 and %(most)s percent.", "share", most=50)
    if not 0 <= wish.least <= MOST:
        raise NotValid("Give a number of households, 0 or more.", "least")
    if not 0 <= wish.seed <= LARGEST_SEED:
        raise NotValid("The number of the draw has at most 9 digits.", "seed")


def _frame(session: Session, project_id: int, wish: DrawWish, scope: Scope) -> list[Interview]:
    """Return the households with a finished interview of these days: the last one of each.

    Raises NotValid where they are too many to be read for a page.
    """
    of_project = select(Phone.id).where(Phone.project_id == project_id)
    rows = session.connection().execute(
        select(
            Visit.household_id,
            Visit.village_code,
            Visit.phone_id,
            Visit.submission_id,
            Visit.moment,
        )
        .where(
            scope.where(Visit.village_code),
            Visit.visited_on.between(wish.starts_on, wish.ends_on),
            Visit.outcome == "completed",
            Visit.household_id.is_not(None),
            Visit.phone_id.in_(of_project),
        )
        .limit(LARGEST_FRAME + 1)
    )
    last: dict[str | None, Any] = {}
    # Not ordered by the database: it would sort what is mostly one visit a household.
    for number, row in enumerate(rows, start=1):
        if number > LARGEST_FRAME:
            raise NotValid(
                "More than %(most)s interviews are of these days: take fewer days or one township.",
                "starts_on",
                most=LARGEST_FRAME,
            )
        known = last.get(row[0])
        if known is None or known[-1] < row[-1]:
            last[row[0]] = row
    return [Interview(*row[:4]) for row in last.values()]


def _drawn_before(session: Session, project_id: int, scope: Scope) -> set[str]:
    return set(
        session.scalars(
            select(BackCheckEntry.household_id).where(
                BackCheckEntry.project_id == project_id,
                BackCheckEntry.withdrawn_at.is_(None),
                scope.where(BackCheckEntry.village_code),
            )
        )
    )


def _worker_names(session: Session, ids: Collection[int]) -> dict[int, str]:
    """Return the names of phones by number, of those shut out too."""
    table, wanted = table_of(Phone), sorted(set(ids))
    known = dict(rows_with(session.connection(), table, ("id", "name"), "id", wanted))
    return {number: known.get(number, str(number)) for number in wanted}


def _strata(
    session: Session,
    wish: DrawWish,
    frame: Sequence[Interview],
    chosen: Sequence[Interview],
    given: Mapping[str, int | None],
    workers: Mapping[int, str],
) -> tuple[Stratum, ...]:
    villages = village_names(session, {one.village_code for one in frame})

    def name(one: Interview) -> str:
        if wish.stratum == "worker":
            return workers[one.phone_id]
        return villages.get(one.village_code, one.village_code)

    total, taken = Counter(map(name, frame)), Counter(map(name, chosen))
    lacking = Counter(name(one) for one in chosen if given[one.household_id] is None)
    return tuple(Stratum(key, total[key], taken[key], lacking[key]) for key in sorted(total))
