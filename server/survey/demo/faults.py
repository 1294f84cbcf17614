"""The planted faults: twelve households in two villages, each with one thing wrong or doubtful.

docs/demo.en.md and docs/demo.zh.md list them with the place to look for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from forms.idnumber import normal_form
from server.survey.demo.documents import Call
from server.survey.demo.people import Family

UNKNOWN_VILLAGE = "130921211999"
UNKNOWN_VERSION = "2025010101"
CLOCK_AHEAD = timedelta(days=3 * 365 + 1)
FAR_DEGREES = 0.35
"""About 39 km to the north."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One planted household: `number` ends its household number, after the village's last three.

    It is visited `days_ago`; `is_elsewhere` puts it into the second of the two villages.
    """

    name: str
    number: str
    days_ago: int
    is_elsewhere: bool = False


PLANTED = (
    Fault("wrong_checksum", "9001", 50),
    Fault("wrong_birth_date", "9002", 48),
    Fault("same_id", "9003", 46),
    Fault("same_id_again", "9003", 44, is_elsewhere=True),
    Fault("same_number", "9004", 42),
    Fault("same_number_again", "9004", 40),
    Fault("far", "9005", 38),
    Fault("zero", "9006", 36),
    Fault("clock", "9007", 34),
    Fault("unknown_village", "9008", 32),
    Fault("unknown_version", "9009", 30),
    Fault("edited", "9010", 28),
)


def spoil_family(name: str, family: Family, earlier: Family | None) -> None:
    """Do to a household what the fault is about; `earlier` is the one before it of the same kind.

    The head must have an ID number.
    """
    head = family.members[0]
    if name == "wrong_checksum":
        number = normal_form(head.id_number)
        head.id_number = number[:-1] + ("5" if number[-1] != "5" else "6")
    elif name == "wrong_birth_date":
        head.born = head.born.replace(day=head.born.day % 28 + 1)
    elif name == "same_id_again" and earlier is not None:
        twin = earlier.members[0]
        head.name, head.sex, head.born = twin.name, twin.sex, twin.born
        head.id_number = twin.id_number
        # Children of the head they were made for might be older than this one.
        del family.members[1:]
    elif name == "clock":
        del family.members[2:]


def spoil_call(name: str, call: Call, family: Family) -> None:
    """Do to a visit what the fault is about."""
    if name == "far":
        call.fix = f"{family.latitude + FAR_DEGREES:.6f} {family.longitude:.6f} 12.0 6.0"
    elif name == "zero":
        call.fix = "0.0 0.0 0.0 0.0"
    elif name == "clock":
        call.start += CLOCK_AHEAD
        call.end += CLOCK_AHEAD
    elif name == "unknown_village":
        call.village_code = UNKNOWN_VILLAGE
    elif name == "unknown_version":
        call.version = UNKNOWN_VERSION
