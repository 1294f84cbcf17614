"""What is wrong with a form, and where: faults that name sheet, row and column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from openpyxl.utils import get_column_letter


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong, or doubtful, with a form.

    `msgid` is English text with %(name)s placeholders that `params` fill; the door translates it.
    `sheet` is the sheet (or file) it stands in, "" when it is about the whole form. `row` is the
    row as a spreadsheet counts it (the headings are row 1), `column` the column's heading and
    `cell` its address ("C12"); None or "" where not known.
    """

    msgid: str
    params: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""
    row: int | None = None
    column: str = ""
    cell: str = ""

    def __str__(self) -> str:
        words = self.msgid % self.params
        return f"{self.place}: {words}" if self.place else words

    @property
    def place(self) -> str:
        """Where to look, in the order people search: sheet, cell or row, column."""
        where = self.cell or (f"row {self.row}" if self.row else "")
        return ", ".join(part for part in (self.sheet, where, self.column) if part)


class FormProblem(ValueError):
    """The form cannot be compiled. `faults` say why, in the order they stand in the form."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def refuse(msgid: str, **params: str) -> FormProblem:
    """Return the problem of a form with one fault that has no particular place."""
    return FormProblem([Fault(msgid, params)])


def cell_address(row: int, position: int) -> str:
    """Return a spreadsheet's name for a cell: row from 1, position of the column from 0."""
    return f"{get_column_letter(position + 1)}{row}"
