"""Checks on what workers read off and how long they took: digits, values, levels and times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from server.survey.quality import worker_statistics
from server.survey.quality.worker_counts import Counted
from server.survey.quality.worker_lines import (
    CLUSTERING,
    DIGITS,
    LEVEL,
    OVERLAPS,
    PACE,
    REPEATS,
    SPEED,
    Line,
    by_township,
    inputs_of,
)
from server.survey.quality.worker_readings import PRESSURE, WHOLE, pressure
from server.survey.quality.worker_shares import (
    Limits,
    Share,
    benjamini_hochberg,
    step_of,
    too_many,
)
from server.survey.quality.worker_statistics import MedianVerdict, Numbers

INTERVIEWS = "interviews"
"""The indicator of what concerns all interviews of a phone."""

# Who is measured again has the same height, and much the same weight and waist.
_REPEATED = (PRESSURE, "pulse", "temp")
_HOUR_S, _DAY_S = 3600, 86_400


def digits(counted: Counted, chosen: Mapping[str, float]) -> Iterator[Line]:
    """Last digits of readings against evenly (W4)."""
    for name, by_phone in counted.readings():
        for phone_id, values in by_phone.items():
            for indicator, counts in counted.digits(name, values).items():
                found = worker_statistics.digits(
                    counts, fewest=chosen["digits.fewest"], p=chosen["digits.p"],
                    v=chosen["digits.v"],
                )  # fmt: skip
                figures = {
                    "counts": counts,
                    "tried": sum(counts),
                    "even_only": found.is_even_only,
                    "expected": found.expected,
                    "p": found.p,
                    "v": found.v,
                }
                most = max(range(10), key=counts.__getitem__)
                inputs = inputs_of(step_of(sum(counts)), most)
                yield Line(
                    DIGITS, indicator, counted.township[phone_id], phone_id, figures,
                    found.verdict, inputs,
                )  # fmt: skip


def repeats(counted: Counted, chosen: Mapping[str, float]) -> Iterator[Line]:
    """The most frequent value against colleagues of the township (W5)."""
    for name, by_phone in counted.readings():
        if name not in _REPEATED:
            continue
        shares, most = {}, {}
        for phones in by_township(by_phone, counted.township).values():
            everybody = np.concatenate(list(phones.values()))
            for phone_id, values in phones.items():
                kinds, counts = np.unique(values, return_counts=True)
                value, events = int(kinds[counts.argmax()]), int(counts.max())
                theirs = int((everybody == value).sum()) - events
                most[phone_id] = _value(name, value)
                shares[phone_id] = Share(
                    events, len(values), theirs, len(everybody) - len(values), len(kinds)
                )
        more = {phone_id: {"value": value} for phone_id, value in most.items()}
        yield from share_lines(REPEATS, name, counted.township, shares, chosen, more)


def _value(name: str, value: int) -> str:
    if name == PRESSURE:
        return "/".join(map(str, pressure(value)))
    return str(value // 10) if name in WHOLE else str(value / 10)


def share_lines(
    check: str,
    indicator: str,
    township: Mapping[int, str],
    shares: Mapping[int, Share],
    chosen: Mapping[str, float],
    more: Mapping[int, Mapping[str, Any]],
) -> Iterator[Line]:
    """Judge whose share is too large; `more` are further figures by phone."""
    limits = Limits(
        chosen[f"{check}.fewest"],
        chosen[f"{check}.q"],
        chosen[f"{check}.smallest_ratio"],
        chosen.get(f"{check}.smallest_share", 0.0),
    )
    told = too_many(list(shares.values()), limits)
    for (phone_id, share), found in zip(shares.items(), told, strict=True):
        figures = {
            **more.get(phone_id, {}),
            "events": share.events,
            "tried": share.tried,
            "colleague_events": share.colleague_events,
            "colleague_tried": share.colleague_tried,
            "expected": found.expected,
            "p": found.p,
            "q": found.q,
        }
        inputs = inputs_of(step_of(share.events), more.get(phone_id, {}).get("value"))
        yield Line(check, indicator, township[phone_id], phone_id, figures, found.verdict, inputs)


def speed(counted: Counted, chosen: Mapping[str, float]) -> Iterator[Line]:
    """The median time of a form against colleagues of the township (W8)."""
    for form_id, by_phone in counted.durations():
        for town, phones in by_township(by_phone, counted.township).items():
            for phone_id, own in phones.items():
                theirs = _others(phones, phone_id)
                found = worker_statistics.speed(
                    own, theirs, fewest=chosen["speed.fewest"], ratio=chosen["speed.ratio"]
                )
                figures = {
                    "tried": len(own),
                    "colleague_tried": len(theirs),
                    "median_s": found.median_s,
                    "usual_s": found.usual_s,
                    "quartiles_s": _quartiles(own),
                    "usual_quartiles_s": _quartiles(theirs),
                }
                inputs = inputs_of(step_of(len(own)))
                yield Line(SPEED, form_id, town, phone_id, figures, found.verdict, inputs)


def _quartiles(several: Numbers) -> list[float] | None:
    """Return the tenth, 25th, 75th and 90th of a hundred, in order."""
    if not len(several):
        return None
    return [float(one) for one in np.quantile(several, (0.1, 0.25, 0.75, 0.9))]


def _others(phones: Mapping[int, Numbers], phone_id: int) -> Numbers:
    others = [one for other, one in phones.items() if other != phone_id]
    return np.concatenate(others) if others else np.empty(0)


def overlaps(counted: Counted, chosen: Mapping[str, float]) -> Iterator[Line]:
    """Interviews open while another one was, against colleagues of the township (W8)."""
    shares: dict[int, Share] = {}
    spans = counted.spans()
    for phones in by_township(spans, counted.township).values():
        events = {one: worker_statistics.overlapping(*span) for one, span in phones.items()}
        tried = {one: len(starts) for one, (starts, _) in phones.items()}
        for one in phones:
            shares[one] = Share(
                events[one],
                tried[one],
                sum(events.values()) - events[one],
                sum(tried.values()) - tried[one],
            )
    yield from share_lines(OVERLAPS, INTERVIEWS, counted.township, shares, chosen, {})


def pace(counted: Counted, chosen: Mapping[str, float]) -> Iterator[Line]:
    """Days with more interviews in a working hour than on 99 of 100 days of colleagues (W8).

    An hour is worked when an interview begins in it.
    """
    by_phone = _an_hour(counted)
    shares: dict[int, Share] = {}
    more: dict[int, dict[str, Any]] = {}
    for phones in by_township(by_phone, counted.township).values():
        for phone_id, own in phones.items():
            theirs = _others(phones, phone_id)
            limit = float(np.quantile(theirs, 0.99)) if len(theirs) else 0.0
            above = int((own > limit).sum()) if len(theirs) else 0
            shares[phone_id] = Share(above, len(own), int((theirs > limit).sum()), len(theirs))
            more[phone_id] = {"limit": limit, "most": float(own.max())}
    yield from share_lines(PACE, INTERVIEWS, counted.township, shares, chosen, more)


def _an_hour(counted: Counted) -> dict[int, Numbers]:
    """Return interviews a working hour, of each day, by phone."""
    phones, local = counted.begun()
    if not len(phones):
        return {}
    hours = np.unique(np.stack([phones, local // _HOUR_S]), axis=1, return_counts=True)
    (phone_of, hour), number = hours[0], hours[1]
    days, at = np.unique(
        np.stack([phone_of, hour * _HOUR_S // _DAY_S]), axis=1, return_inverse=True
    )
    at = at.ravel()
    a_day = np.bincount(at, weights=number) / np.bincount(at)
    return {int(one): a_day[days[0] == one] for one in np.unique(days[0])}


def level(counted: Counted, chosen: Mapping[str, float]) -> Iterator[Line]:
    """The middle reading against all readings of the township (W2)."""
    fewest = chosen["level.fewest"]
    for name, by_phone in counted.levels():
        held: dict[int, tuple[str, Numbers, int, MedianVerdict | None]] = {}
        for town, phones in by_township(by_phone, counted.township).items():
            everybody = np.concatenate(list(phones.values()))
            for phone_id, own in phones.items():
                theirs = len(everybody) - len(own)
                is_judged = min(len(own), theirs) >= fewest
                told = worker_statistics.median_among(own, everybody) if is_judged else None
                held[phone_id] = (town, own, theirs, told)
        judged = [one for one, (_, _, _, told) in held.items() if told]
        ps = [told.p for _, _, _, told in held.values() if told]
        qs = dict(zip(judged, benjamini_hochberg(ps), strict=True))
        for phone_id, (town, own, theirs, told) in held.items():
            figures: dict[str, Any] = {"tried": len(own), "colleague_tried": theirs}
            verdict, is_above = "too_few", None
            if told:
                q = qs[phone_id]
                is_far = abs(told.apart) >= chosen["level.smallest_difference"]
                verdict = "flag" if q <= chosen["level.q"] and is_far else "usual"
                is_above = told.apart > 0
                figures |= {
                    "median": told.median, "usual": told.usual, "apart": told.apart,
                    "p": told.p, "q": q,
                }  # fmt: skip
            inputs = inputs_of(step_of(len(own)), is_above)
            yield Line(LEVEL, name, town, phone_id, figures, verdict, inputs)


def clustering(counted: Counted, chosen: Mapping[str, float]) -> Iterator[Line]:
    """How much of the differences between readings lies between workers of a township (W3)."""
    fewest = chosen["clustering.fewest"]
    for name, by_phone in counted.levels():
        for town, phones in by_township(by_phone, counted.township).items():
            groups = [own for own in phones.values() if len(own) >= fewest]
            figures: dict[str, Any] = {
                "workers": len(groups), "tried": sum(len(one) for one in groups),
                "limit": chosen["clustering.icc"],
            }  # fmt: skip
            verdict = "too_few"
            if len(groups) >= chosen["clustering.fewest_workers"]:
                figures["icc"] = worker_statistics.icc(groups)
                verdict = "watch" if figures["icc"] > chosen["clustering.icc"] else "usual"
            inputs = inputs_of(step_of(figures["tried"]), len(groups))
            yield Line(CLUSTERING, name, town, None, figures, verdict, inputs)
