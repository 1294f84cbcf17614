"""The twenty things a server for phones is tried by, over HTTP: forms, sending, names, addresses.

Numbers 16 (pyodk) and 18 (web forms in a browser) belong to the REST and web form work; 8
(encryption) and 19 (Digest) stand with their clients. docs/openrosa-rules.md lists them all.
"""

from __future__ import annotations

import csv
import http.client
import io
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey.entities import backlog
from server.survey.phones import NewPhone
from server.survey.site import Site
from server.tables.truth import Attachment, Submission
from tests import live, phone_site
from tests.builders import an_id
from tests.collect import LIST, MANIFEST, Collect, md5_of
from tests.phone_site import AWAY, HERE, add_phone, person_xml, submission_xml

LONG = "照" * 100


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("acceptance") / "site"
    database = f"sqlite:///{folder / 'doorstep.db'}"
    opened = phone_site.open_phone_site(folder, database, phone_site.PLAIN, phone_site.ROSTER)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    with live.serving(site.settings) as found:
        yield found


@pytest.fixture
def new(site: Site) -> NewPhone:
    return add_phone(site)


@pytest.fixture
def phone(address: str, new: NewPhone) -> Collect:
    return collect(address, new)


def collect(address: str, new: NewPhone, host: str = "") -> Collect:
    return Collect(address + phone_site.path(new, ""), host)


def kept(site: Site, *instances: str) -> list[Submission]:
    with Session(site.engine) as session:
        found = select(Submission).where(Submission.instance_id.in_(instances))
        return list(session.scalars(found.order_by(Submission.id)))


def files_of(site: Site, instance: str) -> list[str]:
    with Session(site.engine) as session:
        found = select(Attachment.name).join(Submission, Submission.id == Attachment.submission_id)
        return sorted(session.scalars(found.where(Submission.instance_id == instance)))


@pytest.mark.parametrize("squeezed", [True, False])
def test_01_the_md5_of_every_listed_form_is_that_of_its_bytes(
    phone: Collect, squeezed: bool
) -> None:
    listed = list(phone.get("formList", squeezed=squeezed).root)

    for one in listed:
        form = phone.get(one.findtext(f"{LIST}downloadUrl") or "", squeezed=squeezed)
        assert form.status == 200
        assert one.findtext(f"{LIST}hash") == md5_of(form.body)
    assert {one.findtext(f"{LIST}formID") for one in listed} >= {"plain", "roster"}


def test_02_a_revoked_code_is_refused_and_never_given_an_empty_list(
    site: Site, new: NewPhone, phone: Collect
) -> None:
    phone_site.revoke(site, new)

    for address in ("formList", "forms/plain.xml", "forms/roster/manifest", "submission"):
        answer = phone.get(address) if address != "submission" else phone.send(submission_xml())
        assert answer.status == 403
        assert answer.message
        assert "WWW-Authenticate" not in answer.headers


def test_02_a_list_that_cannot_be_read_is_an_error_and_never_shorter(
    site: Site, phone: Collect
) -> None:
    with writing_session(site.engine) as session:
        session.connection().exec_driver_sql("ALTER TABLE form RENAME TO elsewhere")
    try:
        answer = phone.get("formList")
    finally:
        with writing_session(site.engine) as session:
            session.connection().exec_driver_sql("ALTER TABLE elsewhere RENAME TO form")

    assert answer.status >= 500
    assert phone.get("formList").status == 200


def test_03_asking_first_is_answered_as_phones_expect(address: str, phone: Collect) -> None:
    let_in = phone.ask("HEAD", "submission")
    stranger = Collect(f"{address}/v1/projects/1").ask("HEAD", "submission")
    behind_tls = Collect(f"{address}/v1/projects/1").ask(
        "HEAD", "submission", headers={"X-Forwarded-Proto": "https"}
    )

    assert (let_in.status, let_in.body) == (204, b"")
    assert let_in.headers["X-OpenRosa-Version"] == "1.0"
    assert int(let_in.headers["X-OpenRosa-Accept-Content-Length"]) >= 10_000_000
    assert "Location" not in let_in.headers
    for answer in (stranger, behind_tls):
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Digest ")


def test_04_the_same_twice_is_one_record(site: Site, phone: Collect) -> None:
    statuses = [phone.send(submission_xml("uuid:04")).status for _ in range(2)]

    assert statuses == [201, 201]
    assert len(kept(site, "uuid:04")) == 1


def test_04_the_same_from_eight_at_once_is_one_record(site: Site, phone: Collect) -> None:
    start, statuses = threading.Barrier(8), list[int]()

    def send() -> None:
        start.wait()
        statuses.append(phone.send(submission_xml("uuid:04b"), [("a.jpg", b"a")]).status)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {*statuses} <= {201, 202}
    assert len(statuses) == 8
    assert len(kept(site, "uuid:04b")) == 1
    assert files_of(site, "uuid:04b") == ["a.jpg"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_05_pieces_in_either_order_are_one_whole_record(
    site: Site, phone: Collect, order: tuple[int, int]
) -> None:
    instance = f"uuid:05-{order[0]}"
    xml = submission_xml(instance, "<age>7</age><photo>a.jpg</photo><more>b.jpg</more>")
    pieces = [([("a.jpg", b"a")], True), ([("b.jpg", b"b")], False)]

    statuses = [phone.send(xml, pieces[n][0], is_incomplete=pieces[n][1]).status for n in order]

    assert statuses == [201, 201]
    assert len(kept(site, instance)) == 1
    assert files_of(site, instance) == ["a.jpg", "b.jpg"]


def test_06_other_answers_under_the_same_id_are_refused_with_words(
    site: Site, phone: Collect
) -> None:
    phone.send(submission_xml("uuid:06"))

    answer = phone.send(submission_xml("uuid:06", "<age>8</age>"))

    assert answer.status == 409
    assert "uuid:06" in answer.message
    assert [one.xml for one in kept(site, "uuid:06")] == [submission_xml("uuid:06")]


def test_07_every_version_of_a_chain_may_come_again_but_no_second_edit_of_an_old_one(
    site: Site, phone: Collect
) -> None:
    chain = [
        submission_xml("uuid:07a"),
        submission_xml("uuid:07b", deprecated="uuid:07a"),
        submission_xml("uuid:07c", deprecated="uuid:07b"),
    ]
    late = submission_xml("uuid:07d", deprecated="uuid:07b")

    first = [phone.send(xml).status for xml in chain]
    again = [phone.send(xml).status for xml in chain]
    refused = phone.send(late)

    versions = kept(site, "uuid:07a", "uuid:07b", "uuid:07c", "uuid:07d")
    assert first == [201] * 3
    assert {*again} <= {201, 202}
    assert (refused.status, bool(refused.message)) == (409, True)
    assert [one.xml for one in versions] == chain
    assert {one.root_instance_id for one in versions} == {"uuid:07a"}


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("../../x", 201),
        ("/etc/cron.d/x", 201),
        ("a/b.jpg", 201),
        ("صورة المنزل.jpg", 201),
        ("家 😀.jpg", 201),
        ('a"b.jpg', 201),
        ("a" * 300, 400),
        (LONG, 400),
    ],
)
def test_09_a_files_name_leads_nowhere(site: Site, phone: Collect, name: str, status: int) -> None:
    instance = f"uuid:09-{an_id(name)}"
    root = site.settings.folder.parent
    before = {one for one in root.rglob("*") if one.is_file()}

    answer = phone.send(submission_xml(instance), [(name, name.encode())])

    new = {one for one in root.rglob("*") if one.is_file()} - before
    assert answer.status == status
    assert files_of(site, instance) == ([name] if status == 201 else [])
    assert all(site.settings.files in one.parents for one in new if ".db" not in one.name)


@pytest.mark.parametrize("name", ["..\\..\\x", "C:\\a.jpg", "CON", "a.jpg.", "~/.ssh/x"])
def test_09_a_name_of_another_system_leads_nowhere_either(
    site: Site, phone: Collect, name: str
) -> None:
    instance = f"uuid:09-{an_id(name)}"

    answer = phone.send(submission_xml(instance), [(name, b"x")])

    # What stands behind a backslash in a header is one character: the name may come shorter.
    assert answer.status == 201
    assert len(files_of(site, instance)) == 1
    assert not list(site.settings.folder.parent.rglob(name.rpartition("\\")[2]))


def test_09_two_files_of_one_name_are_both_kept(site: Site, phone: Collect) -> None:
    answer = phone.send(submission_xml("uuid:09"), [("a.jpg", b"one"), ("a.jpg", b"two")])

    assert answer.status == 201
    assert files_of(site, "uuid:09") == ["a.jpg", "a.jpg"]


BOMB = b"""<?xml version="1.0"?><!DOCTYPE data [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">
<!ENTITY x SYSTEM "file:///etc/passwd">]><data id="plain" version="1"><age>&b;&x;</age></data>"""


@pytest.mark.parametrize(
    ("xml", "status"),
    [
        (BOMB, 400),
        (b'<data id="plain" version="1">' + b"<a>" * 10_000 + b"</a>" * 10_000 + b"</data>", 400),
        (submission_xml("uuid:10", "<age>" + "7" * 25_000_000 + "</age>"), 413),
    ],
    ids=["doctype", "depth", "25 MB"],
)
def test_10_hostile_answers_are_refused_quickly(
    site: Site, phone: Collect, xml: bytes, status: int
) -> None:
    start = time.perf_counter()

    answer = phone.send(xml)

    assert (answer.status, bool(answer.message)) == (status, True)
    assert b"root:" not in answer.body
    assert time.perf_counter() - start < 10
    assert kept(site, "uuid:10") == []


def test_10_answers_of_fifty_megabytes_are_not_even_read_to_their_end(
    site: Site, phone: Collect
) -> None:
    xml = submission_xml("uuid:10", "<age>" + "7" * 50_000_000 + "</age>")

    # No phone has so long a form: whoever sends it may lose the connection instead of hearing why.
    with suppress(ConnectionError, http.client.HTTPException):
        assert phone.send(xml).status == 413

    assert kept(site, "uuid:10") == []
    assert phone.get("formList").status == 200


AWKWARD = ["Wang, Li", 'called "Old" Wang', "line\none", "  ", "=1+1", "émile 王 😀", "a;b", "'"]


def test_11_every_row_of_an_entity_list_is_whole(site: Site, address: str, phone: Collect) -> None:
    # Given: persons whose names a careless CSV would not survive, one of them blank.
    ids = [an_id("awkward", name) for name in AWKWARD]
    for entity, name in zip(ids, AWKWARD, strict=True):
        escaped = name.replace("&", "&amp;").replace("<", "&lt;")
        assert phone.send(person_xml(f"uuid:11-{entity}", entity, escaped)).status == 201

    listed = phone.get("forms/roster/attachments/persons.csv")

    rows = list(csv.reader(io.StringIO(listed.body.decode("utf-8"), newline="")))
    header = rows[0]
    assert header[:3] == ["name", "label", "__version"]
    assert {len(row) for row in rows} == {len(header)}
    found = {row[0]: row for row in rows[1:]}
    for entity, name in zip(ids, AWKWARD, strict=True):
        if entity in found:
            assert int(found[entity][2]) >= 1
            assert found[entity][header.index("pname")] == name.strip()
    assert len(found.keys() & {*ids}) >= len(ids) - 1


def test_14_integrity_tells_of_the_lost_and_is_silent_of_the_unknown(
    site: Site, address: str, phone: Collect
) -> None:
    mine, elsewhere, unknown = (an_id("14", n) for n in range(3))
    phone.send(person_xml("uuid:14a", mine))
    collect(address, add_phone(site, [AWAY])).send(person_xml("uuid:14b", elsewhere, village=AWAY))
    manifest = phone.get("forms/roster/manifest").root
    (url,) = (
        one.findtext(f"{MANIFEST}integrityUrl")
        for one in manifest
        if one.findtext(f"{MANIFEST}filename") == "persons.csv"
    )
    many = [an_id("14 unknown", n) for n in range(120)]

    answer = phone.get(f"{url}?id={','.join([mine, elsewhere, unknown, *many])}")

    told = {one.get("id"): one.findtext("deleted") for one in answer.root.iter("entity")}
    assert told == {mine: "false", elsewhere: "true"}


def test_15_the_hash_of_a_list_changes_for_those_alone_whom_it_concerns(
    site: Site, address: str
) -> None:
    near = collect(address, add_phone(site, [HERE]))
    far = collect(address, add_phone(site, [AWAY]))
    before = [list_hash(near), list_hash(far)]

    near.send(person_xml("uuid:15", an_id("15"), village=HERE))

    assert list_hash(near) != before[0]
    assert list_hash(far) == before[1]


def list_hash(phone: Collect) -> str | None:
    files = phone.get("forms/roster/manifest").root
    hashes = {one.findtext(f"{MANIFEST}filename"): one.findtext(f"{MANIFEST}hash") for one in files}
    return hashes["persons.csv"]


def test_what_a_phone_creates_in_a_list_that_needs_approval_stays_off_its_list(
    site: Site, phone: Collect
) -> None:  # B4, F21
    def kind() -> str | None:
        files = phone.get("forms/roster/manifest").root
        kinds = {one.findtext(f"{MANIFEST}filename"): one.get("type") for one in files}
        return kinds["persons.csv"]

    before = kind()
    with writing_session(site.engine) as session:
        backlog.set_approval(session, 1, "Li", "persons", is_needed=True)
    asked = kind()
    with writing_session(site.engine) as session:
        backlog.set_approval(session, 1, "Li", "persons", is_needed=False)

    assert (before, asked, kind()) == ("entityList", "approvalEntityList", "entityList")


def test_a_long_submission_is_answered_long_before_a_phone_gives_up(
    site: Site, phone: Collect
) -> None:  # 0.11: it waits sixty seconds.
    rows = "".join(f"<row><a>{n}</a><b>{'x' * 40}</b></row>" for n in range(60_000))
    start = time.perf_counter()

    answer = phone.send(submission_xml("uuid:long", f"<age>7</age>{rows}"))

    assert answer.status == 201
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize("host", ["192.168.1.10:8080", "survey.example.org", "10.0.2.2"])
def test_20_addresses_lead_to_the_host_the_phone_came_by(
    address: str, new: NewPhone, host: str
) -> None:
    phone = collect(address, new, host)

    listed = phone.get("formList").root
    files = phone.get("forms/roster/manifest").root

    tags = ("downloadUrl", "manifestUrl", "integrityUrl")
    urls = [
        one.text or ""
        for root, space in ((listed, LIST), (files, MANIFEST))
        for one in root.iter(*(f"{space}{tag}" for tag in tags))
    ]
    assert len(urls) >= 6
    assert all(url.startswith(f"http://{host}/v1/key/{new.token}/projects/1/") for url in urls)
    assert all(phone.get(url).status == 200 for url in urls)
