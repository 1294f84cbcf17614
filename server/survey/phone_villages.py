"""Choosing the villages a phone serves: by search on a page, by code on a command line."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server.errors import NotValid
from server.survey.areas import Scope
from server.tables.reference import Division, Village

# A page of check marks that a thumb still gets through; more villages are found by searching.
MOST_CHOICES = 60
MOST_NEAR = 3


@dataclass(frozen=True, slots=True, order=True)
class VillageName:
    """A village as people know it: its code and its name."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class VillageChoice:
    """A village to choose from, with the township it lies in."""

    code: str
    name: str
    township: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """What a page offers: the chosen ones first, then by code. `has_more`: a search narrows it."""

    villages: list[VillageChoice]
    has_more: bool


def village_choices(session: Session, scope: Scope, text: str, chosen: Collection[str]) -> Choices:
    """Return villages of `scope` whose name, township or code holds `text`; chosen ones always."""
    query = (
        select(Village.code, Village.name, Division.name)
        .outerjoin(Division, Division.code == Village.township_code)
        .where(scope.where(Village.code))
        .order_by(Village.code)
    )
    wanted = text.strip()
    found = query
    if wanted:
        found = query.where(
            or_(
                Village.name.contains(wanted, autoescape=True),
                Division.name.contains(wanted, autoescape=True),
                Village.code.startswith(wanted, autoescape=True),
            )
        )
    rows = session.execute(found.limit(MOST_CHOICES + 1)).all()
    kept = session.execute(query.where(Village.code.in_(chosen))).all() if chosen else []
    first = [VillageChoice(code, name, township or "", True) for code, name, township in kept]
    codes = {one.code for one in first}
    rest = [
        VillageChoice(code, name, township or "", False)
        for code, name, township in rows[:MOST_CHOICES]
        if code not in codes
    ]
    return Choices(first + rest, has_more=len(rows) > MOST_CHOICES)


def known_villages(session: Session, codes: Iterable[str], scope: Scope) -> list[str]:
    """Return the codes without repeats, in order. Raises NotValid, with what comes near, for
    one that is no village of `scope`, and for none at all.
    """
    wanted = sorted({code.strip() for code in codes if code.strip()})
    if not wanted:
        raise NotValid("Choose at least one village.", "villages")
    known = set(
        session.scalars(
            select(Village.code).where(Village.code.in_(wanted), scope.where(Village.code))
        )
    )
    for code in wanted:
        if code not in known:
            raise _unknown(session, code, scope)
    return wanted


def _unknown(session: Session, code: str, scope: Scope) -> NotValid:
    near = ", ".join(f"{one.code} {one.name}" for one in near_villages(session, code, scope))
    if not near:
        return NotValid("There is no village %(code)s here.", "villages", code=code)
    return NotValid(
        "There is no village %(code)s here. Is it one of these: %(near)s?",
        "villages",
        code=code,
        near=near,
    )


def near_villages(session: Session, text: str, scope: Scope) -> list[VillageName]:
    """Return the few villages of `scope` that `text` may have meant: a code mistyped, or a name."""
    query = select(Village.code, Village.name).where(scope.where(Village.code))
    named = session.execute(
        query.where(Village.name.contains(text, autoescape=True))
        .order_by(Village.code)
        .limit(MOST_NEAR)
    ).all()
    if named:
        return [VillageName(code, name) for code, name in named]
    # Whoever mistypes a code gets the county right; a whole country's codes would take seconds.
    county = query.where(Village.code.startswith(text[:6], autoescape=True)).limit(5000)
    names = {one.code: one.name for one in session.execute(county)}
    near = difflib.get_close_matches(text, names, n=MOST_NEAR, cutoff=0.75)
    return sorted(VillageName(code, names[code]) for code in near)
