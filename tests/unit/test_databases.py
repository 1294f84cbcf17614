"""The databases that tests run on."""

from __future__ import annotations

from sqlalchemy import text

from server.database import open_engine
from tests.postgres import PostgresServer


def _fill(url: str) -> None:
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE village (code TEXT)"))
        connection.execute(text("INSERT INTO village VALUES ('清水村')"))
    engine.dispose()


def _villages(url: str) -> list[str]:
    engine = open_engine(url)
    with engine.connect() as connection:
        found = list(connection.scalars(text("SELECT code FROM village")))
    engine.dispose()
    return found


def test_each_test_has_an_empty_database_of_its_own(database_url: str) -> None:
    _fill(database_url)

    found = _villages(database_url)

    assert found == ["清水村"]


def test_a_copy_of_a_template_holds_what_the_template_held(postgres_server: PostgresServer) -> None:
    template = postgres_server.template("with_a_village", _fill)

    with postgres_server.database(template) as url:
        found = _villages(url)

    assert found == ["清水村"]


def test_a_template_is_prepared_once(postgres_server: PostgresServer) -> None:
    prepared: list[str] = []

    def prepare(url: str) -> None:
        prepared.append(url)

    for _ in range(2):
        postgres_server.template("prepared_once", prepare)

    assert len(prepared) == 1
