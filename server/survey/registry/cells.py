"""Reads single cells: codes, counts, days, degrees, words. What does not fit says what would."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from server.survey.registry.sheets import Value

VILLAGE_CODE_DIGITS = 12
DIVISION_CODE_DIGITS = (2, 4, 6, 9, 12)

LOST_DIGITS = (
    "%(text)s has lost digits, as Excel rounds long numbers. Format the column as text, "
    "then paste the codes again."
)
NO_CODE = "%(text)s is no code: a code has digits only."
VILLAGE_CODE_LENGTH = "%(text)s has %(count)s digits; the code of a village has 12."
DIVISION_CODE_LENGTH = "%(text)s has %(count)s digits; the code of a division has 2, 4, 6, 9 or 12."
DIVISION_FOR_VILLAGE = "%(text)s is the code of a township or a larger area, not of a village."
NO_CLINIC_CODE = "%(text)s is no code of a clinic: up to 40 letters, digits, - . and _."
NO_COUNT = "%(text)s is no count: write a whole number, without words or sums."
NEGATIVE = "%(text)s is below zero."
PART_COUNT = "%(text)s is no whole number."
NO_DAY = "%(text)s is no day: write it like 2018-06-30."
NO_DEGREES = "%(text)s is no position: write degrees with decimals, like 38.0412."
NO_SOURCE = "%(text)s is no source: write register, census or estimate."
NO_VILLAGE_KIND = "%(text)s is no kind of village unit: write village, residents or other."
NO_CLINIC_KIND = "%(text)s is no kind of clinic: write village_clinic or township_hospital."
TOO_LONG = "The name is longer than %(limit)s letters."

SOURCES: Mapping[str, str] = {
    "register": "register", "登记": "register", "登记册": "register", "户籍": "register",
    "户籍登记": "register", "台账": "register", "census": "census", "普查": "census",
    "人口普查": "census", "estimate": "estimate", "估计": "estimate", "估算": "estimate",
}  # fmt: skip
VILLAGE_KINDS: Mapping[str, str] = {
    "village": "village", "村": "village", "村委会": "village", "村民委员会": "village",
    "行政村": "village", "residents": "residents", "社区": "residents", "居委会": "residents",
    "居民委员会": "residents", "other": "other", "其他": "other",
}  # fmt: skip
CLINIC_KINDS: Mapping[str, str] = {
    "village_clinic": "village_clinic", "村卫生室": "village_clinic", "卫生室": "village_clinic",
    "村卫生站": "village_clinic", "township_hospital": "township_hospital",
    "乡镇卫生院": "township_hospital", "卫生院": "township_hospital",
    "中心卫生院": "township_hospital",
}  # fmt: skip

NAME_LIMIT = 100
# Written by hand or pasted from web pages: marks that are not seen, and Excel's mark for text.
_UNSEEN = re.compile("[\u200b-\u200f\u2060\ufeff\x00-\x08\x0b-\x1f]|^'")
_SCIENTIFIC = re.compile(r"([0-9])(?:\.([0-9]+))?[eE]\+?([0-9]{1,2})\Z")
_WHOLE = re.compile(r"[0-9]+\.0+\Z")
_CLINIC_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,39}\Z")
_COUNT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?\Z")
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+\Z")
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?\Z")
_DAY_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})\Z")


class Unfit(ValueError):
    """A cell's value does not fit its column."""

    def __init__(self, msgid: str, **params: object) -> None:
        self.msgid = msgid
        self.params = {name: str(value) for name, value in params.items()}
        super().__init__(msgid % self.params)


def text_of(value: Value) -> str:
    """Return a cell's words without unseen marks and spaces around; "" for an empty cell."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _UNSEEN.sub("", str(value)).strip()


def name_of(value: Value) -> str:
    """Return a name as written, single spaces between words."""
    name = " ".join(text_of(value).split())
    if len(name) > NAME_LIMIT:
        raise Unfit(TOO_LONG, limit=NAME_LIMIT)
    return name


def digits_of(value: Value) -> str:
    """Return a code's digits; a number that Excel made of it only when no digit can be lost."""
    text = _half_width(value).replace(" ", "")
    if _WHOLE.match(text):
        text = text.split(".")[0]
    if found := _SCIENTIFIC.match(text):
        first, rest, exponent = found[1], found[2] or "", int(found[3])
        # 1.3E+11 may have been any of ten thousand million codes; 1.30921211201E+11 only one.
        if len(rest) != exponent:
            raise Unfit(LOST_DIGITS, text=text)
        return str(int(Decimal(f"{first}.{rest or 0}").scaleb(exponent)))
    if not text.isascii() or not text.isdigit():
        raise Unfit(NO_CODE, text=text)
    return text


def village_code_of(value: Value) -> str:
    """Return the 12 digits of a village's code."""
    code = digits_of(value)
    if len(code) != VILLAGE_CODE_DIGITS:
        raise Unfit(VILLAGE_CODE_LENGTH, text=code, count=len(code))
    if code.endswith("000"):
        raise Unfit(DIVISION_FOR_VILLAGE, text=code)
    return code


def division_code_of(value: Value) -> str:
    """Return the code of a division, or of a village, filled up to 12 digits."""
    code = digits_of(value)
    if len(code) not in DIVISION_CODE_DIGITS:
        raise Unfit(DIVISION_CODE_LENGTH, text=code, count=len(code))
    return code.ljust(VILLAGE_CODE_DIGITS, "0")


def clinic_code_of(value: Value) -> str:
    """Return a clinic's code, upper case, as offices print it."""
    text = _half_width(value)
    if _SCIENTIFIC.match(text):
        return digits_of(value)
    if not _CLINIC_CODE.match(text):
        raise Unfit(NO_CLINIC_CODE, text=text)
    return text.upper()


def count_of(value: Value) -> int:
    """Return a number of households or persons, which may carry its counting word."""
    text = _half_width(value).rstrip("户人")
    if _GROUPED.match(text):
        text = text.replace(",", "")
    if not _COUNT.match(text):
        raise Unfit(NO_COUNT, text=text)
    number = Decimal(text)
    if number < 0:
        raise Unfit(NEGATIVE, text=text)
    if number != number.to_integral_value():
        raise Unfit(PART_COUNT, text=text)
    return int(number)


def day_of(value: Value) -> date:
    """Return a calendar day."""
    if isinstance(value, date):
        return value
    text = _half_width(value).removesuffix(" 00:00:00")
    found = _DAY.match(text) or _DAY_DIGITS.match(text)
    try:
        year, month, day = (int(part) for part in found.groups()) if found else (0, 0, 0)
        return date(year, month, day)
    except ValueError:
        raise Unfit(NO_DAY, text=text) from None


def degrees_of(value: Value) -> float:
    """Return degrees north or east, at most 180 in size."""
    text = _half_width(value).rstrip("°度NE")
    try:
        degrees = float(text)
    except ValueError:
        raise Unfit(NO_DEGREES, text=text) from None
    if not -180 <= degrees <= 180:
        raise Unfit(NO_DEGREES, text=text)
    return degrees


def source_of(value: Value) -> str:
    """Return register, census or estimate."""
    return _one_of(value, SOURCES, NO_SOURCE)


def village_kind_of(value: Value) -> str:
    """Return village, residents or other."""
    return _one_of(value, VILLAGE_KINDS, NO_VILLAGE_KIND)


def clinic_kind_of(value: Value) -> str:
    """Return village_clinic or township_hospital."""
    return _one_of(value, CLINIC_KINDS, NO_CLINIC_KIND)


def village_kind_by_code(code: str) -> str:
    """Return the kind a village's last three digits tell: 001-199 residents, 200-399 village.

    From the coding rule of the statistical office.
    """
    last = int(code[-3:])
    if last < 200:
        return "residents"
    return "village" if last < 400 else "other"


def _one_of(value: Value, words: Mapping[str, str], msgid: str) -> str:
    text = text_of(value)
    found = words.get(_half_width(value).casefold())
    if found is None:
        raise Unfit(msgid, text=text)
    return found


def _half_width(value: Value) -> str:
    return unicodedata.normalize("NFKC", text_of(value)).strip()
