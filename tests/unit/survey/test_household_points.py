"""Households on the map: points where they are few, villages where they would be too many."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from maps.households import HouseholdStatus
from maps.layers import Box
from server.database import writing_session
from server.survey import household_points, indicators, intake
from server.survey.areas import WHOLE_SITE
from server.survey.registry.sample import import_sample
from server.survey.site import Site
from server.tables.reference import Village
from tests.builders import VILLAGE, a_member, an_id, an_upload, roster_xml, versions

AROUND = Box(38.0, 116.8, 38.2, 117.0)
ELSEWHERE = Box(30.0, 100.0, 30.1, 100.1)


@pytest.fixture
def visited(site: Site) -> Site:
    """A village at 38.1, 116.9 with one household that completed and one nobody opened at."""
    version = versions(site)["household_roster"]
    with writing_session(site.engine) as session:
        import_sample(session, "test")
        session.execute(
            update(Village)
            .where(Village.code == VILLAGE)
            .values(latitude=38.1, longitude=116.9, households=4)
        )
    for xml in (
        roster_xml("uuid:1", members=[a_member()], key=an_id("h", 1), version=version),
        roster_xml("uuid:2", outcome="absent", key=an_id("h", 2), version=version),
    ):
        intake.receive(site, an_upload(xml))
    return site


def layer(site: Site, box: Box) -> dict[str, list[list[object]]]:
    with Session(site.engine) as session:
        villages = indicators.coverage_by_village(session, WHOLE_SITE, date(2026, 11, 22))
        return household_points.household_layer(session, WHOLE_SITE, lambda: villages, 14, box)


def test_few_households_are_points_with_their_status(visited: Site) -> None:
    sent = layer(visited, AROUND)

    assert sorted(row[2] for row in sent["households"]) == [  # type: ignore[type-var]
        HouseholdStatus.COMPLETED,
        HouseholdStatus.OPEN,
    ]


def test_nothing_is_sent_of_a_part_without_villages(visited: Site) -> None:
    assert layer(visited, ELSEWHERE) == {"households": []}


def test_too_many_households_are_one_cell_a_village_with_the_worst_status(
    visited: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(household_points, "MOST_READ", 1)

    sent = layer(visited, AROUND)

    assert sent == {"cells": [[38.1, 116.9, 2, HouseholdStatus.OPEN]]}


def test_many_households_are_gathered_by_the_database_with_the_worst_status(
    visited: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(household_points, "MOST_CELLS", 1)

    sent = layer(visited, AROUND)

    assert sent == {"cells": [[38.1, 116.9, 2, HouseholdStatus.OPEN]]}
