"""The journal: who saw, took or changed what. Entries are added, never rewritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.tables.truth import JournalEntry

PAGE_SIZE = 50
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(9000, 1, 1)


@dataclass(frozen=True)
class Entry:
    """One line of the journal."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    address: str


@dataclass(frozen=True)
class JournalPage:
    """Entries, newest first; `older` is the id to go on before, None at the end."""

    entries: list[Entry]
    older: int | None


@dataclass(frozen=True)
class JournalFilter:
    """What to show; None shows all. `day` is a calendar day of the site."""

    who: str | None = None
    action: str | None = None
    day: date | None = None


def note(
    session: Session,
    who: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    address: str,
) -> None:
    """Add an entry. `detail` holds counts, filters and reasons, never names or answers."""
    session.add(
        JournalEntry(
            at=datetime.now(UTC),
            who=who,
            action=action,
            subject=subject,
            detail=dict(detail),
            address=address,
        )
    )


def read(
    session: Session,
    wanted: JournalFilter,
    zone: ZoneInfo,
    *,
    names: Sequence[str] | None = None,
    before: int | None = None,
) -> JournalPage:
    """Return a page of entries, newest first; `names` limits it to what these accounts did."""
    query = select(JournalEntry).order_by(JournalEntry.id.desc()).limit(PAGE_SIZE + 1)
    if names is not None:
        query = query.where(JournalEntry.who.in_(names))
    if wanted.who:
        query = query.where(JournalEntry.who == wanted.who)
    if wanted.action:
        query = query.where(JournalEntry.action == wanted.action)
    if wanted.day:
        # The first and the last day of all calendars have no instant before and after them.
        day = min(max(wanted.day, _FIRST_DAY), _LAST_DAY)
        start = datetime.combine(day, time.min, zone)
        query = query.where(JournalEntry.at >= start, JournalEntry.at < start + timedelta(days=1))
    if before is not None:
        query = query.where(JournalEntry.id < before)
    rows = session.scalars(query).all()
    entries = [
        Entry(row.id, row.at, row.who, row.action, row.subject, row.detail, row.address)
        for row in rows[:PAGE_SIZE]
    ]
    return JournalPage(entries, entries[-1].id if len(rows) > PAGE_SIZE else None)


def actions(session: Session) -> list[str]:
    """Return the actions the journal holds, ordered by name, for the filter."""
    return sorted(session.scalars(select(JournalEntry.action).distinct()))
