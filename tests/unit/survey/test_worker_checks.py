"""Workers' readings and times: read from what counts, judged beside requests, closed by people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from server.database import writing, writing_session
from server.errors import Missing, NotValid
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.first_run import PROJECT
from server.survey.quality import talks, workers
from server.survey.quality.signals import NOTHING
from server.survey.quality.unusual import Reply
from server.survey.site import Site
from server.tables.projections import Measurement, Visit
from server.tables.reference import Village
from server.tables.signals import Signal
from tests.worker_rows import add_readings, two_workers

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
LINE = ("digits", "systolic")


@pytest.fixture
def pair(site: Site) -> tuple[int, int]:
    """Two phones of one township: the first tells 60 pressures that mostly end in 0."""
    return two_workers(site)


def reply(reason: str = "talked", note: str = "") -> Reply:
    return Reply(reason, note, "office", NOW)


def signal_of(site: Site, phone_id: int, check: str, indicator: str) -> Any:
    with site.engine.connect() as connection:
        return connection.execute(
            select(Signal.verdict, Signal.figures).where(
                Signal.phone_id == phone_id,
                Signal.check == check,
                Signal.indicator == indicator,
            )
        ).one()


def test_readings_that_end_in_the_same_digit_are_worth_a_talk(
    site: Site, pair: tuple[int, int]
) -> None:
    workers.work_out(site, NOW)

    rounding = signal_of(site, pair[0], *LINE)
    assert rounding.verdict == "flag"
    assert rounding.figures["counts"][0] == 34
    assert rounding.figures["expected"] == 6
    assert signal_of(site, pair[1], *LINE).verdict == "usual"


def test_the_reading_counts_and_not_the_mean_the_form_works_out(
    site: Site, pair: tuple[int, int]
) -> None:
    workers.work_out(site, NOW)

    # Every submission tells a mean, `sbp`, that ends in 5 besides its first reading.
    assert sum(signal_of(site, pair[0], *LINE).figures["counts"]) == 60


def test_a_form_with_one_reading_only_counts_too(site: Site, pair: tuple[int, int]) -> None:
    with writing(site.engine) as connection:
        connection.execute(delete(Measurement).where(Measurement.name.in_(("sbp1", "dbp1"))))

    workers.work_out(site, NOW)

    assert signal_of(site, pair[0], *LINE).figures["counts"][5] == 60


def test_a_phone_is_held_against_its_own_township(site: Site, pair: tuple[int, int]) -> None:
    workers.work_out(site, NOW)
    together = signal_of(site, pair[0], "speed", "disease_screening")

    elsewhere = (
        select(Village.code)
        .where(Village.township_code.not_in(select(Village.township_code).limit(1)))
        .order_by(Village.code.desc())
        .limit(1)
    )
    with writing(site.engine) as connection:
        code = connection.execute(elsewhere).scalar_one()
        moved = update(Visit).where(Visit.phone_id == pair[1]).values(village_code=code)
        connection.execute(moved)
    workers.work_out(site, NOW)
    alone = signal_of(site, pair[0], "speed", "disease_screening")

    assert (together.verdict, together.figures["colleague_tried"]) == ("flag", 60)
    assert (alone.verdict, alone.figures["colleague_tried"]) == ("too_few", 0)


def test_a_form_left_open_over_night_says_nothing_of_time(
    site: Site, pair: tuple[int, int]
) -> None:
    with writing(site.engine) as connection:
        late = update(Visit).where(Visit.submission_id == 1)
        connection.execute(late.values(ended_at=datetime(2026, 11, 3, tzinfo=UTC)))

    workers.work_out(site, NOW)

    assert signal_of(site, pair[0], "speed", "disease_screening").figures["tried"] == 59
    assert signal_of(site, pair[0], "overlaps", "interviews").figures["events"] == 0


def test_what_did_not_change_is_not_worked_out_again(site: Site, pair: tuple[int, int]) -> None:
    def rows() -> list[Any]:
        with site.engine.connect() as connection:
            return list(connection.execute(select(Signal).order_by(Signal.check, Signal.subject)))

    first = workers.work_out(site, NOW)
    before = rows()
    second = workers.work_out(site, NOW + timedelta(hours=1))
    add_readings(site, pair[1], 500, [77])
    workers.work_out(site, NOW + timedelta(hours=2))
    after = rows()

    # Systolic and the time of the form.
    assert (first.raised, second) == (2, NOTHING)
    assert len(after) == len(before)
    kept = [one.noticed_at for one in after if one.phone_id == pair[0]]
    assert set(kept) == {NOW}


def test_what_nobody_measures_any_more_goes(site: Site, pair: tuple[int, int]) -> None:
    workers.work_out(site, NOW)
    with writing(site.engine) as connection:
        connection.execute(delete(Measurement))

    workers.work_out(site, NOW)

    with site.engine.connect() as connection:
        left = set(connection.scalars(select(Signal.check)))
    assert left == {"speed", "overlaps"}


def test_what_is_closed_stays_closed_until_the_workers_own_readings_change(
    site: Site, pair: tuple[int, int]
) -> None:
    def is_open() -> bool:
        workers.work_out(site, NOW)
        with writing_session(site.engine) as session:
            several = talks.worth_a_talk(session, PROJECT, WHOLE_SITE)
        return LINE in [(one.check, one.indicator) for one in several]

    assert is_open()
    with writing_session(site.engine) as session:
        talks.close(session, WHOLE_SITE, pair[0], LINE, reply(note="a new cuff"))

    assert not is_open()
    with writing_session(site.engine) as session:
        (closed,) = talks.worth_a_talk(session, PROJECT, WHOLE_SITE, is_open=False)
    assert closed.reply is not None
    assert closed.reply.note == "a new cuff"
    add_readings(site, pair[1], 500, [77])
    assert not is_open()
    add_readings(site, pair[0], 501, [120])
    assert is_open()


def test_nobody_sees_or_closes_what_is_said_of_workers_elsewhere(
    site: Site, pair: tuple[int, int]
) -> None:
    workers.work_out(site, NOW)
    elsewhere = Scope(("460105",))

    with writing_session(site.engine) as session:
        assert talks.worth_a_talk(session, PROJECT, elsewhere) == []
        assert talks.standings(session, PROJECT, elsewhere) == []
        with pytest.raises(Missing):
            talks.of_worker(session, PROJECT, elsewhere, pair[0])
        with pytest.raises(Missing):
            talks.close(session, elsewhere, pair[0], LINE, reply())


def test_only_what_is_worth_a_talk_is_closed_and_with_a_reason(
    site: Site, pair: tuple[int, int]
) -> None:
    workers.work_out(site, NOW)

    with writing_session(site.engine) as session:
        with pytest.raises(Missing):
            talks.close(session, WHOLE_SITE, pair[1], LINE, reply())
        with pytest.raises(NotValid):
            talks.close(session, WHOLE_SITE, pair[0], LINE, reply("tired"))
        with pytest.raises(NotValid):
            talks.close(session, WHOLE_SITE, pair[0], LINE, reply(note="x" * 501))


def test_workers_stand_in_order_of_what_is_open(site: Site, pair: tuple[int, int]) -> None:
    workers.work_out(site, NOW)

    with writing_session(site.engine) as session:
        first, second = talks.standings(session, PROJECT, WHOLE_SITE)

    assert (first.phone_id, first.verdict) == (pair[0], "flag")
    assert first.open >= 2
    assert (second.verdict, second.open) == ("usual", 0)
