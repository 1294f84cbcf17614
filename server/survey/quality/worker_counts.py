"""What each phone measured, found and left out, and how long it took: the inputs of checks.

Sums up the blocks (worker_blocks) with arrays: seconds for a million submissions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from server.survey.quality.worker_blocks import FOUND, NO_TIME, Columns, Told, Whole
from server.survey.quality.worker_readings import PRESSURE, WHOLE
from server.survey.quality.worker_statistics import Numbers

# A form left open over lunch, or until the next day, says nothing of how long it took.
LEFT_OPEN_S = 8 * 3600
# Nobody was asked anything.
SHORT_OUTCOMES = ("refused", "absent", "vacated")
SYSTOLIC, DIASTOLIC = "systolic", "diastolic"
# What a colleague next door reads much the same of: not height and weight, which go by age.
LEVELS = (SYSTOLIC, DIASTOLIC, "pulse", "waist", "temp", "glucose", "fbg")

_Mask = NDArray[np.bool_]
_Kind = TypeVar("_Kind", np.int64, np.float64)
Events = tuple[int, int]
"""How many of how many."""


@dataclass(frozen=True)
class Counted:
    """All that is counted of workers; `told` are the blocks, `townships` those of villages.

    `explained` are pairs of an indicator and a village whose count stands apart by itself: it is
    a village's matter already, and counts for no worker.
    """

    told: Told
    townships: Mapping[str, str]
    explained: frozenset[tuple[str, str]] = frozenset()

    @cached_property
    def township(self) -> dict[int, str]:
        """The township where each phone made most of its visits."""
        phones, towns = self._visit("phone"), self._town_of[self._visit("village")]
        found: dict[int, tuple[int, str]] = {}
        for (phone, town), number in _tally(phones, towns):
            one = (-number, self._towns[town])
            found[phone] = min(one, found.get(phone, one))
        return {phone: name for phone, (_, name) in found.items()}

    def readings(self) -> Iterator[tuple[str, dict[int, Whole]]]:
        """Give each reading's name with all values by phone, as in worker_blocks.Told."""
        names = self._reading("name")
        for number in np.unique(names):
            is_it = names == number
            phones, values = self._reading("phone")[is_it], self._reading("value")[is_it]
            yield self.told.words[number], _by_phone(phones, values)

    def digits(self, name: str, values: Whole) -> dict[str, list[int]]:
        """Return how often values end in 0, 1, … 9; of a pressure both numbers."""
        if name == PRESSURE:
            return {SYSTOLIC: _last(values // 1000), DIASTOLIC: _last(values % 1000)}
        return {name: _last(values // 10)} if name in WHOLE else {}

    def levels(self) -> Iterator[tuple[str, dict[int, Numbers]]]:
        """Give the readings whose height is compared, by phone."""
        for name, by_phone in self.readings():
            if name == PRESSURE:
                yield SYSTOLIC, {one: _floats(told // 1000) for one, told in by_phone.items()}
                yield DIASTOLIC, {one: _floats(told % 1000) for one, told in by_phone.items()}
            elif name in LEVELS:
                yield name, {one: _floats(told) / 10 for one, told in by_phone.items()}

    def durations(self) -> Iterator[tuple[str, dict[int, Numbers]]]:
        """Give each form with the seconds its interviews took, by phone, in order."""
        took = self._visit("end_s") - self._visit("start_s")
        forms = self._visit("form")
        for number in np.unique(forms):
            is_it = self._is_timed & self._is_asked & (forms == number)
            if is_it.any():
                by_phone = _by_phone(self._visit("phone")[is_it], took[is_it].astype(np.float64))
                yield self.told.words[number], {one: np.sort(by_phone[one]) for one in by_phone}

    def spans(self) -> dict[int, tuple[Numbers, Numbers]]:
        """Return beginnings and ends of the interviews of each phone, in seconds."""
        timed = self._is_timed
        phones = self._visit("phone")[timed]
        starts, ends = (
            _by_phone(phones, self._visit(name)[timed].astype(np.float64))
            for name in ("start_s", "end_s")
        )
        return {one: (starts[one], ends[one]) for one in starts}

    def begun(self) -> tuple[Whole, Whole]:
        """Return phones and local seconds since 1970 of all interviews that were begun."""
        is_it = self._is_timed & self._is_asked
        local = self._visit("start_s")[is_it] + self._visit("offset_s")[is_it]
        return self._visit("phone")[is_it], local

    @cached_property
    def shares(self) -> dict[str, dict[int, dict[str, Events]]]:
        """How many of how many, by indicator, phone and township; disease codes, too."""
        told: dict[str, dict[tuple[int, str], Events]] = defaultdict(dict)
        rows = {
            (phone, village, name): (events, tried)
            for phone, village, name, events, tried in self._share_sums()
        }
        for (phone, village, number), (events, tried) in rows.items():
            name, place = self.told.words[number], self.told.words[village]
            if not tried:
                # Persons screened are counted once, for all that may be found of them.
                _, tried = rows.get((phone, village, self._number(FOUND)), (0, 0))
            if tried and (name, place) not in self.explained:
                told[name][phone, place] = (events, tried)
        for name in [one for one in told if self._is_code(one)]:
            for phone, place in told[FOUND].keys() - told[name].keys():
                if (name, place) not in self.explained:
                    told[name][phone, place] = (0, told[FOUND][phone, place][1])
        return {name: self._by_township(of) for name, of in sorted(told.items())}

    def stale(self) -> Iterator[tuple[str, dict[int, Events]]]:
        """Give each form with how many of a phone's last interviews came on a replaced version.

        And of how many in all; 0 when the last one came on a version that was not.
        """
        is_begun = self._visit("start_s") != NO_TIME
        forms, stale = self._visit("form"), self._visit("stale")
        for number in np.unique(forms[stale == 1]):
            is_it = is_begun & (forms == number)
            order = np.argsort(self._visit("start_s")[is_it], kind="stable")
            by_phone = _by_phone(self._visit("phone")[is_it][order], stale[is_it][order])
            yield (
                self.told.words[number],
                {one: (_run_at_end(marks), len(marks)) for one, marks in by_phone.items()},
            )

    def _is_code(self, name: str) -> bool:
        return name in self._codes

    @cached_property
    def _codes(self) -> frozenset[str]:
        """Words that are counted without how many were tried: diseases and clues."""
        names, tried = self._share("name"), self._share("tried")
        return frozenset(self.told.words[one] for one in np.unique(names[tried == 0]))

    def _number(self, word: str) -> int:
        return self._numbers.get(word, -1)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: at for at, word in enumerate(self.told.words)}

    def _share_sums(self) -> Iterator[tuple[int, int, int, int, int]]:
        phones, villages, names = (self._share(one) for one in ("phone", "village", "name"))
        if not len(phones):
            return
        # One number for all three: sorting rows takes twenty times as long.
        wide = len(self.told.words)
        keys, at = np.unique((phones * wide + villages) * wide + names, return_inverse=True)
        events, tried = (
            np.bincount(at, weights=self._share(one), minlength=len(keys)).astype(np.int64)
            for one in ("events", "tried")
        )
        for key, *counts in zip(keys.tolist(), events.tolist(), tried.tolist(), strict=True):
            place, name = divmod(key, wide)
            phone, village = divmod(place, wide)
            yield phone, village, name, counts[0], counts[1]

    def _by_township(self, of: Mapping[tuple[int, str], Events]) -> dict[int, dict[str, Events]]:
        found: dict[int, dict[str, Events]] = defaultdict(dict)
        for (phone, village), (events, tried) in sorted(of.items()):
            town = self.townships.get(village, "")
            before = found[phone].get(town, (0, 0))
            found[phone][town] = (before[0] + events, before[1] + tried)
        return dict(found)

    @cached_property
    def _towns(self) -> list[str]:
        return sorted({self.townships.get(word, "") for word in self.told.words})

    @cached_property
    def _town_of(self) -> Whole:
        places = {town: at for at, town in enumerate(self._towns)}
        return np.array(
            [places[self.townships.get(word, "")] for word in self.told.words], np.int64
        )

    @cached_property
    def _is_timed(self) -> _Mask:
        starts, ends = self._visit("start_s"), self._visit("end_s")
        took = ends - starts
        known: _Mask = (starts != NO_TIME) & (ends != NO_TIME) & (took >= 0) & (took <= LEFT_OPEN_S)
        return known

    @cached_property
    def _is_asked(self) -> _Mask:
        short = [self._number(word) for word in SHORT_OUTCOMES]
        asked: _Mask = ~np.isin(self._visit("outcome"), short)
        return asked

    def _visit(self, name: str) -> Whole:
        return self.told.visits[:, Columns.VISIT.index(name)].astype(np.int64)

    def _reading(self, name: str) -> Whole:
        return self.told.readings[:, Columns.READING.index(name)].astype(np.int64)

    def _share(self, name: str) -> Whole:
        return self.told.shares[:, Columns.SHARE.index(name)].astype(np.int64)


def _by_phone(phones: Whole, values: NDArray[_Kind]) -> dict[int, NDArray[_Kind]]:
    """Return the values of each phone, in the order given."""
    order = np.argsort(phones, kind="stable")
    keys, starts = np.unique(phones[order], return_index=True)
    parts = np.split(values[order], starts[1:])
    return dict(zip(keys.tolist(), parts, strict=True)) if len(keys) else {}


def _floats(values: Whole) -> Numbers:
    return values.astype(np.float64)


def _last(values: Whole) -> list[int]:
    counts: list[int] = np.bincount(values % 10, minlength=10).tolist()
    return counts


def _tally(one: Whole, other: Whole) -> Iterator[tuple[tuple[int, int], int]]:
    """Give each pair of numbers with how often it stands, in order."""
    if not len(one):
        return
    wide = int(other.max()) + 1
    keys, counts = np.unique(one * wide + other, return_counts=True)
    for key, number in zip(keys.tolist(), counts.tolist(), strict=True):
        yield divmod(key, wide), number


def _run_at_end(marks: Whole) -> int:
    others = np.flatnonzero(marks == 0)
    return len(marks) - (int(others[-1]) + 1 if len(others) else 0)
