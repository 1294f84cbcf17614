"""A reverse proxy of the standard library, in front of a server: http or https, with a prefix."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests import needs

# Of one connection, not of what is asked (RFC 9110, 7.6.1).
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade"}


@contextmanager
def proxying(
    upstream: str, prefix: str = "", *, strips: bool = True, certificate: Path | None = None
) -> Iterator[int]:
    """Stand in front of `upstream`, and give the port.

    Answers below `prefix` only, and takes it off before asking when it `strips`. Speaks https with
    a `certificate`.
    """

    class Passing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            if not self.path.startswith(prefix + "/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
            headers |= {
                "X-Forwarded-For": self.client_address[0],
                "X-Forwarded-Proto": "https" if certificate else "http",
                "X-Forwarded-Host": self.headers["Host"],
                "X-Forwarded-Prefix": prefix,
            }
            connection = http.client.HTTPConnection(urlsplit(upstream).netloc, timeout=30)
            path = self.path.removeprefix(prefix) if strips else self.path
            connection.request(self.command, path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name, said in answer.getheaders():
                if name.lower() not in {*_HOP_BY_HOP, "content-length"}:
                    self.send_header(name, said)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else len(content)
            if answer.status not in (204, 304):
                self.send_header("Content-Length", str(length or 0))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_GET = do_HEAD = do_POST = _pass_on

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def make_certificate(folder: Path) -> Path:
    """Return a file with a key and a certificate for this machine, signed by itself."""
    openssl = needs.find_program("openssl") or needs.missing("OpenSSL", "openssl")
    made = folder / "proxy.pem"
    told = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    places = ["-keyout", str(made.with_suffix(".key")), "-out", str(made)]
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", *told, *places],
        check=True,
        capture_output=True,
    )
    made.write_bytes(made.with_suffix(".key").read_bytes() + made.read_bytes())
    return made
