"""Households that are asked again: the list on the second worker's phone, and what came of it.

An entry leaves the phone once somebody was met, or once it is settled that nobody will be; where
nobody was at home it stays for another day. All of it follows from what phones sent.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, select
from sqlalchemy.orm import Session

from server.database import table_of
from server.errors import Conflict, Missing, NotValid
from server.survey import phones
from server.survey.areas import Scope
from server.survey.back_checks.questions import Pair, pairs
from server.survey.stored_rows import whole
from server.tables.back_checks import BackCheckDraw, BackCheckEntry
from server.tables.projections import BackCheckAnswer, Household, Person
from server.tables.truth import Phone, Submission

LIST = "backchecks"
FILE = f"{LIST}.csv"
COLUMNS = ("village_code", "place", "pname", "interviewed_on", "geometry")
PAGE = 50
WAITING, MET, ENDED, WITHDRAWN = "waiting", "met", "ended", "withdrawn"
"""Nobody was met yet · asked again · nobody will be met · taken back by the desk."""
STATES = (WAITING, MET, ENDED, WITHDRAWN)
NO_ENTRY = "There is no such household to be asked again."
NO_DRAW = "There is no such draw."
NOT_WAITING = "It is asked already, or taken back."

_E, _A = BackCheckEntry, BackCheckAnswer


def _answered(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(_A.entity_id == _E.entity_id, *conditions).correlate(_E)


_IS_MET = _answered(_A.outcome == "met")
_IS_SETTLED = _answered(_A.outcome != "absent")
# Asked at every look of a phone at a manifest: by the phone's index a few rows.
_OPEN = and_(_E.withdrawn_at.is_(None), ~_IS_SETTLED)
_STATE = case(
    (_IS_MET, MET), (_IS_SETTLED, ENDED), (_E.withdrawn_at.is_not(None), WITHDRAWN), else_=WAITING
)


@dataclass(frozen=True, slots=True)
class DrawLine:
    """One draw and how many of its households are in which state; `differing` answers of type 1."""

    id: int
    area_code: str
    starts_on: date
    ends_on: date
    stratum: str
    share: float
    seed: int
    at: datetime
    who: str
    states: Mapping[str, int] = field(default_factory=dict)

    @property
    def households(self) -> int:
        """Households that were drawn and not taken back."""
        return sum(self.states.values()) - self.states.get(WITHDRAWN, 0)

    @property
    def asked(self) -> int:
        """Households that were asked again."""
        return self.states.get(MET, 0)


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One household that was drawn. `outcome` is that of the last call, "" before the first.

    `first_submission_id` and `second_submission_id` are the two records, None where one is gone or
    has not come. `is_same_worker`: the phone of the first interview answered itself, which counts
    nowhere.
    """

    id: int
    draw_id: int
    label: str
    village_code: str
    household_id: str
    interviewed_on: date
    first_phone_id: int
    first_worker: str
    phone_id: int | None
    worker: str
    state: str
    outcome: str
    pairs: tuple[Pair, ...]
    first_submission_id: int | None
    second_submission_id: int | None
    is_same_worker: bool

    @property
    def differing(self) -> tuple[Pair, ...]:
        """The answers that are not the same."""
        return tuple(one for one in self.pairs if one.differs)


def list_csv(connection: Connection, phone_id: int) -> bytes:
    """Return the list `backchecks` of one phone: where to go and whom to ask, and no answer."""
    rows = connection.execute(
        select(
            _E.entity_id,
            _E.label,
            _E.village_code,
            _E.interviewed_on,
            Person.name,
            Household.latitude,
            Household.longitude,
            Household.accuracy_m,
        )
        .outerjoin(Person, Person.id == _E.person_id)
        .outerjoin(Household, Household.id == _E.household_id)
        .where(_E.phone_id == phone_id, _OPEN)
        .order_by(_E.village_code, _E.id)
    )
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(("name", "label", "__version", *COLUMNS))
    for entity_id, label, village, day, name, *fix in rows:
        shown = f"{label} {name}" if name else label
        point = "" if fix[0] is None else f"{fix[0]} {fix[1]} 0 {fix[2] or 0:g}"
        table.writerow((entity_id, shown, 1, village, label, name or "", day.isoformat(), point))
    return text.getvalue().encode()


def states(session: Session, project_id: int, scope: Scope) -> dict[str, int]:
    """Return how many households of the scope are in which state."""
    rows = session.execute(
        select(_STATE, func.count())
        .where(_E.project_id == project_id, scope.where(_E.village_code))
        .group_by(_STATE)
    )
    return {state: int(number) for state, number in rows}


def draws(session: Session, project_id: int, scope: Scope, most: int = PAGE) -> list[DrawLine]:
    """Return the draws that hold a household of the scope, the newest first."""
    counted: dict[int, dict[str, int]] = {}
    rows = session.execute(
        select(_E.draw_id, _STATE, func.count())
        .where(_E.project_id == project_id, scope.where(_E.village_code))
        .group_by(_E.draw_id, _STATE)
    )
    for draw_id, state, number in rows:
        counted.setdefault(draw_id, {})[state] = int(number)
    found = session.scalars(
        select(BackCheckDraw)
        .where(BackCheckDraw.id.in_(counted))
        .order_by(BackCheckDraw.id.desc())
        .limit(most)
    )
    return [_draw_line(one, counted[one.id]) for one in found]


def draw(session: Session, draw_id: int, scope: Scope) -> DrawLine:
    """Return one draw with what is of the scope. Raises Missing where nothing is."""
    row = session.get(BackCheckDraw, draw_id)
    counted: dict[str, int] = {}
    if row is not None:
        rows = session.execute(
            select(_STATE, func.count())
            .where(_E.draw_id == draw_id, scope.where(_E.village_code))
            .group_by(_STATE)
        )
        counted = {state: int(number) for state, number in rows}
    if row is None or not counted:
        raise Missing(NO_DRAW)
    return _draw_line(row, counted)


def of_draw(
    session: Session, draw_id: int, scope: Scope, state: str = "", after: int = 0, most: int = PAGE
) -> list[EntryLine]:
    """Return the households of a draw in one state ("" for all), by number, after one of them."""
    query = select(_E, _STATE).where(
        _E.draw_id == draw_id, _E.id > after, scope.where(_E.village_code)
    )
    if state:
        query = query.where(_STATE.in_([state]))
    return _lines(session, session.execute(query.order_by(_E.id).limit(most)).all())


def of_worker(
    session: Session, phone_id: int, scope: Scope, after: int = 0, most: int = PAGE
) -> list[EntryLine]:
    """Return the households of a scope that a worker interviewed first and somebody met again.

    By number, after one of them.
    """
    query = select(_E, _STATE).where(
        _E.first_phone_id == phone_id, _E.id > after, scope.where(_E.village_code), _IS_MET
    )
    return _lines(session, session.execute(query.order_by(_E.id).limit(most)).all())


def one(session: Session, entry_id: int, scope: Scope) -> EntryLine:
    """Return one household that was drawn. Raises Missing, also outside the scope."""
    _needed(session, entry_id, scope)
    return _lines(session, session.execute(select(_E, _STATE).where(_E.id == entry_id)).all())[0]


def withdraw(session: Session, entry_id: int, scope: Scope, who: str, at: datetime) -> None:
    """Take a household back from the phone it waits on. Raises Missing and Conflict."""
    row = _waiting(session, entry_id, scope)
    row.withdrawn_at, row.withdrawn_by = at, who
    session.flush()


def give(session: Session, entry_id: int, phone_id: int, scope: Scope) -> str:
    """Give a household that waits to another phone; return its name.

    Raises Missing, Conflict, and NotValid for a phone that is not in use or held the first
    interview.
    """
    row = _waiting(session, entry_id, scope)
    line = phones.find(session, phone_id, scope)
    if line.revoked_at is not None:
        raise NotValid("Choose a phone that is in use here.", "phone")
    if line.id == row.first_phone_id:
        raise NotValid("Somebody else must ask: this phone held the first interview.", "phone")
    row.phone_id = line.id
    session.flush()
    return line.name


def _needed(session: Session, entry_id: int, scope: Scope) -> BackCheckEntry:
    row = session.get(BackCheckEntry, entry_id)
    if row is None or not scope.covers(row.village_code):
        raise Missing(NO_ENTRY)
    return row


def _waiting(session: Session, entry_id: int, scope: Scope) -> BackCheckEntry:
    row = _needed(session, entry_id, scope)
    if session.scalar(select(_E.id).where(_E.id == entry_id, _OPEN)) is None:
        raise Conflict(NOT_WAITING)
    return row


def _draw_line(row: BackCheckDraw, counted: Mapping[str, int]) -> DrawLine:
    return DrawLine(
        row.id,
        row.area_code,
        row.starts_on,
        row.ends_on,
        row.stratum,
        row.share,
        row.seed,
        row.at,
        row.who,
        counted,
    )


def _lines(session: Session, rows: Sequence[Any]) -> list[EntryLine]:
    connection = session.connection()
    answers = last_answers(connection, [row[0].entity_id for row in rows])
    names = _names(
        session, {key for row in rows for key in (row[0].phone_id, row[0].first_phone_id)}
    )
    firsts = _firsts(session, [row[0] for row in rows])
    return [
        _line(row[0], row[1], answers.get(row[0].entity_id), names, firsts.get(row[0].id))
        for row in rows
    ]


def _line(
    row: BackCheckEntry,
    state: str,
    answer: Mapping[str, Any] | None,
    names: Mapping[int, str],
    first: int | None,
) -> EntryLine:
    is_met = answer is not None and answer["outcome"] == "met"
    return EntryLine(
        id=row.id,
        draw_id=row.draw_id,
        label=row.label,
        village_code=row.village_code,
        household_id=row.household_id,
        interviewed_on=row.interviewed_on,
        first_phone_id=row.first_phone_id,
        first_worker=names.get(row.first_phone_id, ""),
        phone_id=row.phone_id,
        worker=names.get(row.phone_id or 0, ""),
        state=state,
        outcome=answer["outcome"] if answer else "",
        pairs=tuple(pairs(row.said, answer["said"])) if answer and is_met else (),
        first_submission_id=first,
        second_submission_id=answer["submission_id"] if answer else None,
        is_same_worker=answer is not None and answer["phone_id"] == row.first_phone_id,
    )


def last_answers(
    connection: Connection, entity_ids: Collection[str]
) -> dict[str, Mapping[str, Any]]:
    """Return the answer that counts of each entry: the last on which somebody was met, else the
    last.
    """
    rows = whole(connection, table_of(BackCheckAnswer), "entity_id", sorted(entity_ids))
    found: dict[str, Mapping[str, Any]] = {}
    for row in sorted(rows, key=lambda one: (one["outcome"] == "met", one["moment"])):
        found[row["entity_id"]] = row
    return found


def _names(session: Session, ids: Collection[int | None]) -> dict[int, str]:
    wanted = [one for one in ids if one is not None]
    rows = session.execute(select(Phone.id, Phone.name).where(Phone.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def _firsts(session: Session, rows: Sequence[BackCheckEntry]) -> dict[int, int]:
    """Return the submission of each entry's first interview, by the entry's number."""
    roots: dict[Any, int] = {
        (one.root_instance_id, one.form_id, one.project_id): one.id for one in rows
    }
    found = session.execute(
        select(
            Submission.instance_id, Submission.form_id, Submission.project_id, Submission.id
        ).where(Submission.instance_id.in_([one.root_instance_id for one in rows]))
    )
    return {roots[key]: number for *root, number in found if (key := tuple(root)) in roots}
