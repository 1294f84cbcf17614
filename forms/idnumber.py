"""Resident identity numbers of the People's Republic of China, by GB 11643-1999."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

FIRST_BIRTH_YEAR = 1900

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_SHAPE = re.compile(r"[0-9]{17}[0-9X]")
_FIRST_GENERATION = re.compile(r"[0-9]{15}")


@dataclass(frozen=True, slots=True)
class ResidentId:
    """What a number says of its holder. `text` has 18 characters, the check character upper-case.

    The first six digits name the place of first registration, not the residence.
    """

    text: str
    birth_date: date
    sex: str


def normal_form(text: str) -> str:
    """Return the number as it is stored: trimmed, the check character x upper-case."""
    return text.strip().upper()


def check_character(digits: str) -> str:
    """Return the check character that belongs to the first 17 digits."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits[:17], strict=True))
    return _CHECK_CHARACTERS[total % 11]


def id_fault(text: str, today: date) -> str | None:
    """Return the complaint code for a number, None for a right one.

    `id_first_generation`: 15 digits, not valid since 2013. `id_malformed`: not 17 digits and a
    digit or X. `id_birth_date`: no such day. `id_birth_range`: born before 1900 or after `today`.
    `id_checksum`: the last character does not fit.
    """
    number = normal_form(text)
    if _FIRST_GENERATION.fullmatch(number):
        return "id_first_generation"
    if not _SHAPE.fullmatch(number):
        return "id_malformed"
    born = _birth_date(number)
    if born is None:
        return "id_birth_date"
    if born.year < FIRST_BIRTH_YEAR or born > today:
        return "id_birth_range"
    return None if check_character(number) == number[17] else "id_checksum"


def read_id(text: str, today: date) -> ResidentId | None:
    """Return what a right number says, None for one with an `id_fault`."""
    if id_fault(text, today) is not None:
        return None
    number = normal_form(text)
    born = _birth_date(number)
    # The order digit is odd for men.
    sex = "male" if int(number[16]) % 2 else "female"
    return ResidentId(number, born, sex) if born else None


def _birth_date(number: str) -> date | None:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
