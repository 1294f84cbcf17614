"""Imports of the register: previewed, done in one go, undone; nothing half-done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.database import Base, open_engine
from server.errors import Conflict, Missing, NotValid
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.diseases import REFERENCE
from server.survey.identity import stable_uuid
from server.survey.registry import apply, overview, reading
from server.survey.registry.apply import Applied, UndoRefused
from server.survey.registry.plan import ImportPlan, one_row_plan, plan_import
from server.survey.registry.stored import Stored
from server.survey.registry.units import ImportOptions
from server.tables import reference
from server.tables.projections import Projected, Visit
from server.tables.truth import Phone, PhoneVillage, Project, RegistryImport

WHO = "Li"
GAOCHUAN = "130921211201"
HOUCUN = "130921211202"
HEADINGS = "village_code,village_name,township_name,households,persons,source,date,lat,lon\n"
FIGURES = ",312,1050,register,2018-06-30,38.04,116.83\n"


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = open_engine(database_url)
    Base.metadata.create_all(engine)
    with Session(engine.execution_options(is_writing=True)) as opened:
        yield opened
        opened.rollback()
    engine.dispose()


def plan(session: Session, text: str, **more: Any) -> ImportPlan:
    return plan_import(session, text.encode(), "list.csv", **more)


def bring_in(session: Session, text: str, **more: Any) -> Applied:
    made = plan(session, text, **more)
    assert made.faults == ()
    return apply.apply_import(session, made, WHO)


def bring_in_sample(session: Session) -> list[Applied]:
    names = ("sample_divisions.csv", "sample_villages.csv")
    plans = (plan_import(session, (REFERENCE / name).read_bytes(), name) for name in names)
    return [apply.apply_import(session, one, WHO) for one in plans]


def words(faults: Sequence[object]) -> list[str]:
    return [str(fault) for fault in faults]


def changes_of(made: ImportPlan) -> list[tuple[str, str, list[tuple[str, Any, Any]]]]:
    return [
        (one.table, one.code, [(field.name, field.old, field.new) for field in one.fields])
        for one in made.changed
    ]


def test_the_sample_is_61_real_units_in_six_townships(session: Session) -> None:
    bring_in_sample(session)

    found = overview.counts(session, WHOLE_SITE)
    assert (found.townships, found.villages, found.without_register) == (6, 61, 61)
    assert len(reading.villages(session, WHOLE_SITE, "130921211")) == 33
    kinds = {one.code: one.kind for one in reading.villages(session, WHOLE_SITE)}
    assert sorted(code for code, kind in kinds.items() if kind == "residents") == [
        "420529202001",
        "530427202001",
    ]


def test_a_preview_says_what_is_new_and_what_differs_and_writes_nothing(session: Session) -> None:
    bring_in_sample(session)
    text = HEADINGS + f"{GAOCHUAN},高川村委会,高川乡{FIGURES}" + "130921211299,新村,高川乡,,,,,,\n"

    made = plan(session, text)

    assert [(one.code, one.name) for one in made.added] == [("130921211299", "新村")]
    assert changes_of(made) == [
        (
            "village",
            GAOCHUAN,
            [
                ("latitude", None, 38.04),
                ("longitude", None, 116.83),
                ("households", None, 312),
                ("persons", None, 1050),
                ("register_source", None, "register"),
                ("register_on", None, "2018-06-30"),
            ],
        )
    ]
    assert (made.kind, made.unchanged, made.faults) == ("villages", 1, ())
    assert overview.counts(session, WHOLE_SITE).without_register == 61


def test_an_import_writes_the_register_with_its_source_and_day(session: Session) -> None:
    bring_in_sample(session)

    done = bring_in(session, HEADINGS + f"{GAOCHUAN},高川村委会,高川乡{FIGURES}")

    village = reading.village(session, GAOCHUAN, WHOLE_SITE)
    assert (village.households, village.persons) == (312, 1050)
    assert (village.register_source, village.register_on) == ("register", date(2018, 6, 30))
    assert village.name == "高川村村民委员会"
    assert done.village_codes == (GAOCHUAN,)


def test_what_a_file_leaves_empty_stays_as_it_is(session: Session) -> None:
    bring_in_sample(session)
    bring_in(session, HEADINGS + f"{GAOCHUAN},,{FIGURES}")

    done = bring_in(session, f"village_code,households,persons\n{GAOCHUAN},320,\n")

    village = reading.village(session, GAOCHUAN, WHOLE_SITE)
    assert (village.households, village.persons) == (320, 1050)
    assert done.village_codes == ()


def test_the_same_file_again_changes_nothing(session: Session) -> None:
    bring_in_sample(session)
    text = HEADINGS + f"{GAOCHUAN},高川村,高川乡{FIGURES}"
    bring_in(session, text)

    again = plan(session, text)

    assert (again.changes, again.unchanged) == ((), 2)
    with pytest.raises(NotValid, match="nothing to change"):
        apply.apply_import(session, again, WHO)


def test_levels_above_the_village_are_made_from_its_row(session: Session) -> None:
    text = "village_code,village_name,township_name,county_name,prefecture_name,province_name\n"

    bring_in(session, f"{text}{GAOCHUAN},高川村,高川乡,沧县,沧州市,河北省\n")

    (province,) = reading.tree(session, WHOLE_SITE)
    names = []
    branch = province
    while branch.branches:
        names.append(branch.division.name)
        (branch,) = branch.branches
    assert [*names, branch.division.name] == ["河北省", "沧州市", "沧县", "高川乡"]
    assert (province.villages, branch.division.parent_code) == (1, "130921000000")


def test_a_new_village_needs_a_name_and_a_known_township(session: Session) -> None:
    text = f"village_code,households\n{GAOCHUAN},312\n{HOUCUN},88\n"

    made = plan(session, text)

    assert words(made.faults) == [
        "A2, village_code: 130921211201 is new and has no name.",
        "row 2: The township 130921211000 is not known: give its name in the file, or import its "
        "division first.",
        "A3, village_code: 130921211202 is new and has no name.",
    ]
    with pytest.raises(NotValid, match="has faults"):
        apply.apply_import(session, made, WHO)
    assert session.scalar(select(func.count()).select_from(RegistryImport)) == 0


def test_a_code_that_stands_twice_is_refused(session: Session) -> None:
    bring_in_sample(session)

    made = plan(session, f"village_code,households\n{GAOCHUAN},312\n{GAOCHUAN},313\n")

    assert words(made.faults) == ["A3, village_code: 130921211201 stands in row 2 already."]


def test_a_township_under_two_names_is_refused(session: Session) -> None:
    text = "village_code,village_name,township_name\n"

    made = plan(session, f"{text}{GAOCHUAN},高川村,高川乡\n{HOUCUN},后村,高川镇\n")

    assert words(made.faults) == [
        "C3, township_name: 130921211000 is called 高川乡 in row 2 and 高川镇 here."
    ]


def test_two_villages_of_one_name_in_a_township_are_told(session: Session) -> None:
    bring_in_sample(session)

    made = plan(session, "village_code,village_name\n130921211299,高川村委会\n")

    assert words(made.warnings) == [
        "B2, village_name: 130921211299 has the same name as 130921211201 in the same township."
    ]


def test_clinics_have_an_id_that_follows_from_their_code(session: Session) -> None:
    bring_in_sample(session)
    text = "clinic_code,clinic_name,village_code,township_code,kind\n"
    village_clinic = f"PDY1,高川村卫生室,{GAOCHUAN},,\n"

    bring_in(session, text + village_clinic + "PDY2,高川乡卫生院,,130921211,乡镇卫生院\n")

    first, second = reading.clinics(session, WHOLE_SITE)
    assert (first.kind, first.village_code) == ("village_clinic", GAOCHUAN)
    assert (second.kind, second.village_code) == ("township_hospital", None)
    assert {first.township_code, second.township_code} == {"130921211000"}
    assert first.id == stable_uuid("clinic", "PDY1")
    assert UUID(first.id).version == 4


def test_a_clinic_must_lie_in_a_known_village_or_township(session: Session) -> None:
    bring_in_sample(session)
    text = "clinic_code,clinic_name,village_code,township_code,kind\n"
    rows = (
        "A,one,130921211999,,\n"
        "B,two,,,\n"
        "C,three,,130921211,village_clinic\n"
        "D,four,,130922,township_hospital\n"
    )

    made = plan(session, text + rows)

    assert words(made.faults) == [
        "C2, village_code: The village 130921211999 is not known: import the villages first.",
        "C3, village_code: Say where the clinic is: give the code of its village or township.",
        "C4, village_code: A village clinic needs the code of its village.",
        "D5, township_code: The township 130922000000 is not known: give its name in the file, or "
        "import its division first.",
    ]


def test_an_import_is_undone_to_the_last_value(session: Session) -> None:
    bring_in_sample(session)
    before = reading.villages(session, WHOLE_SITE)
    done = bring_in(session, HEADINGS + f"{GAOCHUAN},,{FIGURES}" + "130921211299,新村,,10,30,,,,\n")

    undone = apply.undo_import(session, done.import_id, "Wang")

    assert reading.villages(session, WHOLE_SITE) == before
    assert undone.village_codes == (GAOCHUAN, "130921211299")
    newest, undone_one, *_ = apply.imports(session)
    assert (newest.kind, newest.source_name, newest.made_by) == ("undo", "3", "Wang")
    assert (newest.changed, newest.removed) == (1, 1)
    assert (undone_one.added, undone_one.changed) == (1, 1)
    assert undone_one.undone_at is not None


def test_an_import_is_undone_once(session: Session) -> None:
    _, villages = bring_in_sample(session)
    undo = apply.undo_import(session, villages.import_id, WHO)

    with pytest.raises(Conflict, match="is undone already"):
        apply.undo_import(session, villages.import_id, WHO)
    with pytest.raises(Conflict, match="An undo cannot be undone"):
        apply.undo_import(session, undo.import_id, WHO)
    with pytest.raises(Missing, match="no import 99"):
        apply.undo_import(session, 99, WHO)


def test_an_undo_is_refused_when_a_later_import_touched_the_same_rows(session: Session) -> None:
    bring_in_sample(session)
    first = bring_in(session, f"village_code,households\n{GAOCHUAN},312\n{HOUCUN},88\n")
    second = bring_in(session, f"village_code,households\n{GAOCHUAN},313\n")

    with pytest.raises(UndoRefused) as refusal:
        apply.undo_import(session, first.import_id, WHO)

    assert words(refusal.value.reasons) == [
        "130921211201 高川村村民委员会 was changed again by import 4 (list.csv): undo that one "
        "first."
    ]
    apply.undo_import(session, second.import_id, WHO)
    apply.undo_import(session, first.import_id, WHO)
    assert reading.village(session, GAOCHUAN, WHOLE_SITE).households is None


def test_an_undo_is_refused_when_anything_lies_in_what_would_go(session: Session) -> None:
    divisions, villages = bring_in_sample(session)
    bring_in(session, f"clinic_code,clinic_name,village_code\nPDY1,高川村卫生室,{GAOCHUAN}\n")
    session.add(Project(id=1, name="1"))
    session.flush()
    session.add(a_phone(7))
    session.flush()
    session.add(PhoneVillage(phone_id=7, village_code=HOUCUN))
    session.add(a_visit(HOUCUN))
    session.flush()

    with pytest.raises(UndoRefused) as of_villages:
        apply.undo_import(session, villages.import_id, WHO)
    with pytest.raises(UndoRefused, match="Reasons: 7") as of_divisions:
        apply.undo_import(session, divisions.import_id, WHO)

    assert words(of_villages.value.reasons) == [
        "Clinics in 130921211201 高川村村民委员会: 1.",
        "Phones that serve 130921211202 后村村民委员会: 1.",
        "Submissions from 130921211202 后村村民委员会: 1.",
    ]
    assert words(of_divisions.value.reasons)[0] == "Villages in 130921211000 高川乡: 33."


def test_what_was_sent_from_a_village_that_moved_waits_to_be_projected_again(
    session: Session,
) -> None:
    bring_in_sample(session)
    session.add_all([a_visit(GAOCHUAN), Projected(submission_id=1, state="projected", reason="")])
    session.flush()

    counted = bring_in(session, f"village_code,households\n{GAOCHUAN},312\n")
    state_of_counted = session.get_one(Projected, 1).state
    moved = bring_in(session, f"village_code,lat,lon\n{GAOCHUAN},38.04,116.83\n")
    session.expire_all()

    assert (counted.waiting, state_of_counted) == (0, "projected")
    assert (moved.waiting, session.get_one(Projected, 1).state) == (1, "waiting")


def a_phone(phone_id: int) -> Phone:
    return Phone(
        id=phone_id,
        project_id=1,
        name="phone",
        token_sha256="t",
        digest_name="d",
        digest_ha1="h",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def a_visit(village_code: str) -> Visit:
    return Visit(
        submission_id=1,
        moment="2026-01-01T00:00:00",
        form_id="household_roster",
        village_code=village_code,
        visited_on=date(2026, 1, 1),
        worker="",
        way="home",
        outcome="completed",
        household={},
        manner={},
        flags=0,
    )


def test_an_import_waits_for_a_new_look_when_the_registry_has_changed(session: Session) -> None:
    bring_in_sample(session)
    text = f"village_code,households\n{GAOCHUAN},312\n"
    previewed = plan(session, text)
    bring_in(session, f"village_code,households\n{GAOCHUAN},300\n")

    with pytest.raises(Conflict, match="has changed since the preview"):
        apply.apply_import(session, previewed, WHO)

    assert plan(session, text).fingerprint != previewed.fingerprint
    assert reading.village(session, GAOCHUAN, WHOLE_SITE).households == 300


def test_a_preview_and_its_import_agree_on_a_fingerprint(session: Session) -> None:
    bring_in_sample(session)
    text = f"village_code,households\n{GAOCHUAN},312\n"

    first, second = plan(session, text), plan(session, text)

    assert first.fingerprint == second.fingerprint
    assert first.fingerprint != replace(first, changes=()).fingerprint


def test_a_row_edited_on_a_page_is_an_import_of_one_row(session: Session) -> None:
    bring_in_sample(session)
    figures: dict[str, Stored] = {
        "households": 312,
        "register_source": "estimate",
        "register_on": "2018-06-30",
    }

    made = one_row_plan(session, "village", GAOCHUAN, figures, "page")
    done = apply.apply_import(session, made, WHO)

    assert reading.village(session, GAOCHUAN, WHOLE_SITE).households == 312
    cleared = one_row_plan(session, "village", GAOCHUAN, {"households": None}, "page")
    apply.apply_import(session, cleared, WHO)
    assert reading.village(session, GAOCHUAN, WHOLE_SITE).households is None
    assert [one.kind for one in apply.imports(session)[:2]] == ["villages", "villages"]
    assert done.village_codes == ()


def test_an_office_imports_only_into_its_own_area(session: Session) -> None:
    bring_in_sample(session)
    county = Scope.of(["130921"])
    text = "village_code,households,province_name,county_name\n"
    inside, outside = f"{GAOCHUAN},312,冀,沧县\n", "532301103201,5,云南省,楚雄市\n"

    allowed = plan(session, text + inside, scope=county)
    refused = plan(session, text + outside, scope=county)

    assert (len(allowed.changes), allowed.faults) == (1, ())
    assert words(refused.faults) == [
        "A2, village_code: 532301103201 lies outside the area of your account."
    ]


def test_an_office_undoes_only_what_lies_in_its_area(session: Session) -> None:
    _, villages = bring_in_sample(session)

    with pytest.raises(UndoRefused, match="Reasons: 28") as refusal:
        apply.undo_import(session, villages.import_id, WHO, Scope.of(["130921"]))

    assert "lies outside the area of your account" in words(refusal.value.reasons)[0]


def test_nothing_is_removed_by_an_import_but_withdrawn_when_asked(session: Session) -> None:
    bring_in_sample(session)
    text = "village_code,village_name\n530427202001,马鹿社区\n530427202200,帽盒村\n"

    quiet = plan(session, text)
    asked = plan(
        session,
        text,
        options=ImportOptions(withdraws_missing=True),
        today=date(2026, 11, 22),
    )
    apply.apply_import(session, asked, WHO)

    assert quiet.changes == ()
    assert [one.code for one in asked.changed] == [
        f"5304272022{last}" for last in ("01", "02", "03", "04", "05")
    ]
    today = reading.villages(session, WHOLE_SITE, "530427202", on=date(2026, 11, 22))
    assert [one.code for one in today] == ["530427202001", "530427202200"]
    assert len(reading.villages(session, WHOLE_SITE, "530427202", on=date(2026, 11, 21))) == 7


def test_validity_and_successors_are_kept(session: Session) -> None:
    bring_in_sample(session)
    text = "village_code,valid_to,successor_code\n"

    bring_in(session, f"{text}{GAOCHUAN},2026-06-30,{HOUCUN}\n")
    unknown = plan(session, f"{text}{HOUCUN},2026-06-30,130921211999\n")

    village = reading.village(session, GAOCHUAN, WHOLE_SITE)
    assert (village.valid_to, village.successor_code) == (date(2026, 6, 30), HOUCUN)
    assert words(unknown.warnings) == [
        "C2, successor_code: The successor 130921211999 is not known."
    ]


def test_the_list_of_seed_places_is_read_as_it_is(session: Session) -> None:
    columns = "village_code,village_name,township_code,township_name,county_code,county_name,"
    text = columns + "prefecture_name,province_name,unit_kind,seed\n"
    row = f"{GAOCHUAN},高川村村民委员会,130921211,高川乡,130921,沧县,沧州市,河北省,village,003\n"

    made = plan(session, text + row)

    assert [(one.table, one.name) for one in made.added] == [
        ("division", "河北省"),
        ("division", "沧州市"),
        ("division", "沧县"),
        ("division", "高川乡"),
        ("village", "高川村村民委员会"),
    ]
    assert made.faults == ()


def test_the_lists_of_china_division_are_read_one_after_the_other(session: Session) -> None:
    streets = (
        'code,name,areaCode,provinceCode,cityCode\n"130921211","高川乡","130921","13","1309"\n'
    )
    villages = "code,name,streetCode,areaCode,cityCode,provinceCode\n"

    bring_in(session, streets, options=ImportOptions(area="130921"))
    made = plan(session, f"{villages}{GAOCHUAN},高川村村民委员会,130921211,130921,1309,13\n")

    assert [(one.table, one.code) for one in made.added] == [("village", GAOCHUAN)]
    assert made.faults == ()


def test_a_bad_area_is_refused(session: Session) -> None:
    with pytest.raises(NotValid, match="is no beginning of a code"):
        plan(session, "a,b\n", options=ImportOptions(area="沧县"))


def test_a_kept_import_shows_what_it_changed(session: Session) -> None:
    bring_in_sample(session)
    done = bring_in(session, f"village_code,households\n{GAOCHUAN},312\n")

    one, (change,) = apply.import_changes(session, done.import_id)

    assert (one.source_name, one.made_by, one.changed) == ("list.csv", WHO, 1)
    assert [(field.name, field.new) for field in change.fields] == [("households", 312)]
    assert apply.last_import_id(session) == done.import_id


def test_an_empty_registry_has_nothing_to_undo(session: Session) -> None:
    with pytest.raises(Missing, match="no import to undo"):
        apply.last_import_id(session)


def test_kept_rows_are_those_of_the_tables(session: Session) -> None:
    bring_in_sample(session)

    row = session.get_one(reference.Village, GAOCHUAN)

    assert (row.township_code, row.kind) == ("130921211000", "village")
    township = session.get_one(reference.Division, "130921211000")
    assert (township.stem, township.level) == ("130921211", "township")
    assert Path(REFERENCE / "sample_villages.csv").exists()
