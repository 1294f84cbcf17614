"""What a phone is told of forms, and what it downloads."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import etree

from server.database import writing_session
from server.survey import publishing
from server.survey.phones import NewPhone
from server.survey.site import Site
from tests import phone_site
from tests.phone_site import AWAY, HERE, NEXT, add_phone, path

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"
PICTURED = """
| survey |
| | type | name | label | media::image |
| | note | hello | Hello | logo.png |
| | select_one_from_file trees.csv | tree | Tree | |
| settings |
| | form_id | version | form_title |
| | pictured | {version} | Pictured |
"""


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    forms = (phone_site.PLAIN, phone_site.ROSTER)
    opened = phone_site.open_phone_site(tmp_path / "site", database_url, *forms)
    yield opened
    opened.close()


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return phone_site.client_of(site)


@pytest.fixture
def phone(site: Site) -> NewPhone:
    return add_phone(site)


def listed(client: FlaskClient, address: str, **headers: str) -> dict[str, dict[str, str]]:
    """Return the form list as Collect reads it, by form id and version."""
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200
    root = etree.fromstring(answer.data)
    assert root.tag == f"{LIST}xforms"
    forms = [{str(child.tag).removeprefix(LIST): child.text or "" for child in one} for one in root]
    return {f"{one['formID']} {one['version']}": one for one in forms}


def beside(client: FlaskClient, address: str) -> dict[str, dict[str, str]]:
    """Return a manifest as Collect reads it, by file name."""
    answer = client.get(address)
    assert answer.status_code == 200
    root = etree.fromstring(answer.data)
    assert root.tag == f"{MANIFEST}manifest"
    entries = [
        {
            "type": one.get("type") or "",
            **{str(c.tag).removeprefix(MANIFEST): c.text or "" for c in one},
        }
        for one in root
    ]
    return {one["filename"]: one for one in entries}


def fetched(client: FlaskClient, url: str, *, by_gzip: bool = False) -> bytes:
    parts = urlsplit(url)
    headers = {"Accept-Encoding": "gzip"} if by_gzip else {}
    answer = client.get(f"{parts.path}?{parts.query}&deviceID=collect%3Aabc", headers=headers)
    assert answer.status_code == 200
    return gzip.decompress(answer.data) if answer.content_encoding == "gzip" else answer.data


def test_the_list_has_the_headers_collect_demands(client: FlaskClient, phone: NewPhone) -> None:
    answer = client.get(path(phone, "formList"), query_string={"deviceID": "collect:abc"})

    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert answer.headers["X-OpenRosa-Accept-Content-Length"] == "10000000"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Content-Language"] == "zh"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("by_gzip", [False, True])
def test_every_forms_bytes_have_the_md5_of_the_list(
    client: FlaskClient, phone: NewPhone, by_gzip: bool
) -> None:
    forms = listed(client, path(phone, "formList"))

    for form in forms.values():
        content = fetched(client, form["downloadUrl"], by_gzip=by_gzip)
        assert form["hash"] == f"md5:{hashlib.md5(content).hexdigest()}"
    assert [*forms] == ["plain 1", "roster 1"]


def test_the_version_of_the_list_is_that_in_the_form(client: FlaskClient, phone: NewPhone) -> None:
    form = listed(client, path(phone, "formList"))["roster 1"]

    root = etree.fromstring(fetched(client, form["downloadUrl"]))

    (node,) = root.xpath("//*[local-name()='instance'][1]/*[@id]")
    assert (node.get("id"), node.get("version")) == (form["formID"], form["version"])


def test_a_form_without_files_has_no_manifest(client: FlaskClient, phone: NewPhone) -> None:
    forms = listed(client, path(phone, "formList"))

    assert "manifestUrl" not in forms["plain 1"]
    assert forms["roster 1"]["manifestUrl"].endswith("/forms/roster/manifest")


def test_the_list_may_be_asked_for_one_form(client: FlaskClient, phone: NewPhone) -> None:
    assert [*listed(client, path(phone, "formList?formID=roster"))] == ["roster 1"]
    assert listed(client, path(phone, "formList?formID=none")) == {}


def test_a_verbose_list_describes(client: FlaskClient, phone: NewPhone) -> None:
    form = listed(client, path(phone, "formList?verbose=true"))["roster 1"]

    assert form["descriptionText"] == "Roster"
    assert "descriptionText" not in listed(client, path(phone, "formList"))["roster 1"]


def test_all_versions_are_listed_when_asked_for_and_each_can_be_downloaded(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    with writing_session(site.engine) as session:
        phone_site.publish(
            session, phone_site.ROSTER.replace("| roster | 1 |", "| roster | 2 & x |")
        )

    forms = listed(client, path(phone, "formList?listAllVersions=true"))

    assert [*forms] == ["plain 1", "roster 2 & x", "roster 1"]
    assert [*listed(client, path(phone, "formList"))] == ["plain 1", "roster 2 & x"]
    for form in forms.values():
        digest = hashlib.md5(fetched(client, form["downloadUrl"])).hexdigest()
        assert form["hash"] == f"md5:{digest}"
    assert "persons.csv" in beside(client, forms["roster 1"]["manifestUrl"])


@pytest.mark.parametrize("state", ["closing", "closed"])
def test_a_form_that_closes_is_not_listed(
    site: Site, client: FlaskClient, phone: NewPhone, state: str
) -> None:
    with writing_session(site.engine) as session:
        publishing.set_state(session, 1, "plain", state)

    assert [*listed(client, path(phone, "formList"))] == ["roster 1"]


def test_addresses_follow_the_host_the_phone_used(client: FlaskClient, phone: NewPhone) -> None:
    by_number = listed(client, path(phone, "formList"), Host="192.168.1.10:8080")
    by_name = listed(client, path(phone, "formList"), Host="survey.example.org")

    start = f"/v1/key/{phone.token}/projects/1/forms/roster.xml"
    assert by_number["roster 1"]["downloadUrl"] == f"http://192.168.1.10:8080{start}"
    assert by_name["roster 1"]["downloadUrl"] == f"http://survey.example.org{start}"


def test_addresses_follow_a_proxy_that_is_trusted(tmp_path: Path, database_url: str) -> None:
    site = phone_site.open_phone_site(
        tmp_path / "site", database_url, phone_site.PLAIN, behind_proxies=1
    )
    told = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "county.example",
        "X-Forwarded-Prefix": "/survey",
    }
    phone = add_phone(site)

    forms = listed(phone_site.client_of(site), path(phone, "formList"), **told)

    assert forms["plain 1"]["downloadUrl"] == (
        f"https://county.example/survey/v1/key/{phone.token}/projects/1/forms/plain.xml"
    )
    site.close()


@pytest.mark.parametrize("rest", ["formList", "forms/roster.xml", "forms/roster/manifest"])
def test_what_a_phone_has_already_is_not_sent_again(
    client: FlaskClient, phone: NewPhone, rest: str
) -> None:
    first = client.get(path(phone, rest), headers={"Accept-Encoding": "gzip"})

    again = client.get(path(phone, rest), headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["X-OpenRosa-Version"] == "1.0"
    assert again.headers["Cache-Control"] == "private, no-cache"


def test_asking_for_the_head_alone_works_everywhere(client: FlaskClient, phone: NewPhone) -> None:
    for rest in ("formList", "forms/roster.xml", "forms/roster/attachments/persons.csv"):
        answer = client.head(path(phone, rest))

        assert (answer.status_code, answer.data) == (200, b"")


@pytest.mark.parametrize(
    "rest", ["formList/", "/formList", "submission/", "forms/roster/manifest/"]
)
def test_no_address_is_redirected(client: FlaskClient, phone: NewPhone, rest: str) -> None:
    answer = client.get(path(phone, rest))

    assert answer.status_code == 404


@pytest.mark.parametrize("rest", ["forms/roster.xml", "forms/roster/attachments/persons.csv"])
def test_nothing_a_forms_author_wrote_runs_in_a_browser(
    client: FlaskClient, phone: NewPhone, rest: str
) -> None:
    answer = client.get(path(phone, rest))

    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_form_nobody_published_is_missing(client: FlaskClient, phone: NewPhone) -> None:
    for rest in ("forms/none.xml", "forms/none/manifest", "forms/none/attachments/persons.csv"):
        assert client.get(path(phone, rest)).status_code == 404


def test_the_manifest_tells_lists_from_files(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    files = beside(client, path(phone, "forms/roster/manifest"))

    assert {name: one["type"] for name, one in files.items()} == {
        "villages.csv": "",
        "clinics.csv": "entityList",
        "persons.csv": "entityList",
    }
    assert "integrityUrl" not in files["villages.csv"]
    assert files["persons.csv"]["integrityUrl"].endswith("/projects/1/datasets/persons/integrity")


def test_the_md5_of_villages_is_that_of_the_very_bytes(site: Site, client: FlaskClient) -> None:
    phone = add_phone(site, [HERE, NEXT])
    file = beside(client, path(phone, "forms/roster/manifest"))["villages.csv"]

    for by_gzip in (False, True):
        content = fetched(client, file["downloadUrl"], by_gzip=by_gzip)
        assert file["hash"] == f"md5:{hashlib.md5(content).hexdigest()}"


def test_a_phone_is_given_the_rows_of_its_villages_only(site: Site, client: FlaskClient) -> None:
    send_person(client, add_phone(site), "uuid:1", "1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b", HERE)
    send_person(client, add_phone(site), "uuid:2", "2b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b", AWAY)

    phone = add_phone(site, [HERE, NEXT])

    columns: dict[str, list[str]] = {}
    for name in ("villages", "clinics", "persons"):
        answer = client.get(path(phone, f"forms/roster/attachments/{name}.csv"))
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        columns[name] = [row["label"] for row in csv.DictReader(io.StringIO(answer.text))]
    assert columns == {
        "villages": ["清水村", "东村"],
        "clinics": ["清水村卫生室", "东村卫生室"],
        "persons": ["Amina"],
    }


def test_the_hash_of_a_list_changes_for_the_phones_it_concerns(
    site: Site, client: FlaskClient
) -> None:
    here, away = add_phone(site, [HERE]), add_phone(site, [AWAY])

    def hashes() -> list[str]:
        manifests = [beside(client, path(one, "forms/roster/manifest")) for one in (here, away)]
        return [one["persons.csv"]["hash"] for one in manifests]

    before = hashes()
    send_person(client, here, "uuid:1", "1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b", HERE)
    after = hashes()

    assert before[0] != after[0]
    assert before[1] == after[1]


@pytest.mark.parametrize("by_gzip", [False, True])
def test_a_list_comes_whole_with_its_length_and_is_not_sent_twice(
    site: Site, client: FlaskClient, by_gzip: bool
) -> None:
    phone = add_phone(site)
    send_person(client, phone, "uuid:1", "1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b", HERE)
    address = path(phone, "forms/roster/attachments/persons.csv")
    headers = {"Accept-Encoding": "gzip"} if by_gzip else {}

    first = client.get(address, headers=headers)
    again = client.get(address, headers={**headers, "If-None-Match": first.headers["ETag"]})

    body = gzip.decompress(first.data) if by_gzip else first.data
    assert first.content_length == len(first.data)
    assert first.headers["Vary"] == "Accept-Encoding"
    assert body.decode().splitlines()[1].startswith("1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b,Amina,1")
    assert again.status_code == 304


def test_uploaded_files_and_lists_lie_beside_a_form_and_missing_ones_are_left_out(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    with writing_session(site.engine) as session:
        phone_site.publish(session, PICTURED.format(version=1))
    form = path(phone, "forms/pictured/manifest")
    assert beside(client, form) == {}
    assert "manifestUrl" not in listed(client, path(phone, "formList"))["pictured 1"]

    phone_site.attach(site, "pictured", "logo.png", b"\x89PNG")
    phone_site.attach(site, "pictured", "trees.csv", b"name,label\n1,Oak\n")

    files = beside(client, form)
    assert {name: one["type"] for name, one in files.items()} == {"logo.png": "", "trees.csv": ""}
    assert "manifestUrl" in listed(client, path(phone, "formList"))["pictured 1"]
    for file in files.values():
        content = fetched(client, file["downloadUrl"])
        assert file["hash"] == f"md5:{hashlib.md5(content).hexdigest()}"
    picture = client.get(path(phone, "forms/pictured/attachments/logo.png"))
    assert picture.headers["Content-Type"] == "image/png"
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert picture.content_length == 4


@pytest.mark.parametrize(
    "name", ["cases.csv", "none.png", "..%2f..%2fsecrets.json", "secrets.json"]
)
def test_what_is_not_beside_a_form_is_missing(
    client: FlaskClient, phone: NewPhone, name: str
) -> None:
    assert client.get(path(phone, f"forms/roster/attachments/{name}")).status_code == 404


def test_a_phone_learns_what_it_shall_forget(site: Site, client: FlaskClient) -> None:
    mine, other = "1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b", "2b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b"
    phone = add_phone(site, [HERE])
    send_person(client, phone, "uuid:1", mine, HERE)
    send_person(client, phone, "uuid:2", other, AWAY)
    unknown = ["3b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b"] * 200

    answer = client.get(
        path(phone, "datasets/persons/integrity"),
        query_string={"id": ",".join([mine, other, *unknown]), "deviceID": "x"},
    )

    told = {
        one.get("id"): one.findtext("deleted")
        for one in etree.fromstring(answer.data).iter("entity")
    }
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert told == {mine: "false", other: "true"}


@pytest.mark.parametrize("rest", ["integrity", "integrity?id=", "integrity?id=,%27,é"])
def test_integrity_answers_whatever_is_asked(
    client: FlaskClient, phone: NewPhone, rest: str
) -> None:
    answer = client.get(path(phone, f"datasets/none/{rest}"))

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "rest", ["forms/a%00b.xml", "formList?formID=%00", "datasets/persons/integrity?id=%00"]
)
def test_an_address_with_a_nul_is_refused(client: FlaskClient, phone: NewPhone, rest: str) -> None:
    answer = client.get(path(phone, rest))

    assert answer.status_code == 400


def test_bad_revoked_and_foreign_tokens_are_refused_and_never_an_empty_list(
    site: Site, client: FlaskClient
) -> None:
    phone, revoked = add_phone(site), add_phone(site)
    phone_site.revoke(site, revoked)

    addresses = [
        f"/v1/key/{'x' * 64}/projects/1/formList",
        path(revoked, "formList"),
        f"/v1/key/{phone.token}/projects/2/formList",
        f"/v1/key/{phone.token}/projects/99999999999999999999/formList",
    ]

    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 403
        assert b"OpenRosaResponse" in answer.data
        assert "WWW-Authenticate" not in answer.headers
        assert answer.headers["X-OpenRosa-Version"] == "1.0"


def test_a_database_that_is_away_is_an_error_and_never_an_empty_list(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    with writing_session(site.engine) as session:
        session.connection().exec_driver_sql("ALTER TABLE form RENAME TO elsewhere")

    answer = client.get(path(phone, "formList"))

    assert answer.status_code >= 500
    assert b"OpenRosaResponse" in answer.data


def send_person(
    client: FlaskClient, phone: NewPhone, instance: str, entity_id: str, village: str
) -> None:
    xml = phone_site.person_xml(instance, entity_id, village=village)
    answer = client.post(
        path(phone, "submission"),
        data={"xml_submission_file": (io.BytesIO(xml), "a.xml", "text/xml")},
    )
    assert answer.status_code == 201, answer.text
