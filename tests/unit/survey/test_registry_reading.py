"""Looking up places: by scope, by township, by code, by name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy.orm import Session

from maps.points import Point
from server.database import Base, open_engine
from server.errors import Missing
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.registry import overview, reading
from server.tables import reference

GAOCHUAN, LUHE = "130921211", "532301103"


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = open_engine(database_url)
    Base.metadata.create_all(engine)
    with Session(engine.execution_options(is_writing=True)) as opened:
        opened.add_all(
            [
                a_division(GAOCHUAN, "高川乡", "township"),
                a_division("530000000000"[:2], "云南省", "province"),
                a_division("532301", "楚雄市", "county"),
                a_division(LUHE, "吕合镇", "township"),
                a_village(f"{GAOCHUAN}201", "高川村村民委员会", GAOCHUAN, households=312),
                a_village(f"{GAOCHUAN}202", "后村村民委员会", GAOCHUAN),
                a_village(f"{GAOCHUAN}206", "后高龙华村村民委员会", GAOCHUAN),
                a_village(f"{LUHE}201", "吕合村民委员会", LUHE, valid_to=date(2026, 6, 30)),
                a_clinic("A", f"{GAOCHUAN}201", GAOCHUAN),
                a_clinic("B", None, LUHE),
            ]
        )
        opened.flush()
        yield opened
        opened.rollback()
    engine.dispose()


def a_division(stem: str, name: str, level: str) -> reference.Division:
    return reference.Division(code=stem.ljust(12, "0"), name=name, level=level, stem=stem)


def a_village(
    code: str,
    name: str,
    township: str,
    households: int | None = None,
    valid_to: date | None = None,
) -> reference.Village:
    return reference.Village(
        code=code,
        name=name,
        township_code=township + "000",
        households=households,
        latitude=38.04,
        longitude=116.83,
        valid_to=valid_to,
    )


def a_clinic(code: str, village: str | None, township: str) -> reference.Clinic:
    return reference.Clinic(
        id=code,
        code=code,
        name=code,
        kind="village_clinic",
        village_code=village,
        township_code=township + "000",
    )


def test_a_village_comes_with_its_township_and_place(session: Session) -> None:
    village = reading.village(session, f"{GAOCHUAN}201", WHOLE_SITE)

    assert (village.name, village.township_name) == ("高川村村民委员会", "高川乡")
    assert (village.place, village.households) == (Point(38.04, 116.83), 312)


def test_nobody_sees_beyond_his_area(session: Session) -> None:
    scope = Scope.of([f"{GAOCHUAN}202"])

    assert [one.code for one in reading.villages(session, scope)] == [f"{GAOCHUAN}202"]
    assert reading.townships(session, scope) == ()
    assert reading.find_village(session, "高川", scope) == ()
    with pytest.raises(Missing, match="no village 130921211201 here"):
        reading.village(session, f"{GAOCHUAN}201", scope)


def test_clinics_belong_to_their_village_else_to_their_township(session: Session) -> None:
    def seen(code: str) -> list[str]:
        return [one.code for one in reading.clinics(session, Scope.of([code]))]

    assert seen("13") == ["A"]
    assert seen(f"{GAOCHUAN}202") == []
    assert seen(LUHE) == ["B"]
    assert seen(f"{LUHE}201") == []


@pytest.mark.parametrize("code", [LUHE, f"{LUHE}000"])
def test_a_division_is_known_by_code_or_stem(session: Session, code: str) -> None:
    assert reading.division(session, code).name == "吕合镇"
    assert len(reading.villages(session, WHOLE_SITE, code)) == 1


@pytest.mark.parametrize("code", ["99", "x", "", "1" * 20])
def test_an_unknown_division_is_missing(session: Session, code: str) -> None:
    with pytest.raises(Missing):
        reading.division(session, code)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("高川村委会", ["201"]),
        ("后村", ["202", "206"]),
        ("130921211", ["201", "202", "206"]),
        ("%", []),
        ("  ", []),
    ],
)
def test_a_village_is_found_by_name_stem_or_code(
    session: Session, text: str, found: list[str]
) -> None:
    assert [one.code[-3:] for one in reading.find_village(session, text)] == found


def test_only_villages_of_that_day_are_listed_when_a_day_is_asked(session: Session) -> None:
    def on(day: date) -> list[str]:
        return [one.code for one in reading.villages(session, WHOLE_SITE, LUHE, on=day)]

    assert on(date(2026, 6, 30)) == [f"{LUHE}201"]
    assert on(date(2026, 7, 1)) == []


def test_a_division_hangs_from_its_nearest_known_ancestor(session: Session) -> None:
    gaochuan, yunnan = reading.tree(session, WHOLE_SITE)

    assert (gaochuan.division.name, gaochuan.villages, gaochuan.branches) == ("高川乡", 3, ())
    (city,) = yunnan.branches
    (town,) = city.branches
    assert [city.division.name, town.division.name] == ["楚雄市", "吕合镇"]
    assert (yunnan.villages, city.villages, town.villages) == (1, 1, 1)


def test_an_areas_tree_begins_at_its_own_top(session: Session) -> None:
    (top,) = reading.tree(session, Scope.of(["532301"]))

    assert top.division.name == "楚雄市"


def test_the_registry_says_how_much_it_holds_and_what_is_missing(session: Session) -> None:
    found = overview.counts(session, WHOLE_SITE)

    assert (found.townships, found.villages, found.clinics) == (2, 4, 2)
    assert (found.without_register, found.without_position) == (3, 0)
    assert (found.households, found.persons) == (312, 0)


def test_townships_say_what_is_missing_in_them(session: Session) -> None:
    gaochuan, luhe = overview.township_counts(session, WHOLE_SITE)

    assert (gaochuan.name, gaochuan.villages, gaochuan.without_register) == ("高川乡", 3, 2)
    assert (luhe.name, luhe.county, luhe.households) == ("吕合镇", "楚雄市", 0)


def test_a_villages_reader_sees_its_township_with_that_village_alone(session: Session) -> None:
    (only,) = overview.township_counts(session, Scope.of([f"{GAOCHUAN}201"]))

    assert (only.name, only.villages, only.households) == ("高川乡", 1, 312)
