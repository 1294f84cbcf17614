"""Records held against others: what is told, what is not, and that every number counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pytest

from server.survey.quality.records import likeness, places, readings, times
from server.survey.quality.records.times import Days
from server.survey.quality.records.work import Around, compare
from tests.record_facts import DEFAULTS, a_record, facts_of, told_of

VILLAGE = 130921211201
MIDDLE = {VILLAGE: (38.06, 116.85)}
METRE = 1 / 111_195
"""One metre to the north, in degrees."""


def weights(*more: Mapping[str, Any], count: int = 30) -> list[Mapping[str, Any]]:
    usual = [a_record(readings=[("weight", 60.0 + number % 10)]) for number in range(count)]
    return [*usual, *more]


def outliers(records: list[Mapping[str, Any]], **changed: float) -> list[tuple[str, str, int]]:
    return told_of(readings.found(facts_of(records), {**DEFAULTS, **_dotted(changed)}))


def _dotted(changed: Mapping[str, float]) -> dict[str, float]:
    return {name.replace("__", "."): value for name, value in changed.items()}


def test_a_weight_far_from_those_of_persons_alike_is_told_with_what_is_usual() -> None:
    facts = facts_of(weights(a_record(readings=[("weight", 160.0)])))

    (found,) = readings.found(facts, DEFAULTS)

    assert (found.check, found.indicator, found.submission_id) == ("reading", "weight/1", 31)
    assert found.figures["value"] == 160
    assert found.figures["stratum"] == "stratum"
    assert 60 <= found.figures["low"] < found.figures["high"] <= 160


@pytest.mark.parametrize("changed", [{"reading__z": 40.0}, {"reading__fence": 40.0}])
def test_each_threshold_of_readings_counts(changed: dict[str, float]) -> None:
    records = weights(a_record(readings=[("weight", 160.0)]))

    assert outliers(records)
    assert not outliers(records, **changed)


def test_nothing_sent_or_nothing_measured_tells_nothing() -> None:
    days = {VILLAGE: Days(date(2026, 11, 1), date(2026, 11, 30))}
    for facts in (facts_of([]), facts_of([a_record()])):
        around = Around(days, MIDDLE, {})

        assert list(compare(facts, DEFAULTS, around)) == []


def test_the_order_of_arrival_does_not_matter() -> None:
    records = weights(a_record(readings=[("weight", 160.0)], minute=60, blank=15))
    around = Around({}, MIDDLE, {})

    first = list(compare(facts_of(records), DEFAULTS, around))
    last = list(compare(facts_of(records[::-1]), DEFAULTS, around))

    kinds = [{(one.check, one.indicator) for one in several} for several in (first, last)]
    assert kinds[0] == kinds[1]
    assert {one.submission_id for one in first} == {31}
    assert {one.submission_id for one in last} == {1}


def test_too_few_alike_are_held_against_both_sexes_and_then_against_all_grown_persons() -> None:
    woman = a_record(readings=[("weight", 160.0)], sex="female")
    old = a_record(readings=[("weight", 160.0)], sex="female", age=80)

    of_band = list(readings.found(facts_of(weights(woman)), DEFAULTS))
    of_grown = list(readings.found(facts_of(weights(old)), DEFAULTS))

    assert [one.figures["stratum"] for one in of_band] == ["band"]
    assert [one.figures["stratum"] for one in of_grown] == ["grown"]
    assert not outliers(weights(woman), reading__fewest=40)


def test_a_child_is_never_held_against_grown_persons() -> None:
    assert not outliers(weights(a_record(readings=[("weight", 9.0)], age=1)))


def test_a_high_pressure_is_what_is_looked_for_and_a_low_one_is_a_mistake() -> None:
    usual = [a_record(readings=[("sbp1", 120.0 + number % 9)]) for number in range(40)]

    high = outliers([*usual, a_record(readings=[("sbp1", 230.0)])])
    low = outliers([*usual, a_record(readings=[("sbp1", 61.0)])])

    assert high == []
    assert low == [("reading", "sbp1/1", 41)]


def test_a_number_that_may_mean_not_known_is_told_once_and_is_no_outlier() -> None:
    strays = [a_record(readings=[("weight", 999.0)]) for _ in range(3)]

    hint = outliers(weights(*strays))

    assert hint == [("stray_code", "household_roster/weight/999", 31)]
    assert [check for check, _, _ in outliers(weights(*strays[:2]))] == ["reading", "reading"]
    assert outliers(weights(*strays), stray_code__times=4)[0][0] == "reading"


def test_an_interview_far_shorter_than_others_of_its_length_is_told() -> None:
    usual = [a_record(took=500.0 + 10 * number) for number in range(30)]
    others = [a_record(took=60.0, asked=3) for _ in range(30)]

    def short(*more: Mapping[str, Any], **changed: float) -> list[int]:
        facts = facts_of([*usual, *others, *more])
        return [
            one.submission_id
            for one in times.found(facts, {**DEFAULTS, **_dotted(changed)}, {})
            if one.check == "duration"
        ]

    assert short() == []
    assert short(a_record(took=100.0)) == [61]
    assert short(a_record(took=100.0, met=False)) == []
    assert short(a_record(took=9 * 3600.0)) == []
    assert short(a_record(took=100.0), duration__floor=0.1, duration__z=30.0) == []
    assert short(a_record(took=100.0), duration__floor=0.1, duration__z=2.0) == [61]


def test_time_on_questions_counts_where_the_phone_tells_it() -> None:
    logged = [a_record(took=4000.0, active=500.0 + number) for number in range(30)]
    facts = facts_of([*logged, a_record(took=4000.0, active=60.0)])

    (found,) = (one for one in times.found(facts, DEFAULTS, {}) if one.check == "duration")

    assert found.submission_id == 31
    assert found.figures == {"seconds": 60.0, "usual_s": 514.0, "tried": 31, "is_log": True}


def test_few_forms_are_told_only_below_a_minute() -> None:
    facts = facts_of([a_record(took=59.0), a_record(took=61.0), a_record(took=900.0)])

    (found,) = times.found(facts, DEFAULTS, {})

    assert (found.submission_id, found.figures["usual_s"]) == (1, None)


def test_the_night_a_clock_set_back_and_a_form_before_it_was_published_are_told() -> None:
    facts = facts_of(
        [
            a_record(minute=5 * 60 + 59),
            a_record(minute=6 * 60),
            a_record(minute=22 * 60),
            a_record(minute=-1),
            a_record(back=700.0),
            a_record(back=60.0),
            a_record(early=True),
        ]
    )

    assert told_of(times.found(facts, DEFAULTS, {})) == [
        ("clock", "early", 7),
        ("clock", "jump", 5),
        ("clock", "night", 1),
        ("clock", "night", 3),
    ]


def test_a_visit_out_of_its_round_is_told_unless_many_are() -> None:
    round_days = {VILLAGE: Days(date(2026, 11, 1), date(2026, 11, 30))}
    late = a_record(day=date(2026, 12, 24).toordinal())
    usual = [a_record() for _ in range(40)]

    def outside(records: list[Mapping[str, Any]]) -> list[int]:
        return [one.submission_id for one in times.found(facts_of(records), DEFAULTS, round_days)]

    assert outside([*usual, late]) == [41]
    assert outside([*usual, *[late] * 20]) == []


def fix(north_m: float, east_m: float = 0, **told: Any) -> Mapping[str, Any]:
    latitude, longitude = MIDDLE[VILLAGE]
    return a_record(
        latitude=latitude + north_m * METRE,
        longitude=longitude + east_m * METRE / np.cos(np.radians(latitude)),
        **told,
    )


def far(records: list[Mapping[str, Any]], middles: Any = MIDDLE, **changed: float) -> list[int]:
    found = places.found(facts_of(records), {**DEFAULTS, **_dotted(changed)}, middles, {})
    return [one.submission_id for one in found if one.check == "position"]


def test_a_position_far_from_its_village_is_told_and_one_that_is_not_accurate_is_not() -> None:
    near = [fix(40.0 * number) for number in range(30)]

    assert far([*near, fix(3100)]) == [31]
    assert far([*near, fix(3100)], position__farthest_m=4000) == []
    assert far([*near, fix(3100, accuracy=500.0)]) == []


def test_what_is_usual_of_a_scattered_village_is_not_far_but_no_usual_reaches_everywhere() -> None:
    scattered = [fix(70.0 * number) for number in range(100)]

    assert far([*scattered, fix(6500)]) == []
    assert far([*scattered, *[fix(40_000 + number) for number in range(9)]]) == [*range(101, 110)]


def test_a_village_without_a_position_has_the_middle_of_its_visits_once_there_are_enough() -> None:
    near = [fix(10.0 * number) for number in range(30)]

    assert far([*near, fix(5000)], {}) == [31]
    assert far([*near[:10], fix(5000)], {}) == []


def test_where_a_village_has_a_border_what_lies_well_outside_is_told() -> None:
    latitude, longitude = MIDDLE[VILLAGE]
    corners = [(-0.05, -0.05), (0.05, -0.05), (0.05, 0.05), (-0.05, 0.05), (-0.05, -0.05)]
    ring = [[longitude + east, latitude + north] for east, north in corners]
    border = json.dumps({"type": "Polygon", "coordinates": [ring]})
    # The border is 5,560 m to the north.
    records = [fix(0), fix(5500), fix(5900), fix(6100)]

    def outside(**changed: float) -> list[tuple[int, int]]:
        chosen = {**DEFAULTS, **_dotted(changed)}
        found = places.found(facts_of(records), chosen, MIDDLE, {VILLAGE: border})
        return [(one.submission_id, one.figures["outside_m"]) for one in found]

    ((number, outside_m),) = outside()
    assert number == 4
    assert outside_m == pytest.approx(540, abs=2)
    assert [number for number, _ in outside(position__outside_m=300)] == [3, 4]


def heaps(records: list[Mapping[str, Any]], **changed: float) -> list[tuple[int, int]]:
    found = places.found(facts_of(records), {**DEFAULTS, **_dotted(changed)}, MIDDLE, {})
    return [(one.submission_id, one.figures["households"]) for one in found if one.check == "heap"]


def test_households_of_one_phone_at_one_spot_over_hours_are_told_once() -> None:
    spread_out = [fix(60.0 * number, 500) for number in range(1, 30)]
    spot = [fix(2.0 * number) for number in range(6)]

    assert heaps([*spread_out, *spot]) == [(30, 6)]
    assert heaps([*spread_out, *spot[:4]]) == []
    assert heaps([*spread_out, *spot], heap__households=7) == []
    assert heaps([*spread_out, *spot], heap__minutes=600) == []
    assert heaps([*spread_out, *spot], heap__within_m=3) == []
    assert heaps([*spread_out, *[{**one, "household": 5} for one in spot]]) == []


def test_in_a_village_of_close_houses_a_heap_is_more_than_the_neighbours() -> None:
    close = [fix(6.0 * number) for number in range(40)]

    assert heaps(close) == []


def answers(number: int, count: int = 40) -> list[int]:
    drawn = np.random.default_rng(number).integers(1, 200, count)
    return [int(one) for one in drawn]


def same(records: list[Mapping[str, Any]], **changed: float) -> list[tuple[int, int]]:
    found = likeness.found(facts_of(records), {**DEFAULTS, **_dotted(changed)})
    return [
        (one.submission_id, one.figures["other"]) for one in found if one.check == "same_answers"
    ]


def test_the_later_of_two_records_almost_the_same_is_told() -> None:
    usual = [a_record(answers=answers(number)) for number in range(30)]
    copied = a_record(answers=[*answers(3)[:39], 201])

    assert same(usual) == []
    assert same([*usual, copied]) == [(31, 4)]
    assert same([*usual, {**copied, "phone": 8}]) == []
    assert same([*usual, copied], same_answers__share=0.99) == []
    assert same([*usual, copied], same_answers__z=1000.0) == []
    assert same([*usual, copied], same_answers__fewest_answers=41) == []
    assert same([*usual, copied], same_answers__fewest_records=32) == []


def test_records_that_are_alike_by_nature_are_not_told() -> None:
    healthy = [a_record(answers=[*[5] * 39, 1 + number % 9]) for number in range(60)]
    alike = [a_record(answers=[*answers(number, 2), *answers(1, 38)]) for number in range(60)]

    assert same(healthy) == []
    assert same(alike) == []


def test_questions_that_all_answer_alike_do_not_count() -> None:
    table = np.array([[1, 7, 3], [2, 7, 0], [1, 7, 4]], np.uint8)

    best, other, equal, tried = likeness.nearest(table, 1)

    assert other.tolist() == [2, 0, 0]
    assert equal.tolist() == [2, 1, 2]
    assert tried.tolist() == [3, 2, 3]
    assert best.tolist() == pytest.approx([2 / 3, 1 / 2, 2 / 3])


def test_a_record_with_far_more_blank_than_usual_of_its_phone_is_told() -> None:
    usual = [a_record(blank=number % 3) for number in range(30)]

    def blank(*more: Mapping[str, Any], **changed: float) -> list[int]:
        chosen = {**DEFAULTS, **_dotted(changed)}
        return [one.submission_id for one in likeness.found(facts_of([*usual, *more]), chosen)]

    assert blank(a_record(blank=12)) == [31]
    assert blank(a_record(blank=4, asked=5)) == []
    assert blank(a_record(blank=12, met=False)) == []
    assert blank(a_record(blank=12), unanswered__floor=0.7) == []
    assert blank(a_record(blank=12), unanswered__z=10.0) == []
    assert blank(a_record(blank=12), unanswered__fewest=40) == []
