"""All checks by name: what they look at, and what a person does about what they notice.

Three families that are never mixed in one list: a record that looks wrong (family record), a
worker's records that differ from colleagues' (worker), a village whose count or coverage differs
(village). A check that asks nothing of a person is not shipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Family = Literal["record", "worker", "village"]
FAMILIES: tuple[Family, ...] = ("record", "worker", "village")


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `title` and `action`, what to do about it, are message ids.

    `due_days` is how many days after it was noticed somebody should have looked.
    """

    name: str
    family: Family
    title: str
    action: str
    due_days: int = 7


RECORD_CHECKS: tuple[Check, ...] = (
    Check("identity", "record", "ID number that does not fit", "Look at the card again, correct"),
    Check("value", "record", "Value that cannot be", "Ask or measure again, correct"),
    Check("combination", "record", "Answers that do not fit together", "Ask again, correct"),
    Check("reading", "record", "Measurement far from others", "Measure again"),
    Check("duration", "record", "Very short interview", "Ask how it went, or visit again"),
    Check("clock", "record", "Time that cannot be right", "Set the phone's clock, correct the day"),
    Check("position", "record", "Position that cannot be right", "Ask where it was, correct"),
    Check("heap", "record", "Several households at one spot", "Ask where the forms were filled in"),
    Check("same_answers", "record", "Two records almost the same", "Visit one of the two again"),
    Check("duplicate_person", "record", "Looks like one person twice", "Merge, or keep apart"),
    Check(
        "duplicate_household", "record", "Looks like one household twice", "Merge, or keep apart"
    ),
    Check(
        "two_families", "record", "Two families under one number", "Give one of them its own number"
    ),
    Check("unanswered", "record", "Many questions unanswered", "Ask what is missing"),
    Check("unknown_village", "record", "Village not in the register", "Correct the village"),
    Check(
        "not_visited", "record", "Household that knows of no visit", "Ask both workers, visit again"
    ),
    Check("unread", "record", "Form that cannot be read", "Say which version it is", 3),
    Check("stray_code", "record", "Number that may mean “not known”", "Say so in the form", 14),
)

WORKER_CHECKS: tuple[Check, ...] = (
    Check("digits", "worker", "Last digits", "Talk, and look at the device", 14),
    Check("repeats", "worker", "One value again and again", "Talk, and go along once", 14),
    Check("speed", "worker", "Time an interview takes", "Talk, and go along once", 14),
    Check("overlaps", "worker", "Interviews open at once", "Talk, and go along once", 14),
    Check("pace", "worker", "Interviews an hour", "Talk, and go along once", 14),
    Check("share", "worker", "Share of what is found or told", "Talk, and go along once", 14),
    Check("level", "worker", "Higher or lower readings", "Read one person with two devices", 14),
    Check("clustering", "worker", "Readings that go by worker", "Measure together once", 30),
    Check("alike", "worker", "One answer to many questions", "Talk, and go along once", 14),
    Check("skipped", "worker", "Sections that are skipped", "Talk about when to ask them", 14),
    Check("gaps", "worker", "What is often left out", "Talk about what keeps from asking", 14),
    Check("stale", "worker", "Old version of a form", "Fetch the new version on the phone", 3),
    Check(
        "back_check", "worker", "Asked again, and answered otherwise", "Talk, and go along once", 14
    ),
)

VILLAGE_CHECKS: tuple[Check, ...] = (
    Check("rate", "village", "Count that stands apart", "Visit the village", 14),
    Check("cluster", "village", "Neighbouring villages stand apart", "Visit these villages", 14),
    Check("over_register", "village", "More households than registered", "Mend the register", 14),
    Check("no_register", "village", "No figure in the register", "Fill in the register", 7),
)

CHECKS = {one.name: one for one in (*RECORD_CHECKS, *WORKER_CHECKS, *VILLAGE_CHECKS)}
