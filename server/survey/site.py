"""One installation: its folder, secrets and database, opened and brought up to date."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Thread

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, inspect, select, text

from server.config import Settings
from server.database import Base, open_engine, table_of, tables_of, writing
from server.survey import devices, keeping, projection
from server.survey.entities import folding
from server.survey.interpretation import Keys
from server.survey.locks import in_turn
from server.survey.plans import Plans
from server.survey.quality import noticed
from server.survey.writer import Lane, Writer
from server.tables import projections, record_facts, signals, truth, worker_blocks

MIGRATIONS = Path(__file__).parent.parent / "migrations"
# The newest migration; another one in the database means that `alembic upgrade` has work to do.
NEWEST_MIGRATION = "0003"
# Raise this when interpretation, folds or tallies change: the site then rebuilds at its next start.
PROJECTION_STAMP = "3"

PROJECTED_TABLES = [
    table
    for module in (projections, signals, worker_blocks, record_facts)
    for table in tables_of(module.__name__)
]


@dataclass(frozen=True)
class Secrets:
    """Random keys of the site: for sign-in cookies, hashes of ID numbers, and Digest nonces."""

    cookies: str
    id_numbers: bytes
    nonces: bytes


@dataclass(frozen=True)
class Site:
    """An open site. `engine` is for requests; `writer_engine` has the writer's one connection.

    `beside` are the threads that catch up beside the requests.
    """

    settings: Settings
    secrets: Secrets
    engine: Engine
    writer_engine: Engine
    beside: list[Thread] = field(default_factory=list, compare=False)

    @cached_property
    def writer(self) -> Writer:
        """The one thread of this process that keeps submissions and projects them."""
        return Writer()

    @cached_property
    def plans(self) -> Plans:
        """The reading plans of the published forms."""
        return Plans()

    @cached_property
    def keys(self) -> Keys:
        """What interpretation needs of the site."""
        return Keys(self.settings.zone, self.secrets.id_numbers)

    @cached_property
    def keeping(self) -> Lane:
        """The writer's lane that keeps submissions, durably."""
        return Lane(self.writer_engine, keeping.keep)

    @cached_property
    def projecting(self) -> Lane:
        """The writer's lane that brings projections up to date."""
        return Lane(self.writer_engine, projection.apply_each, is_durable=False)

    @cached_property
    def contacts(self) -> devices.Contacts:
        """What phones' requests tell of their devices, on its way to the writer."""
        lane = Lane(self.writer_engine, devices.write, is_durable=False)
        return devices.Contacts(lambda noted: self.writer.ask(lane, noted))

    def close(self) -> None:
        """Finish what is queued and let go of the database."""
        if "contacts" in self.__dict__:
            self.contacts.flush()
        for thread in self.beside:
            thread.join()
        if "writer" in self.__dict__:
            self.writer.stop()
        self.engine.dispose()
        self.writer_engine.dispose()


def open_site(settings: Settings) -> Site:
    """Open the site in `settings.folder`; make it when it is not there.

    Raises OSError when the folder cannot be used, and SQLAlchemy's errors when the database cannot.
    """
    settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.files.mkdir(mode=0o700, exist_ok=True)
    os.umask(0o077)
    with in_turn(settings.folder / "opening.lock"):
        kept = _secrets(settings.folder / "secrets.json")
        engine = open_engine(settings.database)
        writer_engine = open_engine(settings.database, is_for_writer=True)
        _bring_up_to_date(engine, settings.database)
    return Site(settings, kept, engine, writer_engine)


def _secrets(path: Path) -> Secrets:
    if not path.exists():
        fresh = {name: secrets.token_hex(32) for name in ("cookies", "id_numbers", "nonces")}
        scratch = path.with_suffix(".new")
        scratch.write_text(json.dumps(fresh), encoding="utf-8")
        scratch.chmod(0o600)
        scratch.rename(path)
    told = json.loads(path.read_text(encoding="utf-8"))
    return Secrets(
        told["cookies"], bytes.fromhex(told["id_numbers"]), bytes.fromhex(told["nonces"])
    )


def _bring_up_to_date(engine: Engine, url: str) -> None:
    known = inspect(engine).get_table_names()
    if "alembic_version" not in known or _migration(engine) != NEWEST_MIGRATION:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["engine"] = engine
        command.upgrade(config, "head")
    with writing(engine) as connection:
        if connection.scalar(select(truth.Project.id).limit(1)) is None:
            connection.execute(table_of(truth.Project).insert(), {"id": 1, "name": "1"})
        stamp = projections.ProjectionStamp
        is_current = (
            "projection_stamp" in known
            and connection.scalar(select(stamp.stamp)) == PROJECTION_STAMP
        )
        if not is_current:
            empty_projections(connection, keeps_noticed="signal" in known)


def empty_projections(connection: Connection, *, keeps_noticed: bool = True) -> None:
    """Drop the projected tables and create them anew; a log keeps since when things are noticed."""
    if keeps_noticed:
        noticed.keep(connection)
    Base.metadata.drop_all(connection, tables=PROJECTED_TABLES)
    make_projections(connection)


def make_projections(connection: Connection) -> None:
    """Create the projected tables with today's stamp: empty but for what a desk decided alone."""
    Base.metadata.create_all(connection, tables=PROJECTED_TABLES)
    folding.refold_decided(connection)
    connection.execute(table_of(projections.ProjectionStamp).insert(), {"stamp": PROJECTION_STAMP})


def _migration(engine: Engine) -> str | None:
    with engine.connect() as connection:
        version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return version
