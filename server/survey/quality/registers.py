"""Villages whose register cannot be right: more households done than there are, or none known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from server.database import writing
from server.survey.quality import signals
from server.survey.quality.signals import Change
from server.survey.site import Site
from server.tables.projections import VillageTally
from server.tables.reference import Village

OVER, MISSING = "over_register", "no_register"
INDICATOR = "households"


def work_out(site: Site, chosen: Mapping[str, float], now: datetime) -> Change:
    """Bring the signals of both checks up to date; it reads one row a village."""
    today = now.astimezone(site.settings.zone).date()
    with site.engine.connect() as connection:
        rows = found(connection, chosen, today)
    with writing(site.engine, is_durable=False) as connection:
        return signals.bring(connection, [OVER, MISSING], rows, now)


def found(connection: Connection, chosen: Mapping[str, float], today: date) -> list[dict[str, Any]]:
    """Return the signals of villages in force where work has begun."""
    households = VillageTally.completed + VillageTally.refused
    households += VillageTally.absent_final + VillageTally.vacated
    query = (
        select(
            Village.code,
            Village.township_code,
            Village.households,
            Village.register_on,
            households.label("done"),
            VillageTally.households.label("seen"),
        )
        .join(VillageTally, VillageTally.village_code == Village.code)
        .where((Village.valid_to.is_(None)) | (Village.valid_to >= today))
        .where(VillageTally.households > 0)
        .order_by(Village.code)
    )
    rows = []
    for row in connection.execute(query):
        if not row.households:
            rows.append(_signal(MISSING, row, {"seen": row.seen}, "none"))
        elif (
            row.done > chosen["over_register.share"] * row.households
            and row.done - row.households >= chosen["over_register.fewest_more"]
        ):
            on = row.register_on.isoformat() if row.register_on else None
            figures = {"done": row.done, "registered": row.households, "on": on}
            # With every tenth of the register more it is a new question: not with every household.
            tenths = row.done * 10 // row.households
            rows.append(_signal(OVER, row, figures, f"{row.households}/{tenths}"))
    return rows


def _signal(check: str, row: Any, figures: dict[str, Any], inputs: str) -> dict[str, Any]:
    return {
        "check": check,
        "subject": row.code,
        "indicator": INDICATOR,
        "family": "village",
        "village_code": row.code,
        "township_code": row.township_code,
        "phone_id": None,
        "submission_id": None,
        "figures": figures,
        "verdict": "flag",
        "inputs": inputs,
        "compared": "",
    }
