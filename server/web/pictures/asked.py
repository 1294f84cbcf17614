"""What a picture is asked of, and the pieces all of them need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from exports.pictures.canvas import Drawing, Picture
from exports.table import Cell, Column, Kind, Table
from server.survey.areas import Scope
from server.web import door, language
from server.web.language import _


@dataclass(frozen=True, slots=True)
class Asked:
    """Of where or whom. `scope` is the part of the reader's that lies in `area`, a code or "".

    `indicator` narrows a funnel to one disease, last digits to one reading, times to one form.
    """

    scope: Scope
    today: date
    area: str = ""
    place: str = ""
    phone_id: int | None = None
    indicator: str = ""

    @property
    def village(self) -> str:
        """The village that is asked of, "" for a larger area."""
        return self.area if len(self.area) == 12 and not self.area.endswith("000") else ""


def picture(
    name: str,
    words: tuple[str, str],
    drawing: Drawing,
    columns: Mapping[str, tuple[str, Kind]],
    rows: Iterable[Sequence[Cell]],
    notes: Sequence[str] = (),
) -> Picture:
    """Return a picture with its table. `words` are title and sentence, `columns` by name."""
    spoken = language.language()
    title, told = words
    table = Table(
        title=title,
        columns=tuple(
            Column(column, {spoken: label}, kind) for column, (label, kind) in columns.items()
        ),
        rows=list(rows),
        notes=(told, *notes, _taken()),
    )
    return Picture(name, title, told, drawing, table)


def titled(title: str, place: str) -> str:
    """Return a title with the place it is of."""
    return f"{title} · {place}" if place else title


def shown(column: Column, cell: Cell) -> str:
    """Return a cell of a picture's table as pages write it."""
    if cell is None:
        return "–"
    if isinstance(cell, date):
        return language.day(cell)
    if isinstance(cell, str):
        return cell
    value = float(cell)
    if column.kind == "share":
        return language.percent(value, 1)
    return language.number(value, 1 if column.kind == "decimal" else 0)


def _taken() -> str:
    moment = language.moment(datetime.now(UTC))
    return _("Taken by %(name)s on %(moment)s.", name=door.account().name, moment=moment)
