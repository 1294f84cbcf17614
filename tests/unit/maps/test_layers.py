"""Legends and what the map fetches."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from maps import legend
from maps.clinics import ClinicScore
from maps.coverage import VillageCoverage
from maps.households import MOST_CELLS, HouseholdPoint, HouseholdStatus, household_cells
from maps.layers import CLINIC_FIELDS, Box, box_around, clinic_layer, short_name, to_json
from maps.points import Point
from maps.village_figures import VILLAGE_LAYERS, FoundRate, VillageFigures, ratio_class
from maps.village_layer import VILLAGE_FIELDS, WEEK_FIELDS, village_layer, week_layer

VILLAGE = VillageCoverage(
    code="130921211201",
    name="高川村村民委员会",
    township_code="130921211",
    township_name="高川乡",
    place=Point(38.123456789, 116.987654321),
    register_households=100,
    register_persons=400,
    register_source="census",
    register_on=date(2025, 12, 31),
    households_completed=60,
    households_refused=5,
    households_seen=70,
    persons_screened=200,
    suspected=3,
    documented=20,
    last_visit_on=date(2026, 8, 1),
    days_behind=4,
)
CLINIC = ClinicScore(
    "c1", "高川村卫生室", VILLAGE.code, VILLAGE.name, "130921211", "高川乡", score=84.5
)
CHINA = Box(18, 73, 54, 135)


FIGURES = VillageFigures(
    VILLAGE, treated=6, followed=30, due=4, rate=FoundRate(23, 200, smoothed=0.1, usual=0.04)
)


def named(layer: dict[str, Any], rows: str, at: int = 0) -> dict[str, Any]:
    """One row of a layer, as the page reads it."""
    sent = json.loads(to_json(layer))
    return dict(zip(sent["fields"], sent[rows][at], strict=True))


def counts(rows: list[legend.LegendRow]) -> dict[str, int | None]:
    return {str(row.symbol.key): row.count for row in rows if row.count}


def test_a_village_is_an_array_of_its_figures_to_the_metre() -> None:
    layer = village_layer([FIGURES])

    row = named(layer, "villages")
    assert (row["code"], row["name"]) == ("130921211201", "高川村")
    assert (row["latitude"], row["longitude"]) == (38.12346, 116.98765)
    assert layer["townships"][row["township"]] == ("130921211", "高川乡")
    assert (row["done"], row["register"], row["register_on"]) == (65, 100, "2025-12-31")
    assert (row["last_visit_on"], row["days_behind"]) == ("2026-08-01", 4)
    assert tuple(layer["fields"]) == VILLAGE_FIELDS


@pytest.mark.parametrize(
    ("name", "key", "number"),
    [
        ("coverage", "class_2", 65),
        ("suspected", "few", 3),
        ("documented", "many", 20),
        ("treated", "some", 6),
        ("followup", "few", 4),
        ("rate", "ratio_5", 10.0),
        ("rate_raw", "ratio_5", 11.5),
    ],
)
def test_every_layer_tells_class_and_number_of_a_village(
    name: str, key: str, number: float
) -> None:
    layer = village_layer([FIGURES])

    row = named(layer, "villages")
    assert layer["symbols"][name][row[f"{name}_class"]] == key
    assert row[f"{name}_number"] == number


@pytest.mark.parametrize(
    ("name", "bare", "key"),
    [
        ("treated", VillageFigures(replace(VILLAGE, suspected=0, documented=0)), "nobody"),
        ("treated", VillageFigures(VILLAGE), "none"),
        ("followup", VillageFigures(VILLAGE), "nobody"),
        ("followup", VillageFigures(VILLAGE, followed=9), "none"),
        ("rate", VillageFigures(VILLAGE), "no_data"),
    ],
)
def test_nothing_to_tell_is_told_apart_from_none(name: str, bare: VillageFigures, key: str) -> None:
    assert VILLAGE_LAYERS[name].class_of(bare) == key


@pytest.mark.parametrize(
    ("ratio", "at"),
    [(0, 0), (0.32, 0), (0.33, 1), (0.5, 2), (0.8, 3), (1, 3), (1.25, 4), (2, 5), (3, 6), (9, 6)],
)
def test_rates_fall_into_seven_classes_by_their_ratio_to_the_usual(ratio: float, at: int) -> None:
    assert ratio_class(ratio * 0.25, 0.25) == f"ratio_{at}"


def test_of_a_week_only_what_changes_is_sent() -> None:
    layer = week_layer([FIGURES])

    assert tuple(layer["fields"]) == WEEK_FIELDS
    assert named(layer, "villages")["done"] == 65
    assert len(to_json(layer)) < len(to_json(village_layer([FIGURES]))) / 3


def test_a_village_without_a_place_is_sent_without_degrees() -> None:
    bare = replace(FIGURES, coverage=replace(VILLAGE, place=None))

    row = named(village_layer([bare]), "villages")

    assert (row["latitude"], row["longitude"]) == (None, None)


def test_a_clinic_without_an_audit_is_sent_as_missing() -> None:
    layer = clinic_layer([replace(CLINIC, score=None), CLINIC])

    row = named(layer, "clinics")
    assert layer["symbols"]["clinics"][row["class"]] == "missing"
    assert (row["score"], row["village"]) == (None, "高川村")
    assert tuple(layer["fields"]) == CLINIC_FIELDS


def test_the_coverage_legend_counts_every_village_once_and_lists_empty_classes() -> None:
    villages = [
        VILLAGE,
        replace(VILLAGE, register_households=None),
        replace(VILLAGE, households_completed=0, households_refused=0, households_seen=0),
        replace(VILLAGE, households_completed=200),
    ]

    rows = legend.rows_of(legend.COVERAGE, map(legend.coverage_class, villages))

    assert len(rows) == 8
    assert counts(rows) == {"class_2": 1, "no_register": 1, "not_started": 1, "over_register": 1}


def test_the_legend_of_persons_tells_none_found_from_nobody_screened() -> None:
    villages = [
        replace(VILLAGE, suspected=0),
        replace(VILLAGE, suspected=0, persons_screened=0),
        replace(VILLAGE, suspected=4),
        replace(VILLAGE, suspected=5),
        replace(VILLAGE, suspected=20),
    ]

    def classes(hide_below: int = 0) -> list[str]:
        return [legend.count_class(one, "suspected", hide_below) for one in villages]

    shown, hidden = (legend.rows_of(legend.COUNTS, told) for told in (classes(), classes(5)))

    assert counts(shown) == {"none": 1, "unscreened": 1, "few": 1, "some": 1, "many": 1}
    assert counts(hidden) == {"none": 1, "unscreened": 1, "hidden": 1, "some": 1, "many": 1}


def test_the_clinic_legend_counts_missing_audits_apart() -> None:
    rows = legend.clinic_legend(
        [CLINIC, replace(CLINIC, score=None), replace(CLINIC, vetoes=("x",))]
    )

    assert counts(rows) == {"pass": 1, "missing": 1, "veto": 1}


@pytest.mark.parametrize(
    "symbols",
    [
        *(layer.symbols for layer in VILLAGE_LAYERS.values()),
        legend.CLINICS,
        legend.HOUSEHOLDS,
    ],
)
def test_no_two_symbols_of_a_layer_differ_by_colour_alone_unless_a_number_tells(
    symbols: tuple[legend.Symbol, ...],
) -> None:
    looks = [
        (one.shape, one.sign, one.is_hatched, one.is_dashed, bool(one.colour))
        for one in symbols
        if one.sign not in ("%", "#")
    ]

    assert len(set(looks)) == len(looks)


def test_households_have_a_symbol_for_every_status() -> None:
    assert [symbol.key for symbol in legend.HOUSEHOLDS] == [
        status.name.lower() for status in HouseholdStatus
    ]


def test_few_households_come_one_by_one_without_a_name() -> None:
    households = [
        HouseholdPoint("h1", 38.1234567, 116.1, HouseholdStatus.REFUSED),
        HouseholdPoint("h2", 60.0, 116.1, HouseholdStatus.OPEN),
    ]

    assert household_cells(households, 12, CHINA) == {"households": [[38.12346, 116.1, 3, "h1"]]}


def test_many_households_come_in_cells_that_hold_them_all_and_show_the_worst() -> None:
    households = [
        HouseholdPoint(str(at), 38 + (at % 40) / 100, 116 + (at // 40) / 100, at % 3)
        for at in range(2_000)
    ]

    cells = household_cells(households, 20, CHINA)["cells"]

    assert len(cells) <= MOST_CELLS
    assert sum(int(str(count)) for _, _, count, _ in cells) == 2_000
    assert {worst for _, _, _, worst in cells} == {2}


@pytest.mark.parametrize("zoom", [-5, 0, 99, 10**9])
def test_any_zoom_gives_an_answer(zoom: int) -> None:
    households = [HouseholdPoint(str(at), 38 + at / 1e4, 116, 0) for at in range(501)]

    assert "cells" in household_cells(households, zoom, CHINA)


def test_the_box_holds_all_known_places() -> None:
    assert box_around([Point(38, 116), None, Point(37, 117)]) == Box(37, 116, 38, 117)
    assert box_around([None]) is None


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("高川村村民委员会", "高川村"),
        ("高屯村民委员会", "高屯村"),
        ("牛庄村委会", "牛庄村"),
        ("浍光村村委会", "浍光村"),
        ("集镇社区居委会", "集镇社区"),
        ("城关社区居民委员会", "城关社区"),
        ("Gaochuan", "Gaochuan"),
        ("村委会", "村委会"),
        ("", ""),
    ],
)
def test_a_name_on_the_map_leaves_out_the_committee(name: str, short: str) -> None:
    assert short_name(name) == short
