"""Pages of registers imported into lists, of typed properties, and of households that move."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from server.survey import first_run
from server.survey.site import Site
from server.tables.projections import Entity
from server.tables.truth import JournalEntry
from tests import phone_site
from tests.phone_site import HERE, NEXT, add_phone, client_of, path
from tests.signed_in import Browser, browser_of

HOUSEHOLDS = "村名,户号,户类型\n清水村,12,poor\n东村,7,poor\n东村,7,poor\n"
PERSONS = "村名,户号,姓名\n清水村,12,王小一\n"


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    opened = phone_site.open_phone_site(tmp_path / "site", database_url)
    first_run.prepare(opened)
    yield opened
    opened.close()


@pytest.fixture
def office(site: Site) -> Browser:
    return browser_of(site, "office", ["130921"])


def upload(browser: Browser, text: str, list_name: str = "households") -> TestResponse:
    sent = {"file": (io.BytesIO(text.encode("gb18030")), "台账.csv")}
    place = f"/entity-lists/{list_name}/import"
    return browser.post(place, sent, follow_redirects=True)


def confirm(browser: Browser, preview: TestResponse) -> TestResponse:
    fingerprint = preview.text.partition('name="fingerprint" value="')[2].partition('"')[0]
    place = preview.request.full_path
    return browser.post(place, {"fingerprint": fingerprint}, follow_redirects=True)


def entities(site: Site, list_name: str) -> dict[str, Entity]:
    with Session(site.engine) as session:
        query = select(Entity).where(Entity.list_name == list_name, Entity.is_created)
        return {row.label: row for row in session.scalars(query)}


def test_a_register_is_looked_at_then_taken_then_served_then_undone(
    site: Site, office: Browser
) -> None:
    phone = add_phone(site, [HERE])

    preview = upload(office, HOUSEHOLDS)
    nothing_yet = entities(site, "households")
    done = confirm(office, preview)
    client = client_of(site)
    served = client.get(path(phone, "forms/chronic_followup/manifest")).status_code
    asked = office.get("/entity-lists/imports/1/undo")
    undone = office.post("/entity-lists/imports/1/undo", follow_redirects=True)

    assert "This row has the same key as row 3." in preview.text
    assert "清*" in preview.text
    assert nothing_yet == {}
    assert "Imported." in done.text
    assert served == 200
    assert "2</b> go" in asked.text
    assert "undone" in undone.text
    assert entities(site, "households") == {}
    with Session(site.engine) as session:
        actions = {one.action for one in session.scalars(select(JournalEntry))}
    assert {"entities_imported", "entities_import_undone"} <= actions


def test_columns_and_frame_are_chosen_on_the_preview(office: Browser) -> None:
    unread = upload(office, "村,甲\n清水村,12\n")
    place = unread.request.path

    read = office.get(f"{place}?name=a.csv&c0=village_name&c1=hh_no&key=hh_no")

    assert (unread.status_code, read.status_code) == (422, 200)
    assert "Nothing can be imported" in unread.text
    assert "1</b> new" in read.text


def test_a_list_that_changed_since_the_preview_is_looked_at_again(
    site: Site, office: Browser
) -> None:
    preview = upload(office, HOUSEHOLDS)
    confirm(office, upload(office, HOUSEHOLDS))

    page = confirm(office, preview)

    assert "The list has changed since the preview." in page.text
    assert len(entities(site, "households")) == 2


def test_a_household_moves_with_its_persons(site: Site, office: Browser) -> None:
    confirm(office, upload(office, HOUSEHOLDS))
    confirm(office, upload(office, PERSONS, "persons"))
    household = entities(site, "households")["清水村 12"]
    place = f"/entity-lists/households/{household.entity_id}/move"

    asked = office.get(f"{place}?village={NEXT}")
    wrong = office.get(f"{place}?village=130921211999")
    fields = {"village": NEXT, "version": "1", "persons": "1"}
    office.post(place, fields)

    assert "Persons who move along" in asked.text
    assert (wrong.status_code, "There is no village" in wrong.text) == (422, True)
    assert entities(site, "persons")["王小一"].village_code == NEXT
    assert entities(site, "households")["清水村 12"].village_code == NEXT


def test_properties_are_typed_and_what_does_not_fit_is_shown(site: Site, office: Browser) -> None:
    confirm(office, upload(office, HOUSEHOLDS))
    fields = {"name": "hh_type", "kind": "choice", "choices": "marginal\nordinary"}

    page = office.post("/entity-lists/households/properties", fields, follow_redirects=True)
    added = {"name": "has_water", "kind": "yes_no"}
    office.post("/entity-lists/households/properties", added)
    refused = office.post("/entity-lists/households/properties", {"name": "label", "kind": "text"})
    manifest = office.get("/entity-lists/households")

    assert "poor is none of the choices: marginal, ordinary." in page.text
    assert refused.status_code == 422
    assert "has_water" in manifest.text


def test_a_list_is_given_to_its_creators_only(site: Site, office: Browser) -> None:
    """F23."""
    page = office.post("/entity-lists/persons/owner", {"owner_only": "1"}, follow_redirects=True)
    clinics = office.post("/entity-lists/clinics/owner", {"owner_only": "1"})

    assert 'name="owner_only" value="1" checked' in page.text
    assert clinics.status_code == 422


@pytest.mark.parametrize("role", ["worker", "supervisor", "hospital", "auditor"])
def test_registers_are_the_offices(site: Site, role: str) -> None:
    browser = browser_of(site, role)

    assert browser.get("/entity-lists/").status_code == 403
    assert browser.get("/entity-lists/households/import").status_code == 403
    assert browser.post("/entity-lists/imports/1/undo").status_code == 403


def test_who_runs_the_site_sees_no_persons_rows(site: Site) -> None:
    admin = browser_of(site, "admin")

    assert admin.get("/entity-lists/persons").status_code == 200
    assert admin.get("/entity-lists/persons/import").status_code == 403


def test_who_runs_the_site_moves_no_household(site: Site, office: Browser) -> None:
    confirm(office, upload(office, HOUSEHOLDS))
    household = entities(site, "households")["清水村 12"]
    place = f"/entity-lists/households/{household.entity_id}/move"
    admin = browser_of(site, "admin")

    assert admin.get(f"{place}?village={NEXT}").status_code == 403
    assert admin.post(place, {"village": NEXT}).status_code == 403
