"""Cells of an office's table: what is taken, what is refused, and with which words."""

from __future__ import annotations

from datetime import date

import pytest

from server.survey.registry import cells
from server.survey.registry.cells import Unfit
from server.survey.registry.names import name_stem
from server.survey.registry.sheets import Value


@pytest.mark.parametrize(
    "written",
    [
        "130921211201",
        " 130921211201 ",
        "\ufeff130921211201",
        "'130921211201",
        "1309 2121 1201",
        "13092121\uff11\uff12\uff10\uff11",
        "130921211201.0",
        "1.30921211201E+11",
        "1.30921211201e11",
        130921211201,
        130921211201.0,
    ],
)
def test_a_village_code_is_recovered_when_no_digit_can_be_lost(written: Value) -> None:
    assert cells.village_code_of(written) == "130921211201"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1.3E+11", "has lost digits"),
        ("1.30921E+11", "has lost digits"),
        ("130921211201.5", "is no code"),
        ("13092121120A", "is no code"),
        ("一三零九", "is no code"),
        ("13092121120", "has 11 digits; the code of a village has 12"),
        ("1309212112010", "has 13 digits"),
        ("130921211000", "is the code of a township"),
        ("130921", "has 6 digits"),
        (True, "is no code"),
    ],
)
def test_a_village_code_that_may_be_another_is_refused(written: Value, said: str) -> None:
    with pytest.raises(Unfit, match=said):
        cells.village_code_of(written)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("13", "130000000000"),
        (1309, "130900000000"),
        ("130921", "130921000000"),
        ("130921211", "130921211000"),
        ("130921211000", "130921211000"),
    ],
)
def test_a_division_code_may_be_as_short_as_offices_print_it(written: Value, code: str) -> None:
    assert cells.division_code_of(written) == code


def test_a_division_code_of_another_length_is_refused() -> None:
    with pytest.raises(Unfit, match="has 5 digits; the code of a division has 2, 4, 6, 9 or 12"):
        cells.division_code_of("13092")


@pytest.mark.parametrize(
    ("written", "count"),
    [("312", 312), (312.0, 312), ("312户", 312), ("1,050", 1050), ("1050人", 1050), (0, 0)],
)
def test_counts_are_read_as_offices_write_them(written: Value, count: int) -> None:
    assert cells.count_of(written) == count


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (-3, "is below zero"),
        ("-3", "is below zero"),
        (12.5, "is no whole number"),
        ("33+10", "is no count"),
        ("约300", "is no count"),
        ("1,05", "is no count"),
        ("1E3", "is no count"),
        (True, "is no count"),
    ],
)
def test_what_is_no_count_is_refused(written: Value, said: str) -> None:
    with pytest.raises(Unfit, match=said):
        cells.count_of(written)


@pytest.mark.parametrize(
    "written",
    ["2018-06-30", "2018/6/30", "2018.6.30", "2018年6月30日", "20180630", "2018-06-30 00:00:00"],
)
def test_days_are_read_as_offices_write_them(written: str) -> None:
    assert cells.day_of(written) == date(2018, 6, 30)


@pytest.mark.parametrize("written", ["2018-02-30", "2018年6月", "30.6.2018", 43281, "soon"])
def test_what_is_no_day_is_refused(written: Value) -> None:
    with pytest.raises(Unfit, match="is no day"):
        cells.day_of(written)


@pytest.mark.parametrize("written", ["38°02′", "nan", "inf", "200", "north"])
def test_what_is_no_position_is_refused(written: str) -> None:
    with pytest.raises(Unfit, match="is no position"):
        cells.degrees_of(written)


def test_positions_may_carry_their_sign() -> None:
    assert cells.degrees_of("38.0412°N") == 38.0412
    assert cells.degrees_of("116.83度") == 116.83


@pytest.mark.parametrize(
    ("written", "kept"), [("户籍", "register"), ("Census", "census"), ("估计", "estimate")]
)
def test_sources_are_known_in_both_languages(written: str, kept: str) -> None:
    assert cells.source_of(written) == kept


def test_a_clinics_code_may_hold_letters_but_no_lost_digits() -> None:
    assert cells.clinic_code_of("pdy00012-X") == "PDY00012-X"
    with pytest.raises(Unfit, match="has lost digits"):
        cells.clinic_code_of("1.3E+11")
    with pytest.raises(Unfit, match="is no code of a clinic"):
        cells.clinic_code_of("=cmd|x")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("530427202001", "residents"),
        ("530427202199", "residents"),
        ("130921211201", "village"),
        ("130921211399", "village"),
        ("130921211498", "other"),
    ],
)
def test_a_villages_kind_follows_from_its_last_digits(code: str, kind: str) -> None:
    assert cells.village_kind_by_code(code) == kind


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("高川村村民委员会", "高川"),
        ("高川村委会", "高川"),
        ("高川村", "高川"),
        ("高川 村", "高川"),
        ("集镇社区居委会", "集镇"),
        ("马鹿社区居民委员会", "马鹿"),
        ("吕合村民委员会", "吕合"),
        ("村委会", "村委会"),
        ("后村", "后"),
    ],
)
def test_names_match_on_their_stem(name: str, stem: str) -> None:
    assert name_stem(name) == stem
