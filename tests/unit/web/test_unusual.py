"""The list of unusual villages and the drawing on a village's page."""

from __future__ import annotations

import pytest

from server.survey.quality import rates
from server.survey.site import Site
from tests.signed_in import browser_of
from tests.village_rows import NOW, put_sums, thresholds_of, villages_of


@pytest.fixture
def odd(site: Site) -> str:
    """The code of a village with 30 of 80 found, where twenty others have 6."""
    codes = villages_of(site, 21)
    for code in codes:
        put_sums(site, code, screened=80, suspected=30 if code == codes[0] else 6)
    rates.work_out(site, thresholds_of(site), NOW)
    return codes[0]


def test_a_villages_page_draws_it_among_the_others(site: Site, odd: str) -> None:
    page = browser_of(site, "supervisor").get(f"/villages/{odd}").text

    assert 'class="funnel" id="found"' in page
    assert page.count('class="other"') == 21
    assert "30 of 80 persons screened; about 7.1 would be usual" in page
