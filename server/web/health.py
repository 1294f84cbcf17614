"""Whether the site is well: for load balancers, scripts and the one who starts it."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from server.config import VERSION
from server.web import door

pages = Blueprint("health", __name__)


@pages.get("/healthz")
@door.unasked
def show() -> Response:
    """Answer with status, version and database; 503 when the database is away."""
    return jsonify(status="ok", version=VERSION, database=door.database_that_answers())
