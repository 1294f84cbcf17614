"""Villages whose counts stand apart: worked out from tallies, closed by people."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from server.database import writing, writing_session
from server.errors import Missing, NotValid
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.quality import rates, unusual
from server.survey.quality.signals import NOTHING, Change
from server.survey.quality.unusual import Reply
from server.survey.site import Site
from server.tables.projections import VillageTally
from server.tables.signals import VillageRate
from tests.village_rows import NOW, put_cases, put_sums, thresholds_of, villages_of


@pytest.fixture
def counted(site: Site) -> list[str]:
    """Twenty villages with 80 screened: 5 to 7 found in each, 30 in the first."""
    codes = villages_of(site, 20)
    for at, code in enumerate(codes):
        put_sums(site, code, screened=80, suspected=30 if at == 0 else 5 + at % 3)
        for disease in ("hypertension", "severe_mental_disorder"):
            put_cases(site, code, disease, 4)
    return codes


def worked_out(site: Site) -> Change:
    return rates.work_out(site, thresholds_of(site), NOW)


def reply(reason: str = "explained", note: str = "") -> Reply:
    return Reply(reason, note, "office", NOW)


def test_the_village_that_stands_out_is_listed_with_what_would_be_usual(
    site: Site, counted: list[str]
) -> None:
    worked_out(site)

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


def test_what_is_closed_stays_closed_until_the_count_changes(
    site: Site, counted: list[str]
) -> None:
    worked_out(site)
    line = (counted[0], "found")

    with writing_session(site.engine) as session:
        unusual.close(session, WHOLE_SITE, line, reply(note="a dust mine closed here"))
    worked_out(site)

    with writing_session(site.engine) as session:
        assert unusual.open_count(session, WHOLE_SITE) == 0
        (closed,) = unusual.unusual(session, WHOLE_SITE, is_open=False)
        assert closed.reply is not None
        assert closed.reply.note == "a dust mine closed here"

    with writing(site.engine) as connection:
        changed = update(VillageTally).where(VillageTally.village_code == counted[0])
        connection.execute(changed.values(suspected=31))
    worked_out(site)
    with writing_session(site.engine) as session:
        assert unusual.open_count(session, WHOLE_SITE) == 1


def test_nobody_closes_what_is_not_his_or_without_a_reason(site: Site, counted: list[str]) -> None:
    worked_out(site)
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
    worked_out(site)

    with writing_session(site.engine) as session:
        told = unusual.figures(session, WHOLE_SITE, counted[0])

    first = told[0]
    assert first.line.indicator == "found"
    assert first.funnel[-1][0] == 80
    assert all(row[1] <= row[2] <= row[3] <= row[4] for row in first.funnel)
    assert len(first.others) == len(counted)
