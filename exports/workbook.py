"""Tables as an XLSX workbook, written row by row while it is being downloaded.

Why not a library: docs/decisions/0007-own-xlsx-writer.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from exports.cells import MOST_LETTERS
from exports.safe_text import beginning, legible
from exports.sheet import MOST_COLUMNS, MOST_ROWS, Rows, Sheet
from exports.table import Column, Table, label
from exports.workbook_parts import (
    content_types,
    package_relations,
    styles,
    workbook,
    workbook_relations,
)
from exports.zip_stream import ZipStream

_MOST_NAME = 31  # Letters in a sheet's name, in Excel.
_RESERVED = {"history"}  # Excel keeps this name for itself.

_WORDS = {
    "about": {"zh": "说明", "en": "About"},
    "split": {
        "zh": "“{title}”超过一张工作表的上限（{limit} 行），分为 {count} 张工作表。",
        "en": "“{title}” has more rows than one sheet holds ({limit}): it fills {count} sheets.",
    },
    "cut": {
        "zh": "“{title}”中有 {count} 个单元格超过 {limit} 个字符，已截断，以“…”结尾。",
        "en": "“{title}” has {count} cells over {limit} letters: they are cut and end in “…”.",
    },
}


def write_workbook(tables: Iterable[Table], language: str) -> Iterator[bytes]:
    """Return the bytes of a workbook with one sheet a table, and "about" with all their notes.

    The first bytes come before the first row is asked for, and memory does not grow with the
    rows. A table longer than a sheet goes on in the next; a text longer than a cell is cut; both
    are said in "about". Raises ValueError for more columns than a sheet has.
    """
    archive = ZipStream()
    yield from archive.add("xl/styles.xml", [styles(language)])
    sheets: list[Sheet] = []
    notes: list[str] = []
    for table in tables:
        first = len(sheets)
        yield from _write_sheets(archive, table, language, sheets)
        notes += [*table.notes, *_remarks(table, sheets[first:], language)]
    if notes:
        yield from _write_sheets(archive, _about(notes, language), language, sheets)
    names = [sheet.name for sheet in sheets]
    filters = [sheet.filtered for sheet in sheets]
    yield from archive.add("xl/workbook.xml", [workbook(names, filters)])
    yield from archive.add("xl/_rels/workbook.xml.rels", [workbook_relations(len(sheets))])
    yield from archive.add("_rels/.rels", [package_relations()])
    yield from archive.add("[Content_Types].xml", [content_types(len(sheets))])
    yield from archive.close()


def sheet_name(title: str, taken: Iterable[str]) -> str:
    """Return a name Excel takes: at most 31 letters, no brackets or slashes, not yet taken."""
    plain = re.sub(r"[\[\]:*?/\\\t\r\n]", " ", legible(title)).strip(" '")
    plain = beginning(plain, _MOST_NAME).rstrip(" '") or "Sheet"
    used = {name.casefold() for name in taken} | _RESERVED
    name, number = plain, 1
    while name.casefold() in used:
        number += 1
        ending = f" ({number})"
        name = beginning(plain, _MOST_NAME - len(ending)) + ending
    return name


def _write_sheets(
    archive: ZipStream, table: Table, language: str, sheets: list[Sheet]
) -> Iterator[bytes]:
    """Write the table into as many sheets as it fills, adding them to `sheets`."""
    if not 0 < len(table.columns) <= MOST_COLUMNS:
        raise ValueError(f"a sheet has 1 to {MOST_COLUMNS} columns, not {len(table.columns)}")
    labels = [label(column.labels, language, column.name) for column in table.columns]
    rows = Rows(table.rows)
    while True:
        sheet = Sheet(table, sheet_name(table.title, [one.name for one in sheets]), labels)
        sheets.append(sheet)
        yield from archive.add(f"xl/worksheets/sheet{len(sheets)}.xml", sheet.pieces(rows))
        if rows.coming is None:
            return


def _remarks(table: Table, sheets: list[Sheet], language: str) -> Iterator[str]:
    """Say what a sheet could not hold."""
    if len(sheets) > 1:
        words = label(_WORDS["split"], language)
        yield words.format(title=table.title, count=len(sheets), limit=f"{MOST_ROWS:,}")
    cut = sum(sheet.texts_cut for sheet in sheets)
    if cut:
        words = label(_WORDS["cut"], language)
        yield words.format(title=table.title, count=cut, limit=f"{MOST_LETTERS:,}")


def _about(notes: list[str], language: str) -> Table:
    title = label(_WORDS["about"], language)
    column = Column("about", {language: title}, width=100, wraps=True)
    return Table(title, (column,), ([note] for note in notes), is_list=False)
