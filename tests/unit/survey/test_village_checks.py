"""Villages that stand apart, groups of them, and registers that cannot be right: as signals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import shapely
from sqlalchemy import insert, select, update

from server.database import writing, writing_session
from server.survey import boundaries
from server.survey.boundaries import Brought
from server.survey.quality import nearby, rates, registers, running, scan
from server.survey.quality.signals import NOTHING, Change
from server.survey.site import Site
from server.tables.projections import VillageTally
from server.tables.reference import Village
from server.tables.signals import RateModel, Signal, VillageRate
from server.tables.tasks import CheckSetting
from tests.village_rows import (
    NOW,
    count_villages,
    place_villages,
    put_sums,
    thresholds_of,
    villages_of,
)


def signals_of(site: Site, check: str) -> list[Any]:
    with site.engine.connect() as connection:
        query = select(Signal).where(Signal.check == check)
        return list(connection.execute(query.order_by(Signal.subject, Signal.indicator)))


def set_village(site: Site, code: str, **values: Any) -> None:
    with writing(site.engine) as connection:
        connection.execute(update(Village).where(Village.code == code).values(values))


def choose(site: Site, name: str, value: float) -> None:
    with writing(site.engine) as connection:
        row = {"name": name, "value": value, "at": NOW, "who": "office"}
        connection.execute(insert(CheckSetting), row)


@pytest.fixture
def counted(site: Site) -> list[str]:
    return count_villages(site, 20)


def test_a_village_that_stands_apart_is_a_signal_with_all_that_its_sentence_needs(
    site: Site, counted: list[str]
) -> None:
    change = rates.work_out(site, thresholds_of(site), NOW)

    (one,) = signals_of(site, "rate")
    assert change == Change(1, 0)
    assert (one.subject, one.indicator, one.verdict) == (counted[0], "found", "flag")
    assert (one.family, one.village_code, one.inputs) == ("village", counted[0], "30/80")
    assert one.township_code == counted[0][:9] + "000"
    told = one.figures
    assert (told["events"], told["tried"]) == (30, 80)
    assert told["low"] < told["expected"] < told["high"] < told["events"]


def test_diseases_that_not_everybody_may_see_by_name_are_left_out(
    site: Site, counted: list[str]
) -> None:
    with site.engine.connect() as connection:
        several = rates.counts(connection, 20)

    assert {one.indicator for one in several} == {"found", "hypertension"}


def test_what_did_not_change_is_not_worked_out_again_and_a_threshold_is_a_change(
    site: Site, counted: list[str]
) -> None:
    chosen = thresholds_of(site)
    rates.work_out(site, chosen, NOW)
    with site.engine.connect() as connection:
        before = connection.execute(select(RateModel).order_by(RateModel.indicator)).all()

    again = rates.work_out(site, chosen, NOW + timedelta(hours=1))

    assert again == NOTHING
    with site.engine.connect() as connection:
        after = connection.execute(select(RateModel).order_by(RateModel.indicator)).all()
    assert after == before
    changed = thresholds_of(site, rate_smallest_ratio=5.0)
    assert rates.work_out(site, changed, NOW) == Change(0, 1)
    assert signals_of(site, "rate") == []


def test_a_signal_keeps_the_moment_it_was_noticed(site: Site, counted: list[str]) -> None:
    rates.work_out(site, thresholds_of(site), NOW)

    rates.work_out(site, thresholds_of(site, rate_q=0.04), NOW + timedelta(days=1))

    (one,) = signals_of(site, "rate")
    assert one.noticed_at == NOW


def test_each_village_has_a_rate_drawn_to_the_mean_and_one_drawn_to_its_neighbours(
    site: Site, counted: list[str]
) -> None:
    for at, code in enumerate(counted[:-1]):
        set_village(site, code, latitude=38 + at * 0.02, longitude=116.0)

    rates.work_out(site, thresholds_of(site), NOW)

    with site.engine.connect() as connection:
        query = select(VillageRate).where(VillageRate.indicator == "found")
        told = {row.village_code: row for row in connection.execute(query)}
    first, last = told[counted[0]], told[counted[-1]]
    assert 7 / 80 < first.smoothed < 30 / 80
    assert 7 / 80 < first.smoothed_locally < 30 / 80
    # Nobody knows where the last one lies.
    assert last.smoothed > 0
    assert last.smoothed_locally is None


def test_neighbours_are_those_whose_borders_touch_where_borders_are_known(site: Site) -> None:
    codes = villages_of(site, 10)
    for at, code in enumerate(codes):
        set_village(site, code, latitude=38.0, longitude=116 + at * 0.01)
    # Two far apart by their places share a border; the third of them has none beside it.
    boxes = {
        codes[0]: shapely.box(116.0, 38.0, 116.1, 38.1),
        codes[9]: shapely.box(116.1001, 38.0, 116.2, 38.1),
        codes[4]: shapely.box(117.0, 38.0, 117.1, 38.1),
    }
    with writing_session(site.engine) as session:
        brought = Brought("borders.geojson", "0" * 64, "wgs84", boxes)
        boundaries.keep(session, brought, "office", NOW)

    with site.engine.connect() as connection:
        around = nearby.nearby(connection)

    beside = around.neighbours(codes)
    assert (beside[0], beside[9]) == ([9], [0])
    assert sorted(beside[4]) == [1, 2, 3, 5, 6, 7]
    assert len(beside[1]) == nearby.NEIGHBOURS


@pytest.fixture
def grown(site: Site) -> list[str]:
    """Thirty-six villages in a row; found twice as often in three, of two townships."""
    codes = place_villages(site, 36)
    assert len(codes) == 36
    set_village(site, codes[5], township_code="130921999000")
    return codes


def test_neighbours_that_stand_apart_together_are_told_to_each_township_for_itself(
    site: Site, grown: list[str]
) -> None:
    chosen = thresholds_of(site)
    rates.work_out(site, chosen, NOW)

    change = scan.work_out(site, chosen, NOW)

    several = signals_of(site, "cluster")
    assert change == Change(2, 0)
    by_township = {one.township_code: one for one in several}
    other = by_township.pop("130921999000")
    (own,) = by_township.values()
    assert [code for code, _ in own.figures["villages"]] == grown[3:5]
    assert (own.figures["events"], own.figures["tried"]) == (52, 300)
    assert (own.figures["elsewhere"], other.figures["elsewhere"]) == (1, 2)
    assert own.figures["p"] <= 0.01
    assert own.subject == grown[3]


def test_the_scan_is_done_once_for_the_same_counts_and_comes_out_the_same(
    site: Site, grown: list[str]
) -> None:
    chosen = thresholds_of(site)
    rates.work_out(site, chosen, NOW)
    scan.work_out(site, chosen, NOW)
    before = signals_of(site, "cluster")

    again = scan.work_out(site, chosen, NOW + timedelta(hours=1))
    with writing(site.engine) as connection:
        connection.execute(update(RateModel).values(scanned=""))
    anew = scan.work_out(site, chosen, NOW + timedelta(hours=2))

    assert (again, anew) == (NOTHING, NOTHING)
    assert signals_of(site, "cluster") == before
    stricter = thresholds_of(site, cluster_smallest_ratio=3.0)
    assert scan.work_out(site, stricter, NOW) == Change(0, 2)


def test_more_households_than_registered_ask_for_the_register(site: Site) -> None:
    few, over, bare, unbegun = villages_of(site, 4)
    set_village(site, few, households=20)
    set_village(site, over, households=50)
    set_village(site, bare, households=None)
    set_village(site, unbegun, households=None)
    put_sums(site, few, households=22, completed=22)
    put_sums(site, over, households=58, completed=50, refused=3, absent_final=2, vacated=3)
    put_sums(site, bare, households=7, completed=7)

    change = registers.work_out(site, thresholds_of(site), NOW)

    (one,) = signals_of(site, "over_register")
    (missing,) = signals_of(site, "no_register")
    assert change == Change(2, 0)
    assert (one.subject, one.figures["done"], one.figures["registered"]) == (over, 58, 50)
    assert (missing.subject, missing.figures) == (bare, {"seen": 7})
    stricter = thresholds_of(site, over_register_fewest_more=2)
    assert registers.work_out(site, stricter, NOW) == Change(1, 0)
    looser = thresholds_of(site, over_register_share=1.5)
    assert registers.work_out(site, looser, NOW) == Change(0, 2)


def test_one_household_more_is_the_same_question_and_a_tenth_more_another(site: Site) -> None:
    (code,) = villages_of(site, 1)
    set_village(site, code, households=50)
    put_sums(site, code, households=56, completed=56)
    told = []
    for done in (56, 57, 60):
        with writing(site.engine) as connection:
            connection.execute(update(VillageTally).values(completed=done))
        registers.work_out(site, thresholds_of(site), NOW)
        told.append(signals_of(site, "over_register")[0].inputs)

    assert told[0] == told[1] != told[2]


def test_a_check_that_is_switched_off_says_nothing_until_it_is_on_again(
    site: Site, counted: list[str]
) -> None:
    running.run(site, NOW)
    assert len(signals_of(site, "rate")) == 1

    choose(site, "rate.on", 0)
    running.run(site, NOW)
    assert signals_of(site, "rate") == []
    running.run(site, NOW)
    assert signals_of(site, "rate") == []

    choose(site, "rate.on", 1)
    running.run(site, NOW)
    assert len(signals_of(site, "rate")) == 1
