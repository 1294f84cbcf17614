"""The site's own thresholds: read from a form, compared with what holds, and chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, not_, select
from sqlalchemy.orm import Session

from server.database import table_of
from server.errors import Conflict, NotValid
from server.survey.areas import Scope
from server.survey.quality import thresholds
from server.survey.quality.preview import Wanted
from server.survey.quality.thresholds import DEFAULTS, Threshold
from server.tables.reference import Village
from server.tables.tasks import CheckSetting


@dataclass(frozen=True, slots=True)
class Chosen:
    """One threshold that would change: what holds now, and what would hold then."""

    name: str
    now: float
    then: float


def covers_all(session: Session, scope: Scope) -> bool:
    """Say whether a scope holds every village of the site: thresholds are the whole site's."""
    outside = select(Village.code).where(not_(scope.where(Village.code))).limit(1)
    return session.scalar(outside) is None


def read(typed: Mapping[str, str], present: Mapping[str, float]) -> dict[str, float | None]:
    """Return which thresholds a form would change; None stands for the default.

    A switch that was not sent is off. Raises NotValid, named by the field.
    """
    wanted: dict[str, float | None] = {}
    for name, limits in DEFAULTS.items():
        if name.endswith(".on"):
            value = 1.0 if typed.get(name) else 0.0
        elif name in typed:
            value = _number(name, typed[name], limits)
        else:
            continue
        if value != present[name]:
            wanted[name] = None if value == limits.default else value
    return wanted


def _number(name: str, text: str, limits: Threshold) -> float:
    try:
        value = float(text.strip())
    except ValueError:
        value = math.nan
    is_whole = not isinstance(limits.default, int) or value.is_integer()
    if not (limits.lowest <= value <= limits.highest and is_whole):
        raise NotValid(
            "Give a whole number from %(lowest)s to %(highest)s."
            if isinstance(limits.default, int)
            else "Give a number from %(lowest)s to %(highest)s.",
            name,
            lowest=f"{limits.lowest:g}",
            highest=f"{limits.highest:g}",
        )
    return value


def changes(wanted: Wanted, present: Mapping[str, float]) -> list[Chosen]:
    """Return what would change, in the order of the settings."""
    return [
        Chosen(name, present[name], DEFAULTS[name].default if value is None else value)
        for name in DEFAULTS
        if name in wanted and (value := wanted[name]) != present[name]
    ]


def choose(session: Session, wanted: Wanted, base: str, who: str, now: datetime) -> None:
    """Let thresholds hold from now on. Raises Conflict when others hold than `base` stands for."""
    if thresholds.hash_of(thresholds.current(session)) != base:
        raise Conflict("The thresholds were changed since. Look again.")
    rows = [
        {"name": name, "value": value, "at": now, "who": who}
        for name, value in sorted(wanted.items())
    ]
    if rows:
        session.execute(insert(table_of(CheckSetting)), rows)
