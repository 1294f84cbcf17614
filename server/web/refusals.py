"""One way to say no: every Problem and HTTP error as a page, as JSON, or as an OpenRosa answer."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

from flask import (
    Flask,
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DataError, OperationalError, TimeoutError
from werkzeug.exceptions import HTTPException, NotFound

from forms import openrosa
from server import database
from server.errors import Busy, Problem, StoreFull
from server.web import door
from server.web.language import gettext

log = logging.getLogger("doorstep")

_PHONE_PATH = re.compile(r"/v1/(key|test)/|/v1/projects/[^/]+/(formList|submission)\Z")
# Words for what goes wrong before a route is reached, by status: title and next step.
_HTTP_WORDS = {
    400: ("This cannot be read", "The request is damaged or incomplete. Go back and try again."),
    404: (
        "Nothing here",
        "There is no such page. Start again from the first page.",
    ),
    405: ("Not this way", "This address exists, but it does not take that kind of request."),
    413: ("Too large", "This is more than the site takes at once. Send a smaller file."),
    415: ("Not this kind", "The site does not read files of this kind."),
    500: (
        "Something went wrong here",
        "It is the site's fault, not yours, and it was noted. Nothing was half-kept. Try again.",
    ),
    503: ("Busy", "The site cannot take this now. Try again in a minute."),
}
_TITLES = {
    400: "This cannot be read",
    401: "Sign in first",
    403: "Not allowed",
    404: "Nothing here",
    409: "That does not fit",
    413: "Too large",
    422: "Please correct this",
    503: "Busy",
    507: "The disk is full",
}


# As SQLite and PostgreSQL say it.
_TOO_LARGE_A_NUMBER = ("too large to convert to SQLite INTEGER", "integer out of range")
_DISK_FULL = "The site's disk is full: nothing of this was kept. Tell your administrator."


@dataclass(frozen=True)
class Refusal:
    """What is said: the title and the words are translated already."""

    status: int
    code: str
    title: str
    words: str


def _of_problem(problem: Problem) -> ResponseReturnValue:
    said = gettext(problem.msgid, **problem.params)
    title = gettext(_TITLES.get(problem.status, _HTTP_WORDS[500][0]))
    return _say(Refusal(problem.status, problem.code, title, said))


def _of_http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.response
    status = error.code or 500
    title, words = _HTTP_WORDS.get(status, _HTTP_WORDS[400 if status < 500 else 500])
    name = (error.name or "error").lower().replace(" ", "_")
    answer = _say(Refusal(status, name, gettext(title), gettext(words)))
    for key, value in error.get_headers():
        if key in ("Allow", "Retry-After"):
            answer.headers[key] = value
    return answer


def _of_database(error: OperationalError) -> ResponseReturnValue:
    if database.is_disk_full(error):
        return _of_problem(StoreFull(_DISK_FULL))
    log.error("the database does not answer: %s", error.orig)
    return _of_problem(Busy("The site's database does not answer now. Try again in a minute."))


def _of_disk(error: OSError) -> ResponseReturnValue:
    return _of_problem(StoreFull(_DISK_FULL)) if database.is_disk_full(error) else _of_bug(error)


def _of_waiting(error: TimeoutError) -> ResponseReturnValue:
    log.error("no database connection was free: %s", error)
    return _of_problem(Busy("The site is busy. Try again in a minute."))


def _of_number(error: OverflowError | DataError) -> ResponseReturnValue:
    # An address may hold any number; what the database cannot hold, nothing here bears.
    if not any(words in str(error) for words in _TOO_LARGE_A_NUMBER):
        return _of_bug(error)
    log.warning("a number too large at %s %s", request.method, request.url_rule)
    return _of_http(NotFound())


def _of_bug(error: Exception) -> ResponseReturnValue:
    # The path may hold a phone's token or a one-time link: name the route, not the address.
    log.error("failed at %s %s", request.method, request.url_rule, exc_info=error)
    title, words = _HTTP_WORDS[500]
    return _say(Refusal(500, "failed", gettext(title), gettext(words)))


def _say(refusal: Refusal) -> Response:
    if _is_phone():
        answer = Response(
            openrosa.answer(refusal.words, openrosa.ERROR),
            refusal.status,
            {openrosa.VERSION_HEADER: openrosa.VERSION, **door.refusal_headers()},
            content_type=openrosa.CONTENT_TYPE,
        )
    elif _wants_json():
        answer = jsonify(code=refusal.code, message=refusal.words)
        answer.status_code = refusal.status
        answer.headers.update(door.refusal_headers())
    elif refusal.status == 401 and request.method in door.SAFE_METHODS:
        answer = make_response(redirect(url_for("signin.show", next=_this_page())))
    else:
        answer = make_response(render_template("problem.html", refusal=refusal), refusal.status)
    return answer


def _is_phone() -> bool:
    """Say whether a phone asks: it shows the message of an OpenRosa answer and nothing else."""
    return "X-OpenRosa-Version" in request.headers or bool(_PHONE_PATH.search(request.path))


def _wants_json() -> bool:
    if request.path.startswith("/v1/"):
        return True
    wanted = request.accept_mimetypes
    return bool(wanted) and wanted["application/json"] > wanted["text/html"]


def _this_page() -> str | None:
    path = request.full_path.rstrip("?")
    return None if path == "/" else path


def set_up(app: Flask) -> None:
    """Let `app` say no in these ways."""
    app.register_error_handler(Problem, _of_problem)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(OperationalError, _of_database)
    app.register_error_handler(OSError, _of_disk)
    app.register_error_handler(TimeoutError, _of_waiting)
    app.register_error_handler(OverflowError, _of_number)
    app.register_error_handler(DataError, _of_number)
    app.register_error_handler(Exception, _of_bug)
