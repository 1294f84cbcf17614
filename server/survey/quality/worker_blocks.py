"""Submissions in short, block by block: what checks on workers sum up, read once.

A block of a thousand submissions (survey.blocks) is kept as rows of whole numbers. Only blocks of
which something was worked out anew are read again; all of them together are a few arrays, so that
a million submissions are summed up in seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from server.database import insert_or_replace, table_of, writing
from server.survey import blocks, catalogue
from server.survey.blocks import BLOCK
from server.survey.quality.worker_readings import measured
from server.survey.site import Site
from server.survey.stored_rows import chunks
from server.tables.projections import Finding, Flag, Measurement, PersonReport, Visit
from server.tables.truth import FormVersion
from server.tables.worker_blocks import WorkerBlock

Whole = NDArray[np.int64]
Short = NDArray[np.int32]
"""As they are kept: half the room."""

VISIT, MEASUREMENT, REPORT = (table_of(one) for one in (Visit, Measurement, PersonReport))
FINDING, FLAG, VERSION = table_of(Finding), table_of(Flag), table_of(FormVersion)
KEPT = table_of(WorkerBlock)

FOUND, REFUSED, ABSENT, BY_PHONE = "found", "refused", "absent", "by_phone"
LEFT_OPEN, NO_FIX, NO_PHOTO = "left_open", "no_fix", "no_photo"
ALIKE, SKIPPED = "alike", "skipped"
"""Indicators of shares; those of SKIPPED go on with a form and a section, after colons."""

NO_TIME = -1
_NEVER, _NO_OFFSET = datetime.fromtimestamp(0, UTC), timedelta()
# Only what a worker asked at a door or by phone: not audits of clinics, nor second interviews.
NOT_COUNTED = ("audited", "back_check")
_HOUSEHOLD_DONE = ("completed", "refused")
# A phone takes a new version at its next contact: a day of grace (methods W11).
STALE_AFTER = timedelta(hours=24)
# So many blocks are read between two commits: intake waits for one only.
_AT_ONCE = 8
_LOADED_AT_ONCE = 50
# Columns that hold the number of a word.
_OF_WORDS = frozenset(["village", "form", "outcome", "name"])


class Columns:
    """The columns of the arrays. Words stand as their place in the list of words."""

    VISIT = ("phone", "village", "form", "outcome", "start_s", "end_s", "offset_s", "stale")
    READING = ("phone", "village", "name", "value")
    SHARE = ("phone", "village", "name", "events", "tried")


@dataclass(frozen=True, slots=True)
class Told:
    """All blocks together.

    `visits`, `readings` and `shares` have the columns of Columns, a row each; times are seconds
    since 1970, NO_TIME where none is told, `offset_s` what the site's clock was ahead of UTC.
    `stale` is 1 for a form version that another had replaced for a day. Values are tenths, of
    pressures upper times 1000 plus lower. `words` are in the order of their numbers.
    """

    words: Sequence[str]
    visits: Short
    readings: Short
    shares: Short


class Words:
    """Gives each text a number, in the order in which they come."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        """Start with known words."""
        self.numbers: dict[str, int] = {word: at for at, word in enumerate(known)}

    def __getitem__(self, word: str) -> int:
        """Return the number of a word."""
        return self.numbers.setdefault(word, len(self.numbers))


def changed(connection: Connection) -> dict[int, int]:
    """Return the blocks that were worked out anew since they were read, with their changes."""
    query = select(KEPT.c.block, KEPT.c.changes)
    known = dict(connection.execute(query).all())
    now = blocks.changes(connection)
    return {block: changes for block, changes in now.items() if known.get(block) != changes}


def bring(site: Site) -> int:
    """Read the blocks that changed; return how many."""
    with site.engine.connect() as connection:
        stale = sorted(changed(connection).items())
        newer = _replaced_at(connection)
    for some in chunks(stale, _AT_ONCE):
        # What changes meanwhile is marked again: the block is then read once more next time.
        with site.engine.connect() as connection:
            rows = [_read(connection, *one, newer, site.keys.zone) for one in some]
        with writing(site.engine, is_durable=False) as connection:
            insert_or_replace(connection, KEPT, rows)
    return len(stale)


def everything(connection: Connection) -> Told:
    """Return all blocks that were read, together."""
    words = Words()
    shapes = {"visits": Columns.VISIT, "readings": Columns.READING, "shares": Columns.SHARE}
    parts: dict[str, list[Short]] = defaultdict(list)
    for row in _kept(connection):
        numbers = np.array([words[word] for word in row.words] or [0], np.int32)
        for name, columns in shapes.items():
            part = np.frombuffer(getattr(row, name), np.int32).reshape(-1, len(columns)).copy()
            for column in _OF_WORDS.intersection(columns):
                at = columns.index(column)
                part[:, at] = numbers[part[:, at]]
            parts[name].append(part)
    whole = {
        name: np.concatenate(parts.pop(name, [])) if name in parts else _empty(columns)
        for name, columns in shapes.items()
    }
    return Told(list(words.numbers), **whole)


def _empty(columns: Sequence[str]) -> Short:
    return np.empty((0, len(columns)), np.int32)


def _kept(connection: Connection) -> Iterator[Any]:
    """Give the rows of all blocks, in order, a few at a time."""
    numbers = connection.scalars(select(KEPT.c.block).order_by(KEPT.c.block)).all()
    for some in chunks(numbers, _LOADED_AT_ONCE):
        query = select(KEPT).where(KEPT.c.block.in_(some)).order_by(KEPT.c.block)
        yield from connection.execute(query)


class _Seen(NamedTuple):
    phone: int
    village: int


@dataclass(slots=True)
class _Block:
    """One block while it is read; `seen` says whose each submission was, and where."""

    words: Words = field(default_factory=Words)
    seen: dict[int, _Seen] = field(default_factory=dict)
    visits: list[tuple[int, ...]] = field(default_factory=list)
    shares: dict[tuple[int, int, str], list[int]] = field(default_factory=dict)

    def count(self, seen: _Seen, name: str, events: int, tried: int = 1) -> None:
        """Count `events` of `tried` of an indicator for the phone and village of a submission."""
        key = (seen[0], seen[1], name)
        counted = self.shares.get(key)
        if counted is None:
            self.shares[key] = [events, tried]
        else:
            counted[0] += events
            counted[1] += tried


def _read(
    connection: Connection,
    block: int,
    changes: int,
    newer: Mapping[tuple[str, str], datetime],
    zone: ZoneInfo,
) -> dict[str, Any]:
    """Return the row of a block, as it is now."""
    first, last = block * BLOCK, (block + 1) * BLOCK - 1
    held = _Block()
    _visits(connection, held, (first, last), newer, zone)
    _persons(connection, held, (first, last))
    query = select(
        MEASUREMENT.c.submission_id, MEASUREMENT.c.position, MEASUREMENT.c.name, MEASUREMENT.c.value
    ).where(MEASUREMENT.c.submission_id.between(first, last))
    readings = [
        (*held.seen[submission_id], held.words[name], value)
        for submission_id, name, value in measured(connection.execute(query).all())
        if submission_id in held.seen
    ]
    shares = [
        (phone, village, held.words[name], int(events), tried)
        for (phone, village, name), (events, tried) in held.shares.items()
    ]
    return {
        "block": block,
        "changes": changes,
        "visits": _packed(held.visits),
        "readings": _packed(readings),
        "shares": _packed(shares),
        "words": list(held.words.numbers),
    }


def _packed(rows: Sequence[tuple[int, ...]]) -> bytes:
    return np.array(sorted(rows), np.int32).tobytes()


def _visits(
    connection: Connection,
    held: _Block,
    span: tuple[int, int],
    newer: Mapping[tuple[str, str], datetime],
    zone: ZoneInfo,
) -> None:
    query = select(FLAG.c.submission_id).where(
        FLAG.c.submission_id.between(*span), FLAG.c.code == "fix_missing"
    )
    without_fix = set(connection.scalars(query))
    columns = (
        VISIT.c.submission_id, VISIT.c.phone_id, VISIT.c.village_code, VISIT.c.form_id,
        VISIT.c.outcome, VISIT.c.started_at, VISIT.c.ended_at, VISIT.c.household_id, VISIT.c.way,
        VISIT.c.latitude, VISIT.c.manner,
    )  # fmt: skip
    for row in connection.execute(
        select(*columns).where(
            VISIT.c.submission_id.between(*span),
            VISIT.c.phone_id.is_not(None),
            VISIT.c.outcome != "back_check",
        )
    ).all():
        seen = _Seen(row.phone_id, held.words[row.village_code])
        held.seen[row.submission_id] = seen
        replaced_at = newer.get((row.form_id, row.manner.get("version", "")))
        began = row.started_at or _NEVER
        offset = began.astimezone(zone).utcoffset() or _NO_OFFSET
        held.visits.append(
            (
                *seen,
                held.words[row.form_id],
                held.words[row.outcome],
                _seconds(row.started_at),
                _seconds(row.ended_at),
                int(offset.total_seconds()),
                int(replaced_at is not None and began > replaced_at + STALE_AFTER),
            )
        )
        _count_visit(held, seen, row, is_without_fix=row.submission_id in without_fix)


def _seconds(moment: datetime | None) -> int:
    return NO_TIME if moment is None else int(moment.timestamp())


def _count_visit(held: _Block, seen: _Seen, row: Any, *, is_without_fix: bool) -> None:
    if row.household_id is not None and row.outcome not in NOT_COUNTED:
        held.count(seen, ABSENT, row.outcome == "absent")
        if row.outcome in _HOUSEHOLD_DONE:
            held.count(seen, REFUSED, row.outcome == "refused")
    if row.way in ("home", "phone"):
        held.count(seen, BY_PHONE, row.way == "phone")
    if is_without_fix or row.latitude is not None:
        held.count(seen, NO_FIX, is_without_fix)
    manner = row.manner
    for key, name in (("open", LEFT_OPEN), ("photos", NO_PHOTO), ("alike", ALIKE)):
        if key in manner:
            tried, events = manner[key]
            held.count(seen, name, events, tried)
    for section, is_skipped in manner.get("skipped", {}).items():
        held.count(seen, f"{SKIPPED}:{row.form_id}:{section}", is_skipped)


def _persons(connection: Connection, held: _Block, span: tuple[int, int]) -> None:
    """Count what was found of persons who were screened; nothing that not everybody may see."""
    codes: dict[tuple[int, int], set[str]] = defaultdict(set)
    query = select(FINDING.c.submission_id, FINDING.c.position, FINDING.c.code)
    for submission_id, position, code in connection.execute(
        query.where(FINDING.c.submission_id.between(*span))
    ):
        if not catalogue.is_sensitive(code):
            codes[submission_id, position].add(code)
    query = select(REPORT.c.submission_id, REPORT.c.position).where(
        REPORT.c.submission_id.between(*span), REPORT.c.screening == "done"
    )
    for submission_id, position in connection.execute(query).all():
        if seen := held.seen.get(submission_id):
            found = codes.get((submission_id, position), set())
            held.count(seen, FOUND, bool(found))
            for code in found:
                held.count(seen, code, 1, 0)


def _replaced_at(connection: Connection) -> dict[tuple[str, str], datetime]:
    """Return when each version of a form was replaced by the next; the newest are left out."""
    rows = connection.execute(
        select(VERSION.c.form_id, VERSION.c.version, VERSION.c.published_at).order_by(
            VERSION.c.form_id, VERSION.c.published_at, VERSION.c.id
        )
    ).all()
    return {
        (one.form_id, one.version): following.published_at
        for one, following in pairwise(rows)
        if one.form_id == following.form_id
    }
