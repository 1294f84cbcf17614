"""61 real village units of six townships, to try the program with before an own list is there."""

from __future__ import annotations

from sqlalchemy.orm import Session

from server.survey.diseases import REFERENCE
from server.survey.registry.apply import Applied, apply_import
from server.survey.registry.plan import plan_import
from server.survey.registry.units import ImportOptions

GAOCHUAN = "130921211"
"""The township with 33 of the units; the demo plays there."""

FILES = ("sample_divisions.csv", "sample_villages.csv")


def import_sample(session: Session, who: str, area: str = "") -> tuple[Applied, ...]:
    """Import what of the sample is not there yet, divisions first. Does not commit.

    `area` keeps the codes that begin with it, and the divisions above.
    """
    done = []
    for name in FILES:
        content = (REFERENCE / name).read_bytes()
        plan = plan_import(session, content, name, ImportOptions(area=area))
        if plan.changes:
            done.append(apply_import(session, plan, who))
    return tuple(done)
