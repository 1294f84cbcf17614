"""Villages whose counts stand apart: worked out from tallies, closed by people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, update

from server.database import writing, writing_session
from server.errors import Missing, NotValid
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.quality import rates, unusual
from server.survey.quality.unusual import Reply
from server.survey.registry.sample import import_sample
from server.survey.site import Site
from server.tables.projections import DiseaseTally, VillageTally
from server.tables.reference import Village
from server.tables.signals import VillageRate

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SUMS = dict.fromkeys(
    ("households", "completed", "refused", "absent_final", "vacated", "persons", "flags"), 0
)


@pytest.fixture
def counted(site: Site) -> list[str]:
    """Twenty villages with 80 screened: 5 to 7 found in each, 30 in the first."""
    with writing_session(site.engine) as session:
        import_sample(session, "test")
        codes = list(session.scalars(select(Village.code).order_by(Village.code).limit(20)))
    with writing(site.engine) as connection:
        for at, code in enumerate(codes):
            found = 30 if at == 0 else 5 + at % 3
            row = {"village_code": code, "screened": 80, "suspected": found, "documented": 0}
            connection.execute(insert(VillageTally), {**SUMS, **row})
            for disease in ("hypertension", "severe_mental_disorder"):
                tally = {"village_code": code, "code": disease, "state": "suspected", "cases": 4}
                connection.execute(insert(DiseaseTally), tally)
    return codes


def reply(reason: str = "explained", note: str = "") -> Reply:
    return Reply(reason, note, "office", NOW)


def test_the_village_that_stands_out_is_listed_with_what_would_be_usual(
    site: Site, counted: list[str]
) -> None:
    rates.work_out(site, NOW)

    with writing_session(site.engine) as session:
        (line,) = unusual.unusual(session, WHOLE_SITE)
    assert (line.village_code, line.indicator, line.events, line.tried) == (
        counted[0], "found", 30, 80,
    )  # fmt: skip
    assert 5 < line.expected < 8
    assert line.verdict == "unusual"


def test_counts_that_did_not_change_are_not_worked_out_again(
    site: Site, counted: list[str]
) -> None:
    first = rates.work_out(site, NOW)
    with site.engine.connect() as connection:
        rows = connection.execute(select(VillageRate)).all()

    second = rates.work_out(site, NOW)

    assert (first, second) == (2, 0)
    with site.engine.connect() as connection:
        assert connection.execute(select(VillageRate)).all() == rows


def test_diseases_that_not_everybody_may_see_by_name_are_left_out(
    site: Site, counted: list[str]
) -> None:
    with site.engine.connect() as connection:
        indicators = {one.indicator for one in rates.counts(connection)}

    assert indicators == {"found", "hypertension"}


def test_what_is_closed_stays_closed_until_the_count_changes(
    site: Site, counted: list[str]
) -> None:
    rates.work_out(site, NOW)
    line = (counted[0], "found")

    with writing_session(site.engine) as session:
        unusual.close(session, WHOLE_SITE, line, reply(note="a dust mine closed here"))
    rates.work_out(site, NOW)

    with writing_session(site.engine) as session:
        assert unusual.open_count(session, WHOLE_SITE) == 0
        (closed,) = unusual.unusual(session, WHOLE_SITE, is_open=False)
        assert closed.reply is not None
        assert closed.reply.note == "a dust mine closed here"

    with writing(site.engine) as connection:
        changed = update(VillageTally).where(VillageTally.village_code == counted[0])
        connection.execute(changed.values(suspected=31))
    rates.work_out(site, NOW)
    with writing_session(site.engine) as session:
        assert unusual.open_count(session, WHOLE_SITE) == 1


def test_nobody_closes_what_is_not_his_or_without_a_reason(site: Site, counted: list[str]) -> None:
    rates.work_out(site, NOW)
    elsewhere = Scope(("460105",))

    with writing_session(site.engine) as session:
        with pytest.raises(Missing):
            unusual.close(session, elsewhere, (counted[0], "found"), reply())
        with pytest.raises(Missing):
            unusual.close(session, WHOLE_SITE, (counted[1], "found"), reply())
        with pytest.raises(NotValid):
            unusual.close(session, WHOLE_SITE, (counted[0], "found"), reply("tired"))
        assert unusual.unusual(session, elsewhere) == []


def test_a_funnel_has_limits_up_to_the_largest_village(site: Site, counted: list[str]) -> None:
    rates.work_out(site, NOW)

    with writing_session(site.engine) as session:
        told = unusual.figures(session, WHOLE_SITE, counted[0])

    first = told[0]
    assert first.line.indicator == "found"
    assert first.funnel[-1][0] == 80
    assert all(row[1] <= row[2] <= row[3] <= row[4] for row in first.funnel)
    assert len(first.others) == len(counted)
