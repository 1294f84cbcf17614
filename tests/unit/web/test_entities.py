"""Pages of entities: lists, history, conflicts, what waits, changes by hand; who may do what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from server.database import writing_session
from server.survey import entity_properties, intake
from server.survey.entity_properties import Property
from server.survey.intake import Upload
from server.survey.site import Site
from server.tables.decisions import EntityAction
from server.tables.projections import Entity
from tests.houses import HOUSE, HOUSES, NOON
from tests.phone_site import AWAY, HERE, open_phone_site, submission_xml
from tests.signed_in import Browser, browser_of

PAGE = f"/entities/in/houses/{HOUSE}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    opened = open_phone_site(tmp_path / "site", f"sqlite:///{tmp_path / 'site.db'}", HOUSES)
    yield opened
    opened.close()


def send(
    site: Site,
    instance: str,
    verbs: str,
    colour: str,
    *,
    village: str = HERE,
    edit: str = "",
    owner: str = "王小一",
) -> None:
    answers = f"<village>{village}</village><colour>{colour}</colour><owner>{owner}</owner>"
    answers += (
        f'<meta><entity dataset="houses" id="{HOUSE}" {verbs}><label>王小一</label></entity></meta>'
    )
    xml = submission_xml(instance, answers, form="houses", deprecated=edit)
    intake.receive(site, Upload(1, xml, (), None, "collect:test", NOON))


def house(site: Site) -> Entity:
    with Session(site.engine) as session:
        return session.scalars(select(Entity).where(Entity.entity_id == HOUSE)).one()


@pytest.fixture
def conflict(site: Site) -> None:
    send(site, "uuid:1", 'create="1"', "red")
    send(site, "uuid:2", 'update="1" baseVersion="1"', "green")
    send(site, "uuid:3", 'update="1" baseVersion="1"', "blue")


@pytest.fixture
def office(site: Site) -> Browser:
    return browser_of(site, "office")


@pytest.mark.usefixtures("conflict")
def test_names_are_masked_and_areas_hold(site: Site, office: Browser) -> None:
    elsewhere = browser_of(site, "supervisor", (AWAY,))
    worker = browser_of(site, "worker")

    pages = [office.get(path).text for path in ("/entities/", "/entities/in/houses", PAGE)]

    assert "houses" in pages[0]
    assert all("王小一" not in text for text in pages)
    assert "王*" in pages[1]
    assert "王*" in pages[2]
    assert elsewhere.get(PAGE).status_code == 404
    assert "王*" not in elsewhere.get("/entities/in/houses").text
    assert worker.get("/entities/").status_code == 403


@pytest.mark.usefixtures("conflict")
def test_a_conflict_is_settled_by_choosing_what_one_of_them_said(
    site: Site, office: Browser
) -> None:
    """F19."""
    shown = office.get(f"{PAGE}/conflict").text
    assert all(colour in shown for colour in ("red", "green", "blue"))

    answer = office.post(f"{PAGE}/conflict", {"version": "3", "p-colour": "2"})

    assert answer.status_code == 302
    found = house(site)
    assert (found.conflict, found.properties["colour"], found.version) == ("", "green", 4)
    assert "Conflict resolved" in office.get(PAGE).text


@pytest.mark.usefixtures("conflict")
def test_keeping_what_is_there_settles_a_conflict_without_a_new_version(
    site: Site, office: Browser
) -> None:
    office.post(f"{PAGE}/conflict", {"version": "3", "p-colour": "3"})

    assert (house(site).conflict, house(site).version) == ("", 3)


@pytest.mark.usefixtures("conflict")
def test_who_was_too_slow_is_told(site: Site, office: Browser) -> None:
    answer = office.post(f"{PAGE}/conflict", {"version": "2", "p-colour": "2"})

    assert answer.status_code == 409
    assert house(site).conflict == "hard"


def test_a_change_out_of_order_is_applied_by_hand(site: Site, office: Browser) -> None:
    """F18."""
    branch = f'update="1" baseVersion="2" branchId="{HOUSE}"'
    send(site, "uuid:1", 'create="1"', "red")
    send(site, "uuid:3", branch, "blue")
    assert "Apply now" in office.get("/entities/waiting").text

    office.post("/entities/waiting/2/0", {"decision": "force"})
    again = office.post("/entities/waiting/2/0", {"decision": "force"})

    assert house(site).properties["colour"] == "blue"
    assert again.status_code == 409


def test_what_phones_create_waits_for_approval_when_the_office_wants_it(
    site: Site, office: Browser
) -> None:
    """F21."""
    admin = browser_of(site, "admin")
    assert office.post("/entities/in/houses/approval", {"needed": "yes"}).status_code == 302
    send(site, "uuid:1", 'create="1"', "red")
    assert "Approve" in office.get("/entities/waiting?kind=waiting").text

    office.post("/entities/waiting/1/0", {"decision": "reject"})
    rejected = office.get("/entities/waiting?kind=rejected").text
    office.post("/entities/waiting/1/0", {"decision": "approve"})

    assert "Approve" in rejected
    assert house(site).is_created
    assert admin.get("/entities/waiting").status_code == 403


def test_an_edit_is_looked_at_and_applied_again(site: Site, office: Browser) -> None:
    """F23, C23."""
    send(site, "uuid:1", 'create="1"', "red")
    send(site, "uuid:2", 'create="1"', "pink", edit="uuid:1")
    assert house(site).properties["colour"] == "red"
    assert "/entities/again/2/0" in office.get(PAGE).text

    assert "/entities/again/2/0" in office.get("/entities/of/2").text
    preview = office.get("/entities/again/2/0").text
    office.post("/entities/again/2/0", {"version": "1"})

    assert "<del>red</del>" in preview
    assert "pink" in preview
    assert house(site).properties["colour"] == "pink"


def test_an_entity_is_made_changed_deleted_and_restored_by_hand(
    site: Site, office: Browser
) -> None:
    made = office.post(
        "/entities/in/houses/new", {"label": "New house", "p-village_code": HERE}
    ).location
    entity_id = made.rpartition("/")[2]
    full = office.get(f"{made}/change").text
    office.post(f"{made}/change", {"label": "Old house", "version": "1", "p-colour": "grey"})
    slow = office.post(f"{made}/change", {"label": "Mine", "version": "1"})
    nameless = office.post(f"{made}/delete", {"version": "2", "reason": ""})
    office.post(f"{made}/delete", {"version": "2", "reason": "Torn down"})

    with Session(site.engine) as session:
        found = session.get_one(Entity, (entity_id, "houses"))
        assert (found.label, found.version, found.is_deleted) == ("Old house", 2, True)
        assert found.properties == {"village_code": HERE, "colour": "grey"}
    assert "New house" in full
    assert (slow.status_code, nameless.status_code) == (409, 422)
    assert "Torn down" in office.get(made).text
    office.post(f"{made}/restore")
    with Session(site.engine) as session:
        assert session.get_one(Entity, (entity_id, "houses")).is_created


def test_publishing_a_form_creates_its_lists(office: Browser) -> None:
    """F22."""
    assert office.get("/entities/in/houses").status_code == 200
    assert office.get("/entities/in/barns").status_code == 404


def test_nobody_makes_an_entity_outside_his_areas_or_without_the_right(site: Site) -> None:
    elsewhere = browser_of(site, "office", (AWAY,))
    supervisor = browser_of(site, "supervisor")

    outside = elsewhere.post(
        "/entities/in/houses/new", {"label": "New house", "p-village_code": HERE}
    )

    assert outside.status_code == 422
    assert supervisor.post("/entities/in/houses/new", {"label": "x"}).status_code == 403


def test_what_a_desk_applied_of_a_submission_is_wiped_out_with_it(
    site: Site, office: Browser
) -> None:
    # J14; and on SQLite the number of what was wiped out is given again.
    send(site, "uuid:0", 'create="1"', "grey", owner="王小零")
    send(site, "uuid:1", 'create="1"', "red", owner="王小三")
    office.post("/entities/again/2/0", {"version": "1"})
    assert house(site).properties["owner"] == "王小三"

    office.post("/submissions/2/bin", {"reason": "a try-out"})
    office.post("/submissions/2/purge", {"reason": "asked for"})

    assert house(site).properties["owner"] == "王小零"
    with Session(site.engine) as session:
        assert session.scalars(select(EntityAction)).all() == []


@pytest.mark.usefixtures("conflict")
def test_what_is_typed_by_hand_is_read_by_the_types_of_the_list(
    site: Site, office: Browser
) -> None:
    typed = (
        Property("built", "date"),
        Property("rooms", "integer"),
        Property("well", "yes_no"),
        Property("colour", "choice", ("white", "grey")),
        Property("village", "entity", refers_to="houses"),
    )
    with writing_session(site.engine) as session:
        for one in typed:
            entity_properties.set_property(session, 1, "houses", one, "Li")

    def save(**values: str) -> TestResponse:
        sent = {f"p-{name}": value for name, value in values.items()}
        version = str(house(site).version)
        return office.post(f"{PAGE}/change", {"label": "A", "version": version, **sent})

    asked = office.get(f"{PAGE}/change").text
    faults = {
        "built": save(built="last year"),
        "rooms": save(rooms="four"),
        "well": save(well="maybe"),
        "colour": save(colour="green"),
        "village": save(village="nobody"),
    }
    odd = save(colour="blue", owner="Li")
    right = save(built="2018/6/3", rooms="４", well="是", colour="grey", village=HOUSE)

    assert re.search(r'name="p-built" type="date"', asked)
    assert re.search(r'name="p-rooms" type="text"[^>]*inputmode="numeric"', asked)
    assert re.search(r'<option value="blue" selected>blue</option>', asked)
    assert '<option value="yes">yes</option>' in asked
    for name, page in faults.items():
        assert page.status_code == 422
        assert f'href="#f-p-{name}"' in page.text
        assert f'id="f-p-{name}-error"' in page.text
    assert (odd.status_code, right.status_code) == (302, 302)
    held = house(site).properties
    kept = {"built": "2018-06-03", "rooms": "4", "well": "yes", "colour": "grey", "village": HOUSE}
    assert {name: held[name] for name in kept} == kept


@pytest.mark.usefixtures("conflict")
def test_a_day_that_is_none_is_shown_as_it_is(site: Site, office: Browser) -> None:
    with writing_session(site.engine) as session:
        entity_properties.set_property(session, 1, "houses", Property("colour", "date"), "Li")

    page = office.get(f"{PAGE}/change").text

    assert re.search(r'name="p-colour" type="text" value="blue"', page)
