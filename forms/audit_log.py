"""The audit log that ODK Collect writes beside a submission: how the form was gone through.

A CSV with columns event, node, start, end (milliseconds since 1970), and where the form asks for
them latitude, longitude, accuracy, old-value, new-value, user, change-reason. Format: ODK XForms
specification, "audit". The file comes from a phone: what cannot be read is counted and passed over.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from forms.values import read_geopoint, read_number

FILE = "audit.csv"
MAX_BYTES = 5_000_000
MAX_LINES = 50_000
_POSITION = re.compile(r"\[(\d+)\]")
_QUESTION = "question"
# A phone that lies about its clock may tell of days; a question takes no longer than one.
LONGEST_MS = 86_400_000
# The year 9999: later moments are no moments.
LATEST_MS = 253_402_300_799_999


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question as it was gone through: `path` without positions, seconds on screen in all.

    `position` are the numbers of the repetitions around it. `times` it was on screen, `changes`
    how often its answer became another one.
    """

    path: str
    position: tuple[int, ...]
    seconds: float
    times: int
    changes: int


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """Where the phone was at a moment, in ms since 1970."""

    at_ms: int
    latitude: float
    longitude: float
    accuracy_m: float | None


@dataclass(frozen=True, slots=True)
class AuditLog:
    """How a form was gone through. Questions stand in the order they were first seen.

    `seconds` is the time on questions, `span_s` from the first event to the last; `jumps_back`
    counts returns to a question seen before another one; `pauses` the times the form was left and
    taken up again. `unread` lines made no sense. `back_s` is the farthest that the phone's clock
    went back from one event to the next: somebody set it meanwhile.
    """

    questions: tuple[AskedQuestion, ...] = ()
    seconds: float = 0
    span_s: float = 0
    jumps_back: int = 0
    pauses: int = 0
    changes: int = 0
    track: tuple[TrackPoint, ...] = ()
    unread: int = 0
    back_s: float = 0


@dataclass(slots=True)
class _Asked:
    place: int
    ms: int = 0
    times: int = 0
    changes: int = 0


@dataclass(slots=True)
class _Walk:
    asked: dict[tuple[str, tuple[int, ...]], _Asked] = field(default_factory=dict)
    last_place: int = -1
    jumps_back: int = 0
    pauses: int = 0
    track: list[TrackPoint] = field(default_factory=list)
    moments: list[int] = field(default_factory=list)
    unread: int = 0
    latest_ms: int = 0
    back_ms: int = 0


def read_audit(content: bytes) -> AuditLog:
    """Return what an audit log tells. Never raises: a broken file tells little or nothing."""
    walk = _Walk()
    text = content[:MAX_BYTES].decode("utf-8-sig", "replace").replace("\0", "")
    for line in _lines(text, walk):
        _take(line, walk)
    questions = tuple(
        AskedQuestion(*key, one.ms / 1000, one.times, one.changes)
        for key, one in walk.asked.items()
    )
    return AuditLog(
        questions=questions,
        seconds=sum(one.seconds for one in questions),
        span_s=(max(walk.moments) - min(walk.moments)) / 1000 if walk.moments else 0,
        jumps_back=walk.jumps_back,
        pauses=walk.pauses,
        changes=sum(one.changes for one in questions),
        track=tuple(sorted(walk.track, key=lambda one: one.at_ms)),
        unread=walk.unread,
        back_s=walk.back_ms / 1000,
    )


def _lines(text: str, walk: _Walk) -> Iterator[Mapping[str, str]]:
    table = csv.reader(io.StringIO(text, newline=""))
    try:
        head = [name.strip().lower() for name in next(table, [])]
        for number, line in enumerate(table):
            if number >= MAX_LINES:
                return
            if line:
                yield dict(zip(head, line, strict=False))
    except csv.Error:  # A cell without end, of more than 128 kB.
        walk.unread += 1


def _take(line: Mapping[str, str], walk: _Walk) -> None:
    start = _whole(line.get("start"))
    event = (line.get("event") or "").strip()
    if start is None or not event:
        walk.unread += 1
        return
    end = _whole(line.get("end"))
    walk.moments.extend(one for one in (start, end) if one is not None)
    if walk.latest_ms:
        walk.back_ms = max(walk.back_ms, walk.latest_ms - start)
    walk.latest_ms = start
    if point := _point(line, start):
        walk.track.append(point)
    if event == "form resume":
        walk.pauses += 1
    elif event == _QUESTION and line.get("node"):
        _ask(_node(line["node"]), start, end, _is_changed(line), walk)


def _ask(
    key: tuple[str, tuple[int, ...]], start: int, end: int | None, is_changed: bool, walk: _Walk
) -> None:
    asked = walk.asked.setdefault(key, _Asked(len(walk.asked)))
    walk.jumps_back += asked.place < walk.last_place
    walk.last_place = asked.place
    asked.times += 1
    asked.changes += is_changed
    if end is not None and start <= end:
        asked.ms += min(end - start, LONGEST_MS)


def _node(text: str) -> tuple[str, tuple[int, ...]]:
    """Return path and position of a node such as "/data/member[2]/pname"."""
    parts = text.strip().split("/")[2:] if text.startswith("/") else text.strip().split("/")
    position = tuple(int(one[:6]) for one in _POSITION.findall("/".join(parts)))
    return _POSITION.sub("", "/".join(parts)), position


def _is_changed(line: Mapping[str, str]) -> bool:
    old, new = line.get("old-value"), line.get("new-value")
    return bool(new) and old != new


def _point(line: Mapping[str, str], at_ms: int) -> TrackPoint | None:
    fix = read_geopoint(f"{line.get('latitude') or ''} {line.get('longitude') or ''}")
    if fix is None:
        return None
    accuracy_m = read_number((line.get("accuracy") or "").strip())
    return TrackPoint(at_ms, fix.latitude, fix.longitude, accuracy_m)


def _whole(text: str | None) -> int | None:
    number = read_number((text or "").strip())
    return None if number is None or abs(number) > LATEST_MS else int(number)
