"""A treatment batch as tables: the list, who left it, and what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One person of a batch, once, with all listed diseases of the batch.

    Unmasked: `lay_out` masks. Texts are "" when not known; `sex` is "male", "female" or "".
    `birth_year` stands alone where the full date is not known. `worker` is the staff member who
    found the person. `change` is against the batch before; `note` is free text of the office.
    `id` is the person's own id in the register, for matching files, never a citizen's number.
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
    id_number: str
    phone: str
    diseases: tuple[ListedDisease, ...]
    worker: str
    change: Change
    note: str = ""


@dataclass(frozen=True, slots=True)
class RemovedEntry:
    """One person who stood in the batch before and stands in this one no more.

    `reason` is a code ("excluded", "died", "moved", "treated", "merged", "no_longer_found", …)
    or words.
    `diseases` are those of the batch before.
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
