"""Villages given to phones in bulk, and what a phone gets as people may look at it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from server.database import writing_session
from server.survey import form_uploads, phones
from server.survey.areas import WHOLE_SITE
from server.survey.phones import NewPhone
from server.survey.site import Site
from server.tables.decisions import EntityList
from server.tables.reference import Village
from server.tables.truth import JournalEntry
from tests import phone_site
from tests.builders import RECEIVED_AT
from tests.phone_site import AWAY, HERE, NEXT, add_phone, client_of, path, person_xml
from tests.signed_in import Browser, browser_of

COUNTY = "130921"


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    opened = phone_site.open_phone_site(tmp_path / "site", database_url, phone_site.ROSTER)
    yield opened
    opened.close()


@pytest.fixture
def office(site: Site) -> Browser:
    return browser_of(site, "office", [COUNTY])


def served(site: Site, phone: NewPhone) -> list[str]:
    with Session(site.engine) as session:
        return [*phones.villages_of(session.connection(), phone.id)]


def look(browser: Browser, **fields: object) -> TestResponse:
    sent = {"way": "also", **fields}
    return browser.post("/assignments/", sent, follow_redirects=True)


def confirm(browser: Browser, preview: TestResponse) -> TestResponse:
    fingerprint = preview.text.partition('name="fingerprint" value="')[2].partition('"')[0]
    return browser.post(preview.request.path, {"fingerprint": fingerprint}, follow_redirects=True)


def send_person(site: Site, phone: NewPhone, number: int, village: str = HERE) -> None:
    xml = person_xml(
        f"uuid:{number}", f"1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633{number}", f"王小{number}", village
    )
    sent = {"xml_submission_file": (io.BytesIO(xml), "a.xml")}
    assert client_of(site).post(path(phone, "submission"), data=sent).status_code == 201


def hashes(site: Site, phone: NewPhone) -> dict[str, str]:
    """Return the hash of each list, as the phone's manifest tells."""
    text = client_of(site).get(path(phone, "forms/roster/manifest")).text
    pairs = re.findall(r"<filename>(.*?)</filename>\s*<hash>(.*?)</hash>", text)
    return dict(pairs)


def test_pasted_codes_are_looked_at_and_then_given(site: Site, office: Browser) -> None:
    phone = add_phone(site, [HERE])

    preview = look(office, phone=[str(phone.id)], codes=f"{NEXT}\n{NEXT}")
    before = served(site, phone)
    done = confirm(office, preview)

    assert "东村" in preview.text
    assert before == [HERE]
    assert "1 phone is changed." in done.text
    assert served(site, phone) == [HERE, NEXT]
    with Session(site.engine) as session:
        (entry,) = session.query(JournalEntry).filter_by(action="phone_assigned").all()
    assert entry.detail == {"gained": [NEXT], "lost": []}


def test_lines_with_names_give_each_phone_its_own(site: Site, office: Browser) -> None:
    one, two = add_phone(site, [HERE]), add_phone(site, [HERE])

    preview = look(office, codes=f"{one.id}\t{NEXT}\n{two.id} {HERE}", way="move")
    confirm(office, preview)

    assert (served(site, one), served(site, two)) == ([NEXT], [HERE])


def test_moved_villages_leave_all_other_phones(site: Site, office: Browser) -> None:
    one, two = add_phone(site, [HERE]), add_phone(site, [HERE, NEXT])

    confirm(office, look(office, phone=[str(one.id)], codes=NEXT, way="move"))

    assert (served(site, one), served(site, two)) == ([HERE, NEXT], [HERE])


def test_all_villages_of_one_phone_are_handed_over(site: Site, office: Browser) -> None:
    old, new, third = (add_phone(site, some) for some in ([HERE, NEXT], [NEXT], [HERE]))

    preview = office.post(
        "/assignments/",
        {"what": "hand", "source": str(old.id), "phone": str(new.id)},
        follow_redirects=True,
    )
    confirm(office, preview)

    assert "Left without villages" in preview.text
    assert [served(site, one) for one in (old, new, third)] == [[], [HERE, NEXT], [HERE]]
    assert office.get(f"/phones/{old.id}").status_code == 200


def test_a_polygon_means_the_villages_whose_centre_lies_inside(site: Site, office: Browser) -> None:
    """domain: coordinate trap. The polygon's frame is declared."""
    phone = add_phone(site, [HERE])
    with writing_session(site.engine) as session:
        session.get_one(Village, NEXT).latitude = 38.05
        session.get_one(Village, NEXT).longitude = 116.95
    corners = [[116.9, 38.0], [117.0, 38.0], [117.0, 38.1], [116.9, 38.1], [116.9, 38.0]]
    area = json.dumps({"type": "Polygon", "coordinates": [corners]}).encode()

    preview = look(
        office, phone=[str(phone.id)], way="only", area=(io.BytesIO(area), "a.geojson"), crs="gcj02"
    )
    confirm(office, preview)

    assert "GCJ-02" in preview.text
    assert served(site, phone) == [NEXT]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"codes": AWAY}, "These are no villages here: 532301103201."),
        ({"codes": "1.30921E+11"}, "has lost digits"),
        ({"codes": "清水村"}, "Line 1 holds no village code"),
        ({"codes": ""}, "name at least one village"),
        ({"codes": HERE, "phone": []}, "Choose at least one phone."),
        ({"codes": HERE, "phone": ["999"]}, "There is no phone 999 in use here."),
        ({"codes": HERE, "way": ""}, "Say how the villages are to be given."),
        ({"area": "a file of {}"}, "The file holds no area"),
    ],
)
def test_what_cannot_be_given_is_said_and_changes_nothing(
    site: Site, office: Browser, fields: dict[str, object], words: str
) -> None:
    phone = add_phone(site, [HERE])
    if "area" in fields:  # Made here: a browser closes what it has sent.
        fields = {"area": (io.BytesIO(b"{}"), "a.json")}

    page = look(office, **{"phone": [str(phone.id)], **fields})

    assert page.status_code == 422
    assert words in page.text
    assert served(site, phone) == [HERE]


def test_a_phone_of_two_counties_is_not_changed_by_one(site: Site, office: Browser) -> None:
    mixed, own = add_phone(site, [HERE, AWAY]), add_phone(site, [NEXT])

    refused = look(office, phone=[str(mixed.id)], codes=NEXT)
    preview = look(office, phone=[str(own.id)], codes=HERE, way="move")
    confirm(office, preview)

    assert refused.status_code == 403
    assert "stay as they are" in preview.text
    assert (served(site, mixed), served(site, own)) == ([HERE, AWAY], [HERE, NEXT])


def test_what_changed_since_the_preview_is_not_overwritten(site: Site, office: Browser) -> None:
    phone = add_phone(site, [HERE])
    preview = look(office, phone=[str(phone.id)], codes=NEXT, way="only")
    with writing_session(site.engine) as session:
        phones.assign_villages(session, phone.id, [HERE, NEXT], WHOLE_SITE)

    page = confirm(office, preview)

    assert "Look again." in page.text
    assert served(site, phone) == [HERE, NEXT]


def test_hashes_change_for_the_phones_concerned_only(site: Site, office: Browser) -> None:
    """F25, B8, acceptance test 15: per-user list, hash changes only for the users affected."""
    here, there = add_phone(site, [HERE]), add_phone(site, [NEXT])
    before = hashes(site, here), hashes(site, there)

    send_person(site, here, 1)
    after_sending = hashes(site, here), hashes(site, there)
    confirm(office, look(office, phone=[str(there.id)], codes=HERE))
    after_giving = hashes(site, here), hashes(site, there)

    changed = {name for name, one in before[0].items() if after_sending[0][name] != one}
    assert changed == {"persons.csv"}
    assert after_sending[1] == before[1]
    assert after_giving[0] == after_sending[0]
    assert {name for name, one in after_giving[1].items() if before[1][name] != one} == {
        "persons.csv",
        "clinics.csv",
        "villages.csv",
    }


def test_of_an_owner_only_list_a_phone_gets_what_it_created(site: Site) -> None:
    """F23, F25: one filter in CSV, hash, integrity and view."""
    one, two = add_phone(site, [HERE]), add_phone(site, [HERE])
    send_person(site, one, 1)
    send_person(site, two, 2)
    shared = hashes(site, one)["persons.csv"]
    with writing_session(site.engine) as session:
        settled = {"owner_only": True, "made_at": RECEIVED_AT, "made_by": "Li"}
        session.execute(insert(EntityList), [{"project_id": 1, "name": "persons", **settled}])
    before = hashes(site, one)["persons.csv"], hashes(site, two)["persons.csv"]
    send_person(site, two, 3)

    listed = client_of(site).get(path(one, "forms/roster/attachments/persons.csv")).text
    ids = ",".join(f"1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633{number}" for number in (1, 2, 9))
    told = client_of(site).get(path(one, f"datasets/persons/integrity?id={ids}")).text
    view = browser_of(site, "office").get(f"/phones/{one.id}/lists/persons.csv").text

    assert ("王小1" in listed, "王小2" in listed) == (True, False)
    assert len({shared, *before}) == 3
    assert hashes(site, one)["persons.csv"] == before[0]
    assert hashes(site, two)["persons.csv"] != before[1]
    assert re.findall(r"<deleted>(.*?)</deleted>", told) == ["false", "true"]
    assert "1</b> row in persons.csv" in view


def test_the_view_is_what_the_phone_gets_masked_until_a_reason_is_given(site: Site) -> None:
    """F25: the same filter in CSV and "view as this worker"."""
    phone = add_phone(site, [HERE])
    send_person(site, phone, 1)
    send_person(site, phone, 2, NEXT)
    office = browser_of(site, "office")
    place = f"/phones/{phone.id}/lists/persons.csv"

    lists = office.get(f"/phones/{phone.id}/lists").text
    masked = office.get(place).text
    unreasoned = office.post(place, {"reason": ""})
    full = office.post(place, {"reason": "the worker says one is missing"}).text

    assert hashes(site, phone)["persons.csv"].removeprefix("md5:") in lists
    assert ("王小1" in masked, "王*" in masked) == (False, True)
    assert unreasoned.status_code == 422
    assert ("王小1" in full, "王小2" in full) == (True, False)
    with Session(site.engine) as session:
        actions = [one.action for one in session.query(JournalEntry)]
    assert {"phone_list_seen", "phone_list_revealed"} <= {*actions}


def test_the_view_is_for_those_who_look_after_the_phone(site: Site) -> None:
    phone = add_phone(site, [AWAY])

    assert browser_of(site, "office", [COUNTY]).get(f"/phones/{phone.id}/lists").status_code == 404
    assert browser_of(site, "worker").get(f"/phones/{phone.id}/lists").status_code == 403
    admin = browser_of(site, "admin")
    assert admin.get(f"/phones/{phone.id}/lists").status_code == 200
    assert admin.get(f"/phones/{phone.id}/lists/persons.csv").status_code == 403
    assert admin.get(f"/phones/{phone.id}/lists/cases.csv").status_code == 403


def test_what_is_no_assignment_is_missing(site: Site, office: Browser) -> None:
    folder = site.settings.folder / "uploads"
    others = [
        form_uploads.keep_upload(folder, "form.md", content)
        for content in (b"| survey |", b"[]", b'{"way": "also", "pairs": 3}')
    ]

    assert {office.get(f"/assignments/{one}").status_code for one in others} == {404}
    assert look(office, phone="9" * 5000, codes=HERE).status_code == 422
    assert office.get(f"/phones/{'9' * 30}").status_code == 404
