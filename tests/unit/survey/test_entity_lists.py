"""Lists on phones: which rows one is served, the hash that stands for them, what it forgets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.orm import Session

from server.database import Base, open_engine
from server.survey import entity_columns, entity_lists
from server.survey.tallies import Differences
from server.tables.projections import Entity
from server.tables.reference import Clinic, Village
from server.tables.truth import FormVersion, Project, RegistryImport
from tests.entity_rows import a_change, an_action, an_entity

HERE = "130921211201"
NEXT = "130921211202"
AWAY = "532301103201"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
COLUMNS = ("pname", "village_code")


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = open_engine(database_url)
    Base.metadata.create_all(engine)
    with Session(engine.execution_options(is_writing=True)) as opened:
        opened.add(Project(id=1, name="1"))
        opened.flush()
        yield opened
        opened.rollback()
    engine.dispose()


@pytest.fixture
def connection(session: Session) -> Connection:
    return session.connection()


def put(connection: Connection, entity_id: str, village: str = HERE, **more: Any) -> None:
    """Create an entity, as the projection does."""
    list_name = more.pop("list_name", "persons")
    told = {
        "label": more.pop("label", entity_id),
        "properties": {"village_code": village, **more.pop("properties", {})},
    }
    actions = [an_action(1, "delete", after=99)] if more.pop("deleted", False) else []
    changes = [
        a_change(1, "create", **told),
        *(a_change(n, base_version=n - 1) for n in range(2, more.pop("version", 1) + 1)),
    ]
    row = an_entity(list_name, entity_id, changes, actions)
    connection.execute(insert(Entity), [row])
    differences = Differences()
    differences.entity(row, +1)
    differences.write(connection)


def rows_of(
    connection: Connection,
    list_name: str = "persons",
    columns: tuple[str, ...] = COLUMNS,
    villages: tuple[str, ...] = (HERE,),
) -> list[list[str]]:
    text = b"".join(entity_lists.entity_csv(connection, list_name, columns, villages)).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def a_clinic(number: int, village: str | None = HERE, **more: Any) -> Clinic:
    return Clinic(
        id=f"c{number}",
        code=f"C{number}",
        name=more.pop("name", f"卫生室{number}"),
        kind="village_clinic",
        village_code=village,
        township_code=f"{(village or HERE)[:9]}000",
        **more,
    )


def an_import(kind: str = "clinics", undone_at: datetime | None = None) -> RegistryImport:
    return RegistryImport(
        kind=kind, source_name="", made_at=NOW, made_by="", undone_at=undone_at, changes=[]
    )


def a_version(number: int, *saves: tuple[str, str], lists: tuple[str, ...] = ()) -> FormVersion:
    shape = {
        "fields": [{"saves_to": None}, *({"saves_to": list(one)} for one in saves)],
        "entities": [{"list_name": one} for one in lists],
    }
    return FormVersion(
        id=number,
        project_id=1,
        form_id="f",
        version=str(number),
        title="F",
        xml=b"",
        md5=f"test-{number}-{saves}-{lists}",
        shape=json.dumps(shape),
        questions=1,
        attachments=[],
        source_name="",
        source=b"",
        warnings=[],
        published_at=NOW,
        published_by="",
    )


def test_a_phone_gets_the_entities_of_its_villages_only(connection: Connection) -> None:
    put(connection, "a", HERE, label="Amina", properties={"pname": "Amina"})
    put(connection, "b", NEXT)
    put(connection, "c", AWAY)

    rows = rows_of(connection, villages=(HERE, NEXT))

    assert rows == [
        ["name", "label", "__version", "pname", "village_code"],
        ["a", "Amina", "1", "Amina", HERE],
        ["b", "b", "1", "", NEXT],
    ]


def test_a_phone_without_villages_gets_the_header(connection: Connection) -> None:
    put(connection, "a", HERE)
    put(connection, "b", "")

    assert rows_of(connection, villages=()) == [["name", "label", "__version", *COLUMNS]]


@pytest.mark.parametrize(
    "text", ['李,"二"', "two\nlines", "\r", "a;b", " x ", "=1+1", "😀", "\ufeff"]
)
def test_any_text_makes_a_whole_row(connection: Connection, text: str) -> None:
    put(connection, "a", label=text, properties={"pname": text})

    assert rows_of(connection)[1] == ["a", text, "1", text, HERE]


def test_lines_end_as_rfc_4180_says(connection: Connection) -> None:
    put(connection, "a")

    text = b"".join(entity_lists.entity_csv(connection, "persons", COLUMNS, [HERE]))

    assert text == f"name,label,__version,pname,village_code\r\na,a,1,,{HERE}\r\n".encode()


def test_an_entity_without_a_label_is_told_by_its_id(connection: Connection) -> None:
    put(connection, "a", label="")

    assert rows_of(connection)[1][:3] == ["a", "a", "1"]


def test_a_deleted_entity_is_not_served_and_phones_shall_forget_it(connection: Connection) -> None:
    """F14, F15: deleted is told as deleted, unknown is left out."""
    put(connection, "a", deleted=True)

    assert len(rows_of(connection)) == 1
    told = entity_lists.integrity(connection, "persons", ["a", "unknown"], [HERE])
    assert told == {"a": True}


def test_a_long_list_comes_in_pieces_and_whole(connection: Connection) -> None:
    differences = Differences()
    people = [
        an_entity(
            "persons",
            f"p{number:04}",
            [a_change(number, "create", label="x", properties={"village_code": HERE})],
        )
        for number in range(1201)
    ]
    connection.execute(insert(Entity), people)
    differences.write(connection)

    pieces = list(entity_lists.entity_csv(connection, "persons", COLUMNS, [HERE]))

    assert len(pieces) == 4
    assert [row[0] for row in csv.reader(io.StringIO(b"".join(pieces).decode()))][1:] == [
        one["entity_id"] for one in people
    ]


def test_cases_are_served_to_no_phone(connection: Connection) -> None:
    put(connection, "a", list_name="cases")

    assert len(rows_of(connection, "cases")) == 1
    assert "cases" not in entity_lists.list_columns(connection, 1)
    assert entity_lists.integrity(connection, "cases", ["a"], [HERE]) == {"a": True}


def test_a_countys_own_list_without_villages_is_shared_by_all_phones(
    connection: Connection,
) -> None:
    put(connection, "a", "", list_name="vehicles")
    put(connection, "b", AWAY, list_name="vehicles")

    rows = rows_of(connection, "vehicles", villages=(HERE,))

    assert [row[0] for row in rows[1:]] == ["a"]


def test_properties_are_those_any_published_version_saved_to(session: Session) -> None:
    session.add(a_version(1, ("persons", "pname"), ("households", "hh_no"), lists=("persons",)))
    session.add(a_version(2, ("persons", "sex"), ("persons", "pname"), lists=("vehicles", "cases")))
    session.flush()

    columns = entity_lists.list_columns(session.connection(), 1)

    assert columns == {
        "households": ("hh_no",),
        "persons": ("pname", "sex"),
        "clinics": entity_columns.CLINIC_PROPERTIES,
        "vehicles": (),
    }


def test_the_sites_own_lists_are_there_before_a_form_is(connection: Connection) -> None:
    assert list(entity_lists.list_columns(connection, 1)) == ["households", "persons", "clinics"]


def test_clinics_come_from_the_registry(session: Session) -> None:
    session.add_all([a_clinic(1, latitude=33.5, longitude=107.25), a_clinic(2, AWAY)])
    session.add(a_clinic(3, None))
    session.flush()

    rows = rows_of(session.connection(), "clinics", entity_columns.CLINIC_PROPERTIES)

    assert rows == [
        ["name", "label", "__version", "kind", "village_code", "township_code", "geometry"],
        ["c1", "卫生室1", "1", "village_clinic", HERE, "130921211000", "33.5 107.25 0 0"],
    ]


def test_what_forms_say_of_a_clinic_stands_beside_the_registry(session: Session) -> None:
    session.add(a_clinic(1))
    session.flush()
    connection = session.connection()
    put(
        connection,
        "c1",
        list_name="clinics",
        creates=False,
        label="",
        version=2,
        properties={"score": "81.5"},
    )

    rows = rows_of(connection, "clinics", ("kind", "geometry", "score"))

    assert rows[1:] == [["c1", "卫生室1", "3", "village_clinic", "", "81.5"]]


def test_a_clinic_that_a_phone_created_is_served_too(session: Session) -> None:
    session.add(a_clinic(1))
    session.flush()
    put(session.connection(), "new", list_name="clinics")

    rows = rows_of(session.connection(), "clinics", ("kind",))

    assert [row[0] for row in rows[1:]] == ["c1", "new"]


def test_a_later_import_of_clinics_raises_their_version_so_that_phones_take_it(
    session: Session,
) -> None:
    session.add_all([a_clinic(1), an_import("villages"), an_import(), an_import(undone_at=NOW)])
    session.flush()

    rows = rows_of(session.connection(), "clinics", ())

    assert rows[1][2] == "3"


def test_villages_are_an_ordinary_csv_of_the_phones_villages(session: Session) -> None:
    for code, name in ((NEXT, "东村"), (HERE, "清水,村"), (AWAY, "远村")):
        session.add(Village(code=code, name=name, township_code=f"{code[:9]}000"))
    session.flush()

    text = entity_lists.villages_csv(session.connection(), [NEXT, HERE, "130921211999"])

    assert text.decode() == (
        "name,label,township_code,county_code\r\n"
        f'{HERE},"清水,村",130921211000,130921000000\r\n'
        f"{NEXT},东村,130921211000,130921000000\r\n"
    )


def test_the_hash_differs_for_those_alone_whose_list_changed(connection: Connection) -> None:
    put(connection, "a", HERE)
    put(connection, "b", AWAY)
    here = entity_lists.list_hash(connection, "persons", COLUMNS, [HERE])
    away = entity_lists.list_hash(connection, "persons", COLUMNS, [AWAY])

    put(connection, "c", AWAY)

    assert entity_lists.list_hash(connection, "persons", COLUMNS, [HERE]) == here
    assert entity_lists.list_hash(connection, "persons", COLUMNS, [AWAY]) != away


def test_the_hash_is_32_hex_digits_even_of_an_empty_list(connection: Connection) -> None:
    found = entity_lists.list_hash(connection, "persons", COLUMNS, [])

    assert len(bytes.fromhex(found)) == 16


def test_the_hash_changes_with_the_header(connection: Connection) -> None:
    before = entity_lists.list_hash(connection, "persons", COLUMNS, [HERE])

    after = entity_lists.list_hash(connection, "persons", (*COLUMNS, "sex"), [HERE])

    assert before != after


def test_a_village_without_entities_does_not_change_the_hash(connection: Connection) -> None:
    put(connection, "a", HERE)

    one = entity_lists.list_hash(connection, "persons", COLUMNS, [HERE])
    two = entity_lists.list_hash(connection, "persons", COLUMNS, [HERE, NEXT])

    assert one == two


def test_the_hash_of_clinics_follows_the_registry_and_the_forms(session: Session) -> None:
    clinic = a_clinic(1)
    session.add_all([clinic, a_clinic(2, AWAY)])
    session.flush()

    def now() -> str:
        return entity_lists.list_hash(session.connection(), "clinics", ("kind",), [HERE])

    first = now()
    clinic.name = "新卫生室"
    session.flush()
    renamed = now()
    put(session.connection(), "c2", AWAY, list_name="clinics", creates=False)
    elsewhere = now()
    put(session.connection(), "c1", list_name="clinics", creates=False)

    assert first != renamed
    assert renamed == elsewhere
    assert now() != elsewhere


def test_a_phone_forgets_what_it_is_not_served_and_keeps_what_is_unknown(
    connection: Connection,
) -> None:
    put(connection, "mine", HERE)
    put(connection, "away", AWAY)

    told = entity_lists.integrity(
        connection, "persons", ["MINE", "away", "unborn", "unknown"], [HERE]
    )

    assert told == {"MINE": False, "away": True}


def test_integrity_knows_the_clinics_of_the_registry(session: Session) -> None:
    session.add_all([a_clinic(1), a_clinic(2, AWAY)])
    session.flush()

    told = entity_lists.integrity(session.connection(), "clinics", ["c1", "c2", "c3"], [HERE])

    assert told == {"c1": False, "c2": True}
