"""The demo's planted faults that one record tells are found, and little else is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.config import Settings
from server.survey.demo import filling
from server.survey.quality import thresholds
from server.survey.quality.records import work
from server.survey.quality.records.found import CHECKS
from server.survey.site import Site, open_site
from server.tables.projections import Flag
from server.tables.signals import Signal

HOUSEHOLDS, SEED = 150, 1
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
# docs/demo.en.md; a same person or number twice are found as duplicates.
PLANTED = {
    ("identity", "number"): 2,
    ("position", "far"): 1,
    ("position", "zero"): 1,
    ("clock", "ahead"): 1,
    ("unknown_village", "130921211999"): 1,
    ("unread", "version_unknown"): 1,
}
MOST_FALSE = 0.2


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("planted")
    site = open_site(Settings.read({}, str(folder), None))
    for _ in filling.send(site, filling.prepare(site, HOUSEHOLDS, SEED, NOW)):
        pass
    with Session(site.engine) as session:
        chosen = thresholds.current(session)
    work.work_out(site, chosen, NOW)
    yield site
    site.close()


def signals(site: Site) -> list[Signal]:
    with Session(site.engine) as session:
        return list(session.scalars(select(Signal).where(Signal.check.in_(CHECKS))))


def test_the_planted_faults_are_found(checked: Site) -> None:
    found = Counter((one.check, one.indicator) for one in signals(checked))

    assert {pair: found[pair] for pair in PLANTED} == PLANTED


def test_the_visits_of_the_hasty_worker_are_found(checked: Site) -> None:
    with Session(checked.engine) as session:
        short = set(
            session.scalars(select(Flag.submission_id).where(Flag.code == "visit_too_short"))
        )

    assert short
    assert {one.submission_id for one in signals(checked) if one.check == "duration"} == short


def test_at_most_one_in_five_flags_is_false(checked: Site) -> None:
    found = signals(checked)

    true = [one for one in found if (one.check, one.indicator) in PLANTED]
    true += [one for one in found if one.check == "duration"]

    assert len(found) - len(true) <= MOST_FALSE * len(found)
