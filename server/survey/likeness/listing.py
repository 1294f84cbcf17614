"""Pairs that wait for a decision, for the checks and for the page that lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from server.survey.areas import Scope
from server.survey.likeness.settling import HOUSEHOLD, PERSON
from server.tables.merges import PairDecision
from server.tables.projections import Household, Person
from server.tables.reference import Village
from server.tables.signals import Lookalike

PAGE = 50
COLUMNS = (
    Lookalike.first_id,
    Lookalike.second_id,
    Lookalike.rule,
    Lookalike.first_village,
    Lookalike.second_village,
    Lookalike.matched,
    Lookalike.inputs,
)


@dataclass(frozen=True, slots=True)
class Alike:
    """One pair of a list. `names` are the persons' own, or the households' numbers. Unmasked."""

    kind: str
    first_id: str
    second_id: str
    rule: str
    names: tuple[str, str]
    villages: tuple[str, str]
    matched: int


@dataclass(frozen=True, slots=True)
class AlikePage:
    """Some pairs by village, and the key to go on after, "" at the end."""

    lines: tuple[Alike, ...]
    next_key: str


def waiting(kind: str) -> Select[*tuple[Any, ...]]:
    """Return the query of the pairs that nobody decided about, of persons or households.

    Both are there still. Persons of two households that look like one wait for the decision about
    these, and come up by themselves where the households were kept apart.
    """
    subject: Any = Person if kind == PERSON else Household
    first, second = aliased(subject), aliased(subject)
    query: Select[*tuple[Any, ...]] = (
        select(*COLUMNS)
        .join(first, first.id == Lookalike.first_id)
        .join(second, second.id == Lookalike.second_id)
        .where(Lookalike.kind == kind, ~_decided(kind, Lookalike.first_id, Lookalike.second_id))
        .order_by(Lookalike.first_village, Lookalike.first_id, Lookalike.second_id)
    )
    if kind == PERSON:
        homes = first.household_id, second.household_id
        apart = _decided(HOUSEHOLD, *homes) | _decided(HOUSEHOLD, *homes[::-1])
        query = query.where(~Lookalike.is_part | apart)
    return query


def count(session: Session, scope: Scope, kind: str) -> int:
    """Return how many pairs of a scope wait."""
    query = waiting(kind).where(_seen(scope)).order_by(None)
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def page(session: Session, scope: Scope, kind: str, after: str = "") -> AlikePage:
    """Return a page of pairs with both in the scope. `after` is the key of the last one before."""
    query = waiting(kind).where(_seen(scope))
    key = (Lookalike.first_village, Lookalike.first_id, Lookalike.second_id)
    told = tuple(after.split("|"))
    if len(told) == len(key):
        query = query.where(tuple_(*key) > tuple_(*told))
    rows = session.execute(query.limit(PAGE + 1)).all()
    names = _names(session, kind, [one for row in rows for one in (row.first_id, row.second_id)])
    villages = _villages(session, {one for row in rows for one in (row[3], row[4])})
    lines = tuple(_alike(kind, row, names, villages) for row in rows[:PAGE])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    next_key = f"{last.first_village}|{last.first_id}|{last.second_id}" if last else ""
    return AlikePage(lines, next_key)


def _alike(kind: str, row: Any, names: Mapping[str, str], villages: Mapping[str, str]) -> Alike:
    return Alike(
        kind=kind,
        first_id=row.first_id,
        second_id=row.second_id,
        rule=row.rule,
        names=(names.get(row.first_id, ""), names.get(row.second_id, "")),
        villages=(
            villages.get(row.first_village, row.first_village),
            villages.get(row.second_village, row.second_village),
        ),
        matched=len(row.matched),
    )


def _seen(scope: Scope) -> ColumnElement[bool]:
    return and_(scope.where(Lookalike.first_village), scope.where(Lookalike.second_village))


def _decided(kind: str, first: Any, second: Any) -> ColumnElement[bool]:
    decision = aliased(PairDecision)
    return (
        select(decision.id)
        .where(
            decision.kind == kind,
            decision.first_id == first,
            decision.second_id == second,
            decision.undone_at.is_(None),
        )
        .exists()
    )


def _names(session: Session, kind: str, ids: list[str]) -> dict[str, str]:
    column = Person.name if kind == PERSON else Household.number
    key = Person.id if kind == PERSON else Household.id
    return dict(session.execute(select(key, column).where(key.in_(ids))).all())


def _villages(session: Session, codes: set[str]) -> dict[str, str]:
    return dict(
        session.execute(select(Village.code, Village.name).where(Village.code.in_(codes))).all()
    )
