"""Writes a form's sheets as .xlsx: people edit it in Excel, it compiles to the same XForm."""

from __future__ import annotations

import io
from datetime import datetime

from openpyxl import Workbook as ExcelBook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from forms.faults import FormProblem
from forms.workbook import Sheet, Workbook

# Excel keeps no more in a cell; openpyxl would cut the rest off without a word.
MAX_CELL = 32_767
TOO_LONG = "The cell holds %(length)s characters, more than Excel can keep (32,767)."

_TEXT = "@"
_HEAD = Font(bold=True)
_HEAD_FILL = PatternFill("solid", fgColor="E8EEF4")
_TOP = Alignment(vertical="top", wrap_text=False)
_NARROWEST, _WIDEST = 8, 48
# The workbook is made from a form, not on a day: the same form gives the same sheets.
_DAY = datetime(2000, 1, 1)  # noqa: DTZ001 - Excel's times have no zone


def workbook_bytes(book: Workbook) -> bytes:
    """Return the sheets as .xlsx: headings frozen, every cell a text, so Excel changes none.

    Raises FormProblem for a cell longer than Excel can keep.
    """
    excel = ExcelBook()
    excel.remove(excel.worksheets[0])
    excel.properties.creator = "doorstep"
    excel.properties.created = excel.properties.modified = _DAY
    for sheet in book.sheets.values():
        _fill(excel.create_sheet(sheet.name), sheet)
    written = io.BytesIO()
    excel.save(written)
    return written.getvalue()


def _fill(target: Worksheet, sheet: Sheet) -> None:
    for number, row in enumerate((sheet.header, *sheet.rows), start=1):
        for position, text in enumerate(row, start=1):
            if not text:
                continue
            if len(text) > MAX_CELL:
                heading = sheet.header[position - 1]
                raise FormProblem([sheet.fault(TOO_LONG, number, heading, length=str(len(text)))])
            cell = target.cell(number, position, text)
            # Or a text that begins with = would become a formula.
            cell.data_type = "s"
            cell.number_format = _TEXT
            cell.alignment = _TOP
    for position, heading in enumerate(sheet.header, start=1):
        letter = get_column_letter(position)
        target[f"{letter}1"].font = _HEAD
        target[f"{letter}1"].fill = _HEAD_FILL
        target.column_dimensions[letter].width = _width(sheet, position - 1, heading)
        target.column_dimensions[letter].number_format = _TEXT
    # Type and name stay in sight on the survey, list and name on the choices.
    target.freeze_panes = "C2" if len(sheet.header) > 2 and sheet.rows else "A2"


def _width(sheet: Sheet, position: int, heading: str) -> float:
    longest = max((_wide(row[position]) for row in sheet.rows if position < len(row)), default=0)
    return float(min(max(_wide(heading) + 2, longest + 1, _NARROWEST), _WIDEST))


def _wide(text: str) -> int:
    """Return how many Latin letters wide the first line is: a Chinese sign is two."""
    line = text.partition("\n")[0]
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in line)
