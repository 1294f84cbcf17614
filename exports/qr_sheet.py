"""Phones' codes on paper: one card a phone to cut out, six or eight on A4, and a page to keep."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from reportlab.lib.colors import grey
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

ROWS = {6: 3, 8: 4}
"""Rows of two cards by the number of cards on a page."""

# Known to PDF readers by name (Adobe-GB1), so that no font has to be shipped or embedded.
_NAMED_FONT = "STSong-Light"
# Printers leave the edge of the paper white.
_EDGE = 9 * mm
_INSET = 4 * mm
# White around a code: four of its squares (ISO/IEC 18004).
_QUIET = 3 * mm
_KEPT_ON_A_PAGE = 24
# What a font cannot show is shown as missing, not left out (U+3013).
_MISSING = "〓"


@dataclass(frozen=True, slots=True)
class PhoneCard:
    """One phone. `modules` are the rows of its QR code, dark ones true, without a margin.

    The passwords stand on the page to keep alone; "" where there is none.
    """

    name: str
    number: str
    villages: str
    modules: Sequence[Sequence[bool]]
    settings_password: str
    digest_name: str
    digest_password: str


@dataclass(frozen=True, slots=True)
class SheetWords:
    """What the sheet says, in the reader's language. `kept_heads` has five, as its columns."""

    title: str
    address_label: str
    address: str
    steps: Sequence[str]
    made: str
    kept_title: str
    kept_note: str
    kept_heads: Sequence[str]


def check_font(path: str) -> None:
    """Raise ValueError when a font file cannot be put into a PDF; "" names one and is fine."""
    _Font(path)


def qr_sheet(
    cards: Sequence[PhoneCard], words: SheetWords, *, per_page: int, font: str = ""
) -> bytes:
    """Return the sheet as PDF. `font` is a TrueType file to embed, "" for a named Song font.

    Raises ValueError for a font that cannot be embedded and for other than six or eight a page.
    """
    if per_page not in ROWS:
        raise ValueError(f"{per_page} cards do not fit a page: 6 or 8")
    written = io.BytesIO()
    canvas = Canvas(written, pagesize=A4)
    canvas.setTitle(words.title)
    sheet = _Sheet(canvas, _Font(font), words)
    for first in range(0, len(cards), per_page):
        sheet.cards(cards[first : first + per_page], ROWS[per_page])
    for first in range(0, len(cards), _KEPT_ON_A_PAGE):
        sheet.kept(cards[first : first + _KEPT_ON_A_PAGE])
    canvas.save()
    return written.getvalue()


def _is_western(text: str) -> bool:
    """Say whether the fonts that every reader has, Helvetica among them, can show a text."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


class _Font:
    """A font known to reportlab, and what it can show."""

    def __init__(self, path: str) -> None:
        self._signs: frozenset[int] | None = None
        if not path:
            self.name = _NAMED_FONT
            pdfmetrics.registerFont(UnicodeCIDFont(_NAMED_FONT))
            return
        try:
            embedded = TTFont("doorstep", path)
        except (TTFError, OSError) as error:
            raise ValueError(str(error)) from error
        self.name = embedded.fontName
        self._signs = frozenset(embedded.face.charToGlyph)
        pdfmetrics.registerFont(embedded)

    def shown(self, text: str) -> str:
        """Return the text with a mark for each sign that the font lacks."""
        return "".join(sign if self._has(ord(sign)) else _MISSING for sign in text)

    def _has(self, sign: int) -> bool:
        # The named font's encoding has two bytes a sign (UniGB-UCS2).
        return sign <= 0xFFFF if self._signs is None else sign in self._signs


class _Sheet:
    """Draws pages, one after another."""

    def __init__(self, canvas: Canvas, font: _Font, words: SheetWords) -> None:
        self._canvas = canvas
        self._font = font
        self._words = words

    def cards(self, cards: Sequence[PhoneCard], rows: int) -> None:
        """Draw a page of cards, two in a row, with lines to cut along."""
        width, height = (A4[0] - 2 * _EDGE) / 2, (A4[1] - 2 * _EDGE) / rows
        for place, card in enumerate(cards):
            left = _EDGE + place % 2 * width
            top = A4[1] - _EDGE - place // 2 * height
            self._card(card, left, top, width, height)
        self._canvas.setStrokeColor(grey)
        self._canvas.setLineWidth(0.4)
        self._canvas.setDash(2, 3)
        self._canvas.line(A4[0] / 2, _EDGE, A4[0] / 2, A4[1] - _EDGE)
        for row in range(1, rows):
            level = A4[1] - _EDGE - row * height
            self._canvas.line(_EDGE, level, A4[0] - _EDGE, level)
        self._canvas.showPage()

    def _card(self, card: PhoneCard, left: float, top: float, width: float, height: float) -> None:
        # The steps need the lower quarter; the code takes what is left, as large as it goes.
        code = min(height - 25 * mm, width * 0.56)
        self._code(card.modules, left + _INSET, top - _INSET - code, code)
        beside = left + _INSET + code + _QUIET
        room = width - _INSET - code - _QUIET - _INSET
        level = self._text(card.name, beside, top - _INSET, room, 13, most_lines=2)
        level = self._text(card.number, beside, level - 1 * mm, room, 9, most_lines=1)
        lines = int((level - (top - _INSET - code) - 15 * mm) / (9 * 1.3))
        level = self._text(card.villages, beside, level - 1 * mm, room, 9, most_lines=lines)
        level = self._text(self._words.address_label, beside, level - 1 * mm, room, 8, most_lines=1)
        self._text(self._words.address, beside, level, room, 8, most_lines=3)
        level = top - _INSET - code - _QUIET
        size = 8 if height < 80 * mm else 9.5
        for number, step in enumerate(self._words.steps, 1):
            step = f"{number}. {step}"
            level = self._text(step, left + _INSET, level, width - 2 * _INSET, size, 2)
        self._text(
            self._words.made, left + _INSET, top - height + 4.5 * mm, width - 2 * _INSET, 6.5, 1
        )

    def _code(
        self, modules: Sequence[Sequence[bool]], left: float, bottom: float, size: float
    ) -> None:
        """Draw a QR code as one path, so that no hairline shows between its squares."""
        step = size / len(modules)
        path = self._canvas.beginPath()
        for row, line in enumerate(modules):
            level = bottom + size - (row + 1) * step
            start = None
            for place, is_dark in enumerate([*line, False]):
                if is_dark and start is None:
                    start = place
                elif not is_dark and start is not None:
                    path.rect(left + start * step, level, (place - start) * step, step)
                    start = None
        self._canvas.drawPath(path, stroke=0, fill=1)

    def kept(self, cards: Sequence[PhoneCard]) -> None:
        """Draw the page that is not handed out: what opens the settings, and what to type."""
        room = A4[0] - 4 * _EDGE
        columns = [2 * _EDGE + share * room for share in (0, 0.3, 0.42, 0.62, 0.78)]
        level = self._text(self._words.kept_title, columns[0], A4[1] - 2 * _EDGE, room, 14, 2)
        level = self._text(self._words.kept_note, columns[0], level - 2 * mm, room, 9, 3)
        level = self._row(self._words.kept_heads, columns, level - 4 * mm, room, 8)
        for card in cards:
            told = (card.name, card.number, card.settings_password)
            typed = (card.digest_name, card.digest_password)
            level = self._row((*told, *typed), columns, level - 1.5 * mm, room, 9)
        self._canvas.showPage()

    def _row(
        self, told: Sequence[str], columns: Sequence[float], level: float, room: float, size: float
    ) -> float:
        ends = [*columns[1:], columns[0] + room]
        lowest = min(
            self._text(text, left, level, end - left - 2 * mm, size, most_lines=2)
            for text, left, end in zip(told, columns, ends, strict=True)
        )
        self._canvas.setLineWidth(0.3)
        self._canvas.setStrokeColor(grey)
        self._canvas.line(columns[0], lowest - 1 * mm, columns[0] + room, lowest - 1 * mm)
        return lowest - float(mm)

    def _text(
        self, text: str, left: float, top: float, width: float, size: float, most_lines: int
    ) -> float:
        """Write text down from `top`; what is too long ends with a mark. Returns its lower edge."""
        shown = self._font.shown(text)
        is_latin = _is_western(shown)
        style = ParagraphStyle(
            "text",
            fontName="Helvetica" if is_latin else self._font.name,
            fontSize=size,
            leading=size * 1.3,
            wordWrap=None if is_latin else "CJK",
            # A long address has no blank to break at.
            splitLongWords=True,
        )
        drawn = Paragraph(escape(shown), style)
        height = drawn.wrap(width, A4[1])[1]
        while height > max(1, most_lines) * size * 1.3 + 0.1 and len(shown) > 1:
            shown = shown[: -max(2, len(shown) // 12)]
            drawn = Paragraph(escape(shown.rstrip()) + "…", style)
            height = drawn.wrap(width, A4[1])[1]
        drawn.drawOn(self._canvas, left, top - height)
        return float(top - height)
