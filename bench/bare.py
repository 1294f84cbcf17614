"""The yardstick: a bare Flask endpoint that only commits the bytes, in groups."""

from __future__ import annotations

import os

from flask import Flask, request
from sqlalchemy import LargeBinary, column, insert, table, text

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

    def keep(connection, contents):  # type: ignore[no-untyped-def]
        connection.execute(insert(BYTES), [{"content": content} for content in contents])
        return [None] * len(contents)

    writer, lane = Writer(), Lane(engine, keep)

    @app.post("/submission")
    def take() -> tuple[str, int]:
        sent = request.files["xml_submission_file"].read()
        writer.ask(lane, sent).result()
        return "kept", 201

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    return app
