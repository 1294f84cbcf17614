"""An office's register taken into an entity list: matched, compared, applied, undone as a whole."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from maps.crs import from_wgs84
from maps.points import Point
from server.database import Base, writing_session
from server.errors import NotValid
from server.survey import entity_properties, households_moved, replay
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.entities import actions
from server.survey.entities.actions import NewAction
from server.survey.entity_imports import apply
from server.survey.entity_imports.plan import ImportChoice, RegisterPlan, plan_import
from server.survey.entity_properties import Property
from server.survey.first_run import PROJECT, prepare
from server.survey.site import PROJECTED_TABLES, Site
from server.tables.projections import Entity
from server.tables.reference import Village
from tests import phone_site
from tests.phone_site import AWAY, HERE, NEXT

HOUSEHOLDS = "村名,户号,户类型,家庭人口\n清水村,12,poor,4\n东村,7,poor,2\n"


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    opened = phone_site.open_phone_site(tmp_path / "site", database_url)
    prepare(opened)
    yield opened
    opened.close()


def plan(
    site: Site,
    text: str | bytes,
    list_name: str = "households",
    scope: Scope = WHOLE_SITE,
    **choice: Any,
) -> RegisterPlan:
    content = text.encode("gb18030") if isinstance(text, str) else text
    wanted = ImportChoice(**choice)
    with Session(site.engine) as session:
        return plan_import(session, PROJECT, list_name, "台账.csv", content, wanted, scope)


def do(site: Site, planned: RegisterPlan) -> int:
    with writing_session(site.engine) as session:
        return apply.apply_import(session, PROJECT, planned, "Li")


def take(site: Site, text: str | bytes, list_name: str = "households", **choice: Any) -> int:
    return do(site, plan(site, text, list_name, **choice))


def entities(site: Site, list_name: str = "households") -> dict[str, Mapping[str, str]]:
    with Session(site.engine) as session:
        rows = session.scalars(
            select(Entity).where(Entity.list_name == list_name, Entity.is_created)
        )
        return {row.label: {**row.properties, "id": row.entity_id} for row in rows}


def words(planned: RegisterPlan) -> list[str]:
    return [str(one) for one in planned.faults]


def snapshot(site: Site) -> dict[str, list[tuple[Any, ...]]]:
    tables = {one.name: one for one in Base.metadata.sorted_tables if one in PROJECTED_TABLES}
    with site.engine.connect() as connection:
        return {
            name: sorted(map(tuple, connection.execute(tables[name].select())), key=repr)
            for name in ("entity", "entity_tally")
        }


def test_new_households_are_created_by_name_or_code_of_the_village(site: Site) -> None:
    planned = plan(site, HOUSEHOLDS)
    do(site, planned)

    found = entities(site)
    assert (len(planned.created), planned.key, words(planned)) == (2, "hh_no", [])
    assert sorted(found) == ["东村 7", "清水村 12"]
    assert found["清水村 12"]["village_code"] == HERE
    assert found["清水村 12"]["hh_size"] == "4"
    assert found["清水村 12"]["hh_key"] == found["清水村 12"]["id"]


def test_the_same_file_again_changes_nothing_and_a_changed_one_updates(site: Site) -> None:
    take(site, HOUSEHOLDS)

    again = plan(site, HOUSEHOLDS)
    changed = plan(site, HOUSEHOLDS.replace("poor,4", "marginal,5"))
    do(site, changed)

    assert (len(again.created), len(again.updated), again.unchanged) == (0, 0, 2)
    (update,) = changed.updated
    assert update.properties == {"hh_type": "marginal", "hh_size": "5"}
    assert update.before == {"hh_type": "poor", "hh_size": "4"}
    assert entities(site)["清水村 12"]["hh_size"] == "5"


def test_an_empty_cell_changes_nothing(site: Site) -> None:
    take(site, HOUSEHOLDS)

    assert plan(site, "村名,户号,户类型\n清水村,12,\n").unchanged == 1


def test_faulty_rows_are_named_and_left_out_and_the_others_are_taken(site: Site) -> None:
    text = (
        "村代码,户号,户类型\n"
        f"{HERE},1,poor\n{HERE},1,poor\n1.30921E+11,2,poor\n130921211999,3,poor\n{HERE},,poor\n"
        "合计,,3\n"
    )

    planned = plan(site, text)
    do(site, planned)

    assert [(one.row, one.column) for one in planned.faults] == [
        (3, "户号"),
        (4, "村代码"),
        (5, "村代码"),
        (6, "户号"),
    ]
    assert (len(planned.created), planned.faulty) == (1, 4)
    assert len(entities(site)) == 1


def test_a_workbook_tells_of_merged_cells_and_formulas(site: Site) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "一社"
    for row in (
        ["高川乡农户台账"],
        ["村代码", "户号", "家庭人口"],
        [HERE, 1, "=2+2"],
        [HERE, 2, 3],
    ):
        sheet.append(row)
    sheet.merge_cells("A3:A4")
    kept = io.BytesIO()
    book.save(kept)

    planned = plan(site, kept.getvalue())

    assert any("A3:A4" in one and one.startswith("一社") for one in words(planned))
    assert any("Open the file" in one or "open the file" in one for one in words(planned))


def test_columns_are_matched_by_hand_where_names_do_not_tell(site: Site) -> None:
    text = "村,甲,乙\n清水村,12,poor\n"

    planned = plan(site, text, columns={0: "village_name", 1: "hh_no", 2: "hh_type"})
    left_out = plan(site, HOUSEHOLDS, columns={2: "-"})

    assert planned.created[0].properties["hh_no"] == "12"
    assert "hh_type" not in left_out.created[0].properties


def test_values_are_held_against_the_types_of_their_properties(site: Site) -> None:
    with writing_session(site.engine) as session:
        for one in (
            Property("hh_size", "integer"),
            Property("hh_type", "choice", ("poor", "marginal")),
            Property("identified_on", "date"),
            Property("has_water", "yes_no"),
        ):
            entity_properties.set_property(session, PROJECT, "households", one, "Li")
    head = "村名,户号,家庭人口,户类型,identified_on,has_water\n"

    good = plan(site, head + "清水村,1,4.0,poor,2016年5月1日,是\n")
    bad = plan(site, head + "清水村,2,four,rich,yesterday,maybe\n")

    told = good.created[0].properties
    assert (told["hh_size"], told["identified_on"], told["has_water"]) == ("4", "2016-05-01", "yes")
    assert {one.column for one in bad.faults} == {
        "家庭人口",
        "户类型",
        "identified_on",
        "has_water",
    }


def test_what_phones_sent_is_kept_and_complained_of(site: Site) -> None:
    """Typed properties are checked for the office; a phone is never refused for one."""
    take(site, HOUSEHOLDS.replace(",4", ",four"))
    with writing_session(site.engine) as session:
        wanted = Property("hh_size", "integer")
        entity_properties.set_property(session, PROJECT, "households", wanted, "Li")

        (told,) = entity_properties.complaints(session, PROJECT, "households", WHOLE_SITE, 10)

    assert (told.property, told.value) == ("hh_size", "four")
    assert entities(site)["清水村 12"]["hh_size"] == "four"


def test_persons_are_put_into_their_households_and_their_village(site: Site) -> None:
    take(site, HOUSEHOLDS)
    text = "村名,户号,姓名,性别\n清水村,12,王小一,女\n清水村,99,王小二,男\n"

    planned = plan(site, text, "persons")
    do(site, planned)

    household, person = entities(site)["清水村 12"], entities(site, "persons")["王小一"]
    assert (person["hh_key"], person["village_code"]) == (household["hh_key"], HERE)
    assert person["sex"] == "female"
    assert [one.row for one in planned.faults] == [3]


def test_a_household_that_moves_takes_its_persons_along(site: Site) -> None:
    take(site, HOUSEHOLDS)
    take(site, "村名,户号,姓名\n清水村,12,王小一\n东村,7,王小二\n", "persons")
    household = entities(site)["清水村 12"]["id"]

    by_file = plan(site, f"实体编号,村代码\n{household},{NEXT}\n")
    with writing_session(site.engine) as session:
        by_hand = households_moved.plan_move(session, household, NEXT, WHOLE_SITE)
        households_moved.move(session, PROJECT, by_hand, "Li", WHOLE_SITE)

    assert [one.properties for one in by_file.followers] == [{"village_code": NEXT}]
    assert [label for _, label in by_hand.persons] == ["王小一"]
    moved = entities(site)["清水村 12"]
    assert (moved["village_code"], moved["village_name"]) == (NEXT, "东村")
    assert entities(site, "persons")["王小一"]["village_code"] == NEXT


def test_a_person_who_lies_elsewhere_than_the_household_is_told(site: Site) -> None:
    take(site, HOUSEHOLDS)
    take(site, "村名,户号,姓名\n清水村,12,王小一\n", "persons")
    person = entities(site, "persons")["王小一"]["id"]
    with writing_session(site.engine) as session:
        sent = NewAction("persons", person, "update", properties={"village_code": NEXT})
        actions.act(session, PROJECT, "phone", [sent])

        (told,) = entity_properties.complaints(session, PROJECT, "persons", WHOLE_SITE, 10)

    assert (told.property, told.value, told.params) == ("village_code", NEXT, {"village": HERE})


def test_a_household_is_moved_on_its_own_page_only(site: Site) -> None:
    take(site, HOUSEHOLDS)
    household = entities(site)["清水村 12"]["id"]
    with Session(site.engine) as session:
        row = actions.find(session, "households", household, WHOLE_SITE)
        told = {**row.properties, "village_code": NEXT}

        with pytest.raises(NotValid, match="its persons move along"):
            actions.change(session, PROJECT, "Li", row, row.label, told, 1, WHOLE_SITE)


def test_positions_are_converted_and_a_wrong_frame_is_suspected(site: Site) -> None:
    """domain: coordinate trap."""
    centre = Point(38.05, 116.95)
    with writing_session(site.engine) as session:
        village = session.get_one(Village, HERE)
        village.latitude, village.longitude = centre.latitude, centre.longitude
    places = [from_wgs84(Point(38.05 + n / 1e4, 116.95 - n / 1e4), "gcj02") for n in range(-3, 4)]
    rows = "".join(
        f"清水村,{number},{one.latitude},{one.longitude}\n" for number, one in enumerate(places)
    )
    text = "村名,户号,纬度,经度\n" + rows

    as_told, as_gcj = plan(site, text), plan(site, text, crs="gcj02")

    assert any("GCJ-02" in str(one) for one in as_told.warnings)
    assert not any("GCJ-02" in str(one) for one in as_gcj.warnings)
    assert as_gcj.created[3].properties["geometry"].startswith("38.05 116.95")


def test_an_import_is_undone_as_a_whole_but_for_what_changed_since(site: Site) -> None:
    take(site, HOUSEHOLDS)
    before = {label: {**one} for label, one in entities(site).items()}
    second = take(site, HOUSEHOLDS.replace("12,poor,4", "12,marginal,5") + "清水村,13,poor,1\n")
    with writing_session(site.engine) as session:
        person = NewAction(
            "households", before["清水村 12"]["id"], "update", properties={"hh_size": "6"}
        )
        actions.act(session, PROJECT, "Wang", [person])

    with writing_session(site.engine) as session:
        planned = apply.plan_undo(session, PROJECT, second, WHOLE_SITE)
        apply.undo_import(session, PROJECT, planned, "Li")

    assert (planned.removed, planned.restored) == (1, 1)
    assert [(one.label, one.property) for one in planned.stays] == [("清水村 12", "hh_size")]
    after = entities(site)
    assert sorted(after) == sorted(before)
    assert after["清水村 12"]["hh_type"] == "poor"
    assert after["清水村 12"]["hh_size"] == "6"


def test_an_import_belongs_to_its_area(site: Site) -> None:
    import_id = take(site, f"村代码,户号\n{AWAY},1\n")
    county = Scope(("130921",))

    planned = plan(site, f"村代码,户号\n{AWAY},2\n", scope=county)

    assert [one.column for one in planned.faults] == ["村代码"]
    with Session(site.engine) as session, pytest.raises(Exception, match="outside the area"):
        apply.plan_undo(session, PROJECT, import_id, county)


def test_a_rebuild_gives_what_imports_gave(site: Site) -> None:
    take(site, HOUSEHOLDS)
    second = take(site, HOUSEHOLDS.replace("poor,4", "marginal,5"))
    with writing_session(site.engine) as session:
        planned = apply.plan_undo(session, PROJECT, second, WHOLE_SITE)
        apply.undo_import(session, PROJECT, planned, "Li")
    before = snapshot(site)

    replay.rebuild(site)

    assert snapshot(site) == before


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"<html>", b"a,b\n1,2\n", b'"a\n'])
def test_a_file_that_cannot_be_read_is_said(site: Site, content: bytes) -> None:
    planned = plan(site, content)

    assert planned.faults
    assert not planned.is_readable
