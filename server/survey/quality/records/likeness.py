"""Records whose answers are almost those of another one, and records with many questions blank.

Both are compared within the records of one phone and form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.survey.quality import spread
from server.survey.quality.records.facts import Facts
from server.survey.quality.records.found import SAME_ANSWERS, UNANSWERED, Found

_BLOCK = 256

Indexes = NDArray[np.int64]


def found(facts: Facts, chosen: Mapping[str, float]) -> Iterator[Found]:
    """Give records almost the same as another one, and records with far more blank than usual."""
    told = facts.told
    mine = np.flatnonzero(told["phone"] != 0)
    order = np.lexsort((facts.ids[mine], told["started"][mine], told["phone"][mine]))
    mine = mine[order]
    forms = told["form"][mine]
    for form in np.unique(forms):
        of_form = mine[forms == form]
        _, starts = np.unique(told["phone"][of_form], return_index=True)
        groups = np.split(of_form, starts[1:])
        yield from _same(facts, groups, chosen)
        for group in groups:
            yield from _blank(facts, group, chosen)


def _blank(facts: Facts, group: Indexes, chosen: Mapping[str, float]) -> Iterator[Found]:
    told = facts.told[group]
    is_judged = told["met"] & (told["asked"] >= chosen["unanswered.fewest_asked"])
    group, told = group[is_judged], told[is_judged]
    asked, blank = told["asked"], told["blank"]
    if len(group) < chosen["unanswered.fewest"]:
        return
    shares = blank / asked
    is_far = (spread.modified_z(shares) > chosen["unanswered.z"]) & (
        shares >= chosen["unanswered.floor"]
    )
    usual = float(np.median(shares))
    for at in np.flatnonzero(is_far):
        figures = {
            "blank": int(blank[at]),
            "asked": int(asked[at]),
            "usual": usual * int(asked[at]),
            "tried": len(group),
        }
        inputs = [int(blank[at]), int(asked[at])]
        yield Found(UNANSWERED, "", int(facts.ids[group[at]]), figures, inputs)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A record and the one nearest to it, of `tried` answers in both `same` equal."""

    mine: int
    theirs: int
    share: float
    same: int
    tried: int


def _same(facts: Facts, groups: list[Indexes], chosen: Mapping[str, float]) -> Iterator[Found]:
    """Give the later of two records that are nearest to one another and among the nearest of all.

    Forms of few choices are alike by nature: so a pair must be far nearer than the nearest others
    of the form, by a robust deviation, and among its `top` share.
    """
    begins = np.concatenate(([0], np.cumsum(facts.told["answers"], dtype=np.int64)))
    fewest = int(chosen["same_answers.fewest_answers"])
    shares: list[NDArray[np.float64]] = []
    pairs: list[_Pair] = []
    for group in groups:
        judged = group[facts.told["answers"][group] >= fewest]
        if len(judged) < chosen["same_answers.fewest_records"]:
            continue
        share, other, same, tried = nearest(_table(facts, judged, begins), fewest)
        shares.append(share[tried > 0])
        for at in np.flatnonzero(share >= chosen["same_answers.share"]):
            if other[other[at]] != at or at > other[at]:
                theirs = int(judged[other[at]])
                told = (float(share[at]), int(same[at]), int(tried[at]))
                pairs.append(_Pair(int(judged[at]), theirs, *told))
    if not pairs:
        return
    everybody = np.sort(np.concatenate(shares))
    apart = spread.modified_z(np.array([pair.share for pair in pairs]), everybody)
    most = max(2, ceil(chosen["same_answers.top"] * len(everybody)))
    for pair, z in zip(pairs, apart, strict=True):
        as_near = len(everybody) - int(np.searchsorted(everybody, pair.share))
        if as_near > most or z <= chosen["same_answers.z"]:
            continue
        other_id = int(facts.ids[pair.theirs])
        figures = {"same": pair.same, "tried": pair.tried, "other": other_id}
        inputs = [other_id, pair.same, pair.tried]
        yield Found(SAME_ANSWERS, "", int(facts.ids[pair.mine]), figures, inputs)


def _table(facts: Facts, group: Indexes, begins: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return answers by record and question, 0 for none; questions all answer alike left out."""
    parts = [facts.answers[begins[one] : begins[one + 1]] for one in group]
    answers = np.concatenate(parts)
    rows = np.repeat(np.arange(len(group)), [len(part) for part in parts])
    questions, columns = np.unique(answers["question"], return_inverse=True)
    table = np.zeros((len(group), len(questions)), np.uint8)
    table[rows, columns] = answers["answer"]
    largest = table.max(axis=0)
    smallest = np.where(table == 0, 255, table).min(axis=0)
    return table[:, largest != smallest]


def nearest(table: NDArray[np.uint8], fewest: int) -> tuple[Any, Any, Any, Any]:
    """Return each record's largest share of equal answers with another, and that one's number.

    And how many were equal, and compared: answered in both. Pairs with fewer than `fewest`
    compared answers do not count: with nobody else, all three figures are 0. Of several the first.
    """
    records = len(table)
    is_told = (table != 0).astype(np.float32)
    columns = np.ascontiguousarray(table.T)
    best, other, same, tried = (np.zeros(records, one) for one in (float, int, int, int))
    for start in range(0, records, _BLOCK):
        block = slice(start, min(start + _BLOCK, records))
        equal = np.zeros((block.stop - start, records), np.uint16)
        for column in columns:
            mine = column[block]
            equal += (mine[:, None] == column[None]) & (mine != 0)[:, None]
        compared = is_told[block] @ is_told.T
        share = np.where(compared >= fewest, equal / np.maximum(compared, 1), 0)
        share[np.arange(block.stop - start), np.arange(start, block.stop)] = -1
        at = share.argmax(axis=1)
        each = np.arange(len(at))
        best[block], other[block] = share[each, at], at
        is_pair = compared[each, at] >= fewest
        same[block], tried[block] = equal[each, at], compared[each, at] * is_pair
    return np.maximum(best, 0), other, same * (tried > 0), tried
