"""Sending: what is kept, what is refused, and in which words."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import etree
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from server.database import writing_session
from server.survey import publishing
from server.survey.phones import NewPhone
from server.survey.site import Site
from server.tables.truth import Attachment, Submission
from tests import phone_site
from tests.phone_site import add_phone, path, submission_xml

PHOTO = b"\xff\xd8\xff a photo \r\n--boundary-like\r\n" * 3000
PARTED = "multipart/form-data; boundary=edge"
File = tuple[str, bytes]


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    opened = phone_site.open_phone_site(tmp_path / "site", database_url, phone_site.PLAIN)
    yield opened
    opened.close()


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return phone_site.client_of(site)


@pytest.fixture
def phone(site: Site) -> NewPhone:
    return add_phone(site)


def send(
    client: FlaskClient,
    phone: NewPhone,
    xml: bytes | None = None,
    files: Sequence[File] = (),
    more: Sequence[tuple[str, Any]] = (),
) -> TestResponse:
    """Post as Collect does: each file under its own name."""
    parts: list[tuple[str, Any]] = [*more, *((name, (io.BytesIO(b), name)) for name, b in files)]
    if xml is not None:
        parts.insert(0, ("xml_submission_file", (io.BytesIO(xml), "plain_2026.xml", "text/xml")))
    return post_body(client, phone, *multipart_of(parts))


def multipart_of(parts: Sequence[tuple[str, Any]]) -> tuple[bytes, str]:
    body = bytearray()
    for name, part in parts:
        heading = f'Content-Disposition: form-data; name="{name}"'
        content = part
        if isinstance(part, tuple):
            content = part[0].read()
            heading += f'; filename="{part[1]}"'
            heading += f"\r\nContent-Type: {part[2]}" if len(part) > 2 else ""
        body += b"--edge\r\n" + heading.encode() + b"\r\n\r\n" + content + b"\r\n"
    return bytes(body + b"--edge--\r\n"), PARTED


ONE_PART = multipart_of([("xml_submission_file", submission_xml())])[0]


def post_body(
    client: FlaskClient, phone: NewPhone, body: bytes, content_type: str | None
) -> TestResponse:
    return client.post(
        path(phone, "submission?deviceID=collect%3Aabc"), data=body, content_type=content_type
    )


def message(answer: TestResponse) -> str:
    root = etree.fromstring(answer.data)
    assert root.tag == "{http://openrosa.org/http/response}OpenRosaResponse"
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    (text,) = [one.text or "" for one in root]
    return text


def kept(site: Site) -> list[Submission]:
    with Session(site.engine) as session:
        return list(session.scalars(select(Submission).order_by(Submission.id)))


def attachments(site: Site) -> dict[str, str]:
    with Session(site.engine) as session:
        return {one.name: one.sha256 for one in session.scalars(select(Attachment))}


def on_disk(site: Site) -> set[str]:
    files = site.settings.files
    return {str(one.relative_to(files)) for one in files.rglob("*") if one.is_file()}


def test_asking_first_says_where_and_how_much(client: FlaskClient, phone: NewPhone) -> None:
    answer = client.head(path(phone, "submission"))

    assert answer.status_code == 204
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert answer.headers["X-OpenRosa-Accept-Content-Length"] == "10000000"
    assert "Location" not in answer.headers


def test_asking_needs_the_same_right_as_sending(site: Site, client: FlaskClient) -> None:
    phone = add_phone(site)
    phone_site.revoke(site, phone)

    assert client.head(path(phone, "submission")).status_code == 403
    assert client.head("/v1/projects/1/submission").status_code == 401
    assert send(client, phone, submission_xml()).status_code == 403
    assert kept(site) == []


def test_what_was_sent_is_kept_byte_for_byte(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    xml = submission_xml().replace(b"?>", b"?>\r\n\t ")

    answer = send(client, phone, xml)

    (row,) = kept(site)
    assert (answer.status_code, message(answer)) == (201, "收到。")
    assert answer.headers["X-OpenRosa-Accept-Content-Length"] == "10000000"
    assert (row.xml, row.phone_id, row.device_id) == (xml, phone.id, "collect:abc")


def test_the_answer_speaks_the_workers_language(site: Site, client: FlaskClient) -> None:
    phone = add_phone(site, language="en")

    answer = send(client, phone, submission_xml())

    assert message(answer) == "Received."
    assert answer.headers["Content-Language"] == "en"


def test_files_are_kept_under_the_hash_of_their_content(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    xml = submission_xml(answers="<age>7</age><photo>a.jpg</photo>")

    send(client, phone, xml, [("a.jpg", PHOTO)])

    sha256 = hashlib.sha256(PHOTO).hexdigest()
    assert attachments(site) == {"a.jpg": sha256}
    assert (site.settings.files / sha256[:2] / sha256[2:]).read_bytes() == PHOTO


def test_the_same_again_is_a_success_and_one_submission(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    answers = [send(client, phone, submission_xml(), [("a.jpg", PHOTO)]) for _ in range(3)]

    assert [one.status_code for one in answers] == [201, 201, 201]
    assert len(kept(site)) == 1
    assert len(on_disk(site)) == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_submission_in_two_posts_has_the_files_of_both(
    site: Site, client: FlaskClient, phone: NewPhone, order: tuple[int, int]
) -> None:
    xml = submission_xml(answers="<photo>a.jpg</photo><other>b.jpg</other>")
    posts: list[tuple[list[File], list[tuple[str, Any]]]] = [
        ([("a.jpg", b"a")], [("*isIncomplete*", b"yes")]),
        ([("b.jpg", b"b")], []),
    ]

    statuses = [send(client, phone, xml, *posts[one]).status_code for one in order]

    assert statuses == [201, 201]
    assert len(kept(site)) == 1
    assert {*attachments(site)} == {"a.jpg", "b.jpg"}


def test_a_post_may_have_a_hundred_and_ten_files(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    files = [(f"{number}.jpg", str(number).encode()) for number in range(110)]

    answer = send(client, phone, submission_xml(), files, [("*isIncomplete*", b"yes")])

    assert answer.status_code == 201
    assert len(attachments(site)) == 110


def test_the_same_instance_with_other_answers_is_refused(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    send(client, phone, submission_xml(answers="<age>7</age>"))

    answer = send(client, phone, submission_xml(answers="<age>8</age>"))

    assert answer.status_code == 409
    assert "uuid:1" in message(answer)
    assert len(kept(site)) == 1


def test_an_edit_chain_keeps_each_version_and_a_late_repeat_of_any_is_a_success(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    first = submission_xml("uuid:a")
    second = submission_xml("uuid:b", deprecated="uuid:a")
    third = submission_xml("uuid:c", deprecated="uuid:b")
    other = submission_xml("uuid:d", deprecated="uuid:a")

    statuses = [
        send(client, phone, xml).status_code for xml in (first, second, third, second, first, other)
    ]

    assert statuses == [201, 201, 201, 201, 201, 409]
    assert {one.root_instance_id for one in kept(site)} == {"uuid:a"}


def test_an_unknown_version_is_kept_and_parked(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    answer = send(client, phone, submission_xml(version="99"))

    assert answer.status_code == 202
    assert "不要重复发送" in message(answer)
    assert len(kept(site)) == 1


def test_an_unknown_form_is_missing(site: Site, client: FlaskClient, phone: NewPhone) -> None:
    answer = send(client, phone, submission_xml(form="none"))

    assert answer.status_code == 404
    assert "none" in message(answer)
    assert kept(site) == []


def test_a_closed_form_takes_nothing_and_a_closing_one_does(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    statuses = []
    for number, state in enumerate(("closing", "closed")):
        with writing_session(site.engine) as session:
            publishing.set_state(session, 1, "plain", state)
        statuses.append(send(client, phone, submission_xml(f"uuid:{number}")).status_code)

    assert statuses == [201, 409]


@pytest.mark.parametrize(
    "name",
    [
        "../../x",
        "/etc/passwd",
        "a/b.jpg",
        "..",
        "CON",
        "صورة.jpg",
        "😀.jpg",
        "照片.jpg",
        " a ",
        "a\tb",
    ],
)
def test_any_name_is_kept_as_it_is_and_stays_inside(
    site: Site, client: FlaskClient, phone: NewPhone, name: str
) -> None:
    before = {*site.settings.folder.parent.rglob("*")}

    answer = send(client, phone, submission_xml(), [(name, b"x")])

    new = {*site.settings.folder.parent.rglob("*")} - before
    assert answer.status_code == 201
    assert [*attachments(site)] == [name]
    assert all(
        site.settings.files in one.parents for one in new if one.is_file() and "db" not in one.name
    )


def test_quotes_in_a_name_arrive_as_collect_writes_them(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    send(client, phone, submission_xml(), [("a%22b.jpg", b"x")])

    assert [*attachments(site)] == ['a"b.jpg']


@pytest.mark.parametrize("name", ["a" * 300, "照" * 100, "a\0b"])
def test_a_name_no_phone_can_have_is_refused(
    site: Site, client: FlaskClient, phone: NewPhone, name: str
) -> None:
    answer = send(client, phone, submission_xml(), [(name, b"x")])

    assert answer.status_code == 400
    assert on_disk(site) == set()


def test_two_files_of_one_name_are_both_kept(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    answer = send(client, phone, submission_xml(), [("a.jpg", b"1"), ("a.jpg", b"2")])

    with Session(site.engine) as session:
        count = session.scalar(select(func.count()).select_from(Attachment))
    assert (answer.status_code, count) == (201, 2)


def test_bare_xml_is_taken_too(site: Site, client: FlaskClient, phone: NewPhone) -> None:
    answers = [
        post_body(client, phone, submission_xml(f"uuid:{kind}"), kind)
        for kind in ("text/xml", "application/xml; charset=utf-8")
    ]

    assert [one.status_code for one in answers] == [201, 201]
    assert len(kept(site)) == 2


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", PARTED),
        (b"--edge--\r\n", PARTED),
        (multipart_of([("other", (io.BytesIO(b"x"), "a.jpg"))])[0], PARTED),
        (multipart_of([("xml_submission_file", b"<a/>")] * 2)[0], PARTED),
        (ONE_PART, "multipart/form-data"),
        (ONE_PART, "multipart/form-data; boundary=ü"),
        (b"--edge\r\n\r\n<a/>\r\n--edge--\r\n", PARTED),
        (b"--edge\r\nContent-Disposition: form-data; name=\xff\r\n\r\n\r\n--edge--", PARTED),
        (submission_xml(), "application/json"),
        (submission_xml(), "application/x-www-form-urlencoded"),
        (submission_xml(), None),
        (b"", "text/xml"),
        (submission_xml()[:-9], "text/xml"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + submission_xml(), "text/xml"),
        (submission_xml().replace(b"7", b"\x00"), "text/xml"),
        (submission_xml().replace(b"7", b"\xff"), "text/xml"),
        (submission_xml(answers="<a>" * 10_000 + "</a>" * 10_000), "text/xml"),
        (b"\x00" * 1000, "text/xml"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_words_and_nothing_is_kept(
    site: Site, client: FlaskClient, phone: NewPhone, body: bytes, content_type: str | None
) -> None:
    answer = post_body(client, phone, body, content_type)

    assert answer.status_code == 400
    assert message(answer)
    assert kept(site) == []
    assert on_disk(site) == set()


def test_a_part_without_a_file_name_holds_the_answers_too(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    answer = send(client, phone, more=[("xml_submission_file", submission_xml())])

    assert answer.status_code == 201


@pytest.mark.parametrize("lost", [1, 3, 40, 30_000, 100_500])
def test_a_post_that_breaks_off_leaves_nothing(
    site: Site, client: FlaskClient, phone: NewPhone, lost: int
) -> None:
    xml = submission_xml()
    body, content_type = multipart_of(
        [
            ("xml_submission_file", (io.BytesIO(xml), "a.xml", "text/xml")),
            ("a.jpg", (io.BytesIO(PHOTO), "a.jpg")),
        ]
    )

    answer = post_body(client, phone, body[: -2 - lost], content_type)

    assert (answer.status_code, kept(site), on_disk(site)) == (400, [], set())


def test_answers_of_more_than_20_mb_are_too_large(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    xml = submission_xml(answers="<age>" + "7" * 20_000_000 + "</age>")

    answers = [send(client, phone, xml), post_body(client, phone, xml, "text/xml")]

    assert [one.status_code for one in answers] == [413, 413]
    assert "20" in message(answers[0])
    assert kept(site) == []


def test_endless_headers_are_not_held_in_memory(client: FlaskClient, phone: NewPhone) -> None:
    body = b"--edge\r\nX-A: " + b"a" * 3_000_000

    answer = post_body(client, phone, body, PARTED)

    assert answer.status_code == 413
    assert message(answer)


def test_too_many_parts_are_refused(site: Site, client: FlaskClient, phone: NewPhone) -> None:
    answer = send(client, phone, submission_xml(), [(f"{n}.jpg", b"") for n in range(1000)])

    assert answer.status_code == 413
    assert on_disk(site) == set()


def test_a_body_over_the_sites_limit_is_refused(tmp_path: Path, database_url: str) -> None:
    site = phone_site.open_phone_site(
        tmp_path / "site", database_url, phone_site.PLAIN, body_limit_bytes=50_000
    )
    phone = add_phone(site)

    answer = send(phone_site.client_of(site), phone, submission_xml(), [("a.jpg", PHOTO)])

    assert answer.status_code == 413
    assert message(answer)
    assert (kept(site), on_disk(site)) == ([], set())
    site.close()


def test_a_full_disk_keeps_nothing_and_says_so(
    site: Site, client: FlaskClient, phone: NewPhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    answer = send(client, phone, submission_xml(), [("a.jpg", PHOTO)])

    assert answer.status_code == 507
    assert "磁盘" in message(answer)
    assert (kept(site), on_disk(site)) == ([], set())


def test_two_phones_at_once_with_one_instance_id_make_one_submission(
    site: Site, client: FlaskClient
) -> None:
    senders = [(add_phone(site), phone_site.client_of(site)) for _ in range(6)]
    statuses: list[int] = []

    def work(phone: NewPhone, own: FlaskClient) -> None:
        statuses.append(send(own, phone, submission_xml(), [("a.jpg", PHOTO)]).status_code)

    threads = [threading.Thread(target=work, args=one) for one in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [201] * 6
    assert len(kept(site)) == 1
    assert len(on_disk(site)) == 1


def test_sending_is_the_only_thing_done_there(client: FlaskClient, phone: NewPhone) -> None:
    assert client.get(path(phone, "submission")).status_code == 405
    assert client.put(path(phone, "submission")).status_code == 405
    assert client.post(path(phone, "formList")).status_code == 405


def test_no_page_token_is_asked_of_a_phone(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    client.set_cookie("doorstep", "whatever")

    assert send(client, phone, submission_xml()).status_code == 201
