"""The questions of a back-check, and how its answers are held against the first interview. Pure.

Type 1 is what everybody knows and what does not change: another answer means that somebody asked
badly, or did not ask. Type 2 needs a careful question. Type 3 may differ for good reasons, as
readings do from day to day (Innovations for Poverty Action, back check manual).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

from forms.values import read_number
from server.survey.quality.intervals import wilson

Verdict = Literal["flag", "watch", "usual", "too_few"]
DO_NOT_KNOW = "unk"
NORMAL_95 = 1.959963984540054
# One answer that differs is a slip; two of one kind are worth a talk.
FEWEST_DIFFERING = 2


@dataclass(frozen=True, slots=True)
class Question:
    """One question by its concept after "backcheck.".

    `type` is 1, 2 or 3. Numbers match within `tolerance`; None where the answer is one of a list.
    """

    name: str
    type: int
    tolerance: float | None = None


# Years: families count by the moon or by the card. What readings may be apart is our own choice,
# wide enough for another day and another device: they are shown and judged by nobody.
QUESTIONS: tuple[Question, ...] = (
    Question("visited", 1),
    Question("household.size", 1, 0),
    Question("known", 1),
    Question("person.sex", 1),
    Question("person.birth_year", 1, 1),
    Question("household.kind", 2),
    Question("person.residence", 2),
    Question("measure.height", 3, 2),
    Question("measure.weight", 3, 3),
    Question("measure.sbp1", 3, 20),
    Question("measure.dbp1", 3, 12),
)
BY_NAME = {one.name: one for one in QUESTIONS}


@dataclass(frozen=True, slots=True)
class Pair:
    """One question answered twice."""

    question: Question
    first: str
    second: str
    differs: bool

    @property
    def difference(self) -> float | None:
        """The second answer minus the first, for a number."""
        first, second = read_number(self.first), read_number(self.second)
        if self.question.tolerance is None or first is None or second is None:
            return None
        return second - first


def pairs(first: Mapping[str, str], second: Mapping[str, str]) -> list[Pair]:
    """Return the questions that were answered both times, in their order.

    What somebody did not know, and a number that is none, is not held against anybody.
    """
    found = []
    for question in QUESTIONS:
        before, after = first.get(question.name, ""), second.get(question.name, "")
        if not before or not after or DO_NOT_KNOW in (before, after):
            continue
        if question.tolerance is None:
            found.append(Pair(question, before, after, before != after))
            continue
        numbers = read_number(before), read_number(after)
        if numbers[0] is not None and numbers[1] is not None:
            apart = abs(numbers[1] - numbers[0])
            found.append(Pair(question, before, after, apart > question.tolerance + 1e-9))
    return found


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """How often answers to one question differ.

    `low` and `high` are Wilson's 95 % interval of the share. For numbers `mean` is the second
    answer minus the first on average, and `lower` and `upper` are the 95 % limits of agreement
    (Bland and Altman 1986); None for what is no number, and for a single pair.
    """

    question: Question
    tried: int
    differing: int
    low: float
    high: float
    mean: float | None = None
    lower: float | None = None
    upper: float | None = None

    @property
    def share(self) -> float:
        """Differing over tried; 0 where nothing was tried."""
        return self.differing / self.tried if self.tried else 0.0

    def verdict(self, least: float, limit: float) -> Verdict:
        """Say what to make of it, from `least` answers on; `limit` is the share that is too much.

        Type 1 asks for a talk, type 2 for a look; type 3 is shown and judged by nobody.
        """
        if self.tried < least:
            return "too_few"
        is_much = self.share >= limit and self.differing >= FEWEST_DIFFERING
        if not is_much or self.question.type == 3:
            return "usual"
        return "flag" if self.question.type == 1 else "watch"


def error_rate(question: Question, several: Sequence[Pair]) -> ErrorRate:
    """Return the error rate of one question's pairs."""
    differing = sum(one.differs for one in several)
    low, high = wilson(differing, len(several))
    apart = [one.difference for one in several if one.difference is not None]
    if len(apart) < 2:
        return ErrorRate(question, len(several), differing, low, high)
    mean, spread = fmean(apart), NORMAL_95 * stdev(apart)
    bounds = (mean, mean - spread, mean + spread)
    return ErrorRate(question, len(several), differing, low, high, *bounds)


def error_rates(several: Iterable[Pair]) -> list[ErrorRate]:
    """Return the error rate of every question that was answered twice, in their order."""
    by_name: dict[str, list[Pair]] = {}
    for one in several:
        by_name.setdefault(one.question.name, []).append(one)
    return [
        error_rate(question, by_name[question.name])
        for question in QUESTIONS
        if question.name in by_name
    ]
