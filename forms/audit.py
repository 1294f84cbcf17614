"""The score of a clinic or hospital audit, worked out from its items."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from operator import eq, ge, le
from pathlib import Path
from types import MappingProxyType

from forms.values import read_number

VILLAGE_CLINIC = "village_clinic"
TOWNSHIP_HOSPITAL = "township_hospital"

PASS_SCORE = 80
EXCELLENT_SCORE = 90
POSTED_DOCTOR_DAYS = 7
"""Days a month from which a posted doctor stands in for the village's own."""

_RULE = re.compile(r"(count)?(=|>=|<=)(yes|[0-9]+)")
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {"=": eq, ">=": ge, "<=": le}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing an audit looks at, worth `points` of its dimension when it passes.

    `is_asked` is False for what is worked out of other answers.
    """

    code: str
    dimension: str
    points: int
    is_veto: bool
    may_be_absent: bool
    labels: Mapping[str, str]
    is_asked: bool
    passes: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class AuditAnswers:
    """What an audit found: the answer to each item by its code, "na" where it does not apply."""

    items: Mapping[str, str]
    served: float | None = None
    has_own_doctor: bool | None = None


@dataclass(frozen=True, slots=True)
class AuditScore:
    """`dimensions` maps each to (points got, points possible), in the catalogue's order.

    `score` is percent with one decimal, None when nothing was possible. `vetoes` are the item
    codes that fail the whole; `result` is fail, pass or excellent.
    """

    dimensions: Mapping[str, tuple[int, int]]
    got: int
    possible: int
    score: float | None
    vetoes: tuple[str, ...]
    result: str


def _load() -> Mapping[str, tuple[Item, ...]]:
    facilities: dict[str, list[Item]] = {}
    path = Path(__file__).parent / "library" / "audit_items.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            item = Item(
                code=row["item_code"],
                dimension=row["dimension"],
                points=int(row["points"]),
                is_veto=row["veto"] == "1",
                may_be_absent=row["na_allowed"] == "1",
                labels={"zh": row["label_zh"], "en": row["label_en"]},
                is_asked=row["answer_type"] != "calculate",
                passes=_test(row["pass_rule"]),
            )
            facilities.setdefault(row["facility"], []).append(item)
    return MappingProxyType({name: tuple(items) for name, items in facilities.items()})


def _test(rule: str) -> Callable[[str], bool]:
    """Return the test a rule writes: "=yes", ">=60", "<=4", "=3" or, of a selection, "count>=8"."""
    match = _RULE.fullmatch(rule)
    if match is None:
        raise ValueError(f"audit_items.csv: “{rule}” is no rule.")
    counts, sign, wanted = match.groups()
    if wanted == "yes":
        return lambda text: text == "yes"
    compare, limit = _COMPARE[sign], float(wanted)
    if counts:
        return lambda text: compare(len(text.split()), limit)
    return lambda text: (number := read_number(text)) is not None and compare(number, limit)


ITEMS = _load()
"""Items by kind of facility, in the order of the form."""


def audit_score(facility: str, answers: AuditAnswers) -> AuditScore:
    """Return the score of an audit, as the form works it out on the phone.

    An item that does not apply leaves the points possible; one not answered gets none. Raises
    KeyError for a facility without items.
    """
    items = _with_ratio(answers)
    dimensions: dict[str, tuple[int, int]] = {}
    vetoes = []
    for item in ITEMS[facility]:
        text = items.get(item.code, "")
        passes = item.passes(text)
        got, possible = dimensions.get(item.dimension, (0, 0))
        if not _is_absent(item, text, answers):
            got += item.points if passes else 0
            possible += item.points
        dimensions[item.dimension] = got, possible
        if item.is_veto and not passes and not _is_waived(item, answers):
            vetoes.append(item.code)
    got = sum(pair[0] for pair in dimensions.values())
    possible = sum(pair[1] for pair in dimensions.values())
    score = _rounded(got / possible * 100, 1) if possible else None
    return AuditScore(dimensions, got, possible, score, tuple(vetoes), _result(score, vetoes))


def _with_ratio(answers: AuditAnswers) -> Mapping[str, str]:
    """Return the answers with the doctors per 1,000 served worked out, to two decimals."""
    doctors = read_number(answers.items.get("doctor_count", ""))
    if doctors is None or not answers.served:
        return answers.items
    ratio = _rounded(doctors / answers.served * 1000, 2)
    return {**answers.items, "doctor_ratio": str(ratio)}


def _is_absent(item: Item, text: str, answers: AuditAnswers) -> bool:
    if item.code == "doctor_post":
        return answers.has_own_doctor is True
    return item.may_be_absent and text == "na"


def _is_waived(item: Item, answers: AuditAnswers) -> bool:
    if item.code != "doctor_count" or answers.has_own_doctor is not False:
        return False
    days = read_number(answers.items.get("doctor_post", ""))
    return days is not None and days >= POSTED_DOCTOR_DAYS


def _rounded(number: float, places: int) -> float:
    """Return `number` rounded half up on its decimal text, as round() of an XForm does."""
    step = Decimal(1).scaleb(-places)
    return float(Decimal(repr(number)).quantize(step, rounding=ROUND_HALF_UP))


def _result(score: float | None, vetoes: list[str]) -> str:
    if vetoes or score is None or score < PASS_SCORE:
        return "fail"
    return "excellent" if score >= EXCELLENT_SCORE else "pass"
