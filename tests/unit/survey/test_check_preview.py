"""What other thresholds would raise and clear, without changing anything."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import inspect, select, text

from server.survey.quality import signals
from server.survey.quality.preview import Difference, preview
from server.survey.site import Site
from tests.village_rows import NOW, checked_villages, put_sums


@pytest.fixture
def checked(site: Site) -> list[str]:
    """Twenty-one villages, one of which stands apart; checked once."""
    return checked_villages(site)


def everything(site: Site) -> dict[str, list[Any]]:
    with site.engine.connect() as connection:
        return {
            name: sorted(map(repr, connection.execute(text(f'SELECT * FROM "{name}"'))))
            for name in inspect(connection).get_table_names()
        }


def test_a_preview_says_what_would_go_and_come_and_changes_nothing(
    site: Site, checked: list[str]
) -> None:
    before = everything(site)

    stricter = preview(site, {"rate.smallest_ratio": 5.0}, NOW)
    off = preview(site, {"rate.on": 0.0}, NOW)
    same = preview(site, {"rate.smallest_ratio": None}, NOW)

    assert stricter.differences == (Difference("rate", 1, 0, 1),)
    assert off.differences == (Difference("rate", 1, 0, 1),)
    assert same.differences == ()
    assert (stricter.raised, stricter.cleared, stricter.faults) == (0, 1, ())
    assert everything(site) == before


def test_what_came_since_the_last_run_is_not_told_as_the_thresholds_doing(
    site: Site, checked: list[str]
) -> None:
    put_sums(site, "130921999999", screened=80, suspected=40)

    told = preview(site, {"over_register.share": 1.5}, NOW)

    assert told.differences == ()
    with site.engine.connect() as connection:
        assert len(connection.execute(select(signals.SIGNAL)).all()) == 1
