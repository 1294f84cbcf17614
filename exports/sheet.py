"""One sheet of an XLSX workbook, as a stream of XML. Numbers in brackets: ECMA-376 part 1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape

from exports.cells import LINE_POINTS, RowWriter, column_letters, display_width, format_of
from exports.safe_text import legible
from exports.table import Cell, Column, Table
from exports.workbook_parts import MAIN, XML

MOST_ROWS = 1_048_576
"""Excel's limit of one sheet, the head among them."""
MOST_COLUMNS = 16_384
"""Excel's limit of one sheet."""
MOST_BYTES = 1_900_000_000
"""A zip member of more than 2 GiB needs ZIP64, which not every spreadsheet program reads."""

_ROWS_A_PIECE = 500
_MOST_BREAKS = 1_023  # Excel's limit of page breaks set by hand.
_WIDTHS = {"text": 16, "integer": 10, "decimal": 10, "date": 12, "instant": 18, "share": 10}
_WIDEST = 40
_LETTERS_ACROSS = 110  # What fits on A4 on its side, within our margins, at full size.
_MOST_FOOTER = 120  # Excel "mends" a file with more than 255, and every "&" is said twice.


class Rows:
    """The rows of a table, looked one ahead: `coming` is None after the last."""

    def __init__(self, rows: Iterable[Sequence[Cell]]) -> None:
        self._rows = iter(rows)
        self.coming = next(self._rows, None)

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        return self

    def __next__(self) -> Sequence[Cell]:
        row = self.coming
        if row is None:
            raise StopIteration
        self.coming = next(self._rows, None)
        return row


class Sheet:
    """As many rows of a table as fit on a sheet; `filtered` is known when all are written."""

    def __init__(self, table: Table, name: str, labels: Sequence[str]) -> None:
        self.name = name
        self.filtered: str | None = None
        self._table = table
        self._labels = labels
        self._widths = [_width(*one) for one in zip(table.columns, labels, strict=True)]
        self._writer = RowWriter(table.columns, self._widths)
        self._last_row = 1
        self._breaks: list[int] = []

    @property
    def texts_cut(self) -> int:
        """How many texts were longer than a cell may be."""
        return self._writer.texts_cut

    def pieces(self, rows: Rows) -> Iterator[bytes]:
        """Return the sheet's XML, taking rows until they end or the sheet is full."""
        yield f"{_opening(self._table, self._widths)}{self._writer.head(self._labels)}".encode()
        size = 0
        while rows.coming is not None and self._last_row < MOST_ROWS and size < MOST_BYTES:
            piece = self._some_rows(rows)
            size += len(piece)
            yield piece
        if self._table.is_list:
            last_column = column_letters(len(self._table.columns) - 1)
            self.filtered = f"$A$1:${last_column}${self._last_row}"
        yield self._closing().encode()

    def _some_rows(self, rows: Rows) -> bytes:
        """Return the next rows, a piece at most and never beyond the sheet's end."""
        names = [column.name for column in self._table.columns]
        breaker = names.index(self._table.page_break) if self._table.page_break else None
        xml = []
        for _ in range(min(_ROWS_A_PIECE, MOST_ROWS - self._last_row)):
            row = next(rows, None)
            if row is None:
                break
            self._last_row += 1
            xml.append(self._writer.row(self._last_row, row))
            if breaker is not None and rows.coming and rows.coming[breaker] != row[breaker]:
                self._breaks.append(self._last_row)
        return "".join(xml).encode()

    def _closing(self) -> str:
        """Return what follows the rows, in the order the schema wants (18.3.1.99)."""
        scale = (
            f'scale="{_print_scale(self._widths)}"' if self._table.page_break else 'fitToHeight="0"'
        )
        plain = self.filtered.replace("$", "") if self.filtered else ""
        breaks = "".join(
            f'<brk id="{row}" max="16383" man="1"/>' for row in self._breaks[:_MOST_BREAKS]
        )
        count = min(len(self._breaks), _MOST_BREAKS)
        return "".join(
            (
                "</sheetData>",
                f'<autoFilter ref="{plain}"/>' if plain else "",
                '<printOptions gridLines="1"/>',
                '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.6"',
                ' header="0.3" footer="0.3"/>',
                f'<pageSetup paperSize="9" {scale} orientation="landscape"/>',
                f"<headerFooter><oddFooter>{_footer(self._table.footer)}</oddFooter></headerFooter>",
                f'<rowBreaks count="{count}" manualBreakCount="{count}">{breaks}</rowBreaks>'
                if breaks
                else "",
                # No green corner on every id that is meant to be text.
                f'<ignoredErrors><ignoredError sqref="{plain}" numberStoredAsText="1"/>'
                "</ignoredErrors>"
                if plain
                else "",
                "</worksheet>",
            )
        )


def _opening(table: Table, widths: Sequence[int]) -> str:
    """Return what stands before the rows: frozen head and first column, widths and formats."""
    # Excel ignores page breaks set by hand in a sheet that is fitted to the page.
    fit = "" if table.page_break else '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
    frozen = (
        '<pane xSplit="1" ySplit="1" topLeftCell="B2" activePane="bottomRight" state="frozen"/>'
        '<selection pane="bottomRight" activeCell="B2" sqref="B2"/>'
        if table.is_list and len(table.columns) > 1
        else '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        '<selection pane="bottomLeft" activeCell="A2" sqref="A2"/>'
    )
    columns = "".join(
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1"'
        f' style="{format_of(column)}"/>'
        for number, (column, width) in enumerate(zip(table.columns, widths, strict=True), start=1)
    )
    return (
        f'{XML}<worksheet xmlns="{MAIN}">{fit}<sheetViews><sheetView workbookViewId="0">{frozen}'
        f'</sheetView></sheetViews><sheetFormatPr defaultRowHeight="{LINE_POINTS}"/>'
        f"<cols>{columns}</cols><sheetData>"
    )


def _width(column: Column, words: str) -> int:
    """Return the column's own width, else its kind's or its label's with room for the arrow."""
    if column.width:
        return column.width
    return max(_WIDTHS[column.kind], min(_WIDEST, display_width(words) + 4))


def _print_scale(widths: Sequence[int]) -> int:
    """Return the size, in percent, at which all columns fit on A4 on its side (18.3.1.63: 10–)."""
    return max(10, min(100, 100 * _LETTERS_ACROSS // sum(widths)))


def _footer(words: str) -> str:
    """Return the words for the left and "page / pages" for the right; "&" begins a code."""
    return escape(f"&L{legible(words)[:_MOST_FOOTER].replace('&', '&&')}&R&P / &N")
