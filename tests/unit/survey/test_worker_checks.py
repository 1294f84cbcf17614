"""Checks on workers: read block by block from what counts, judged beside requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from server.database import writing
from server.survey import blocks
from server.survey.first_run import PROJECT
from server.survey.quality import workers
from server.survey.quality.signals import NOTHING
from server.survey.quality.thresholds import DEFAULTS
from server.survey.site import Site
from server.tables.projections import Measurement, Visit
from server.tables.reference import Village
from server.tables.signals import Signal
from server.tables.truth import FormVersion
from server.tables.worker_blocks import WorkerBlock
from tests.worker_rows import MORNING, add_readings, change, two_workers

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
LINE = ("digits", "systolic")


@pytest.fixture
def pair(site: Site) -> tuple[int, int]:
    """Two phones of one township: the first tells 60 pressures that mostly end in 0."""
    return two_workers(site)


def chosen() -> dict[str, float]:
    """The thresholds of a site that chose none."""
    return {name: one.default for name, one in DEFAULTS.items()}


def signal_of(site: Site, phone_id: int, check: str, indicator: str) -> Any:
    with site.engine.connect() as connection:
        return connection.execute(
            select(Signal.verdict, Signal.figures, Signal.inputs).where(
                Signal.phone_id == phone_id,
                Signal.check == check,
                Signal.indicator == indicator,
            )
        ).one()


def test_readings_that_end_in_the_same_digit_are_worth_a_talk(
    site: Site, pair: tuple[int, int]
) -> None:
    workers.work_out(site, chosen(), NOW)

    rounding = signal_of(site, pair[0], *LINE)
    assert rounding.verdict == "flag"
    assert rounding.figures["counts"][0] == 34
    assert rounding.figures["expected"] == 6
    assert signal_of(site, pair[1], *LINE).verdict == "usual"


def test_the_reading_counts_and_not_the_mean_the_form_works_out(
    site: Site, pair: tuple[int, int]
) -> None:
    workers.work_out(site, chosen(), NOW)

    # Every submission tells a mean, `sbp`, that ends in 5 besides its first reading.
    assert sum(signal_of(site, pair[0], *LINE).figures["counts"]) == 60


def test_a_form_with_one_reading_only_counts_too(site: Site, pair: tuple[int, int]) -> None:
    change(site, delete(Measurement).where(Measurement.name.in_(("sbp1", "dbp1"))))

    workers.work_out(site, chosen(), NOW)

    assert signal_of(site, pair[0], *LINE).figures["counts"][5] == 60


def test_a_phone_is_held_against_its_own_township(site: Site, pair: tuple[int, int]) -> None:
    workers.work_out(site, chosen(), NOW)
    together = signal_of(site, pair[0], "speed", "disease_screening")

    elsewhere = (
        select(Village.code)
        .where(Village.township_code.not_in(select(Village.township_code).limit(1)))
        .order_by(Village.code.desc())
        .limit(1)
    )
    with site.engine.connect() as connection:
        code = connection.execute(elsewhere).scalar_one()
    change(site, update(Visit).where(Visit.phone_id == pair[1]).values(village_code=code))
    workers.work_out(site, chosen(), NOW)
    alone = signal_of(site, pair[0], "speed", "disease_screening")

    assert (together.verdict, together.figures["colleague_tried"]) == ("flag", 60)
    assert (alone.verdict, alone.figures["colleague_tried"]) == ("too_few", 0)


def test_a_form_left_open_over_night_says_nothing_of_time(
    site: Site, pair: tuple[int, int]
) -> None:
    late = update(Visit).where(Visit.submission_id == 1)
    change(site, late.values(ended_at=datetime(2026, 11, 3, tzinfo=UTC)))

    workers.work_out(site, chosen(), NOW)

    assert signal_of(site, pair[0], "speed", "disease_screening").figures["tried"] == 59
    assert signal_of(site, pair[0], "overlaps", "interviews").figures["events"] == 0


def test_what_did_not_change_is_not_worked_out_again(site: Site, pair: tuple[int, int]) -> None:
    def rows() -> list[Any]:
        with site.engine.connect() as connection:
            return list(connection.execute(select(Signal).order_by(Signal.check, Signal.subject)))

    first = workers.work_out(site, chosen(), NOW)
    before = rows()
    second = workers.work_out(site, chosen(), NOW + timedelta(hours=1))
    add_readings(site, pair[1], 500, [77])
    workers.work_out(site, chosen(), NOW + timedelta(hours=2))
    after = rows()

    # Systolic and the time of the form.
    assert (first.raised, second) == (2, NOTHING)
    assert len(after) == len(before)
    kept = [one.noticed_at for one in after if one.phone_id == pair[0]]
    assert set(kept) == {NOW}


def test_what_nobody_measures_any_more_goes(site: Site, pair: tuple[int, int]) -> None:
    workers.work_out(site, chosen(), NOW)
    change(site, delete(Measurement))

    workers.work_out(site, chosen(), NOW)

    with site.engine.connect() as connection:
        left = set(connection.scalars(select(Signal.check)))
    assert left == {"speed", "overlaps", "pace", "share"}


def test_what_is_closed_stays_closed_until_the_workers_own_readings_grew_by_half(
    site: Site, pair: tuple[int, int]
) -> None:
    def inputs() -> str:
        workers.work_out(site, chosen(), NOW)
        return str(signal_of(site, pair[0], *LINE).inputs)

    first = inputs()
    add_readings(site, pair[1], 500, [77])
    of_a_colleague = inputs()
    add_readings(site, pair[0], 501, [120])
    one_more = inputs()
    add_readings(site, pair[0], 502, [120, 130] * 15)

    # A running round brings readings every hour: nobody should be asked again for each.
    assert first == of_a_colleague == one_more
    assert inputs() != first


def test_another_threshold_is_heeded_without_a_new_reading(
    site: Site, pair: tuple[int, int]
) -> None:
    workers.work_out(site, chosen(), NOW)

    change = workers.work_out(site, {**chosen(), "digits.fewest": 61}, NOW)

    assert change.cleared == 1
    assert signal_of(site, pair[0], *LINE).verdict == "too_few"


def test_an_edit_and_a_rebuild_leave_what_the_submissions_say(
    site: Site, pair: tuple[int, int]
) -> None:
    workers.work_out(site, chosen(), NOW)
    change(site, delete(Measurement).where(Measurement.submission_id <= 20))
    workers.work_out(site, chosen(), NOW)
    step_by_step = signal_of(site, pair[0], *LINE).figures
    with writing(site.engine) as connection:
        connection.execute(delete(WorkerBlock))
        connection.execute(delete(Signal))
    change(site, delete(Measurement).where(Measurement.submission_id < 0))

    workers.work_out(site, chosen(), NOW)

    assert signal_of(site, pair[0], *LINE).figures == step_by_step
    assert step_by_step["tried"] == 40


def test_a_value_that_a_village_explains_is_no_matter_of_its_worker(
    site: Site, pair: tuple[int, int]
) -> None:
    """The village's own count stands apart: that is the other list's."""
    refuse = update(Visit).where(Visit.phone_id == pair[0], Visit.submission_id % 2 == 0)
    change(site, update(Visit).values(household_id="h"))
    change(site, refuse.values(outcome="refused"))
    workers.work_out(site, chosen(), NOW)
    before = signal_of(site, pair[0], "share", "refused")
    with site.engine.connect() as connection:
        village = connection.execute(select(Visit.village_code).limit(1)).scalar_one()
    with writing(site.engine) as connection:
        connection.execute(insert(Signal), [a_rate(village, "refused")])

    workers.work_out(site, chosen(), NOW)

    assert (before.verdict, before.figures["events"]) == ("flag", 30)
    with site.engine.connect() as connection:
        query = select(Signal).where(Signal.check == "share", Signal.indicator == "refused")
        assert connection.execute(query).all() == []


def a_rate(village: str, indicator: str) -> dict[str, Any]:
    return {
        "check": "rate", "subject": village, "indicator": indicator, "family": "village",
        "village_code": village, "township_code": "", "phone_id": None, "submission_id": None,
        "figures": {}, "verdict": "flag", "inputs": "", "compared": "", "noticed_at": NOW,
    }  # fmt: skip


def test_what_is_left_open_skipped_or_stale_is_told_of_who_does_it(
    site: Site, pair: tuple[int, int]
) -> None:
    own, colleague = (Visit.phone_id == one for one in pair)
    lazy = {"open": [20, 10], "skipped": {"meas": 1}, "alike": [1, 1], "photos": [1, 1]}
    usual = {"open": [20, 1], "skipped": {"meas": 0}, "alike": [1, 0], "photos": [1, 0]}
    change(site, update(Visit).where(own).values(manner={**lazy, "version": "1"}))
    change(site, update(Visit).where(colleague).values(manner={**usual, "version": "2"}))
    with writing(site.engine) as connection:
        rows = [a_version("1", MORNING - timedelta(days=9)), a_version("2", MORNING)]
        connection.execute(insert(FormVersion), rows)
        # Each day one interview: those of the first two days stand within the day of grace.
        for at in range(1, 61):
            start = MORNING + timedelta(days=at)
            times = {"started_at": start, "ended_at": start + timedelta(minutes=9)}
            connection.execute(update(Visit).where(Visit.submission_id == at).values(**times))

    workers.work_out(site, chosen(), NOW)

    told = {
        (one, indicator): signal_of(site, pair[0], one, indicator)
        for one, indicator in (
            ("gaps", "left_open"), ("gaps", "no_photo"), ("alike", "alike"),
            ("skipped", "disease_screening:meas"), ("stale", "disease_screening"),
        )
    }  # fmt: skip
    assert {one.verdict for one in told.values()} == {"flag"}
    assert told["gaps", "left_open"].figures["events"] == 600
    assert told["stale", "disease_screening"].figures == {"events": 59, "tried": 60}
    assert signal_of(site, pair[1], "gaps", "left_open").verdict == "usual"


def a_version(version: str, at: datetime) -> dict[str, Any]:
    return {
        "project_id": PROJECT, "form_id": "disease_screening", "version": f"{version}", "title": "",
        "xml": b"", "md5": "", "shape": "{}", "questions": 0, "attachments": [], "source_name": "",
        "source": b"", "warnings": [], "published_at": at, "published_by": "",
    }  # fmt: skip


def test_readings_that_lie_higher_than_colleagues_are_worth_a_talk(
    site: Site, pair: tuple[int, int]
) -> None:
    higher = update(Measurement).where(Measurement.name == "sbp1", Measurement.submission_id > 100)
    change(site, higher.values(value=Measurement.value + 60))

    workers.work_out(site, chosen(), NOW)

    found = signal_of(site, pair[1], "level", "systolic")
    assert found.verdict == "flag"
    assert found.figures["median"] > found.figures["usual"]


def test_days_with_many_interviews_an_hour_are_counted(site: Site, pair: tuple[int, int]) -> None:
    with writing(site.engine) as connection:
        for at in range(60):
            # The first: six interviews in one hour a day; the second: one a day, for sixty days.
            fast = MORNING + timedelta(days=at // 6, minutes=9 * (at % 6))
            slow = MORNING + timedelta(days=at)
            for number, start in ((1 + at, fast), (101 + at, slow)):
                times = {"started_at": start, "ended_at": start + timedelta(minutes=5)}
                one = update(Visit).where(Visit.submission_id == number)
                connection.execute(one.values(**times))
        blocks.touch(connection, [1, 101])

    workers.work_out(site, chosen(), NOW)

    found = signal_of(site, pair[0], "pace", "interviews")
    assert (found.verdict, found.figures["events"], found.figures["tried"]) == ("flag", 10, 10)
