"""What a form's questions mean, told in a table beside it: the file mapping.csv."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from forms import concepts
from forms.faults import Fault, FormProblem
from forms.fields import CompiledForm, Field
from forms.reading import rows_of
from forms.workbook import Sheet, read_sheet

FILE = "mapping.csv"
NO_COLUMN = "The mapping lacks the column %(column)s."
NO_QUESTION = "The form has no question %(path)s."
UNKNOWN_CONCEPT = "%(concept)s is no concept the survey knows: the answers are kept, not counted."
BAD_VALUES = "%(part)s is no translation of a choice: write choice=meaning, with spaces between."


def mapped(form: CompiledForm, content: bytes) -> tuple[CompiledForm, list[Fault]]:
    """Return the form with the concepts of a mapping, and a warning for each useless line.

    The columns are path, concept and values. A line wins over the form's own ds:concept, so
    that a site can correct a form it did not write.
    Raises FormProblem when the table lacks a column.
    """
    sheet = read_sheet(FILE, rows_of(FILE, content))
    for column in ("path", "concept"):
        if sheet.column(column) is None:
            raise FormProblem([Fault(NO_COLUMN, {"column": column}, FILE)])
    warnings: list[Fault] = []
    fields = {field.path: field for field in form.fields}
    for row, path, concept, values in _lines(sheet):
        field = fields.get(path.strip("/"))
        if field is None:
            warnings.append(sheet.fault(NO_QUESTION, row, "path", path=path))
            continue
        warnings.extend(doubts_of(sheet, row, "concept", concept, "values", values))
        fields[field.path] = _meaning(field, concept, values)
    return replace(form, fields=tuple(fields.values())), warnings


def doubts_of(
    sheet: Sheet, row: int, concept_heading: str, concept: str, values_heading: str, values: str
) -> Iterator[Fault]:
    """Yield what is doubtful about one question's concept and its translation of choices."""
    if concept and not concepts.is_known(concept):
        yield sheet.fault(UNKNOWN_CONCEPT, row, concept_heading, concept=concept)
    try:
        concepts.read_values(values)
    except ValueError as error:
        yield sheet.fault(BAD_VALUES, row, values_heading, part=str(error))


def _lines(sheet: Sheet) -> Iterator[tuple[int, str, str, str]]:
    columns = [dict(sheet.cells(name)) for name in ("path", "concept", "values")]
    for row, path in columns[0].items():
        yield row, path, columns[1].get(row, ""), columns[2].get(row, "")


def _meaning(field: Field, concept: str, values: str) -> Field:
    try:
        return replace(field, concept=concept, values=concepts.read_values(values))
    except ValueError:
        return replace(field, concept=concept, values={})
