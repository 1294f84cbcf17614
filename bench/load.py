"""Clients that send one request after another over kept connections, as cheaply as Python can."""

from __future__ import annotations

import socket
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

BOUNDARY = b"----doorstep"


@dataclass(frozen=True)
class Result:
    """What a load gave: requests a second, milliseconds at the median and the 99th percentile."""

    requests: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    statuses: dict[int, int]

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def upload(path: str, xml: bytes) -> bytes:
    """Return the bytes of a POST as Collect sends it."""
    body = (
        b"--" + BOUNDARY + b"\r\n"
        b'Content-Disposition: form-data; name="xml_submission_file"; filename="a.xml"\r\n'
        b"Content-Type: text/xml\r\n\r\n" + xml + b"\r\n--" + BOUNDARY + b"--\r\n"
    )
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-OpenRosa-Version: 1.0\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def send(port: int, clients: int, seconds: float, make: Callable[[], bytes]) -> Result:
    """Let `clients` send for `seconds`; requests are made before the clock starts."""
    ready = [[make() for _ in range(int(seconds * 700 / clients) + 20)] for _ in range(clients)]
    times: list[float] = []
    statuses: dict[int, int] = {}
    lock, start = threading.Lock(), threading.Barrier(clients + 1)

    def work(requests: list[bytes]) -> None:
        own: list[float] = []
        seen: dict[int, int] = {}
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            start.wait()
            until = time.perf_counter() + seconds
            for request in requests:
                began = time.perf_counter()
                if began > until:
                    break
                connection.sendall(request)
                status = _status(connection)
                seen[status] = seen.get(status, 0) + 1
                own.append(time.perf_counter() - began)
        with lock:
            times.extend(own)
            for status, number in seen.items():
                statuses[status] = statuses.get(status, 0) + number

    threads = [threading.Thread(target=work, args=(one,)) for one in ready]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    cuts = statistics.quantiles(times, n=100)
    return Result(len(times), took, cuts[49] * 1e3, cuts[94] * 1e3, cuts[98] * 1e3, statuses)


def _status(connection: socket.socket) -> int:
    """Read one answer to its end and return its status."""
    read = b""
    while b"\r\n\r\n" not in read:
        read += _more(connection)
    head, _, body = read.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            left = int(line.split(b":")[1]) - len(body)
            while left > 0:
                left -= len(_more(connection))
    return int(head.split(b" ", 2)[1])


def _more(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    if not piece:
        raise SystemExit("the server closed a connection")
    return piece
