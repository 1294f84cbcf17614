"""A day of ODK Collect, as files beside the tests, sent to a running server over a raw socket."""

from __future__ import annotations

import gzip
import http.client
import io
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.survey.site import Site
from server.tables.truth import Attachment, Submission
from tests import live, phone_site

TRAFFIC = sorted((Path(__file__).parent.parent / "samples" / "collect").glob("*.http"))


class Wire:
    """One kept-alive connection, on which bytes go out as they are in the file."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.host = parts.netloc
        self.socket = socket.create_connection((parts.hostname or "", parts.port or 80), 30)

    def ask(self, request: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        self.socket.sendall(request)
        answer = http.client.HTTPResponse(self.socket, method=request.split(b" ", 1)[0].decode())
        answer.begin()
        body = answer.read()
        is_squeezed = answer.headers["Content-Encoding"] == "gzip"
        return answer, gzip.decompress(body) if is_squeezed else body


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("collect") / "site"
    database = f"sqlite:///{folder / 'doorstep.db'}"
    opened = phone_site.open_phone_site(folder, database, phone_site.PLAIN, phone_site.ROSTER)
    yield opened
    opened.close()


def request_of(path: Path, host: str, project: str) -> tuple[str, bytes]:
    """Return the first line's answer and the bytes of a request."""
    expected, _, text = path.read_text(encoding="utf-8").partition("\n")
    text = text.replace("{host}", host).replace("{project}", project).replace("\n", "\r\n")
    head, _, body = text.partition("\r\n\r\n")
    head = head.replace("{length}", str(len(body.encode())))
    return expected.removeprefix("# "), f"{head}\r\n\r\n{body}".encode()


def test_a_day_of_collect_goes_as_collect_expects(site: Site) -> None:
    new = phone_site.add_phone(site)
    told, asked = {}, {}

    with live.serving(site.settings) as address:
        wire = Wire(address)
        for path in TRAFFIC:
            expected, request = request_of(
                path, wire.host, phone_site.path(new, "").removesuffix("/")
            )
            answer, body = wire.ask(request)
            asked[path.stem] = expected
            kind = answer.headers["Content-Type"].partition(";")[0] if body else ""
            told[path.stem] = f"{answer.status} {kind}".strip()
            assert answer.headers["X-OpenRosa-Version"] == "1.0"
            if kind == "text/xml":
                etree.parse(io.BytesIO(body))
        wire.socket.close()

    assert told == asked
    assert len(told) >= 17
    with Session(site.engine) as session:
        kept = {one.instance_id: one for one in session.scalars(select(Submission))}
        files = set(session.scalars(select(Attachment.name)))
    edit = kept["uuid:9b2d7c11-6a5e-4f3b-8c2d-1e0f9a8b7c6d"]
    assert len(kept) == 4
    assert {one.device_id for one in kept.values()} == {"collect:qTzJ8nB2wXyLm4Rk"}
    assert edit.root_instance_id == "uuid:6c84fb90-12c4-41e1-840d-25733c8630d7"
    assert files == {"صورة المنزل 1.jpg", "audit.csv", '家 😀 "门".jpg', "голос.m4a"}
