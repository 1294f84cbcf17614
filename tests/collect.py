"""ODK Collect as a server meets it: its headers, its multipart, its way of asking.

Written from Collect v2026.3's and OkHttp's sources. Requests go over a socket of their own.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from urllib.parse import urlsplit

from lxml import etree

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"
DEVICE = "deviceID=collect%3AqTzJ8nB2wXyLm4Rk"
HEADERS = {
    "User-Agent": "org.odk.collect.android/v2026.3.0 Dalvik/2.1.0 (Linux; U; Android 14; SM-A155F)",
    "X-OpenRosa-Version": "1.0",
    # Collect writes the hour by a clock of twelve: it may be hours off.
    "Date": "Sun, 22 Nov 2026 03:04:05 GMT",
    "Connection": "Keep-Alive",
}
File = tuple[str, bytes]


@dataclass(frozen=True)
class Reply:
    """What came back; `body` as OkHttp hands it on, `wire_bytes` long on the wire."""

    status: int
    headers: Message
    body: bytes
    wire_bytes: int

    @property
    def root(self) -> etree._Element:
        """The document, as Collect would take it: refuses what Collect refuses."""
        assert "text/xml" in self.headers["Content-Type"]
        assert self.headers["X-OpenRosa-Version"] == "1.0"
        return etree.fromstring(self.body)

    @property
    def message(self) -> str:
        """The words Collect shows."""
        assert b"OpenRosaResponse" in self.body
        return self.root.findtext("{*}message") or ""


class Collect:
    """One phone, set to a project's address; nothing is remembered but the address."""

    def __init__(self, project: str, host: str = "") -> None:
        self.project = project.rstrip("/")
        parts = urlsplit(project)
        self._connect_to = parts.netloc
        self.host = host or parts.netloc

    def get(self, address: str, *, squeezed: bool = True) -> Reply:
        """Ask for an address of the project, or for a whole URL that a list named."""
        return self.ask("GET", address, headers={"Accept-Encoding": "gzip"} if squeezed else {})

    def send(self, xml: bytes, files: Sequence[File] = (), *, is_incomplete: bool = False) -> Reply:
        """Send answers with files, as one POST."""
        body, kind = multipart(xml, files, is_incomplete=is_incomplete)
        return self.ask("POST", "submission", body, {"Content-Type": kind})

    def ask(
        self,
        method: str,
        address: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Ask with Collect's headers and its device id."""
        url = address if "://" in address else f"{self.project}/{address}"
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query + '&' if parts.query else ''}{DEVICE}"
        connection = http.client.HTTPConnection(self._connect_to, timeout=60)
        try:
            connection.putrequest(
                method, target, skip_host=True, skip_accept_encoding=bool(headers)
            )
            for name, value in {"Host": self.host, **HEADERS, **(headers or {})}.items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            return _read(connection.getresponse())
        finally:
            connection.close()


def _read(answer: http.client.HTTPResponse) -> Reply:
    sent = answer.read()
    is_squeezed = answer.headers["Content-Encoding"] == "gzip"
    body = gzip.decompress(sent) if is_squeezed else sent
    return Reply(answer.status, answer.headers, body, len(sent))


def multipart(
    xml: bytes, files: Sequence[File] = (), *, is_incomplete: bool = False
) -> tuple[bytes, str]:
    """Return the body and content type of a POST as OkHttp writes it."""
    edge = "8f0c4b1e-6e0e-4b8e-9d3c-1c7a5b0f2a11"
    parts = [_part("xml_submission_file", xml, "Visit_2026-11-22_09-15-00.xml", "text/xml")]
    if is_incomplete:
        parts.append(_part("*isIncomplete*", b"yes"))
    parts += [_part(name, content, name, _kind(name)) for name, content in files]
    body = b"".join(f"--{edge}\r\n".encode() + part for part in parts)
    return body + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


def _part(name: str, content: bytes, file_name: str = "", kind: str = "") -> bytes:
    head = f'Content-Disposition: form-data; name="{_quoted(name)}"'
    head += f'; filename="{_quoted(file_name)}"' if file_name else ""
    head += f"\r\nContent-Type: {kind}" if kind else ""
    head += f"\r\nContent-Length: {len(content)}"
    return f"{head}\r\n\r\n".encode() + content + b"\r\n"


def _quoted(name: str) -> str:
    # OkHttp's way: UTF-8 as it is, but for what would end the header.
    return name.replace("\n", "%0A").replace("\r", "%0D").replace('"', "%22")


def _kind(name: str) -> str:
    endings = {"jpg": "image/jpeg", "csv": "text/csv", "m4a": "audio/mp4"}
    return endings.get(name.rpartition(".")[2], "application/octet-stream")


def md5_of(content: bytes) -> str:
    """Return the hash of a file as lists write it."""
    return f"md5:{hashlib.md5(content, usedforsecurity=False).hexdigest()}"
