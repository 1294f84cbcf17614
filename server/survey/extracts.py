"""The tables that may leave the house, laid out for the writers of files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from exports.screening_list import (
    BatchHeader,
    ListedDisease,
    ListedPerson,
    ListEntry,
    RemovedEntry,
    lay_out,
)
from exports.table import Table
from server.survey import catalogue
from server.survey.batches import BatchView, Entry
from server.survey.screening import Candidate, FoundDisease

LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Taking:
    """Who takes a file out, when, and why full names are wanted; without a reason it is masked."""

    who: str
    at: datetime
    reason: str = ""


def batch_tables(
    batch: BatchView,
    entries: Iterable[Entry],
    filters: tuple[tuple[str, str], ...],
    taking: Taking,
    language: str,
    zone: ZoneInfo,
) -> list[Table]:
    """Return the sheets of a batch. `filters` are pairs of words that say what it was made of."""
    lines = list(entries)
    header = BatchHeader(
        number=batch.number,
        title=batch.title,
        starts_on=batch.starts_on,
        ends_on=batch.ends_on,
        hospital=batch.hospital,
        catalogue=catalogue.catalogue(batch.filters.catalogue).title(language),
        filters=filters,
        made_by=batch.made_by,
        made_at=batch.made_at.astimezone(zone),
        taken_by=taking.who,
        taken_at=taking.at.astimezone(zone),
        reason=taking.reason,
        previous=batch.previous_number,
    )
    return lay_out(
        header,
        (_listed(line) for line in lines if line.change != "removed"),
        (_removed(line, batch.previous_number or 0) for line in lines if line.change == "removed"),
        language,
        masked=not taking.reason,
    )


def _listed(line: Entry) -> ListEntry:
    person = line.person
    return ListEntry(
        **_who(person),
        id_number=person.id_number,
        phone=person.phone,
        worker=next((found.worker for found in person.diseases if found.worker), ""),
        change="new" if line.change == "new" else "changed" if line.change == "changed" else "kept",
    )


def _removed(line: Entry, last_batch: int) -> RemovedEntry:
    return RemovedEntry(**_who(line.person), reason=line.reason, last_batch=last_batch)


def _who(person: Candidate) -> dict[str, Any]:
    """Return the fields that every line of a list has."""
    same = (field.name for field in fields(ListedPerson) if field.name != "diseases")
    return {name: getattr(person, name) for name in same} | {"diseases": _diseases(person.diseases)}


def _diseases(found: Iterable[FoundDisease]) -> tuple[ListedDisease, ...]:
    return tuple(
        ListedDisease(one.code, _labels(one.code), _type_labels(one.code), one.state, one.found_on)
        for one in found
    )


def _labels(code: str) -> Mapping[str, str]:
    return {language: catalogue.label(code, language) for language in LANGUAGES}


def _type_labels(code: str) -> Mapping[str, str]:
    """Return the heading a kind is filed under; a clue's own name, as nobody knows yet."""
    if not catalogue.is_known(code) or catalogue.candidates(code) != (code,):
        return _labels(code)
    return _labels(catalogue.disease(code).parent or code)
