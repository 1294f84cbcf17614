"""`doorstep serve`: a real server process, asked as phones and broken networks ask."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import wsgi
from server.database import open_engine
from server.tables.truth import Submission
from tests import phone_site
from tests.phone_site import submission_xml

HOME = Path(__file__).parents[3]
START_TIMEOUT_S = 30
BOUNDARY = "part"


@dataclass
class Server:
    """A running `doorstep serve`, and the address of one phone's project on it."""

    process: subprocess.Popen[bytes]
    port: int
    project: str = ""

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def raw(self, start: bytes) -> socket.socket:
        """Open a connection and send the beginning of a request."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection.sendall(start)
        return connection

    def status(self, path: str = "/healthz") -> int:
        with closing(self.connect()) as connection:
            connection.request("GET", path)
            return connection.getresponse().status

    def children(self) -> list[int]:
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(number) for one in tasks for number in one.read_text().split()]


def doorstep(*words: str, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-c", "from server.cli.main import main; main()", *words],
            cwd=HOME,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            stdout=out,
            stderr=out,
        )


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def wait_for(server: Server) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while server.process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException):
            if server.status() == 200:
                return
        time.sleep(0.05)
    pytest.fail("the server did not start")


@contextmanager
def serving(folder: Path, workers: int = 1) -> Iterator[Server]:
    """Serve the site in `folder` until the end of the block, or until it was stopped inside."""
    port = free_port()
    where = ("--host", "127.0.0.1", "--port", str(port), "--data", str(folder))
    process = doorstep("serve", *where, "--workers", str(workers), log=folder / "server.log")
    server = Server(process, port)
    try:
        wait_for(server)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(START_TIMEOUT_S)


def prepare(folder: Path) -> str:
    """Make a site with a form and a phone; returns the path of the phone's project."""
    folder.mkdir(exist_ok=True)
    database = f"sqlite:///{folder / 'doorstep.db'}"
    site = phone_site.open_phone_site(folder, database, phone_site.PLAIN)
    phone = phone_site.add_phone(site)
    site.close()
    return phone_site.path(phone, "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    project = prepare(folder)
    with serving(folder) as started:
        started.project = project
        yield started


def kept(folder: Path) -> set[str]:
    engine = open_engine(f"sqlite:///{folder / 'doorstep.db'}")
    with Session(engine) as session:
        found = set(session.scalars(select(Submission.instance_id)))
    engine.dispose()
    return found


def part(name: str, content: bytes, media_type: str = "text/xml") -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"; filename="{name}"'
    return (
        f"--{BOUNDARY}\r\n{head}\r\nContent-Type: {media_type}\r\n\r\n".encode() + content + b"\r\n"
    )


def upload(instance: str, photo: bytes = b"") -> bytes:
    answers = "<age>7</age>" + ("<photo>p.jpg</photo>" if photo else "")
    body = part("xml_submission_file", submission_xml(instance, answers))
    if photo:
        body += part("p.jpg", photo, "image/jpeg")
    return body + f"--{BOUNDARY}--\r\n".encode()


def head_of(server: Server, length: int) -> bytes:
    return (
        f"POST {server.project}submission HTTP/1.1\r\nHost: x\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def send(
    connection: http.client.HTTPConnection, server: Server, body: bytes | Iterator[bytes]
) -> int:
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    is_chunked = not isinstance(body, bytes)
    if is_chunked:
        headers["Transfer-Encoding"] = "chunked"
    connection.request(
        "POST", f"{server.project}submission", body, headers, encode_chunked=is_chunked
    )
    answer = connection.getresponse()
    answer.read()
    return answer.status


def descriptors() -> set[str]:
    """Return this process's open files; the one that lists them comes and goes."""
    return {one.name for one in Path("/proc/self/fd").iterdir()}


def rss_mb(process: int) -> int:
    told = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", told)
    assert found
    return int(found[1]) // 1024


def test_a_first_start_tells_the_address_and_one_link(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        said = (tmp_path / "server.log").read_text()
        link = re.search(r"/welcome/\S+", said)

        assert link
        assert server.status(link[0]) == 200

    assert f"http://127.0.0.1:{server.port}" in said
    assert "household_roster" in said
    assert "█" in said
    assert (tmp_path / "doorstep.db").stat().st_mode & 0o077 == 0


def test_a_question_before_sending_is_answered_on_a_connection_that_stays(server: Server) -> None:
    with closing(server.connect()) as connection:
        answers = []
        for _ in range(3):
            connection.request("HEAD", f"{server.project}submission")
            answer = connection.getresponse()
            answers.append((answer.status, answer.headers["X-OpenRosa-Version"], answer.read()))
            port = connection.sock.getsockname()[1]

        assert answers == [(204, "1.0", b"")] * 3
        assert connection.sock.getsockname()[1] == port


def test_an_upload_in_chunks_is_kept(server: Server, folder: Path) -> None:
    body = upload("uuid:chunked")

    with closing(server.connect()) as connection:
        status = send(connection, server, iter([body[:100], body[100:]]))

    assert status == 201
    assert "uuid:chunked" in kept(folder)


def test_a_long_video_goes_to_the_disk_and_not_into_memory(server: Server, folder: Path) -> None:
    (worker,) = server.children()
    piece = b"z" * 1_000_000
    start = upload("uuid:video", b"@").split(b"@")[0]
    pieces = iter([start, *([piece] * 100), f"\r\n--{BOUNDARY}--\r\n".encode()])
    before = rss_mb(worker)
    peak = [before]
    is_done = threading.Event()

    def watch() -> None:
        while not is_done.wait(0.05):
            peak.append(rss_mb(worker))

    watching = threading.Thread(target=watch)
    watching.start()
    with closing(server.connect()) as connection:
        status = send(connection, server, pieces)
    is_done.set()
    watching.join()

    assert status == 201
    assert max(one.stat().st_size for one in (folder / "files").rglob("*")) == 100_000_000
    assert max(peak) - before < 30


def test_who_has_no_key_is_told_so_while_he_still_sends(server: Server) -> None:
    stranger = Server(server.process, server.port, "/v1/key/unknown/projects/1/")

    with closing(server.raw(head_of(stranger, 2_000_000_000) + b"x" * 1000)) as connection:
        answer = connection.recv(1000)

    assert answer.startswith(b"HTTP/1.1 403")


def test_an_upload_that_ends_half_way_is_not_kept(server: Server, folder: Path) -> None:
    for number, keep in enumerate((50, 400, -30)):
        body = upload(f"uuid:half{number}", b"photo" * 100)
        with closing(server.raw(head_of(server, len(body)) + body[:keep])) as connection:
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1000)

    assert not any("half" in one for one in kept(folder))
    assert server.status() == 200


def test_uploads_that_stall_do_not_stop_the_site(server: Server, folder: Path) -> None:
    body = upload("uuid:slow")
    stalled = [server.raw(head_of(server, len(body)) + body[:60]) for _ in range(40)]

    with closing(server.connect()) as connection:
        status = send(connection, server, upload("uuid:quick"))
    for one in stalled:
        one.close()

    assert status == 201
    assert "uuid:slow" not in kept(folder)


def test_a_silent_connection_is_cut_and_a_lively_one_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        silent, lively = (socket.create_connection(("127.0.0.1", port)) for _ in range(2))
        (at_silent, _), (at_lively, _) = listening.accept(), listening.accept()
        with silent, lively, at_silent, at_lively:
            time.sleep(0.3)
            lively.sendall(b"here")
            before = descriptors()

            cut = wsgi.cut_silent(port, 0.2)

            assert cut == 1
            assert descriptors() == before
            assert silent.recv(1) == b""
            assert at_lively.recv(4) == b"here"


def test_a_killed_server_leaves_its_port_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, workers=2) as server:
        server.process.kill()
        server.process.wait()

        # A worker that was still starting asks for its parent within this time.
        time.sleep(2)

        with socket.create_server(("127.0.0.1", server.port)):
            pass  # It is free.


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        (worker,) = server.children()
        os.kill(worker, signal.SIGKILL)

        deadline = time.monotonic() + START_TIMEOUT_S
        while server.children() in ([], [worker]) and time.monotonic() < deadline:
            time.sleep(0.1)

        wait_for(server)


def send_until_it_stops(server: Server, numbers: Iterator[int], promised: set[str]) -> None:
    """Send as a phone does; what was answered with 201 is promised."""
    while True:
        try:
            with closing(server.connect()) as connection:
                for number in numbers:
                    if send(connection, server, upload(f"uuid:{number}")) == 201:
                        promised.add(f"uuid:{number}")
        except ConnectionRefusedError:
            return  # It has stopped listening.
        except (OSError, http.client.HTTPException):
            continue  # A connection that was idle just then: a phone would send again.


def test_stopping_under_load_answers_what_was_begun_and_loses_nothing(tmp_path: Path) -> None:
    project = prepare(tmp_path)
    promised: set[str] = set()

    with serving(tmp_path, workers=2) as server:
        server.project = project
        begun = upload("uuid:begun", b"photo" * 1000)
        slow = server.raw(head_of(server, len(begun)) + begun[:500])
        work = (server, count(), promised)
        phones = [threading.Thread(target=send_until_it_stops, args=work) for _ in range(4)]
        for one in phones:
            one.start()
        time.sleep(1)

        asked_at = time.monotonic()
        server.process.terminate()
        time.sleep(0.5)
        slow.sendall(begun[500:])
        answer = slow.recv(1000)
        slow.close()
        server.process.wait(START_TIMEOUT_S)
        took_s = time.monotonic() - asked_at
        for one in phones:
            one.join()

    assert answer.startswith(b"HTTP/1.1 201")
    assert server.process.returncode == 0
    assert took_s < 15
    assert len(promised) > 10
    assert promised | {"uuid:begun"} <= kept(tmp_path)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--database", "nonsense"], "The database URL cannot be used"),
        (["--database", "mysql://x/y"], "The database URL cannot be used"),
        (["--database", "postgresql://x:y:z/"], "The database URL cannot be used"),
        (["--database", "postgresql://127.0.0.1:1/x"], "The database cannot be opened"),
        (["--data", "/proc/nowhere"], "/proc/nowhere cannot be used"),
        (["--data", "/dev/null"], "/dev/null cannot be used"),
        (["--host", "192.0.2.254"], "Nobody can listen on 192.0.2.254"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_sentence(
    tmp_path: Path, words: list[str], said: str
) -> None:
    where = ["--data", str(tmp_path), "--host", "127.0.0.1", "--port", str(free_port())]
    log = tmp_path / "log"

    code = doorstep("serve", *where, *words, log=log).wait(START_TIMEOUT_S)

    assert code == 1
    assert log.read_text().startswith(f"Error: {said}")
    assert log.read_text().count("\n") == 1


def test_a_port_in_use_is_told(server: Server, tmp_path: Path) -> None:
    where = ["--data", str(tmp_path), "--host", "127.0.0.1", "--port", str(server.port)]
    log = tmp_path / "log"

    code = doorstep("serve", *where, log=log).wait(START_TIMEOUT_S)

    assert code == 1
    assert f"Port {server.port} is in use" in log.read_text()
    assert not (tmp_path / "doorstep.db").exists()


def test_looking_for_silent_connections_keeps_the_locks_on_the_database(tmp_path: Path) -> None:
    # SQLite's locks are the process's: closing another handle of the file would take them away,
    # and a command beside the server would delete what the server is still writing to.
    engine = open_engine(f"sqlite:///{tmp_path / 'doorstep.db'}")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (number INTEGER)")
        connection.commit()
        connection.exec_driver_sql("SELECT * FROM kept").all()

        wsgi.cut_silent(1, 60)
        beside = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM kept')"
        subprocess.run([sys.executable, "-c", beside, str(tmp_path / "doorstep.db")], check=True)

        assert (tmp_path / "doorstep.db-wal").exists()
    engine.dispose()
