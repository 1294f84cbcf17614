"""Phones over the wire: Digest as OkHttp speaks it, curl, chunked and broken-off uploads.

The server is the one that runs in production, on a socket.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import itertools
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import parse_http_list, parse_keqv_list

import pytest
from lxml import etree
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.survey.phones import NewPhone
from server.survey.site import Site
from server.tables.truth import Submission
from server.web.openrosa import digest
from tests import live, needs, phone_site
from tests.phone_site import add_phone, path, submission_xml

LIST = "{http://openrosa.org/xforms/xformsList}"
PROJECT = "/v1/projects/1"


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


class Answer:
    """A status, headers and a body, read to the end."""

    def __init__(self, read: http.client.HTTPResponse) -> None:
        self.status = read.status
        self.headers = read.headers
        body = read.read()
        is_squeezed = read.headers["Content-Encoding"] == "gzip"
        self.body = gzip.decompress(body) if is_squeezed else body


class Phone:
    """Asks as Collect's OkHttp with okhttp-digest does.

    Nothing is sent before the first challenge. After it every request carries an answer to the
    same nonce, counted up, from several threads. A stale nonce is replaced silently; any other
    refusal makes it ask once without an answer, and be challenged anew.
    """

    def __init__(self, address: str, name: str, password: str) -> None:
        self.host = urlsplit(address).netloc
        self.name, self.password = name, password
        self.nonce = ""
        self.counts = itertools.count(1)
        self.sent: list[tuple[str, int]] = []

    def ask(self, method: str, uri: str, body: bytes = b"", kind: str = "text/xml") -> Answer:
        answer = self._send(method, uri, body, kind, self._answer(method, uri))
        challenge = self._challenge(answer)
        if challenge is None:
            return answer
        if self.nonce and challenge["stale"] != "true":
            answer = self._send(method, uri, body, kind, "")
            challenge = self._challenge(answer) or challenge
        self.nonce, self.counts = challenge["nonce"], itertools.count(1)
        return self._send(method, uri, body, kind, self._answer(method, uri))

    def _challenge(self, answer: Answer) -> dict[str, str] | None:
        if answer.status != 401:
            return None
        (line,) = answer.headers.get_all("WWW-Authenticate") or []
        scheme, _, rest = line.partition(" ")
        assert scheme == "Digest"
        return parse_keqv_list(parse_http_list(rest))

    def _answer(self, method: str, uri: str) -> str:
        if not self.nonce:
            return ""
        count, client_nonce = f"{next(self.counts):08x}", "0a4f113b"
        ha1 = md5(f"{self.name}:doorstep:{self.password}")
        parts = (ha1, self.nonce, count, client_nonce, "auth", md5(f"{method}:{uri}"))
        return (
            f'Digest username="{self.name}", realm="doorstep", nonce="{self.nonce}", uri="{uri}", '
            f'response="{md5(":".join(parts))}", qop=auth, nc={count}, cnonce="{client_nonce}", '
            'algorithm=MD5, opaque="doorstep"'
        )

    def _send(self, method: str, uri: str, body: bytes, kind: str, authorization: str) -> Answer:
        headers = {
            "User-Agent": "org.odk.collect.android/v2026.3.0 Dalvik/2.1.0",
            "X-OpenRosa-Version": "1.0",
            "Date": "Sun, 22 Nov 2026 03:04:05 GMT",
            "Accept-Encoding": "gzip",
        }
        if authorization:
            headers["Authorization"] = authorization
        if body:
            headers["Content-Type"] = kind
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            connection.request(method, uri, body or None, headers)
            answer = Answer(connection.getresponse())
        finally:
            connection.close()
        self.sent.append((authorization, answer.status))
        return answer


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("live") / "site"
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
def phone(address: str, new: NewPhone) -> Phone:
    return Phone(address, new.digest_name, new.digest_password)


def submissions(site: Site) -> int:
    with Session(site.engine) as session:
        return session.scalar(select(func.count()).select_from(Submission)) or 0


def multipart(xml: bytes, **files: bytes) -> tuple[bytes, str]:
    parts = [("xml_submission_file", "plain.xml", xml), *((n, n, b) for n, b in files.items())]
    body = b"".join(
        f'--edge\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n'.encode()
        + b"\r\n"
        + content
        + b"\r\n"
        for name, file, content in parts
    )
    return body + b"--edge--\r\n", "multipart/form-data; boundary=edge"


def test_a_phone_is_challenged_once_and_then_counts_up(phone: Phone) -> None:
    answers = [phone.ask("GET", f"{PROJECT}/formList?deviceID=collect%3Aa") for _ in range(4)]

    assert [one.status for one in answers] == [200] * 4
    assert [status for _, status in phone.sent] == [401, 200, 200, 200, 200]


def test_a_phone_takes_list_form_files_and_sends(site: Site, phone: Phone) -> None:
    before = submissions(site)
    listed = phone.ask("GET", f"{PROJECT}/formList?deviceID=a")
    root = etree.fromstring(listed.body)
    for url in (one.text or "" for one in root.iter(f"{LIST}downloadUrl", f"{LIST}manifestUrl")):
        assert url.startswith(f"http://{phone.host}{PROJECT}/")
        assert phone.ask("GET", f"{urlsplit(url).path}?deviceID=a").status == 200

    asked = phone.ask("HEAD", f"{PROJECT}/submission?deviceID=a")
    body, kind = multipart(submission_xml("uuid:wire"), photo=b"x" * 300_000)
    sent = phone.ask("POST", f"{PROJECT}/submission?deviceID=a", body, kind)

    assert (asked.status, asked.body) == (204, b"")
    assert asked.headers["X-OpenRosa-Accept-Content-Length"] == "10000000"
    assert sent.status == 201
    assert b"<message" in sent.body
    assert submissions(site) == before + 1
    assert [status for _, status in phone.sent].count(401) == 1


def test_many_requests_at_once_share_a_nonce(phone: Phone) -> None:
    phone.ask("GET", f"{PROJECT}/formList?deviceID=a")

    with ThreadPoolExecutor(8) as pool:
        uris = [f"{PROJECT}/forms/plain.xml?deviceID={n}" for n in range(40)]
        answers = list(pool.map(lambda uri: phone.ask("GET", uri), uris))

    assert {one.status for one in answers} == {200}
    assert [status for _, status in phone.sent].count(401) == 1


def test_a_stale_nonce_is_replaced_by_one_silent_retry(site: Site, phone: Phone) -> None:
    old = datetime.now(UTC) - timedelta(hours=13)
    phone.nonce = digest.new_nonce(site.secrets.nonces, old)

    answer = phone.ask("GET", f"{PROJECT}/formList?deviceID=a")

    assert answer.status == 200
    assert [(bool(sent), status) for sent, status in phone.sent] == [(True, 401), (True, 200)]


def test_counts_may_come_in_any_order_and_twice(phone: Phone) -> None:
    phone.ask("GET", f"{PROJECT}/formList?deviceID=a")

    # Requests of several threads overtake one another; one that got no answer is sent again.
    statuses = []
    for count in (9, 3, 7, 3, 1, 2**32 - 1, 8):
        phone.counts = itertools.count(count)
        statuses.append(phone.ask("GET", f"{PROJECT}/formList?deviceID=a").status)

    assert statuses == [200] * 7
    assert [status for _, status in phone.sent].count(401) == 1


def test_a_refused_nonce_is_tried_bare_and_then_answered_anew(site: Site, phone: Phone) -> None:
    before = submissions(site)
    # Of a site that was set up anew since: right form, not ours.
    phone.nonce = digest.new_nonce(b"another site's secret", datetime.now(UTC))
    body, kind = multipart(submission_xml("uuid:dance"), photo=b"x" * 2_000_000)

    answer = phone.ask("POST", f"{PROJECT}/submission?deviceID=a", body, kind)

    assert answer.status == 201
    assert submissions(site) == before + 1
    assert phone.sent[-1][1] == 201
    assert [status for _, status in phone.sent].count(401) <= 2


def test_an_old_nonce_sends_a_long_upload_no_more_than_twice(site: Site, phone: Phone) -> None:
    phone.nonce = digest.new_nonce(site.secrets.nonces, datetime.now(UTC) - timedelta(hours=13))
    body, kind = multipart(submission_xml("uuid:stale"), photo=b"x" * 2_000_000)

    answer = phone.ask("POST", f"{PROJECT}/submission?deviceID=a", body, kind)

    assert answer.status == 201
    assert [(bool(sent), status) for sent, status in phone.sent] == [(True, 401), (True, 201)]


def test_credentials_are_taken_before_they_are_asked_for(phone: Phone) -> None:
    phone.ask("HEAD", f"{PROJECT}/submission?deviceID=a")
    phone.sent.clear()

    for method, uri in (("HEAD", "submission"), ("GET", "formList?verbose=true&deviceID=%C3%A9")):
        assert phone.ask(method, f"{PROJECT}/{uri}").status in (200, 204)

    assert all(sent for sent, _ in phone.sent)


def test_an_answer_for_one_address_opens_no_other(phone: Phone) -> None:
    uri = f"{PROJECT}/formList?deviceID=a"
    phone.ask("GET", uri)
    answer = phone._answer("GET", uri)

    for other in (f"{PROJECT}/formList?deviceID=b", f"{PROJECT}/forms/plain.xml?deviceID=a"):
        assert phone._send("GET", other, b"", "", answer).status == 401


def test_names_and_passwords_are_plain_ascii(new: NewPhone) -> None:
    # OkHttp writes both in US-ASCII: another letter would arrive as a question mark.
    assert f"{new.digest_name}{new.digest_password}".isascii()
    assert not {*f"{new.digest_name}{new.digest_password}"} & {*'":\\ '}


def test_a_wrong_password_ends_in_a_challenge(address: str, new: NewPhone) -> None:
    phone = Phone(address, new.digest_name, "wrong")

    answers = [phone.ask("GET", f"{PROJECT}/formList") for _ in range(2)]

    assert [one.status for one in answers] == [401, 401]


def test_curl_speaks_digest(address: str, new: NewPhone, tmp_path: Path) -> None:
    curl = needs.find_program("curl") or needs.missing("curl", "curl")
    xml = tmp_path / "plain.xml"
    xml.write_bytes(submission_xml("uuid:curl"))
    user = f"{new.digest_name}:{new.digest_password}"
    told = f"--silent --output {tmp_path / 'out'} --write-out %{{http_code}} --digest --user {user}"

    statuses = [
        subprocess.run(
            [curl, *told.split(), *more], check=True, capture_output=True, text=True
        ).stdout
        for more in (
            [f"{address}{PROJECT}/formList?deviceID=collect:a&verbose=true"],
            ["--head", f"{address}{PROJECT}/submission"],
            ["--form", f"xml_submission_file=@{xml}", f"{address}{PROJECT}/submission"],
        )
    ]

    assert statuses == ["200", "204", "201"]


def test_a_chunked_upload_is_taken(site: Site, address: str, new: NewPhone) -> None:
    body, kind = multipart(submission_xml("uuid:chunked"), photo=b"\r\n--edg" * 200_000)
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    pieces = iter([body[at : at + 10_000] for at in range(0, len(body), 10_000)])

    connection.request(
        "POST", path(new, "submission"), pieces, {"Content-Type": kind}, encode_chunked=True
    )

    answer = connection.getresponse()
    assert (answer.status, b"<message" in answer.read()) == (201, True)
    connection.close()


@pytest.mark.parametrize("is_chunked", [False, True])
def test_an_upload_that_breaks_off_leaves_nothing(
    site: Site, address: str, new: NewPhone, is_chunked: bool
) -> None:
    before = (submissions(site), stored(site))
    body, kind = multipart(submission_xml("uuid:broken"), photo=b"broken off " * 200_000)
    length = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {len(body)}"
    half = body[: len(body) // 2]
    with socket.create_connection(("127.0.0.1", urlsplit(address).port or 80)) as wire:
        wire.sendall(
            f"POST {path(new, 'submission')} HTTP/1.1\r\nHost: x\r\n{length}\r\n"
            f"Content-Type: {kind}\r\n\r\n".encode()
        )
        wire.sendall(f"{len(half):x}\r\n".encode() + half + b"\r\n" if is_chunked else half)
        time.sleep(0.3)
    wait_until_still(site)

    assert (submissions(site), stored(site)) == before


@pytest.mark.parametrize("is_chunked", [False, True])
def test_the_refusal_of_a_long_upload_reaches_the_phone(address: str, is_chunked: bool) -> None:
    body, kind = multipart(submission_xml("uuid:refused"), photo=b"x" * 9_000_000)
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    pieces = iter([body[at : at + 65_536] for at in range(0, len(body), 65_536)])

    connection.request(
        "POST",
        f"/v1/key/{'x' * 64}/projects/1/submission",
        pieces if is_chunked else body,
        {"Content-Type": kind},
        encode_chunked=is_chunked,
    )

    answer = connection.getresponse()
    assert (answer.status, b"<message" in answer.read()) == (403, True)
    connection.close()


def test_the_date_and_one_challenge_line_are_on_the_wire(address: str) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(address).port or 80)) as wire:
        wire.sendall(
            f"HEAD {PROJECT}/submission HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        lines = b"".join(iter(lambda: wire.recv(65_536), b"")).decode().lower().splitlines()

    assert " 401 " in lines[0]
    assert sum(line.startswith("www-authenticate:") for line in lines) == 1
    assert sum(line.startswith("date:") for line in lines) == 1


def stored(site: Site) -> set[str]:
    return {str(one) for one in site.settings.files.rglob("*") if one.is_file()}


def wait_until_still(site: Site) -> None:
    deadline = time.monotonic() + 10
    while any((site.settings.files / "incoming").glob("*")) and time.monotonic() < deadline:
        time.sleep(0.05)
