"""How a site stands: how much of everything it holds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.config import VERSION
from server.database import Base
from server.survey.site import Site
from server.tables.projections import Household, Person, Projected
from server.tables.reference import Village
from server.tables.truth import Account, Batch, Form, Phone, Submission


def standing(session: Session, site: Site) -> dict[str, Any]:
    """Return the site's figures by name; the last submission's instant as ISO 8601, or None."""
    # A list first: dict() takes the result itself for a mapping.
    counted = select(Projected.state, func.count()).group_by(Projected.state)
    states: dict[str, int] = dict(session.execute(counted).all())
    kept = _count(session, Submission)
    last = session.scalar(select(Submission.received_at).order_by(Submission.id.desc()).limit(1))
    return {
        "folder": str(site.settings.folder),
        "database": site.engine.dialect.name,
        "version": VERSION,
        "forms": _count(session, Form),
        "villages": _count(session, Village),
        "phones": _count(session, Phone),
        "accounts": _count(session, Account),
        "submissions": kept,
        "projected": states.get("projected", 0),
        "parked": states.get("parked", 0),
        "failed": states.get("failed", 0),
        "replaced": states.get("replaced", 0),
        "waiting": kept - sum(states.values()) + states.get("waiting", 0),
        "households": _count(session, Household),
        "persons": _count(session, Person),
        "batches": _count(session, Batch),
        "last_submission_at": last.isoformat() if last else None,
    }


def _count(session: Session, table: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0
