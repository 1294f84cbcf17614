"""What each process of the WSGI server loads: the site that the environment names.

What granian leaves to the application is done here: a body that ends before its announced length
is refused instead of read as whole, connections that have died are cut, and no process outlives
the one that started it.
"""

from __future__ import annotations

import ctypes
import gc
import itertools
import logging
import multiprocessing
import os
import signal
import socket
import stat
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from server.app import create_app
from server.config import Settings
from server.survey.alerts import turns
from server.survey.entities import backlog
from server.survey.first_run import PROJECT
from server.survey.quality import on_demand
from server.survey.site import Site
from server.web.language import say

log = logging.getLogger(__name__)

# Collect gives up writing after 60 s of silence (openrosa: C10); nothing we send pauses as long.
MOST_SILENT_S = 120
LOOK_EVERY_S = 15
# A start is busy enough: the first check comes a minute later.
CHECK_AFTER_S = 60
HOUSEKEEPING_EVERY_S = 3600
TELL_EVERY_S = 60
# Plans and phones change by the day.
THOROUGH_EVERY = 10
# linux/tcp.h, struct tcp_info: eight bytes, then 32-bit numbers; these two count milliseconds.
_TCP_INFO = struct.Struct("8B24I")
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LAST_SENT, _LAST_RECEIVED = 8 + 9, 8 + 11


def load() -> Flask:
    """Open the site and return its application."""
    # The writer's thread gives the interpreter away at every statement and has all others waiting
    # for it: at the default of 5 ms it would get it back too late.
    sys.setswitchinterval(0.0005)
    settings = Settings.read()
    app = create_app(settings)
    _end_with_parent()
    # What stands by now stays: else every twentieth page waits 150 ms while all of it is gone
    # through for garbage.
    gc.collect()
    gc.freeze()
    app.wsgi_app = whole_bodies(app.wsgi_app)  # type: ignore[assignment,method-assign]
    threading.Thread(
        target=_keep_house, args=(app.extensions["site"],), name="housekeeping", daemon=True
    ).start()
    threading.Thread(
        target=_tell, args=(app.extensions["site"],), name="alerts", daemon=True
    ).start()
    if hasattr(socket, "TCP_INFO"):
        threading.Thread(
            target=_cut_for_ever, args=(settings.port,), name="silence", daemon=True
        ).start()
    return app


def _keep_house(site: Site) -> None:
    """Apply what waits too long and run the checks, now and every hour."""
    while True:
        _try(lambda: backlog.force_overdue(site, PROJECT))
        time.sleep(CHECK_AFTER_S)
        _try(lambda: _check(site))
        time.sleep(HOUSEKEEPING_EVERY_S)


def _tell(site: Site) -> None:
    """Look for what people want to be told of, and send it, every minute."""
    for turn in itertools.count():
        time.sleep(TELL_EVERY_S)
        is_thorough = turn % THOROUGH_EVERY == 0
        _try(lambda full=is_thorough: turns.take(site, PROJECT, say, is_thorough=full))  # type: ignore[misc]


def _try(work: Callable[[], object]) -> None:
    """Do one piece of housekeeping; what fails holds up no other, and comes again in an hour."""
    try:
        work()
    except (SQLAlchemyError, OSError):
        log.exception("housekeeping")


def _check(site: Site) -> None:
    """Run the checks in a process of their own: scipy's 150 MB are gone with it."""
    on_demand.has_worked(on_demand.begin(site))


def _end_with_parent() -> None:
    """Let this process be killed when the one that started it is: else it would keep the port.

    What was promised with 201 is on the disk by then.
    """
    parent = multiprocessing.parent_process()
    if sys.platform != "linux" or parent is None:
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent.pid:
        os.kill(os.getpid(), signal.SIGKILL)  # It was killed before we asked.


def whole_bodies(application: WSGIApplication) -> WSGIApplication:
    """Let werkzeug hold a body against its Content-Length.

    When a phone loses its link half-way, granian's input just ends, and says that its end can be
    trusted; without that word werkzeug answers 400 to a body that is too short.
    """

    def checked(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("CONTENT_LENGTH"):
            environ["wsgi.input_terminated"] = False
        return application(environ, start_response)

    return checked


def _cut_for_ever(port: int) -> None:
    while True:
        time.sleep(LOOK_EVERY_S)
        # A connection that ends by itself just now, or no free descriptor: the next look will do.
        with suppress(OSError):
            cut_silent(port, MOST_SILENT_S)


def cut_silent(port: int, most_silent_s: float) -> int:
    """End connections to `port` on which nothing came or went for so long; return how many.

    A phone that leaves the network says no goodbye. The thread that reads its upload would wait
    for ever, and enough of them would stop the site.
    """
    cut = 0
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, not paths
        connection = _socket_at(int(name))
        if connection is None:
            continue
        with connection:
            if _silent_s(connection, port) > most_silent_s:
                connection.shutdown(socket.SHUT_RDWR)
                cut += 1
    return cut


def _socket_at(descriptor: int) -> socket.socket | None:
    """Return another handle of the socket at a descriptor; None for a file, or what was closed."""
    try:
        # Only a socket gets another handle: closing one of a file would take away all locks that
        # this process has on it, and SQLite's files would be deleted beneath it (POSIX fcntl).
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return None
        own = os.dup(descriptor)
    except OSError:
        return None
    try:
        return socket.socket(fileno=own)
    except OSError:
        os.close(own)
        return None


def _silent_s(connection: socket.socket, port: int) -> float:
    """Return seconds without a byte in either direction; 0 for what is no connection to `port`."""
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return 0
    try:
        connection.getpeername()
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
    except OSError:
        return 0  # It listens, or has ended.
    if connection.getsockname()[1] != port or len(told) < _TCP_INFO.size:
        return 0
    numbers: tuple[int, ...] = _TCP_INFO.unpack(told)
    return min(numbers[_LAST_SENT], numbers[_LAST_RECEIVED]) / 1000
