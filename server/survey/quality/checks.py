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


RECORD_CHECKS: tuple[Check, ...] = ()

WORKER_CHECKS: tuple[Check, ...] = (
    Check("digits", "worker", "Last digits", "Talk, and look at the device", 14),
    Check("repeats", "worker", "One value again and again", "Talk, and go along once", 14),
    Check("speed", "worker", "Time an interview takes", "Talk, and go along once", 14),
    Check("overlaps", "worker", "Interviews open at once", "Talk, and go along once", 14),
    Check("back_check", "worker", "Asked again, and answered otherwise", "Talk, and go along once", 14),
)

VILLAGE_CHECKS: tuple[Check, ...] = (
    Check("rate", "village", "Count that stands apart", "Visit the village", 14),
    Check("cluster", "village", "Neighbouring villages stand apart", "Visit these villages", 14),
    Check("over_register", "village", "More households than registered", "Mend the register", 14),
    Check("no_register", "village", "No figure in the register", "Fill in the register", 7),
)

CHECKS = {one.name: one for one in (*RECORD_CHECKS, *WORKER_CHECKS, *VILLAGE_CHECKS)}
