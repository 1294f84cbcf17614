"""Measurements far from those of persons like this one, and numbers that may mean "not known".

A person is compared with others of the same form, sex and age band; where these are too few, with
both sexes of the band, and a grown person with all grown persons. Children are never compared with
others of another age.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.survey.quality import spread
from server.survey.quality.records.facts import (
    BANDS,
    FIRST_ADULT_BAND,
    UNKNOWN_STRATUM,
    Facts,
    band_of,
)
from server.survey.quality.records.found import READING, STRAY_CODE, Found

# Values of these that lie far to one side are what the survey looks for, and no mistakes: a high
# pressure, a fever, little blood. They have their limits (R1); the other side alone is judged.
ILLNESS_IS_HIGH = ("sbp", "dbp", "glucose", "fbg", "rbg", "hba1c", "temp", "resp")
ILLNESS_IS_LOW = ("hb", "spo2")
# Follow from other answers, or are a yes and no.
DERIVED = ("bmi", "fasting", "pulse_pressure")
# What forms of other programs write for "not known", "refused", "does not apply".
STRAY = (-9.0, -99.0, -999.0, 99.0, 999.0, 9999.0)

Indexes = NDArray[np.int64]


def found(facts: Facts, chosen: Mapping[str, float]) -> Iterator[Found]:
    """Give the readings that stand apart, and one line for each number that may be a code."""
    readings = facts.readings
    if not len(readings):
        return
    forms = facts.told["form"][facts.of_reading].astype(np.int64)
    kinds = forms << 32 | readings["name"].astype(np.int64)
    order = np.argsort(kinds, kind="stable")
    _, starts = np.unique(kinds[order], return_index=True)
    for group in np.split(order, starts[1:]):
        name = facts.words[int(readings["name"][group[0]])]
        group, stray = _without_codes(facts, group, name, chosen)
        yield from stray
        if name not in DERIVED:
            yield from _apart(facts, group, name, chosen)


def _without_codes(
    facts: Facts, group: Indexes, name: str, chosen: Mapping[str, float]
) -> tuple[Indexes, list[Found]]:
    """Return the readings without what looks like a code for "not known", and a hint for each."""
    hints = []
    for code in STRAY:
        values = facts.readings["value"][group]
        is_code = values == code
        times = int(is_code.sum())
        others = values[~is_code]
        if times < chosen["stray_code.times"] or len(others) < chosen["reading.fewest"]:
            continue
        low, high = np.quantile(others, [0.25, 0.75])
        next_to = others.max() if code > 0 else others.min()
        gap = code - next_to if code > 0 else next_to - code
        if gap <= chosen["stray_code.fence"] * (high - low):
            continue
        # The first record stands for all: what is to be mended is the form.
        first = facts.of_reading[group[is_code]].min()
        figures = {"name": name, "value": code, "events": times, "next": float(next_to)}
        form = facts.words[int(facts.told["form"][first])]
        where = f"{form}/{name}/{code:g}"
        hints.append(
            Found(STRAY_CODE, where, int(facts.ids[first]), {**figures, "form": form}, [where])
        )
        group = group[~is_code]
    return group, hints


def _apart(facts: Facts, group: Indexes, name: str, chosen: Mapping[str, float]) -> Iterator[Found]:
    fewest, z = int(chosen["reading.fewest"]), chosen["reading.z"]
    for of_whom, mine, everybody in _strata(facts.readings["stratum"][group], fewest):
        values = facts.readings["value"][group[everybody]]
        is_log = spread.is_right_skewed(values)
        told = np.log(values) if is_log else values
        is_mine = mine[everybody]
        is_apart = spread.is_apart(told, z, chosen["reading.fence"]) & is_mine
        is_apart &= _is_no_illness(name, values)
        if not is_apart.any():
            continue
        low, middle, high = (float(one) for one in np.quantile(values, [0.25, 0.5, 0.75]))
        for at in np.flatnonzero(is_apart):
            reading = facts.readings[group[everybody][at]]
            figures = {
                "name": name,
                "value": float(reading["value"]),
                "person": int(reading["position"]) + 1,
                "usual": middle,
                "low": low,
                "high": high,
                "tried": len(values),
                "stratum": of_whom,
            }
            where = int(facts.of_reading[group[everybody][at]])
            indicator = f"{name}/{figures['person']}"
            inputs = [name, figures["person"], figures["value"]]
            yield Found(READING, indicator, int(facts.ids[where]), figures, inputs)


def _is_no_illness(name: str, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which values lie on the side of the middle where no illness would put them."""
    middle, kind = np.median(values), name.rstrip("123")
    if kind in ILLNESS_IS_HIGH:
        return np.asarray(values < middle, np.bool_)
    if kind in ILLNESS_IS_LOW:
        return np.asarray(values > middle, np.bool_)
    return np.ones(len(values), np.bool_)


def _strata(
    strata: NDArray[Any], fewest: int
) -> Iterator[tuple[str, NDArray[np.bool_], NDArray[np.bool_]]]:
    """Give strata with whom they are compared: which readings are judged, and against which.

    The first word says who that is: stratum (same sex and age), band (same age) or grown.
    """
    bands = np.where(strata == UNKNOWN_STRATUM, UNKNOWN_STRATUM, strata % BANDS)
    is_grown = (bands >= FIRST_ADULT_BAND) & (bands != UNKNOWN_STRATUM)
    for stratum in np.unique(strata):
        if stratum == UNKNOWN_STRATUM:
            continue
        mine = strata == stratum
        of_band = bands == band_of(int(stratum))
        if mine.sum() >= fewest:
            yield "stratum", mine, mine
        elif of_band.sum() >= fewest:
            yield "band", mine, of_band
        elif band_of(int(stratum)) >= FIRST_ADULT_BAND and is_grown.sum() >= fewest:
            yield "grown", mine, is_grown
