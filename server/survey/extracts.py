"""The tables that may leave the house, laid out for the writers of files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from exports.screening_list import (
    BatchHeader,
    ListedDisease,
    ListEntry,
    RemovedEntry,
    lay_out,
)
from exports.table import Table
from server.survey import catalogue
from server.survey.batches import BatchView, Entry
from server.survey.screening import FoundDisease

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
        id=person.id,
        township_code=person.township_code,
        township=person.township,
        village_code=person.village_code,
        village=person.village,
        household_number=person.household_number,
        name=person.name,
        sex=person.sex,
        birth_date=person.birth_date,
        birth_year=person.birth_year,
        id_number=person.id_number,
        phone=person.phone,
        diseases=_diseases(person.diseases),
        worker=next((found.worker for found in person.diseases if found.worker), ""),
        change="new" if line.change == "new" else "changed" if line.change == "changed" else "kept",
    )


def _removed(line: Entry, last_batch: int) -> RemovedEntry:
    person = line.person
    return RemovedEntry(
        id=person.id,
        township_code=person.township_code,
        township=person.township,
        village_code=person.village_code,
        village=person.village,
        household_number=person.household_number,
        name=person.name,
        sex=person.sex,
        birth_date=person.birth_date,
        birth_year=person.birth_year,
        diseases=_diseases(person.diseases),
        reason=line.reason,
        last_batch=last_batch,
    )


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
