"""Numbered treatment lists: made once from who is due, never changed, compared with the last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from server.database import table_of
from server.errors import Missing, NotAllowed, NotValid
from server.survey import screening
from server.survey.areas import Scope
from server.survey.screening import Candidate, Filters, FoundDisease
from server.tables.truth import Batch, BatchEntry

LONGEST_TITLE = 120
# Rows read at a time when a batch leaves: flat memory for any length.
PIECE = 500


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the office decides about a batch; the persons follow from `filters`."""

    title: str
    hospital: str
    starts_on: date
    ends_on: date
    filters: Filters


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch as lists and files show it; `counts` are its entries by change."""

    number: int
    title: str
    hospital: str
    starts_on: date
    ends_on: date
    filters: Filters
    previous_number: int | None
    made_at: datetime
    made_by: str
    counts: Mapping[str, int]

    @property
    def persons(self) -> int:
        """How many persons stand on the list."""
        return sum(number for change, number in self.counts.items() if change != "removed")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a batch. `change` is new, changed, kept or removed; `reason` says why removed."""

    position: int
    change: str
    reason: str
    person: Candidate


def make(
    session: Session, scope: Scope, recipe: Recipe, project_id: int, who: str, now: datetime
) -> int:
    """Make the next batch and return its number. Inside `database.writing`, so without gaps.

    Raises NotValid for an empty list, title, hospital or window, and NotAllowed for an area
    outside the scope.
    """
    _check(scope, recipe)
    persons = list(screening.candidates(session, scope, recipe.filters, may_see_sensitive=True))
    if not persons:
        raise NotValid("Nobody fits these filters: there is nothing to send.", field="catalogue")
    last = _last_like(session, project_id, recipe.filters)
    number = (session.scalar(select(func.max(Batch.number))) or 0) + 1
    batch = Batch(
        project_id=project_id,
        number=number,
        title=recipe.title.strip(),
        hospital=recipe.hospital.strip(),
        starts_on=recipe.starts_on,
        ends_on=recipe.ends_on,
        catalogue=recipe.filters.catalogue,
        area_code=recipe.filters.area,
        filters=_plain(asdict(recipe.filters)),
        previous_number=last.number if last else None,
        made_at=now,
        made_by=who,
    )
    session.add(batch)
    session.flush()
    before = (
        [entry for entry in _entries(session, last.id) if entry.change != "removed"] if last else []
    )
    reasons = screening.reasons(session, [entry.person.id for entry in before])
    rows = [
        {
            "batch_id": batch.id,
            "position": position,
            "person_id": person.id,
            "village_code": person.village_code,
            "change": change,
            "snapshot": {**_plain(asdict(person)), "reason": reason},
        }
        for position, (change, reason, person) in enumerate(
            _compared(persons, before, reasons), start=1
        )
    ]
    session.execute(insert(table_of(BatchEntry)), rows)
    return number


def batches(session: Session, scope: Scope) -> list[BatchView]:
    """Return the batches whose area lies in the scope, the newest first."""
    found = session.scalars(select(Batch).order_by(Batch.number.desc()))
    seen = [batch for batch in found if scope.covers(batch.area_code)]
    counts = _counts(session, [batch.id for batch in seen])
    return [_view(batch, counts.get(batch.id, {})) for batch in seen]


def batch(session: Session, number: int, scope: Scope) -> BatchView:
    """Return one batch. Raises Missing, also when it reaches beyond the scope."""
    found = _find(session, number, scope)
    return _view(found, _counts(session, [found.id]).get(found.id, {}))


def entries(
    session: Session, number: int, scope: Scope, change: str | None = None
) -> Iterator[Entry]:
    """Give a batch's lines in their order, a piece at a time: flat memory. Raises Missing."""
    return _entries(session, _find(session, number, scope).id, change)


def _check(scope: Scope, recipe: Recipe) -> None:
    if not scope.covers(recipe.filters.area):
        raise NotAllowed("This area is not one of yours.")
    for field, text in (("title", recipe.title), ("hospital", recipe.hospital)):
        if not 1 <= len(text.strip()) <= LONGEST_TITLE:
            raise NotValid("Write 1 to %(most)s characters.", field=field, most=LONGEST_TITLE)
    if recipe.ends_on < recipe.starts_on:
        raise NotValid("The last day is before the first.", field="ends_on")


def _last_like(session: Session, project_id: int, filters: Filters) -> Batch | None:
    """Return the last batch of the same catalogue and area: the one a hospital compares with."""
    found: Batch | None = session.scalar(
        select(Batch)
        .where(
            Batch.project_id == project_id,
            Batch.catalogue == filters.catalogue,
            Batch.area_code == filters.area,
        )
        .order_by(Batch.number.desc())
        .limit(1)
    )
    return found


def _compared(
    persons: Sequence[Candidate], before: Sequence[Entry], reasons: Mapping[str, str]
) -> Iterator[tuple[str, str, Candidate]]:
    """Give (change, reason, person) for the new list, then for those who left it.

    A person is the same when any register id or the ID number's hash is the same.
    """
    known: dict[str, int] = {}
    for index, entry in enumerate(before):
        known.update(dict.fromkeys(_marks(entry.person), index))
    by_id = [_met(person.person_ids, known) for person in persons]
    taken = {index for index in by_id if index is not None}
    met: set[int] = set()
    for person, own in zip(persons, by_id, strict=True):
        # Two persons with one ID number, who were kept apart, are not each other.
        shared = _met([person.id_hash] if person.id_hash else [], known)
        found = own if own is not None else None if shared in taken else shared
        if found is None:
            yield "new", "", person
            continue
        met.add(found)
        is_same = _tells(person) == _tells(before[found].person)
        yield ("kept" if is_same else "changed"), "", person
    for index, entry in enumerate(before):
        if index not in met:
            why = reasons.get(entry.person.id, "no_longer_found")
            yield "removed", why, entry.person


def _met(marks: Iterable[str], known: Mapping[str, int]) -> int | None:
    return next((known[mark] for mark in marks if mark in known), None)


def _marks(person: Candidate) -> Iterator[str]:
    yield from person.person_ids
    if person.id_hash:
        yield person.id_hash


def _tells(person: Candidate) -> tuple[Any, ...]:
    """Return what matters to a hospital: another of these means that the line changed."""
    return (
        person.village_code,
        person.name,
        person.id_number,
        person.phone,
        tuple((found.code, found.state) for found in person.diseases),
    )


def _find(session: Session, number: int, scope: Scope) -> Batch:
    found = session.scalar(select(Batch).where(Batch.number == number))
    if found is None or not scope.covers(found.area_code):
        raise Missing("There is no batch %(number)s here.", number=number)
    return found


def _entries(session: Session, batch_id: int, change: str | None = None) -> Iterator[Entry]:
    query = select(BatchEntry.position, BatchEntry.change, BatchEntry.snapshot).where(
        BatchEntry.batch_id == batch_id
    )
    if change is not None:
        query = query.where(BatchEntry.change == change)
    last = 0
    while True:
        piece = session.execute(
            query.where(BatchEntry.position > last).order_by(BatchEntry.position).limit(PIECE)
        ).all()
        for position, kind, snapshot in piece:
            yield Entry(position, kind, snapshot["reason"], _person(snapshot))
            last = position
        if len(piece) < PIECE:
            return


def _person(snapshot: Mapping[str, Any]) -> Candidate:
    values = {name: snapshot[name] for name in Candidate.__dataclass_fields__}
    values["person_ids"] = tuple(values["person_ids"])
    values["birth_date"] = _day(values["birth_date"])
    values["diseases"] = tuple(
        FoundDisease(**{**found, "found_on": date.fromisoformat(found["found_on"])})
        for found in values["diseases"]
    )
    return Candidate(**values)


def _counts(session: Session, batch_ids: Iterable[int]) -> dict[int, Counter[str]]:
    counts: dict[int, Counter[str]] = {}
    for batch_id, change, number in session.execute(
        select(BatchEntry.batch_id, BatchEntry.change, func.count())
        .where(BatchEntry.batch_id.in_(batch_ids))
        .group_by(BatchEntry.batch_id, BatchEntry.change)
    ):
        counts.setdefault(batch_id, Counter())[change] = number
    return counts


def _view(found: Batch, counts: Mapping[str, int]) -> BatchView:
    filters = found.filters
    return BatchView(
        number=found.number,
        title=found.title,
        hospital=found.hospital,
        starts_on=found.starts_on,
        ends_on=found.ends_on,
        filters=Filters(
            catalogue=filters["catalogue"],
            area=filters["area"],
            diseases=tuple(filters["diseases"]),
            states=tuple(filters["states"]),
            found_from=_day(filters["found_from"]),
            found_to=_day(filters["found_to"]),
        ),
        previous_number=found.previous_number,
        made_at=found.made_at,
        made_by=found.made_by,
        counts=counts,
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _plain(shape: Any) -> Any:
    """Return a dataclass's dictionary with days as ISO text, as JSON keeps it."""
    if isinstance(shape, dict):
        return {name: _plain(one) for name, one in shape.items()}
    if isinstance(shape, list | tuple):
        return [_plain(one) for one in shape]
    return shape.isoformat() if isinstance(shape, date) else shape
