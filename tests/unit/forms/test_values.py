"""Texts as numbers, days, instants and positions."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from forms.values import (
    read_clock,
    read_day,
    read_geopoint,
    read_geopoints,
    read_instant,
    read_integer,
    read_number,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7.0),
        ("-0.5", -0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("+3", 3.0),
        ("1.0E7", 1e7),
        ("1e-3", 0.001),
        ("", None),
        ("NaN", None),
        ("Infinity", None),
        ("1_000", None),
        ("1,5", None),
        ("７", None),
        ("٣", None),
        ("1e999", None),
        (" 7", None),
        ("0x10", None),
        ("9" * 41, None),
        (".", None),
        ("-", None),
    ],
)
def test_numbers_are_what_xml_schema_calls_numbers(text: str, number: float | None) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("143", 143), ("143.0", 143), ("-2", -2), ("1.5", None), ("1e30", None), ("", None)],
)
def test_whole_numbers_may_come_with_a_point(text: str, number: float | None) -> None:
    assert read_integer(text) == number


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-22", date(2026, 11, 22)),
        ("2026-11-22+08:00", date(2026, 11, 22)),
        ("2026-11-22Z", date(2026, 11, 22)),
        ("2026-11-22T00:30:00.000+08:00", date(2026, 11, 22)),
        ("2023-02-29", None),
        ("20261122", None),
        ("2026-W47-7", None),
        ("2026-11-22 or so", None),
        ("22/11/2026", None),
        ("0000-01-01", None),
        ("２０２６-11-22", None),
        ("", None),
    ],
)
def test_a_day_is_that_of_the_phone(text: str, day: date | None) -> None:
    assert read_day(text) == day


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22T01:15:00Z", datetime(2026, 11, 22, 1, 15, tzinfo=UTC)),
        ("2026-11-22T01:15:00+00:00", datetime(2026, 11, 22, 1, 15, tzinfo=UTC)),
        ("2026-11-22T09:15:00.500+08:00", datetime(2026, 11, 22, 1, 15, 0, 500_000, tzinfo=UTC)),
        ("2026-11-22T09:15:00.000+08", datetime(2026, 11, 22, 1, 15, tzinfo=UTC)),
        ("2026-11-22T09:15+0800", datetime(2026, 11, 22, 1, 15, tzinfo=UTC)),
        ("2026-11-22T09:15:00.000", None),
        ("2026-11-22", None),
        ("2026-11-22T25:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-11-22 09:15:00Z", None),
        ("2026-11-22T09:15:00" + "Z" * 40, None),
        ("", None),
    ],
)
def test_an_instant_needs_its_zone(text: str, instant: datetime | None) -> None:
    assert read_instant(text) == instant


@pytest.mark.parametrize(
    ("text", "is_time"),
    [("09:15:00.000+08:00", True), ("09:15", True), ("24:30", False), ("0915", False), ("", False)],
)
def test_a_time_of_day_is_known(text: str, is_time: bool) -> None:
    assert (read_clock(text) is not None) == is_time


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("38.3 116.9 12.0 5.0", (38.3, 116.9, 12.0, 5.0)),
        ("38.3 116.9", (38.3, 116.9, None, None)),
        ("38.3 116.9 0", (38.3, 116.9, 0.0, None)),
        ("-90 180 0 -1", (-90.0, 180.0, 0.0, None)),
        ("38.3 116.9 NaN NaN", (38.3, 116.9, None, None)),
        ("91 0 0 0", None),
        ("0 181 0 0", None),
        ("38.3", None),
        ("a b", None),
        ("1 2 3 4 5", None),
        ("", None),
    ],
)
def test_a_fix_has_latitude_first(text: str, fix: tuple[float | None, ...] | None) -> None:
    assert read_geopoint(text) == fix


def test_a_line_is_a_list_of_fixes() -> None:
    points = read_geopoints("38.3 116.9 0 0; 38.4 116.8 0 0;")

    assert points is not None
    assert [point.latitude for point in points] == [38.3, 38.4]
    assert read_geopoints("38.3 116.9; 138.4 116.8") is None
    assert read_geopoints("") is None
