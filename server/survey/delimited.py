"""Text tables as offices send them: any of the usual encodings and separators."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator

SEPARATORS = ",;\t"
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Excel on a Chinese Windows saves "CSV" as GBK, "Unicode text" as UTF-16; GB18030 contains GBK.
_ENCODINGS = ("utf-8", "gb18030")


class NotText(ValueError):
    """The bytes are no text in any encoding that offices use."""


class BrokenTable(ValueError):
    """A line of the table cannot be read, mostly for a quotation mark never closed."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row}")
        self.row = row


def decode(content: bytes) -> str:
    """Return the text of UTF-8 (with or without mark), UTF-16 with mark, or GB18030 bytes.

    Raises NotText for anything else.
    """
    marked = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), None)
    for encoding in (marked,) if marked else _ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise NotText


def separator(text: str) -> str:
    """Return the separator that stands most often outside quotes in the first filled line."""
    first = next((line for line in text[:20_000].splitlines() if line.strip(" ,;\t")), "")
    unquoted = "".join(first.split('"')[::2])
    counts = Counter(sign for sign in unquoted if sign in SEPARATORS)
    return max(SEPARATORS, key=lambda sign: counts[sign])


def rows(content: bytes) -> Iterator[tuple[str, ...]]:
    """Yield the rows as a spreadsheet would show them, one by one, empty ones too.

    Raises NotText, and BrokenTable where a row cannot be read.
    """
    text = decode(content)
    lines = io.StringIO(text, newline="")
    table = csv.reader(lines, delimiter=separator(text), strict=True)
    try:
        for row in table:
            yield tuple(row)
    except csv.Error as error:
        raise BrokenTable(table.line_num) from error
