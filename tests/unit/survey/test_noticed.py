"""Since when something is noticed: kept through rebuilds, and told of what moved in as of today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.config import Settings
from server.database import writing
from server.survey import first_run, replay
from server.survey.moving import applying, parcel
from server.survey.moving.leaving import Leaving, into_folder
from server.survey.moving.plan import make_plan
from server.survey.quality import running, signals
from server.survey.site import Site, open_site
from server.tables.signals import Signal
from server.tables.tasks import Noticed
from tests.builders import RECEIVED_AT
from tests.record_tasks import WRONG, send, with_id
from tests.task_rows import NOTICED, a_signal, steps

DIGITS = ("digits", "7", "systolic")
LATER = NOTICED + timedelta(days=9)


def run(site: Site, at: datetime, inputs: str = "a") -> datetime:
    """Let the check say the same at an instant; return since when it counts as noticed."""
    row = a_signal(*DIGITS, inputs=inputs)
    row.pop("noticed_at")
    with writing(site.engine) as connection:
        signals.bring(connection, ["digits"], [row], at)
    return noticed(site)[0]


def noticed(site: Site) -> list[datetime]:
    with Session(site.engine) as session:
        return list(session.scalars(select(Signal.noticed_at)))


def kept(site: Site) -> int:
    with Session(site.engine) as session:
        return len(session.scalars(select(Noticed.subject)).all())


def test_a_rebuild_does_not_begin_the_days_of_a_task_again(site: Site) -> None:
    assert run(site, NOTICED) == NOTICED

    replay.rebuild(site)
    assert noticed(site) == []
    replay.rebuild(site)

    assert run(site, LATER, "b") == NOTICED
    assert run(site, LATER, "c") == NOTICED


def test_what_was_closed_and_changed_while_a_site_was_rebuilt_is_new(site: Site) -> None:
    run(site, NOTICED)
    steps(site, DIGITS, kind="closed", reason="explained")

    replay.rebuild(site)

    assert run(site, LATER, "b") == LATER


def test_what_a_run_did_not_find_again_after_a_rebuild_is_forgotten(site: Site) -> None:
    run(site, NOTICED)
    replay.rebuild(site)
    assert kept(site) == 1

    running.run(site, LATER)

    assert kept(site) == 0
    assert run(site, LATER) == LATER


def test_what_a_rebuild_raises_again_by_itself_keeps_its_day_too(site: Site) -> None:
    send(site, with_id("uuid:a", WRONG))
    assert noticed(site) == [RECEIVED_AT]
    with writing(site.engine) as connection:
        connection.execute(Signal.__table__.update().values(noticed_at=LATER))  # type: ignore[attr-defined]

    replay.rebuild(site)
    running.run(site, LATER + timedelta(days=1))

    assert LATER in noticed(site)


def test_tasks_of_what_moved_in_count_from_the_day_it_came_here(site: Site, tmp_path: Path) -> None:
    send(site, with_id("uuid:a", WRONG))
    into_folder(Leaving(site).members(), tmp_path / "out")
    elsewhere = open_site(Settings.read({}, str(tmp_path / "elsewhere")))
    first_run.prepare(elsewhere)
    before = datetime.now(UTC)

    with parcel.opened([tmp_path / "out"]) as opened:
        with Session(elsewhere.engine) as session:
            plan = make_plan(session, 1, opened)
        applying.apply(elsewhere, 1, plan, "office")

    (moved,) = noticed(elsewhere)
    assert RECEIVED_AT < before <= moved <= datetime.now(UTC)
    replay.rebuild(elsewhere)
    assert noticed(elsewhere) == [moved]
    elsewhere.close()
