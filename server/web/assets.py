"""Static files: one stylesheet, the map's scripts."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, request

from server.web import door, static_files

pages = Blueprint("assets", __name__)

_A_YEAR = "public, max-age=31536000, immutable"


@pages.get("/static/<path:name>")
@door.unasked
def show(name: str) -> Response:
    """Send a static file."""
    found = static_files.find(name)
    answer = Response(found.plain, content_type=found.media_type)
    if request.accept_encodings["gzip"] > 0 and len(found.small) < len(found.plain):
        answer = Response(found.small, content_type=found.media_type)
        answer.headers["Content-Encoding"] = "gzip"
    answer.vary.add("Accept-Encoding")
    is_current = request.args.get("v") == found.version
    answer.headers["Cache-Control"] = _A_YEAR if is_current else "no-cache"
    answer.set_etag(found.version, weak=True)
    answer.make_conditional(request)
    return answer


def set_up(app: Flask) -> None:
    """Give the templates of `app` the function `asset`."""
    app.jinja_env.globals["asset"] = static_files.asset
