"""Published forms as files to work on: a workbook, sheets as CSV, a mapping to fill in."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from forms.fields import CompiledForm
from forms.reading import read_workbook
from forms.source import FormSource, kind_of
from forms.spreadsheet import workbook_bytes
from forms.workbook import Workbook
from server.errors import Missing

NO_SHEETS = "%(name)s was published as an XForm: it has no sheets. Download the XForm instead."


def as_xlsx(source_name: str, source: bytes) -> bytes:
    """Return a form's source for Excel: the author's own workbook, or one made of its sheets.

    Raises Missing for a form that was published as an XForm.
    """
    if kind_of(source_name, source) == "xlsx":
        return source
    return workbook_bytes(_workbook(source_name, source))


def as_folder(source_name: str, source: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each sheet as CSV in UTF-8, as the shipped forms are kept.

    Raises Missing for a form that was published as an XForm.
    """
    for name, sheet in _workbook(source_name, source).sheets.items():
        yield f"{name}.csv", _csv((sheet.header, *sheet.rows))


def mapping_to_fill(form: CompiledForm) -> bytes:
    """Return a mapping of all questions of a form with what they mean today, as CSV for Excel."""
    rows = [("path", "concept", "values")]
    rows += [
        (field.path, field.concept, " ".join(f"{one}={to}" for one, to in field.values.items()))
        for field in form.fields
        if field.kind != "note"
    ]
    # Excel takes a CSV for UTF-8 only by its mark.
    return b"\xef\xbb\xbf" + _csv(rows)


def _workbook(source_name: str, source: bytes) -> Workbook:
    if kind_of(source_name, source) == "xml":
        raise Missing(NO_SHEETS, name=PurePosixPath(source_name).stem)
    return read_workbook(FormSource.of_bytes(source_name, source))


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue().encode()
