"""Which flags of a submission ask something of a person at once: tasks that the intake raises.

Few on purpose: a flag is here when somebody can do something about this one record, and when it is
seldom wrong. The others (a fix that is missing or not accurate, an unusual but possible value, a
result the phone worked out otherwise …) stand on the submission and count in checks on workers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, delete, select, update

from server.database import insert_or_replace, rows_with, table_of
from server.survey.interpretation import Interpretation
from server.survey.quality import signals
from server.survey.quality.records.found import (
    CHECKS,
    CLOCK,
    COMBINATION,
    IDENTITY,
    POSITION,
    SUBMISSION,
    VALUE,
    hash_of,
    townships_of,
)
from server.survey.quality.signals import NOTHING, SIGNAL, Change
from server.survey.stored_rows import chunks
from server.tables.decisions import MovedIn
from server.tables.projections import Flag

FLAG, MOVED_IN = table_of(Flag), table_of(MovedIn)

# Check and indicator by the code of a flag. A record has one task for each of these pairs.
ASKING: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(
        (
            "id_malformed",
            "id_birth_date",
            "id_birth_range",
            "id_checksum",
            "birth_date_not_of_id",
            "birth_year_not_of_id",
            "sex_not_of_id",
            "id_number_twice",
        ),
        (IDENTITY, "number"),
    ),
    **dict.fromkeys(
        (
            "measure_impossible",
            "too_low",
            "too_high",
            "age_impossible",
            "birth_date_impossible",
            "birth_year_impossible",
        ),
        (VALUE, "limits"),
    ),
    **dict.fromkeys(
        (
            "pressures_too_close",
            "age_not_of_birth",
            "child_older_than_parent",
            "household_size_differs",
            "man_pregnant",
            "child_hypertension",
        ),
        (COMBINATION, "answers"),
    ),
    **dict.fromkeys(("start_in_future", "clock_ahead", "visit_in_future"), (CLOCK, "ahead")),
    "end_before_start": (CLOCK, "order"),
    "fix_zero": (POSITION, "zero"),
}

# Ages are worked out by the phone's clock: these flags say nothing more where that is wrong.
_FOLLOW_FROM_CLOCK = frozenset({"age_not_of_birth"})
_SHOWN = ("code", "place", "params")


@dataclass(frozen=True, slots=True)
class Flagged:
    """A submission that counts, with its flags (rows of tables.projections.Flag)."""

    submission_id: int
    root_instance_id: str
    phone_id: int | None
    village_code: str
    received_at: datetime
    flags: Sequence[Mapping[str, Any]]


def raise_signals(connection: Connection, group: Sequence[Interpretation]) -> None:
    """Write the tasks that a group's flags ask for; nothing for a group without such flags."""
    flagged = [
        Flagged(
            one.origin.submission_id,
            one.origin.root_instance_id,
            one.origin.phone_id,
            one.visit["village_code"] if one.visit else "",
            one.origin.received_at,
            one.flags,
        )
        for one in group
        if any(flag["code"] in ASKING for flag in one.flags)
    ]
    if flagged:
        insert_or_replace(connection, SIGNAL, rows(connection, flagged))


def take_out(connection: Connection, submission_ids: Sequence[int]) -> None:
    """Take out what the checks of this room say of submissions that count no more."""
    for some in chunks(submission_ids):
        connection.execute(
            delete(SIGNAL).where(SIGNAL.c.submission_id.in_(some), SIGNAL.c.check.in_(CHECKS))
        )


def bring(connection: Connection, off: Collection[str], now: datetime) -> Change:
    """Write the tasks that all flags ask for: nothing new, unless a check was switched on again.

    Costs the flags that ask something, by an index. Within the transaction of a writer, so that
    nothing can arrive meanwhile.
    """
    told = rows(connection, _all_flagged(connection))
    change = NOTHING
    for check, indicator in sorted(set(ASKING.values())):
        if check not in off:
            some = [
                {name: value for name, value in row.items() if name != "noticed_at"}
                for row in told
                if (row["check"], row["indicator"]) == (check, indicator)
            ]
            change += signals.bring(connection, (check,), some, now, indicators=(indicator,))
    return change


def _all_flagged(connection: Connection) -> list[Flagged]:
    query = (
        select(
            FLAG,
            SUBMISSION.c.root_instance_id,
            SUBMISSION.c.phone_id,
            SUBMISSION.c.received_at,
        )
        .join(SUBMISSION, SUBMISSION.c.id == FLAG.c.submission_id)
        .where(FLAG.c.code.in_(sorted(ASKING)))
        .order_by(FLAG.c.submission_id, FLAG.c.number)
    )
    found = []
    several = connection.execute(query).mappings()
    for submission_id, group in groupby(several, lambda row: row["submission_id"]):
        flags = [dict(row) for row in group]
        first = flags[0]
        origin = (first["root_instance_id"], first["phone_id"], first["village_code"])
        found.append(Flagged(submission_id, *origin, first["received_at"], flags))
    return found


def rows(connection: Connection, several: Sequence[Flagged]) -> list[dict[str, Any]]:
    """Return the tasks of flagged submissions as rows of signals."""
    townships = townships_of(connection, {one.village_code for one in several})
    moved = _moved(connection, [one.submission_id for one in several])
    return [
        {
            "check": check,
            "subject": one.root_instance_id,
            "indicator": indicator,
            "family": "record",
            "village_code": one.village_code,
            "township_code": townships.get(one.village_code, ""),
            "phone_id": one.phone_id,
            "submission_id": one.submission_id,
            "figures": {"flags": [{name: flag[name] for name in _SHOWN} for flag in flags]},
            "verdict": "flag",
            "inputs": hash_of([[flag[name] for name in (*_SHOWN, "asked")] for flag in flags]),
            "compared": "",
            "noticed_at": max(one.received_at, moved.get(one.submission_id, one.received_at)),
        }
        for one in several
        for (check, indicator), flags in _asking(one).items()
    ]


def _moved(connection: Connection, submission_ids: Sequence[int]) -> dict[int, datetime]:
    """Return when those came here that another server had received long before."""
    rows = rows_with(connection, MOVED_IN, ("submission_id", "at"), "submission_id", submission_ids)
    return {submission_id: at for submission_id, at in rows if at is not None}


def notice_now(connection: Connection, submission_ids: Sequence[int], now: datetime) -> None:
    """Count the tasks of submissions that moved in just now as noticed now, not when sent."""
    for some in chunks(submission_ids):
        connection.execute(
            update(SIGNAL)
            .where(SIGNAL.c.submission_id.in_(some), SIGNAL.c.noticed_at < now)
            .values(noticed_at=now)
        )


def _lists_all(params: Mapping[str, Any]) -> bool:
    """Say whether as many persons are listed as live there, or more: nobody is missing."""
    return int(params["listed"]) >= int(params["size"])


def _asking(one: Flagged) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    codes = {flag["code"] for flag in one.flags}
    is_clock_ahead = any(ASKING.get(code) == (CLOCK, "ahead") for code in codes)
    for flag in one.flags:
        pair = ASKING.get(flag["code"])
        follows = is_clock_ahead and flag["code"] in _FOLLOW_FROM_CLOCK
        is_fine = flag["code"] == "household_size_differs" and _lists_all(flag["params"])
        if pair and not follows and not is_fine:
            found.setdefault(pair, []).append(flag)
    return found
