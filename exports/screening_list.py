"""A treatment batch as tables: the list, who left it, and what it is about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from exports.masking import mask_id_number, mask_name, mask_phone, mask_words
from exports.screening_words import ABOUT, CHANGES, HEADS, REASONS, SEXES, SHEETS, STATES, word
from exports.table import Cell, Column, Kind, Table, label

Change = Literal["new", "changed", "kept"]


@dataclass(frozen=True, slots=True)
class ListedDisease:
    """One disease of one person, as the batch's catalogue files it.

    `labels` name the kind (the lowest line), `type_labels` its heading; equal where a type has no
    kinds. `state` is a code of the case life cycle ("suspected", "documented", "confirmed", …).
    `found_on` is the calendar day of the visit that first said so.
    """

    code: str
    labels: Mapping[str, str]
    type_labels: Mapping[str, str]
    state: str
    found_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPerson:
    """Who a line is about, with the diseases it tells of.

    Unmasked: `lay_out` masks. Texts are "" when not known; `sex` is "male", "female" or "".
    `birth_year` stands alone where the full date is not known. `id` is the person's own id in the
    register, for matching files, never a citizen's number.
    """

    id: str
    township_code: str
    township: str
    village_code: str
    village: str
    household_number: str
    name: str
    sex: str
    birth_date: date | None
    birth_year: int | None
    diseases: tuple[ListedDisease, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry(ListedPerson):
    """One person of a batch, once, with all listed diseases of the batch.

    `worker` is the staff member who found the person. `change` is against the batch before; `note`
    is free text of the office.
    """

    id_number: str
    phone: str
    worker: str
    change: Change
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedEntry(ListedPerson):
    """One person who stood in the batch before and stands in this one no more.

    `reason` is a code ("excluded", "died", "moved", "treated", "merged", "no_longer_found", …)
    or words. `diseases` are those of the batch before.
    """

    reason: str
    last_batch: int


@dataclass(frozen=True, slots=True)
class BatchHeader:
    """What a numbered batch is about, and who takes it out of the house.

    `filters` are (label, chosen) pairs in the reader's language, shown as they are.
    `made_at` and `taken_at` are aware instants in the site's zone. `reason` is why full names and
    numbers were asked for, "" for a masked list. `previous` is the number compared with, None
    for the first.
    """

    number: int
    title: str
    starts_on: date
    ends_on: date
    hospital: str
    catalogue: str
    filters: tuple[tuple[str, str], ...]
    made_by: str
    made_at: datetime
    taken_by: str
    taken_at: datetime
    reason: str = ""
    previous: int | None = None


def lay_out(
    header: BatchHeader,
    entries: Iterable[ListEntry],
    removed: Iterable[RemovedEntry],
    language: str,
    *,
    masked: bool,
) -> list[Table]:
    """Return the sheets of a batch: the list, those removed since the last batch, and what it is.

    The list is ordered by township, village, household number and name, and numbered in that
    order. Masked, it has birth years for birth dates and no name, number, phone or note in full.
    Every sheet carries on paper who took it and when.
    """
    listed = in_order(entries)
    gone = sorted(removed, key=_place_in_order)
    footer = _footer(header, language, masked)
    return [
        Table(
            word(SHEETS, "list", language),
            _columns(_LIST_COLUMNS, masked),
            [
                [number, *_list_row(entry, language, masked)]
                for number, entry in enumerate(listed, start=1)
            ],
            footer=footer,
            page_break="township",
        ),
        Table(
            word(SHEETS, "removed", language),
            _columns(_REMOVED_COLUMNS, masked),
            [
                [number, *_removed_row(entry, language, masked)]
                for number, entry in enumerate(gone, start=1)
            ],
            footer=footer,
        ),
        Table(
            word(SHEETS, "about", language),
            (
                Column("about", {language: word(ABOUT, "about", language)}, width=40, wraps=True),
                Column(
                    "content", {language: word(ABOUT, "content", language)}, width=80, wraps=True
                ),
            ),
            list(_about_rows(header, listed, gone, language, masked)),
            footer=footer,
            is_list=False,
        ),
    ]


def in_order(entries: Iterable[ListEntry]) -> list[ListEntry]:
    """Return entries by township, village, household number ("9" before "10"), name and id."""
    return sorted(entries, key=_place_in_order)


def _place_in_order(entry: ListedPerson) -> tuple[object, ...]:
    household = [
        (0, part.zfill(20)) if part.isdecimal() else (1, part)
        for part in re.split(r"(\d+)", entry.household_number)
        if part
    ]
    return entry.township_code, entry.village_code, household, entry.name, entry.id


# Name, kind, whether it can name a person, width, and whether it may run over lines.
_Shape = tuple[str, Kind, bool, int, bool]

_LIST_COLUMNS: tuple[_Shape, ...] = (
    ("number", "integer", False, 6, False),
    ("change", "text", False, 8, False),
    ("township", "text", False, 10, True),
    ("village_code", "text", False, 15, False),
    ("village", "text", False, 18, True),
    ("household_number", "text", False, 12, False),
    ("name", "text", True, 10, False),
    ("sex", "text", False, 7, False),
    ("birth_date", "date", True, 12, False),
    ("id_number", "text", True, 21, False),
    ("phone", "text", True, 14, False),
    ("diseases", "text", True, 22, True),
    ("types", "text", True, 16, True),
    ("states", "text", True, 12, True),
    ("found_on", "date", False, 12, False),
    ("worker", "text", False, 10, False),
    ("note", "text", True, 16, True),
    ("id", "text", False, 12, False),
)

_REMOVED_COLUMNS: tuple[_Shape, ...] = (
    *_LIST_COLUMNS[:1],
    *_LIST_COLUMNS[2:9],
    ("diseases", "text", True, 22, True),
    ("reason", "text", False, 20, True),
    ("last_batch", "integer", False, 12, False),
    ("id", "text", False, 12, False),
)


def _columns(shapes: Sequence[_Shape], masked: bool) -> tuple[Column, ...]:
    columns = []
    for name, kind, is_personal, width, wraps in shapes:
        if name == "birth_date" and masked:
            name, kind = "birth_year", "integer"
        columns.append(Column(name, HEADS[name], kind, is_personal, width, wraps))
    return tuple(columns)


def _list_row(entry: ListEntry, language: str, masked: bool) -> list[Cell]:
    """Return the cells after the number, in the order of _LIST_COLUMNS."""
    return [
        word(CHANGES, entry.change, language),
        *_who(entry, language, masked),
        mask_id_number(entry.id_number) if masked else entry.id_number,
        mask_phone(entry.phone) if masked else entry.phone,
        _joined((label(one.labels, language, one.code) for one in entry.diseases), language),
        _joined((label(one.type_labels, language, one.code) for one in entry.diseases), language),
        _joined((word(STATES, one.state, language) for one in entry.diseases), language),
        min((one.found_on for one in entry.diseases), default=None),
        entry.worker,
        mask_words(entry.note) if masked else entry.note,
        entry.id,
    ]


def _removed_row(entry: RemovedEntry, language: str, masked: bool) -> list[Cell]:
    """Return the cells after the number, in the order of _REMOVED_COLUMNS."""
    return [
        *_who(entry, language, masked),
        _joined((label(one.labels, language, one.code) for one in entry.diseases), language),
        word(REASONS, entry.reason, language),
        entry.last_batch,
        entry.id,
    ]


def _who(entry: ListedPerson, language: str, masked: bool) -> list[Cell]:
    """Return township, village code, village, household number, name, sex and birth."""
    year = entry.birth_date.year if entry.birth_date else entry.birth_year
    return [
        entry.township,
        entry.village_code,
        entry.village,
        entry.household_number,
        mask_name(entry.name) if masked else entry.name,
        word(SEXES, entry.sex, language),
        year if masked else entry.birth_date or (str(year) if year else None),
    ]


def _joined(words: Iterable[str], language: str) -> str:
    """Return different words once each, in order, joined as the language does."""
    return ("、" if language == "zh" else "; ").join(dict.fromkeys(words))


def _about_rows(
    header: BatchHeader,
    listed: Sequence[ListEntry],
    gone: Sequence[RemovedEntry],
    language: str,
    masked: bool,
) -> Iterator[tuple[str, Cell]]:
    """Say what the batch is, what was chosen, how many there are, who made and who took it."""

    def said(code: str, **parts: object) -> str:
        return word(ABOUT, code, language).format(**parts)

    yield said("batch"), said("batch_number", number=header.number)
    yield said("title"), header.title
    yield said("window"), f"{header.starts_on} – {header.ends_on}"
    yield said("hospital"), header.hospital
    yield said("catalogue"), header.catalogue
    yield from header.filters
    yield (
        said("previous"),
        (
            said("batch_number", number=header.previous)
            if header.previous is not None
            else said("no_previous")
        ),
    )
    yield said("persons"), len(listed)
    changes: Counter[str] = Counter(entry.change for entry in listed)
    yield from ((word(CHANGES, change, language), changes[change]) for change in CHANGES)
    yield said("removed"), len(gone)
    for disease, count in _disease_counts(listed, language):
        yield said("disease_count", disease=disease), count
    yield said("note"), said("several")
    yield said("note"), said("clue")
    yield said("made"), f"{header.made_by}  {_minute(header.made_at)}"
    yield said("privacy"), _privacy(header, language, masked)
    yield said("taken"), f"{header.taken_by}  {_minute(header.taken_at)}"


def _disease_counts(listed: Sequence[ListEntry], language: str) -> list[tuple[str, int]]:
    """Return persons by disease, the kind behind its type where they differ; most first."""
    counts: Counter[str] = Counter()
    for entry in listed:
        names = set()
        for one in entry.diseases:
            kind = label(one.labels, language, one.code)
            heading = label(one.type_labels, language, kind)
            names.add(kind if kind == heading else f"{heading} · {kind}")
        counts.update(names)
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _privacy(header: BatchHeader, language: str, masked: bool) -> str:
    code = "masked" if masked else "full"
    return word(ABOUT, code, language).format(reason=header.reason or "–")


def _footer(header: BatchHeader, language: str, masked: bool) -> str:
    number = word(ABOUT, "batch_number", language).format(number=header.number)
    taken = f"{header.taken_by} {_minute(header.taken_at)}"
    return " · ".join((number, taken, _privacy(header, language, masked), header.hospital))


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"
