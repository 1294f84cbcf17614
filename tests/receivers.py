"""A mail server and a web server of a test's own, that keep what they are sent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Mails:
    """What a mail server was given. It refuses with `refusal` while that is set."""

    taken: list[EmailMessage] = field(default_factory=list)
    refusal: str = ""
    url: str = ""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Take one letter."""
        if self.refusal:
            return self.refusal
        letter = message_from_bytes(envelope.content, policy=policy.default)
        self.taken.append(letter)
        return "250 Message accepted for delivery"


@contextmanager
def mail_server() -> Iterator[Mails]:
    """Give a running SMTP server on a free port."""
    mails = Mails()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mails, hostname="127.0.0.1", port=port)
    controller.start()
    mails.url = f"smtp://127.0.0.1:{port}"
    try:
        yield mails
    finally:
        controller.stop()


@dataclass
class Posts:
    """What a web server was sent: headers in lower case, and bodies. Answers with `status`."""

    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    status: int = 204
    url: str = ""


@contextmanager
def web_server() -> Iterator[Posts]:
    """Give a running web server on a free port."""
    posts = Posts()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            posts.taken.append((headers, body))
            self.send_response(posts.status)
            if posts.status in (301, 302, 307):
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    posts.url = f"http://127.0.0.1:{server.server_port}/hook?key=1"
    try:
        yield posts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
