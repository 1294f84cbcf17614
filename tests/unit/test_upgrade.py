"""A site of an earlier release comes up with the newest tables and all it had."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, func, insert, select, text
from sqlalchemy.orm import Session

from server.config import Settings
from server.database import open_engine, writing
from server.survey import first_run, tasks
from server.survey.areas import WHOLE_SITE
from server.survey.quality import earlier, running
from server.survey.site import MIGRATIONS, NEWEST_MIGRATION, Site, open_site
from server.tables.tasks import CheckRun, TaskStep
from server.tables.truth import Phone
from tests.task_rows import NOTICED, VILLAGE, a_signal, bring, reader
from tests.worker_rows import two_workers


def test_a_site_of_the_first_release_keeps_its_phones_and_forms(
    database_url: str, tmp_path: Path
) -> None:
    engine = open_engine(database_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = engine
    command.upgrade(config, "0001")
    with engine.execution_options(is_writing=True).begin() as connection:
        connection.execute(text("INSERT INTO project (id, name) VALUES (1, '1')"))
        connection.execute(
            text(
                "INSERT INTO phone (id, project_id, name, token_sha256, digest_name, digest_ha1,"
                " created_at) VALUES (7, 1, '王芳', 'a', 'p1', 'b', '2026-11-22 08:00:00')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO form (project_id, form_id, state, revision) VALUES (1, 'f', 'open', 0)"
            )
        )
    engine.dispose()

    site = open_site(Settings.read({}, str(tmp_path / "site"), database_url))
    first_run.prepare(site)

    with site.engine.connect() as connection:
        known = connection.execute(text("SELECT name, preset FROM phone")).all()
        forms = connection.execute(text("SELECT key_id FROM form WHERE form_id = 'f'")).all()
        version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    site.close()
    assert [tuple(row) for row in known] == [("王芳", "locked")]
    assert [tuple(row) for row in forms] == [(None,)]
    assert version == NEWEST_MIGRATION


def test_the_migrations_make_the_tables_that_the_code_describes(
    database_url: str, tmp_path: Path
) -> None:
    site = open_site(Settings.read({}, str(tmp_path / "site"), database_url))
    made = MetaData()
    made.reflect(site.engine)
    described = Phone.metadata

    missing = [
        f"{table.name}.{column.name}"
        for table in described.tables.values()
        for column in table.columns
        if table.name not in made.tables or column.name not in made.tables[table.name].columns
    ]
    surplus = [
        f"{table.name}.{column.name}"
        for table in made.tables.values()
        if table.name in described.tables
        for column in table.columns
        if column.name not in described.tables[table.name].columns
    ]
    site.close()

    assert missing == []
    assert surplus == []


def test_what_was_closed_in_the_second_release_stays_closed(
    database_url: str, tmp_path: Path
) -> None:
    rate, digits = ("rate", VILLAGE, "found"), ("digits", "7", "systolic")
    at_second_release(database_url, COUNT_CLOSED, WORKER_CLOSED)
    site = open_site(Settings.read({}, str(tmp_path / "site"), database_url))
    first_run.prepare(site)
    bring(site, a_signal(*rate, inputs="30/80"), a_signal(*digits, inputs="of readings"))

    assert earlier.carry_over(site) == 1
    assert earlier.carry_over(site) == 0

    with Session(site.engine) as session:
        told = tasks.found(session, reader(), [rate, digits])
        assert set(tasks.open_counts(session, WHOLE_SITE).values()) == {0}
    assert {one.check: (one.closing.reason, one.closing.note) for one in told if one.closing} == {
        "rate": ("explained", "a mine closed here"),
        "digits": ("retrained", "a new cuff"),
    }
    bring(site, a_signal(*rate, inputs="31/80"), a_signal(*digits, inputs="of more readings"))
    with Session(site.engine) as session:
        counts = tasks.open_counts(session, WHOLE_SITE)
        assert (counts["village"], counts["worker"]) == (1, 1)
    site.close()


def test_only_the_first_run_takes_earlier_closings_as_its_own(
    database_url: str, tmp_path: Path
) -> None:
    at_second_release(database_url, WORKER_CLOSED)
    site = open_site(Settings.read({}, str(tmp_path / "site"), database_url))
    first_run.prepare(site)
    running.run(site, NOTICED)
    bring(site, a_signal("digits", "7", "systolic", inputs="of a later year"))

    assert earlier.carry_over(site) == 0

    with Session(site.engine) as session:
        assert tasks.open_counts(session, WHOLE_SITE)["worker"] == 1
    site.close()


def test_what_was_closed_of_a_worker_stays_closed_through_the_first_real_run(
    database_url: str, tmp_path: Path
) -> None:
    at_second_release(database_url, WORKER_CLOSED.replace("7,", "1,"))
    site = open_site(Settings.read({}, str(tmp_path / "site"), database_url))
    first_run.prepare(site)
    assert two_workers(site)[0] == 1
    a_run(site, fault="records, workers")

    taken = running.run(site, NOTICED)
    again = running.run(site, NOTICED)

    assert (taken.faults, again.faults) == ((), ())
    with Session(site.engine) as session:
        (digits,) = tasks.found(session, reader(), [("digits", "1", "systolic")])
        open_ones = tasks.page(session, reader(), tasks.Wanted("worker")).tasks
        steps = session.scalars(select(func.count()).select_from(TaskStep)).one()
    assert digits.closing is not None
    assert (digits.closing.who, digits.closing.reason) == ("office", "retrained")
    assert [one.check for one in open_ones] == ["speed"]
    # The one of 0.2, and the same on today's inputs: once.
    assert steps == 2
    site.close()


def a_run(site: Site, fault: str) -> None:
    """Write down that the checks ran, and what failed."""
    row = {"configuration": "", "seed": 1, "raised": 0, "cleared": 0, "figures": {}}
    with writing(site.engine) as connection:
        moments = {"started_at": NOTICED, "ended_at": NOTICED}
        connection.execute(insert(CheckRun), {**row, **moments, "fault": fault})


COUNT_CLOSED = (
    "INSERT INTO rate_reply (village_code, indicator, events, tried, reason, note, at, who) VALUES"
    f" ('{VILLAGE}', 'found', 30, 80, 'explained', 'a mine closed here', '2026-11-22 08:00:00',"
    " 'office')"
)
WORKER_CLOSED = (
    'INSERT INTO worker_reply ("check", phone_id, indicator, inputs, reason, note, at, who) VALUES'
    " ('digits', 7, 'systolic', 'every reading', 'talked', 'a new cuff', '2026-11-22 08:00:00',"
    " 'office')"
)


def at_second_release(database_url: str, *statements: str) -> None:
    """Make the tables of release 0.2.0, and put something in."""
    engine = open_engine(database_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = engine
    command.upgrade(config, "0002")
    with engine.execution_options(is_writing=True).begin() as connection:
        connection.execute(text("INSERT INTO project (id, name) VALUES (1, '1')"))
        for one in statements:
            connection.execute(text(one))
    engine.dispose()
