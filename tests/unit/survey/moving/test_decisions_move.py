"""What people at desks decided about plans, tasks and the map goes along to another site."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from server.config import Settings
from server.database import Base, writing, writing_session
from server.survey import accounts, credentials, first_run
from server.survey.accounts import Role
from server.survey.areas import WHOLE_SITE
from server.survey.moving import desk
from server.survey.quality import thresholds
from server.survey.site import Site, open_site
from server.tables.boundaries import Boundary, BoundaryImport
from server.tables.decisions import Round, VillagePlan
from server.tables.sign_offs import DayTarget, RegisterSignOff
from server.tables.tasks import CheckSetting, TaskStep
from tests.task_rows import NOTICED, VILLAGE, steps

BY = {"at": NOTICED, "who": "office"}
RATE = ("rate", VILLAGE, "found")
TABLES = (TaskStep, CheckSetting, Round, VillagePlan, DayTarget, RegisterSignOff, Boundary)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Site]:
    """A site that has a round, borders and an account of its own, so that numbers differ."""
    opened = open_site(Settings.read({}, str(tmp_path / "elsewhere")))
    first_run.prepare(opened)
    add(opened, Round, a_round("2025"))
    add(opened, BoundaryImport, an_import("of their own"))
    with writing_session(opened.engine) as session:
        added = accounts.add(session, "near", Role.SUPERVISOR, [""], WHOLE_SITE)
        credentials.set_password(session, added.id, "a long enough password")
    yield opened
    opened.close()


def add(site: Site, table: type[Base], *rows: dict[str, Any]) -> None:
    with writing(site.engine) as connection:
        connection.execute(insert(table), list(rows))


def a_round(name: str) -> dict[str, Any]:
    days = {"starts_on": date(2026, 11, 1), "ends_on": date(2026, 11, 30)}
    return {"project_id": 1, "name": name, "weekdays": "12345", **days, **BY}


def an_import(name: str) -> dict[str, Any]:
    told = {"source_name": name, "sha256": "a", "crs": "wgs84", "villages": 1}
    return {**told, "made_at": NOTICED, "made_by": "office", "undone_by": ""}


def decide(site: Site) -> None:
    steps(site, RATE, owner="near", due_on=date(2026, 11, 20))
    steps(site, ("duration", "uuid:a", ""), kind="closed", reason="explained", owner="far")
    steps(site, ("digits", "7", "systolic"), kind="closed", reason="retrained")
    add(site, CheckSetting, {"name": "rate.q", "value": 0.1, **BY})
    add(site, CheckSetting, {"name": "digits.on", "value": 0, **BY})
    add(site, Round, a_round("2026"))
    plan = {"project_id": 1, "village_code": VILLAGE}
    days = {"starts_on": None, "ends_on": date(2026, 11, 20)}
    add(site, VillagePlan, {**plan, "round_id": 1, **days, **BY})
    add(site, DayTarget, {**plan, "day": date(2026, 11, 9), "households": 12, **BY})
    signed = {"round_name": "2026", "signed_by": "a", "office": "b", "note": "", "digest": "c"}
    figures = [{"code": VILLAGE, "households": 200}]
    township = {"project_id": 1, "township_code": VILLAGE[:9] + "000"}
    add(site, RegisterSignOff, {**township, **signed, "figures": figures, **BY})
    add(site, BoundaryImport, an_import("borders.geojson"))
    border = {"import_id": 1, "village_code": VILLAGE}
    add(site, Boundary, {**border, "shape": "{}", "drawn": "[]"})


def move(site: Site, target: Site) -> None:
    with site.engine.connect() as connection:
        told = list(desk.lines(connection))
    with writing(target.engine) as connection:
        desk.take_in(connection, 1, told)


def counts(site: Site) -> list[int]:
    with Session(site.engine) as session:
        numbers = [session.scalar(select(func.count()).select_from(table)) for table in TABLES]
    return [number or 0 for number in numbers]


def test_plans_tasks_thresholds_and_borders_go_along_and_twice_changes_nothing(
    site: Site, elsewhere: Site
) -> None:
    decide(site)

    move(site, elsewhere)
    first = counts(elsewhere)
    move(site, elsewhere)

    assert counts(elsewhere) == first == [2, 2, 2, 1, 1, 1, 1]
    with Session(elsewhere.engine) as session:
        told = session.scalars(select(TaskStep).order_by(TaskStep.id)).all()
        plan = session.scalars(select(VillagePlan)).one()
        name = session.get_one(Round, plan.round_id).name
        border = session.get_one(BoundaryImport, session.scalars(select(Boundary)).one().import_id)
        target = session.scalars(select(DayTarget)).one()
        figures = session.scalars(select(RegisterSignOff.figures)).one()
    # Of a worker nothing, as phones stay; and to whom nobody here answers, it is given to nobody.
    assert [(one.check, one.owner, one.due_on) for one in told] == [
        ("rate", "near", date(2026, 11, 20)),
        ("duration", "", None),
    ]
    assert (name, plan.starts_on, plan.ends_on) == ("2026", None, date(2026, 11, 20))
    assert border.source_name == "borders.geojson"
    assert (target.day, target.households) == (date(2026, 11, 9), 12)
    assert figures == [{"code": VILLAGE, "households": 200}]


def test_a_site_keeps_the_thresholds_and_plans_it_has(site: Site, elsewhere: Site) -> None:
    decide(site)
    add(elsewhere, CheckSetting, {"name": "rate.q", "value": 0.01, **BY})
    add(elsewhere, Round, a_round("2026") | {"weekdays": "67"})

    move(site, elsewhere)

    with Session(elsewhere.engine) as session:
        chosen = thresholds.current(session)
        weekdays = session.scalars(select(Round.weekdays).where(Round.name == "2026")).all()
    assert (chosen["rate.q"], chosen["digits.on"]) == (0.01, 0)
    assert weekdays == ["67"]
