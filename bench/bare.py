"""The yardstick: a bare Flask endpoint that only commits the bytes.

`/each` commits each request by itself, as such an endpoint would be written first; `/grouped`
commits many at once, by our own writer: the best that can be had of it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from flask import Flask, request
from sqlalchemy import Connection, LargeBinary, column, insert, table, text

from server.database import open_engine, writing
from server.survey.writer import Lane, Writer

BYTES = table("bytes", column("content", LargeBinary))


def load() -> Flask:
    """Return the application; granian asks for it."""
    app = Flask("bare")
    engine = open_engine(os.environ["BARE_DATABASE"])
    kind = "BLOB" if engine.dialect.name == "sqlite" else "BYTEA"
    with writing(engine) as connection:
        connection.execute(text(f"CREATE TABLE IF NOT EXISTS bytes (content {kind})"))

    def keep(connection: Connection, contents: Sequence[bytes]) -> list[None]:
        connection.execute(insert(BYTES), [{"content": content} for content in contents])
        return [None] * len(contents)

    writer, lane = Writer(), Lane(engine, keep)

    @app.post("/grouped")
    def grouped() -> tuple[str, int]:
        writer.ask(lane, request.files["xml_submission_file"].read()).result()
        return "kept", 201

    @app.post("/each")
    def each() -> tuple[str, int]:
        sent = request.files["xml_submission_file"].read()
        with engine.connect().execution_options(is_writing=True) as own, own.begin():
            own.execute(insert(BYTES), {"content": sent})
        return "kept", 201

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    return app
