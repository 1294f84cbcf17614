"""Column and Table: what every writer of a file takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Kind = Literal["text", "integer", "decimal", "date", "instant", "share"]
Cell = str | int | float | Decimal | date | datetime | None


def label(labels: Mapping[str, str], language: str, otherwise: str = "") -> str:
    """Return the label in `language`, else in any language that has one, else `otherwise`."""
    return labels.get(language) or next(filter(None, labels.values()), otherwise)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name for programs, its labels for people ("zh", "en"), and what it holds.

    `kind` decides how a cell looks, never what it may be: a word in a column of integers is
    written as the word. "text" keeps every character (ids, codes, phone numbers); "share" is 0–1
    and shown as a percentage; "instant" takes aware datetimes, already in the zone to be shown.
    `is_personal` marks what can name a person, for the journal and for masking.
    `width` is in characters of a Latin letter's width (a Chinese one takes two); None lets the
    kind decide. `wraps` lets long text run over several lines of a cell.
    """

    name: str
    labels: Mapping[str, str]
    kind: Kind = "text"
    is_personal: bool = False
    width: int | None = None
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet or file.

    `rows` is walked once and may be an iterator over a million rows; each row has one cell per
    column, in order. `notes` are the lines of the "about" sheet, in the reader's language.
    `footer` is printed at the foot of every sheet of paper (who took the list and when).
    `page_break` names a column: paper turns a page where its cell changes. `is_list` gives the
    sheet a filter on every column; False for a short text in two columns.
    """

    title: str
    columns: tuple[Column, ...]
    rows: Iterable[Sequence[Cell]]
    notes: tuple[str, ...] = ()
    footer: str = ""
    page_break: str | None = None
    is_list: bool = True
