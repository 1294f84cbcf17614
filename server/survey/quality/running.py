"""All checks, one step after the other: what `doorstep checks` does every hour.

Each step is incremental by itself: what did not change is not worked out again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, update

from server.database import table_of, writing
from server.survey import replay
from server.survey.back_checks import rates as rates_of_back_checks
from server.survey.likeness import finding
from server.survey.quality import (
    earlier,
    families,
    noticed,
    rates,
    registers,
    scan,
    signals,
    thresholds,
    workers,
)
from server.survey.quality.records import work as records
from server.survey.quality.signals import NOTHING, Change
from server.survey.site import Site
from server.tables.tasks import CheckRun

log = logging.getLogger(__name__)

RUN = table_of(CheckRun)

Step = Callable[[Site, Mapping[str, float], datetime], Change]
"""Works out some checks on a site, by its thresholds, at an instant."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What the steps changed, how many seconds each took, and which of them failed."""

    changes: dict[str, Change]
    seconds: dict[str, float]
    faults: tuple[str, ...]


NOTHING_TAKEN = Taken({}, {}, ())

# In this order; a new check gets one line here.
STEPS: Mapping[str, Step] = {
    "records": records.work_out,
    "villages": rates.work_out,
    "neighbours": scan.work_out,
    "registers": registers.work_out,
    "duplicates": finding.work_out,
    "families": families.work_out,
    "workers": workers.work_out,
    "back_checks": rates_of_back_checks.work_out,
}


def run(site: Site, now: datetime, tell: Callable[[str], object] = lambda _name: None) -> Taken:
    """Run every step and write down the run; return what was done. `tell` hears each name.

    A step that fails is logged and holds up no other.
    """
    with site.engine.connect() as connection:
        chosen = thresholds.current(connection)
        # After a rebuild that goes on, there is more to be looked at than there is yet.
        is_after_rebuild = noticed.is_any(connection) and not replay.waiting(connection)
    with writing(site.engine, is_durable=False) as connection:
        run_id = connection.execute(
            insert(RUN).values(
                started_at=now,
                configuration=thresholds.hash_of(chosen),
                seed=thresholds.SEED,
                raised=0,
                cleared=0,
                figures={},
                fault="",
            )
        ).inserted_primary_key
    taken = take_steps(site, chosen, now, tell)
    earlier.carry_over(site)
    total = sum(taken.changes.values(), NOTHING)
    with writing(site.engine, is_durable=False) as connection:
        if is_after_rebuild and not taken.faults:
            noticed.forget(connection)
        connection.execute(
            update(RUN)
            .where(RUN.c.id == (run_id[0] if run_id else None))
            .values(
                ended_at=datetime.now(now.tzinfo),
                raised=total.raised,
                cleared=total.cleared,
                figures={"seconds": taken.seconds},
                fault=", ".join(taken.faults),
            )
        )
    return taken


def take_steps(
    site: Site, chosen: Mapping[str, float], now: datetime, tell: Callable[[str], object]
) -> Taken:
    """Take every step by these thresholds; one that fails is logged and holds up no other."""
    changes = {"off": _switched_off(site, chosen, now)}
    seconds: dict[str, float] = {}
    faults = []
    for name, step in STEPS.items():
        tell(name)
        started = time.monotonic()
        try:
            changes[name] = step(site, chosen, now)
        except Exception:
            log.exception("check %s", name)
            faults.append(name)
        seconds[name] = round(time.monotonic() - started, 3)
    return Taken(changes, seconds, tuple(faults))


def _switched_off(site: Site, chosen: Mapping[str, float], now: datetime) -> Change:
    """Take out what checks say that this site switched off since: their steps may skip it."""
    off = thresholds.off(chosen)
    if not off:
        return NOTHING
    with writing(site.engine, is_durable=False) as connection:
        return signals.bring(connection, sorted(off), [], now)
