"""Villages whose counts stand apart: worked out from tallies, closed by people."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.database import writing, writing_session
from server.survey import task_steps, tasks
from server.survey.areas import WHOLE_SITE
from server.survey.quality import rates
from server.survey.quality.signals import NOTHING, Change
from server.survey.site import Site
from server.survey.task_steps import Deed
from server.tables.projections import VillageTally
from server.tables.signals import RateModel, VillageRate
from tests.task_rows import reader
from tests.village_rows import (
    NOW,
    count_villages,
    thresholds_of,
)


@pytest.fixture
def counted(site: Site) -> list[str]:
    return count_villages(site, 20)


def worked_out(site: Site) -> Change:
    return rates.work_out(site, thresholds_of(site), NOW)


def test_the_village_that_stands_out_is_listed_with_what_would_be_usual(
    site: Site, counted: list[str]
) -> None:
    worked_out(site)

    with Session(site.engine) as session:
        (line,) = tasks.page(session, reader(), tasks.Wanted("village")).tasks
    told = line.figures
    assert (line.subject, line.indicator, told["events"], told["tried"]) == (
        counted[0], "found", 30, 80,
    )  # fmt: skip
    assert 5 < told["expected"] < 8
    assert line.verdict == "flag"


def test_counts_that_did_not_change_are_not_worked_out_again(
    site: Site, counted: list[str]
) -> None:
    first = worked_out(site)
    with site.engine.connect() as connection:
        rows = connection.execute(select(VillageRate)).all()

    second = worked_out(site)

    assert (first, second) == (Change(1, 0), NOTHING)
    with site.engine.connect() as connection:
        assert connection.execute(select(VillageRate)).all() == rows


def test_diseases_that_not_everybody_may_see_by_name_are_left_out(
    site: Site, counted: list[str]
) -> None:
    with site.engine.connect() as connection:
        indicators = {one.indicator for one in rates.counts(connection, 20)}

    assert indicators == {"found", "hypertension"}


def test_a_funnel_has_limits_up_to_the_largest_village(site: Site, counted: list[str]) -> None:
    worked_out(site)

    with site.engine.connect() as connection:
        (funnel,) = connection.scalars(
            select(RateModel.funnel).where(RateModel.indicator == "found")
        )
    assert funnel[-1][0] == 80
    assert all(row[1] <= row[2] <= row[3] <= row[4] for row in funnel)


def test_the_task_of_a_count_that_changed_back_is_closed_as_it_was(
    site: Site, counted: list[str]
) -> None:
    worked_out(site)
    key = ("rate", counted[0], "found")
    assert is_open(site)
    with writing_session(site.engine) as session:
        several = tasks.found(session, reader(), [key])
        task_steps.close(session, several, "explained", Deed("office", NOW, "a mine closed here"))
    assert not is_open(site)

    for suspected, is_open_then in ((31, True), (30, False)):
        with writing(site.engine) as connection:
            changed = update(VillageTally).where(VillageTally.village_code == counted[0])
            connection.execute(changed.values(suspected=suspected))
        worked_out(site)
        assert is_open(site) is is_open_then


def is_open(site: Site) -> bool:
    with Session(site.engine) as session:
        return tasks.open_counts(session, WHOLE_SITE)["village"] == 1
