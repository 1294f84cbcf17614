"""How long an interview took and when it was: far shorter than others, at night, out of the round.

Durations are compared as logarithms with interviews of the same form and about as many questions,
time on questions by the phone's own log with other logs, else end minus start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.survey.quality import spread
from server.survey.quality.records.facts import NO_MINUTE, NO_TIME, Facts
from server.survey.quality.records.found import CLOCK, DURATION, Found

# A form left open over lunch, or until the next day, says nothing of how long it took.
LEFT_OPEN_S = 8 * 3600
# Of interviews that all take about the same time a robust z alone would call nearly usual ones.
LARGEST_RATIO = 0.6
# Where more visits of a village are out of its round, the plan is what is wrong.
MOST_OUTSIDE = 0.05

NIGHT, OUTSIDE, JUMP, EARLY = "night", "outside", "jump", "early"


@dataclass(frozen=True, slots=True)
class Days:
    """First and last day of a village's round."""

    starts_on: date
    ends_on: date


def found(facts: Facts, chosen: Mapping[str, float], rounds: Mapping[int, Days]) -> Iterator[Found]:
    """Give the interviews that were far too short, and the times that cannot be right.

    `rounds` by village code as a number.
    """
    yield from _short(facts, chosen)
    yield from _night(facts, chosen)
    yield from _outside(facts, rounds)
    told = facts.told
    for at in np.flatnonzero(told["back"] > chosen["clock.jump_minutes"] * 60):
        minutes = round(float(told["back"][at]) / 60)
        yield _clock(facts, at, JUMP, {"minutes": minutes}, [minutes])
    for at in np.flatnonzero(told["early"]):
        yield _clock(facts, at, EARLY, _start(facts, at), [int(told["started"][at])])


def _short(facts: Facts, chosen: Mapping[str, float]) -> Iterator[Found]:
    told = facts.told
    for is_log, took in ((True, told["active"]), (False, told["took"])):
        is_judged = told["met"] & (took > 0) & (took <= LEFT_OPEN_S)
        is_judged &= np.isnan(told["active"]) != is_log
        for compared, group in _by_length(facts, np.flatnonzero(is_judged), chosen):
            yield from _shorter(facts, group, took[group], took[compared], chosen, is_log)


def _by_length(
    facts: Facts, judged: NDArray[np.int64], chosen: Mapping[str, float]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Give whom to compare with and who is judged: forms by doublings of the questions asked.

    Where too few forms are about as long, with all of the form; nobody where those are too few.
    """
    fewest = int(chosen["duration.fewest"])
    forms = facts.told["form"][judged]
    length = np.log2(1 + facts.told["asked"][judged]).astype(np.int64)
    for form in np.unique(forms):
        of_form = forms == form
        for one in np.unique(length[of_form]):
            mine = of_form & (length == one)
            if mine.sum() >= fewest:
                yield judged[mine], judged[mine]
            else:
                yield judged[of_form] if of_form.sum() >= fewest else judged[:0], judged[mine]


def _shorter(
    facts: Facts,
    group: NDArray[np.int64],
    seconds: NDArray[np.float64],
    compared: NDArray[np.float64],
    chosen: Mapping[str, float],
    is_log: bool,
) -> Iterator[Found]:
    is_short = seconds < chosen["duration.shortest_s"]
    usual = float(np.median(compared)) if len(compared) else None
    if usual is not None:
        z = spread.modified_z(np.log(seconds), np.log(compared))
        is_far = (z < -chosen["duration.z"]) & (seconds < LARGEST_RATIO * usual)
        is_short = is_far | (seconds < chosen["duration.floor"] * usual)
    for at in np.flatnonzero(is_short):
        figures = {
            "seconds": float(seconds[at]),
            "usual_s": usual,
            "tried": len(compared),
            "is_log": is_log,
        }
        submission_id = int(facts.ids[group[at]])
        yield Found(DURATION, "", submission_id, figures, [float(seconds[at])])


def _night(facts: Facts, chosen: Mapping[str, float]) -> Iterator[Found]:
    minute = facts.told["minute"]
    first, last = chosen["clock.first_hour"] * 60, chosen["clock.last_hour"] * 60
    is_night = (minute != NO_MINUTE) & ((minute < first) | (minute >= last)) & facts.told["met"]
    for at in np.flatnonzero(is_night):
        started = int(facts.told["started"][at])
        yield _clock(facts, at, NIGHT, {"minute": int(minute[at])}, [started])


def _outside(facts: Facts, rounds: Mapping[int, Days]) -> Iterator[Found]:
    told = facts.told
    visits = np.flatnonzero(told["household"] != 0)
    if not rounds or not len(visits):
        return
    visits = visits[np.argsort(told["village"][visits], kind="stable")]
    villages, starts = np.unique(told["village"][visits], return_index=True)
    for village, here in zip(villages.tolist(), np.split(visits, starts[1:]), strict=True):
        days = rounds.get(village)
        if days is None:
            continue
        on = told["day"][here]
        out = here[(on < days.starts_on.toordinal()) | (on > days.ends_on.toordinal())]
        if not len(out) or len(out) > max(1.0, MOST_OUTSIDE * len(here)):
            continue
        for at in out:
            day = date.fromordinal(int(told["day"][at])).isoformat()
            told_days = {"first": days.starts_on.isoformat(), "last": days.ends_on.isoformat()}
            yield _clock(facts, at, OUTSIDE, {"day": day, **told_days}, [day])


def _start(facts: Facts, at: Any) -> dict[str, Any]:
    started = int(facts.told["started"][at])
    return {"started": None if started == NO_TIME else started}


def _clock(facts: Facts, at: Any, indicator: str, figures: dict[str, Any], inputs: Any) -> Found:
    return Found(CLOCK, indicator, int(facts.ids[at]), figures, inputs)
