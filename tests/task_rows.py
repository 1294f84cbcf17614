"""Signals and steps on them, written straight into their tables, for tests of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from server.database import insert_or_replace, table_of, writing
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.quality.checks import CHECKS
from server.survey.site import Site
from server.survey.tasks import Key, Reader
from server.tables.signals import Signal
from server.tables.tasks import TaskStep

VILLAGE = "130921211201"
# It is 20 November in China, and the day before by UTC.
NOW = datetime(2026, 11, 20, 7, tzinfo=ZoneInfo("Asia/Shanghai"))
NOTICED = datetime(2026, 11, 2, 8, tzinfo=UTC)


def a_signal(check: str, subject: str, indicator: str, **columns: Any) -> dict[str, Any]:
    """Return a signal's row: a flag with the inputs "a" unless other columns are told."""
    family = columns.pop("family", None) or CHECKS[check].family
    return {
        "check": check,
        "subject": subject,
        "indicator": indicator,
        "family": family,
        "village_code": subject if family == "village" else "",
        "township_code": VILLAGE[:9] + "000",
        "phone_id": int(subject) if family == "worker" else None,
        "submission_id": None,
        "figures": {},
        "verdict": "flag",
        "inputs": "a",
        "compared": "",
        "noticed_at": NOTICED,
    } | columns


def bring(site: Site, *rows: Mapping[str, Any]) -> None:
    """Write signals, over the ones that are there."""
    with writing(site.engine) as connection:
        insert_or_replace(connection, table_of(Signal), list(rows))


def steps(site: Site, key: Key, **columns: Any) -> None:
    """Write a step on a task."""
    told = {
        **dict(zip(("check", "subject", "indicator"), key, strict=True)),
        "inputs": "a",
        "kind": "assigned",
        "owner": "",
        "due_on": None,
        "reason": "",
        "note": "",
        "at": NOTICED,
        "who": "test",
    }
    with writing(site.engine) as connection:
        connection.execute(insert(TaskStep), told | columns)


def reader(scope: Scope = WHOLE_SITE, name: str = "test", **more: Any) -> Reader:
    """Return who looks at tasks, on the morning of 20 November in China."""
    return Reader(scope, name, NOW, **more)
