"""Pictures of figures: whole, within their frame, the same each time, in letters of their own."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from exports.pictures.bars import BarRow, bars
from exports.pictures.canvas import (
    PAPER,
    WIDTH,
    Drawing,
    Picture,
    inline,
    standalone,
    step_of,
    text_width,
    whole_ticks,
)
from exports.pictures.columns import ColumnsWords, columns
from exports.pictures.funnel import FunnelWords, funnel
from exports.pictures.heat import heat
from exports.pictures.png import FINENESS, png
from exports.pictures.pyramid import Band, pyramid
from exports.pictures.trend import TrendWords, trend
from exports.table import Table

TABLE = Table("t", (), ())
DAYS = [(0, "2 Nov"), (3, "today"), (9, "11 Nov")]


def number(value: float) -> str:
    return f"{value:,}"


def percent(share: float) -> str:
    return f"{share * 100:g}%"


def a_trend() -> Drawing:
    words = TrendWords("已完成", "计划", "还需要", DAYS)
    return trend([0, 3, 7, 12], [3, 6, 9, 12, 15, 18, 21, 24, 27, 30], 30, words, number)


def a_funnel() -> Drawing:
    limits = [[float(n), 0.0, 0.01, 0.2, 0.3] for n in range(5, 200, 5)]
    words = FunnelWords("高川", "其他村", "平均", "95%", "99.8%", "筛查人数")
    return funnel((18, 80), [(3, 40), (0, 0), (9, 120)], limits, 0.08, words, number, percent)


DRAWINGS: dict[str, Callable[[], Drawing]] = {
    "trend": a_trend,
    "funnel": a_funnel,
    "bars": lambda: bars(
        [BarRow("高川 & <村>", "12 / 40", 9, 3, 40), BarRow("王庄", "0", 0, usual=3)],
        [("solid", "完成"), ("hatch", "拒访"), ("track", "登记")],
    ),
    "columns": lambda: columns(
        [34, 2, 0, 1, 4, 9, 2, 1, 3, 1],
        ColumnsWords([(at, str(at)) for at in range(10)], "读数", "平均"),
        number,
        usual=5.7,
    ),
    "pyramid": lambda: pyramid([Band("0-4", 3, 0), Band("85+", 0, 12)], "男", "女", number),
    "heat": lambda: heat([[0] * 23 + [5], [1] * 24], ["周一", "周二"], lambda at: f"{at}", number),
}


def a_picture(name: str) -> Picture:
    return Picture(name, "完成的户数", "480户中的190户，落后计划14户。", DRAWINGS[name](), TABLE)


def parsed(svg: str) -> etree._Element:
    return etree.fromstring(svg.encode())


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_picture_is_well_formed_and_says_what_it_shows(name: str) -> None:
    picture = a_picture(name)

    alone, in_page = parsed(standalone(picture)), parsed(inline(picture))

    assert alone.findtext("{*}title") == "完成的户数"
    assert in_page.get("role") == "img"
    assert "190" in str(in_page.get("aria-label"))


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_mark_and_word_stays_within_the_frame(name: str) -> None:
    drawing = DRAWINGS[name]()

    marks = parsed(f"<g>{drawing.marks}</g>")

    for one in marks.iter("rect"):
        left, width = float(one.get("x", 0)), float(one.get("width", 0))
        assert left >= 0
        assert left + width <= WIDTH + 0.2
    for one in marks.iter("text"):
        width = text_width(one.text or "")
        before = {"end": width, "middle": width / 2}.get(one.get("text-anchor", ""), 0)
        start = float(one.get("x", 0)) - before
        assert start >= -1, one.text
        assert start + width <= WIDTH + 8, one.text
        assert float(one.get("y", 0)) <= drawing.height


@pytest.mark.parametrize("name", DRAWINGS)
def test_marks_bring_their_looks_so_that_any_program_shows_them(name: str) -> None:
    marks = parsed(f"<svg>{DRAWINGS[name]().marks}</svg>")

    drawn = list(marks)

    assert drawn
    assert {one.get("class") for one in drawn} <= PAPER.keys()
    assert all(one.get("fill") for one in drawn)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_png_is_the_drawing_three_times_as_fine_and_the_same_each_time(name: str) -> None:
    picture = a_picture(name)

    first, second = png(picture), png(picture)

    width, height = struct.unpack(">II", first[16:24])
    frame = parsed(standalone(picture))
    assert first == second
    assert (width, height) == (
        int(frame.get("width", 0)) * FINENESS,
        int(frame.get("height", 0)) * FINENESS,
    )


def test_chinese_and_latin_letters_are_drawn_from_fonts_that_come_along() -> None:
    def of(title: str) -> bytes:
        return png(Picture("one", title, "", DRAWINGS["bars"](), TABLE))

    several = {of(title) for title in ("高川", "\u9f98\u9750", "ab", "yz")}

    # A letter no font has is the same box for all: these would be two pictures, not four.
    assert len(several) == 4


def test_a_title_too_long_for_one_line_goes_on_below() -> None:
    long = Picture("one", "完成的户数与计划" * 6, "", DRAWINGS["bars"](), TABLE)
    short = Picture("one", "完成的户数", "", DRAWINGS["bars"](), TABLE)

    heights = [int(parsed(standalone(one)).get("height", 0)) for one in (long, short)]

    assert heights[0] > heights[1]


def test_a_name_too_long_for_its_row_is_cut_where_its_figures_begin() -> None:
    drawing = bars([BarRow("A village whose name goes on " * 3, "12 of 40", 12)])

    name, figures = parsed(f"<g>{drawing.marks}</g>").iter("text")

    assert str(name.text).endswith("…")
    assert text_width(str(name.text)) < WIDTH - text_width(str(figures.text))


@given(st.integers(1, 10_000_000), st.integers(2, 6))
def test_ticks_are_round_and_reach_the_most(most: int, about: int) -> None:
    ticks = whole_ticks(most, about)

    assert ticks[0] == 0
    assert ticks[-1] >= most > ticks[-2]
    assert len(ticks) <= about + 2
    assert str(ticks[1]).rstrip("0") in ("1", "2", "5")


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_nothing_is_white_and_the_most_is_darkest(value: int, most: int) -> None:
    step = step_of(min(value, most), most)

    assert (step == 0) == (value == 0)
    assert step <= 5
    assert step_of(most, most) == 5


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 5000), min_size=1, max_size=60),
    st.lists(st.integers(0, 5000), max_size=80),
    st.none() | st.integers(1, 5000),
)
def test_any_trend_can_be_drawn(done: list[int], planned: list[int], goal: int | None) -> None:
    words = TrendWords("done", "plan", "needed", [(0, "2 Nov"), (len(done) - 1, "now")])

    drawing = trend(done, planned, goal, words, number)

    assert "nan" not in drawing.marks
    assert parsed(f"<g>{drawing.marks}</g>") is not None
