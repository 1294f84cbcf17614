"""How often checks call for nothing, and what is proposed then."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from server.database import writing
from server.survey import false_alarms
from server.survey.false_alarms import ClosedCheck
from server.survey.quality import looser, thresholds
from server.survey.quality.checks import CHECKS
from server.survey.quality.thresholds import DEFAULTS
from server.survey.site import Site
from server.tables.tasks import CheckSetting
from tests.task_rows import NOTICED, VILLAGE, steps


def closed(site: Site, false_ones: int, others: int) -> None:
    reasons = ["false_alarm"] * false_ones + ["confirmed"] * others
    for number, reason in enumerate(reasons):
        key = ("rate", VILLAGE, f"i{number}")
        steps(site, key, kind="closed", reason=reason)


def told(site: Site) -> list[ClosedCheck]:
    with Session(site.engine) as session:
        return false_alarms.by_check(session, thresholds.current(session))


def test_a_looser_threshold_is_proposed_where_most_was_nothing(site: Site) -> None:
    closed(site, 8, 3)

    (rate,) = told(site)

    assert (rate.closed, rate.false_alarms) == (11, 8)
    assert rate.is_too_keen
    assert rate.proposal == looser.Proposal("rate.smallest_ratio", 2.0, 2.5)


@pytest.mark.parametrize(("false_ones", "others"), [(9, 0), (7, 3), (0, 12)])
def test_nothing_is_proposed_for_few_or_for_a_share_that_can_be_borne(
    site: Site, false_ones: int, others: int
) -> None:
    closed(site, false_ones, others)

    (rate,) = told(site)

    assert not rate.is_too_keen
    assert rate.proposal is None


def test_a_task_counts_by_how_it_was_closed_last_and_not_while_it_is_open(site: Site) -> None:
    key = ("rate", VILLAGE, "found")
    steps(site, key, kind="closed", reason="false_alarm")
    steps(site, key, kind="reopened")
    assert told(site) == []
    steps(site, key, kind="closed", reason="confirmed")
    steps(site, key, kind="closed", reason="false_alarm", inputs="b")

    (rate,) = told(site)

    assert (rate.closed, rate.false_alarms) == (2, 1)


def test_a_changed_threshold_starts_the_count_anew(site: Site) -> None:
    closed(site, 12, 0)
    for name, days in (("rate.due_days", 1), ("rate.smallest_ratio", 2)):
        with writing(site.engine) as connection:
            at = NOTICED + timedelta(days=days)
            row = {"name": name, "value": 3.0, "at": at, "who": "test"}
            connection.execute(insert(CheckSetting), row)
        if days == 1:
            assert told(site)[0].closed == 12

    assert told(site) == []


def test_every_check_that_measures_can_be_loosened() -> None:
    measures = {
        check
        for check, _, number in (name.partition(".") for name in DEFAULTS)
        if number not in ("on", "due_days")
    }
    assert looser.LOOSER.keys() == measures <= CHECKS.keys()
    for check, (name, _) in looser.LOOSER.items():
        assert name in DEFAULTS, check
        assert looser.proposal(check, {name: DEFAULTS[name].default}) is not None


def test_nothing_is_looser_than_the_loosest() -> None:
    for check, (name, is_upwards) in looser.LOOSER.items():
        limits = DEFAULTS[name]
        bound = limits.highest if is_upwards else limits.lowest
        assert looser.proposal(check, {name: bound}) is None
