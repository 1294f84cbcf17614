"""Text made fit to leave the house: no letter a file cannot hold, no formula a cell would run."""

from __future__ import annotations

import re

# What XML 1.0 cannot say, however it is escaped (production 2, Char); lone surrogates among them.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# A spreadsheet runs text that starts like this as a formula (OWASP, CSV injection). Excel in
# Chinese takes the full-width and small forms too, and trims blanks before it looks.
_FORMULA = re.compile("[\t\r\n]|[\\s\u200b\ufeff]*[=+\\-@＝＋－＠﹦﹢﹣﹫]")


def legible(text: str) -> str:
    """Return the text without characters that neither XML nor a spreadsheet can hold."""
    return _ILLEGAL.sub("", text)


def beginning(text: str, units: int) -> str:
    """Return as much of the text as `units` UTF-16 units hold, as Excel counts letters."""
    if 2 * len(text) <= units:
        return text
    # "ignore" drops lone surrogates first, then the half of a pair that the cut may leave.
    return text.encode("utf-16-le", "ignore")[: 2 * units].decode("utf-16-le", "ignore")


def not_a_formula(text: str) -> str:
    """Return the text, behind an apostrophe when a spreadsheet would run it as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text
